//! How many tokens a text has, about: by the kinds of its characters, with weights fitted to real tokenisers.
//!
//! The weights are those of least squares on the relative error over half of the texts under `tests/cases/benign` and
//! some source code, against the mean of OpenAI's o200k_base and cl100k_base as gpt-tokenizer 3.4.0 counts them. The
//! README says how far off it is on the other half.

/// Weights are in parts of this.
const PARTS: u64 = 64;

/// A run of letters of ASCII, and each letter of it beyond the sixth.
const WORD: u64 = 68;
const LONG: u64 = 12;
/// Three digits.
const DIGITS: u64 = 97;
/// More than one blank in a row.
const BLANKS: u64 = 23;
const LINE: u64 = 43;
/// Any other character of ASCII.
const SIGN: u64 = 31;
/// Letters with marks, of Latin script.
const LATIN: u64 = 57;
/// Greek, Cyrillic, Armenian.
const GREEK: u64 = 31;
/// Hebrew, Arabic and their kin.
const SEMITIC: u64 = 43;
/// Scripts of India.
const INDIC: u64 = 57;
/// Thai, Lao, Tibetan, Burmese, Georgian.
const THAI: u64 = 48;
const HAN: u64 = 53;
const KANA: u64 = 41;
const HANGUL: u64 = 75;
/// Emoji and all the rest.
const OTHER: u64 = 153;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Run {
    #[default]
    None,
    Letters(u32),
    Digits(u32),
    Blanks(u32),
}

/// Counts the tokens of a text that comes in pieces. The count does not depend on how it is cut.
#[derive(Clone, Copy, Debug, Default)]
pub struct Estimate {
    parts: u64,
    run: Run,
}

impl Estimate {
    /// Takes the next piece.
    pub fn push(&mut self, text: &str) {
        text.chars().for_each(|character| self.character(character));
    }

    /// Tokens so far, rounded up.
    pub fn tokens(&self) -> u64 {
        self.parts.div_ceil(PARTS)
    }

    fn character(&mut self, character: char) {
        let (worth, run) = match (character, self.run) {
            ('a'..='z' | 'A'..='Z', Run::Letters(length)) => {
                let length = length.saturating_add(1);
                (if length > 6 { LONG } else { 0 }, Run::Letters(length))
            }
            ('a'..='z' | 'A'..='Z', _) => (WORD, Run::Letters(1)),
            ('0'..='9', Run::Digits(length)) => {
                (if length % 3 == 0 { DIGITS } else { 0 }, Run::Digits(length.saturating_add(1)))
            }
            ('0'..='9', _) => (DIGITS, Run::Digits(1)),
            (' ' | '\t', Run::Blanks(length)) => {
                (if length == 1 { BLANKS } else { 0 }, Run::Blanks(length.saturating_add(1)))
            }
            (' ' | '\t', _) => (0, Run::Blanks(1)),
            ('\r' | '\n', _) => (LINE, Run::None),
            ('\0'..='\x7f', _) => (SIGN, Run::None),
            (other, _) => (worth(other), Run::None),
        };
        self.parts = self.parts.saturating_add(worth);
        self.run = run;
    }
}

/// The tokens of a whole text.
pub fn of(text: &str) -> u64 {
    let mut estimate = Estimate::default();
    estimate.push(text);
    estimate.tokens()
}

const fn worth(character: char) -> u64 {
    match character as u32 {
        0x80..=0x36f | 0x1e00..=0x1eff => LATIN,
        0x370..=0x58f => GREEK,
        0x590..=0x8ff => SEMITIC,
        0x900..=0xdff => INDIC,
        0xe00..=0x11ff => THAI,
        0x3040..=0x30ff => KANA,
        0x3100..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x2ffff => HAN,
        0xac00..=0xd7af => HANGUL,
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_does_not_depend_on_cuts() {
        let text = "Internationalisation of 1234567 things,  naïve — 日本語テスト 한국어 ไทย 🙂\n\tdone";
        for size in 1..8 {
            let mut estimate = Estimate::default();
            let characters: Vec<char> = text.chars().collect();
            characters.chunks(size).for_each(|piece| estimate.push(&piece.iter().collect::<String>()));
            assert_eq!(estimate.tokens(), of(text));
        }
        assert_eq!(of(""), 0);
    }

    /// `tests/cases/tokens/counted.jsonl`: texts that the weights were not fitted to, with the counts of two tokenisers.
    #[test]
    fn the_error_on_texts_that_it_was_not_fitted_to_is_the_published_one() {
        let rows = include_str!("../../../tests/cases/tokens/counted.jsonl").lines();
        let rows: Vec<serde_json::Value> = rows.map(|row| serde_json::from_str(row).unwrap()).collect();
        for (name, most, most_of_long) in [("o200k_base", 0.15, 0.08), ("cl100k_base", 0.15, 0.08)] {
            let errors = |least: u64| {
                let rows = rows.iter().filter(|row| row[name].as_u64().unwrap() >= least);
                let errors: Vec<f64> = rows
                    .map(|row| {
                        let counted = row[name].as_u64().unwrap() as f64;
                        (of(row["text"].as_str().unwrap()) as f64 - counted).abs() / counted
                    })
                    .collect();
                (errors.iter().sum::<f64>() / errors.len() as f64, errors.len())
            };
            let ((all, texts), (long, long_texts)) = (errors(1), errors(100));
            println!(
                "{name}: {:.1} % of {texts} texts, {:.1} % of {long_texts} with 100 tokens and more",
                all * 100.0,
                long * 100.0
            );
            assert!(texts > 200 && long_texts > 20, "{texts} {long_texts}");
            assert!(all < most && long < most_of_long, "{name}: {all} {long}");
        }
    }
}
