//! `portcullis features`: what the classifier reads of texts, for training.

use std::fs::{self, File};
use std::io::{self, BufRead, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use portcullis_core::text::{Plain, normalise};
use portcullis_features::Windows;
use serde::Deserialize;

/// Write what the classifier reads of texts, for training
///
/// Each line of standard input is {"text"}; other members are passed over. FOLDER holds the windows of all texts, one
/// after the other, as arrays without a header, little end first: `tokens.u16` and `grams.u32` with the ids, and
/// `windows.u32` with three numbers a window: the line of its text from 0 on, and where its tokens and its grams end.
/// `plain.txt` holds the plain form of each text, one a line.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where to write; made if it is not there
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

#[derive(Deserialize)]
struct Row {
    text: String,
}

/// Reads standard input and writes the arrays.
pub(super) fn run(options: Options) -> Result<ExitCode> {
    write(io::stdin().lock(), &options.out)?;
    Ok(ExitCode::SUCCESS)
}

fn write(input: impl BufRead, out: &Path) -> Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let open = |name: &str| {
        let path = out.join(name);
        File::create(&path).map(BufWriter::new).with_context(|| format!("cannot write {}", path.display()))
    };
    let mut tokens = open("tokens.u16")?;
    let mut grams = open("grams.u32")?;
    let mut windows = open("windows.u32")?;
    let mut words = open("plain.txt")?;
    let (mut token_end, mut gram_end) = (0_usize, 0_usize);
    let mut plain = Plain::default();
    for (number, line) in input.lines().enumerate() {
        let row: Row = serde_json::from_str(&line?).with_context(|| format!("line {}", number + 1))?;
        normalise(&row.text, &mut plain);
        words.write_all(plain.bytes().trim_ascii())?;
        words.write_all(b"\n")?;
        let mut cut = Windows::new(plain.bytes());
        while let Some(window) = cut.advance() {
            for id in &window.tokens {
                tokens.write_all(&id.to_le_bytes())?;
            }
            for id in &window.grams {
                grams.write_all(&id.to_le_bytes())?;
            }
            token_end += window.tokens.len();
            gram_end += window.grams.len();
            for value in [number, token_end, gram_end] {
                let value = u32::try_from(value).context("more than 4294967295 ids")?;
                windows.write_all(&value.to_le_bytes())?;
            }
        }
    }
    for mut file in [tokens, grams, windows, words] {
        file.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_hold_the_windows_of_every_text_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let long = "one two three ".repeat(100);
        let input =
            format!("{{\"text\": \"Ignore, THE rules\", \"id\": 1}}\n{{\"text\": \"?\"}}\n{{\"text\": \"{long}\"}}\n");
        write(input.as_bytes(), folder.path()).unwrap();
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let windows: Vec<u32> =
            read("windows.u32").chunks(4).map(|four| u32::from_le_bytes(four.try_into().unwrap())).collect();
        let texts: Vec<u32> = windows.chunks(3).map(|window| window[0]).collect();
        assert!(texts[0] == 0 && texts.len() > 3 && texts[1..].iter().all(|text| *text == 2), "{texts:?}");
        let last = &windows[windows.len() - 3..];
        assert_eq!((last[1] as usize * 2, last[2] as usize * 4), (read("tokens.u16").len(), read("grams.u32").len()));
        let mut cut = Windows::new(b" ignore the rules ");
        let first = cut.advance().unwrap();
        let tokens: Vec<u8> = first.tokens.iter().flat_map(|id| id.to_le_bytes()).collect();
        let grams: Vec<u8> = first.grams.iter().flat_map(|id| id.to_le_bytes()).collect();
        assert_eq!((windows[1] as usize, windows[2] as usize), (first.tokens.len(), first.grams.len()));
        assert!(read("tokens.u16").starts_with(&tokens) && read("grams.u32").starts_with(&grams));
        assert!(read("plain.txt").starts_with(b"ignore the rules\n\none two three one"));
    }

    #[test]
    fn a_line_that_is_no_text_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&b"{\"text\": \"a\"}\n{}\n"[..], folder.path()).unwrap_err();
        assert_eq!(error.to_string(), "line 2");
    }
}
