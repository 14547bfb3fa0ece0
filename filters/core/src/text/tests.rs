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
        "𝕀𝔾ℕ𝕆ℝ𝔼",
        "ℐ𝒢𝒩ℴℛℯ",
        "ⁱᵍⁿᵒʳᵉ",
        "ɪɢɴᴏʀᴇ",
        "ıɠɳơɾɘ",
        "ıɓuoɹǝ".replace('ɓ', "ƃ").replace('u', "n").as_str(),
        "ӏցոօгҽ",
        "ᎥᏀNᎾᎡᎬ",
        "ꓲꓖꓠꓳꓣꓰ".replace('ꓲ', "Ⅰ").as_str(),
        "⒤⒢⒩⒪⒭⒠",
        "🅘🅖🅝🅞🅡🅔",
        "🄸🄶🄽🄾🅁🄴",
        "🇮🇬🇳🇴🇷🇪",
        "⠊⠛⠝⠕⠗⠑",
        "i\u{337}\u{489}g\u{20dd}n\u{1ab0}o\u{35c}\u{1dc4}r\u{fe20}e",
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
    assert_eq!(plain("Straße Ærø oﬃce ǆ Ⅷ ①❷➂²₃"), " strasse aero office dz viii 12323 ");
}

#[test]
fn spellings_of_one_word_in_other_scripts_read_alike() {
    for (spellings, wanted) in [
        // Arabic: hamza, madda, alef maqsura, tatweel, harakat, another keyboard, presentation forms.
        (
            &["أوامر", "اوامر", "ا\u{654}وامر", "أَوَامِر", "أو\u{640}امر", "\u{fe83}\u{feed}\u{fe8d}\u{fee3}\u{feae}"][..],
            " اوامر ",
        ),
        (&["على", "علی", "علي", "\u{fecb}\u{fee0}\u{fef0}"], " علي "),
        (&["الآن", "الان", "ا\u{fef5}ن", "ا\u{fefb}ن"], " الان "),
        (&["كلمة", "کلمه"], " كلمه "),
        // Hebrew with and without points.
        (&["הוֹרָאוֹת", "הוראות"], " הוראות "),
        // Devanagari: virama parts no word, nukta in one character or two.
        (&["निर\u{94d}देश"], " निरदेश "),
        (&["नज़र", "नज\u{93c}र", "नजर"], " नजर "),
        (&["यहाँ", "यहां"], " यहां "),
        (&["அ\u{bbf}க்"], " அ\u{bbf}க "),
        // Thai and its neighbours, without blanks.
        (&["คำสั่ง", "ค\u{e4d}าสัง"], " ค า ส ง "),
        (&["ລະບົບ"], " ລ ະ ບ ບ "),
        // Kana: halfwidth, katakana, voiced marks apart.
        (&["システム", "ｼｽﾃﾑ", "しすてむ"], " し す て む "),
        (&["プロンプト", "ﾌﾟﾛﾝﾌﾟﾄ", "フ\u{309a}ロンフ\u{309a}ト"], " ふ ろ ん ふ と "),
        (&["ぎじづぞばゔ"], " き し つ そ は う "),
        // Hangul in conjoining letters, as some file systems give it.
        (&["지시를", "\u{110c}\u{1175}\u{1109}\u{1175}\u{1105}\u{1173}\u{11af}"], " 지시를 "),
        (&["각가", "\u{1100}\u{1161}\u{11a8}\u{1100}\u{200b}\u{1161}"], " 각가 "),
    ] {
        for spelling in spellings {
            assert_eq!(plain(spelling), wanted, "{spelling:?}");
        }
    }
}

#[test]
fn case_makes_no_difference_to_a_word_in_cyrillic() {
    let differs = |c: &char| plain(&c.to_string()) != plain(&c.to_lowercase().collect::<String>());
    assert_eq!(('\u{400}'..'\u{530}').filter(differs).collect::<String>(), "");
}

#[test]
fn the_map_leads_back_through_other_scripts() {
    let text = "\u{110c}\u{1175}\u{1109}\u{1175}, \u{fefb} คำ ok";
    let mut p = Plain::default();
    normalise(text, &mut p);
    assert_eq!(std::str::from_utf8(p.bytes()).unwrap(), " 지시 لا ค า ok ");
    assert_eq!(p.origin(1, 4), (0, 6));
    assert_eq!(p.origin(4, 7), (6, 12));
    let ok = p.bytes().len() - 3;
    assert_eq!(p.origin(ok, ok + 2), (text.len() - 2, text.len()));
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
    fn the_plain_form_is_bounded_and_plain(text in "\\PC{0,40}|[a-zA-Z ,.\u{200b}忽é\u{202e}ｆß]{0,60}|[\u{1100}\u{1161}\u{11a8}가ｶﾞｱ\u{fefb}\u{94d}कำ ั a]{0,40}") {
        let plain = plain(&text);
        prop_assert!(plain.starts_with(' ') && plain.ends_with(' ') && !plain.contains("  "));
        prop_assert!(plain.len() <= text.len() * 2 + 2);
    }

    #[test]
    fn the_map_is_monotone_in_bounds_and_keeps_to_characters(text in "\\PC{0,40}|[a-zA-Z ,.\u{200b}忽é\u{202e}ｆß]{0,60}|[\u{1100}\u{1161}\u{11a8}가ｶﾞｱ\u{fefb}\u{94d}कำ ั a]{0,40}") {
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
