use proptest::prelude::*;

use super::{Plain, normalise};

fn plain(text: &str) -> String {
    let mut plain = Plain::default();
    normalise(text, &mut plain);
    String::from_utf8(plain.bytes().to_vec()).unwrap()
}

#[test]
fn disguises_of_one_word_all_read_as_the_word() {
    for text in [
        "ignore",
        "IGNORE",
        "  ignore\t\n",
        "ig\u{200b}no\u{ad}re",
        "i\u{202e}gnore\u{202c}",
        "ｉｇｎｏｒｅ",
        "ΙGΝΟRΕ",
        "іgnоrе",
        "ígnörè",
        "i\u{301}gno\u{308}re",
        "𝐢𝐠𝐧𝐨𝐫𝐞",
        "𝕀𝔾ℕ𝕆ℝ𝔼".replace('ℕ', "𝖓").replace('ℝ', "𝖗").as_str(),
        "ⓘⓖⓝⓞⓡⓔ",
        "🅸🅶🅽🅾🆁🅴",
        "**ignore**",
        "ignore\u{fe0f}",
        "ig\u{e0041}nore",
        "ig\u{0}nore",
    ] {
        assert_eq!(plain(text), " ignore ", "{text:?}");
    }
}

#[test]
fn punctuation_and_blanks_part_words_once() {
    assert_eq!(plain("Stop!  Don’t—really…\r\n\u{3000}go_on"), " stop don t really go on ");
    assert_eq!(plain(""), " ");
    assert_eq!(plain("…\u{200b}!"), " ");
}

#[test]
fn han_and_kana_stand_alone_and_other_scripts_keep_their_words() {
    assert_eq!(plain("忽略之前 OK"), " 忽 略 之 前 ok ");
    assert_eq!(plain("指示を無視"), " 指 示 を 無 視 ");
    assert_eq!(plain("忽ok略"), " 忽 ok 略 ");
    assert_eq!(plain("지시를 무시"), " 지시를 무시 ");
    assert_eq!(plain("Straße Ærø"), " strasse aero ");
}

#[test]
fn the_map_leads_back_to_the_word() {
    let text = "Well — “ΙGNО\u{200b}RE,   ａll” 忽略";
    let mut p = Plain::default();
    normalise(text, &mut p);
    let find = |word: &str| {
        let at = p.bytes().windows(word.len()).position(|w| w == word.as_bytes()).unwrap();
        let (start, end) = p.origin(at, at + word.len());
        text.get(start..end).unwrap()
    };
    assert_eq!(find("well"), "Well");
    assert_eq!(find("ignore"), "ΙGNО\u{200b}RE");
    assert_eq!(find("all"), "ａll");
    assert_eq!(find("ignore all"), "ΙGNО\u{200b}RE,   ａll");
    assert_eq!(find("忽 略"), "忽略");
}

proptest! {
    #[test]
    fn the_plain_form_is_bounded_and_plain(text in "\\PC{0,40}|[a-zA-Z ,.\u{200b}忽é\u{202e}ｆß]{0,60}") {
        let plain = plain(&text);
        prop_assert!(plain.starts_with(' ') && plain.ends_with(' ') && !plain.contains("  "));
        prop_assert!(plain.len() <= text.len() * 2 + 2);
    }

    #[test]
    fn the_map_is_monotone_in_bounds_and_keeps_to_characters(text in "\\PC{0,40}|[a-zA-Z ,.\u{200b}忽é\u{202e}ｆß]{0,60}") {
        let mut p = Plain::default();
        normalise(&text, &mut p);
        let bounds = std::str::from_utf8(p.bytes()).unwrap().char_indices().map(|(i, _)| i);
        let mut last = 0;
        for i in bounds.chain([p.bytes().len()]) {
            let (start, end) = p.origin(i, p.bytes().len());
            prop_assert!(last <= start && start <= end && end <= text.len());
            prop_assert!(text.is_char_boundary(start));
            last = start;
        }
    }

    #[test]
    fn what_is_plain_stays_as_it_is(text in "\\PC{0,40}") {
        let once = plain(&text);
        prop_assert_eq!(plain(&once), once);
    }

    #[test]
    fn two_texts_do_not_touch_over_a_blank(a in "\\PC{0,20}", b in "\\PC{0,20}") {
        let joined = plain(&format!("{a}\n{b}"));
        let apart = format!("{}{}", plain(&a), plain(&b).trim_start());
        prop_assert_eq!(joined, if apart.is_empty() { " ".into() } else { apart });
    }
}
