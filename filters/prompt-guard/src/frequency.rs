//! How often terms stand in texts that are no attack, roughly: which group of a set is looked for first. A wrong figure
//! costs time, never a finding.

/// Words by how many of a million words they are. Rounded, from what is commonly known of languages; in plain form.
const FREQUENT: [(u32, &str); 5] = [
    (30_000, "the"),
    (12_000, "of and to a in is i you de la que le der die und en el i"),
    (
        5_000,
        "that it for on with as are be this was not have or your my do at by from an we can if s t el los las les des et un \
         une du das ist nicht ein eine den zu mit von il di e che un una het een van o os do da em para con por no se su lo \
         и в не на что я с",
    ),
    (
        2_000,
        "will what all there but they which he she one when how would so about out up them me who no his her their our more \
         some other any has had were been than then its also just like only time into get new make use know need now people \
         could want please should see here very where may first after help work over good most these those us because does \
         way even many day take through back much well think too two go each while sur pas pour dans qui ce auf es als auch \
         是 的 不 了 一 我 在 有 人 这 你 们 の に は を た が で て と し れ さ",
    ),
    (
        700,
        "ask tell show give write list say call put stop start next never always everything nothing something anything \
         message question questions answer text word words line read send find keep turn set let look try same last long \
         right without before again every both under still own name number part place point case system user users file \
         data code world story order left end free open mode act change note output return repeat follow following above \
         below previous rule example page site email full key must did why such being down off until between during \
         against information language using used based life great little small big old high different large important \
         public bad able begin began started made said told asked gave wrote left right real true false yes ok hello thanks \
         today year years week month home house hand head side night water world school state family student group country \
         problem fact company service business issue report version value values function class type result results error \
         request response content context task list table item items add remove run create delete update check test input \
         print agent assistant ai model think feel leave play live believe hold write provide stand lose pay meet include \
         continue learn lead understand watch speak spend grow walk win offer remember love consider appear buy wait serve \
         die build stay fall cut reach kill remain suggest raise pass sell require decide pull person man woman child \
         limit limits access account card date price plan team project product office level law local city white black red \
         要 会 对 说 们 到 地 上 可 以 出 就 下 得 为 所 请 把 都 和 没 些",
    ),
];

/// How many of a million words any of `terms` is, in plain form; 0 for none.
pub(crate) fn of_any(terms: &[&str]) -> u64 {
    terms.iter().map(|term| of(term)).fold(0, u64::saturating_add)
}

fn of(term: &str) -> u64 {
    let stem = !term.ends_with(' ');
    let mut words = term.split_ascii_whitespace().peekable();
    let (mut least, mut others) = (u64::MAX, 0_u32);
    while let Some(word) = words.next() {
        let often = if stem && words.peek().is_none() { begins(word) } else { whole(word) };
        least = often.min(least);
        others = others.saturating_add(1);
    }
    // Each further word makes a phrase rarer.
    let rarer = 8_u64.saturating_pow(others.saturating_sub(1));
    least.saturating_mul(16).checked_div(rarer).unwrap_or(0).max(1)
}

fn whole(word: &str) -> u64 {
    let found = FREQUENT.iter().find(|(_, words)| words.split_ascii_whitespace().any(|known| known == word));
    found.map_or(25, |(often, _)| u64::from(*often))
}

fn begins(stem: &str) -> u64 {
    let of = |(often, words): &(u32, &str)| {
        let count = words.split_ascii_whitespace().filter(|word| word.starts_with(stem)).count();
        u64::from(*often).saturating_mul(u64::try_from(count).unwrap_or(u64::MAX))
    };
    FREQUENT.iter().map(of).fold(40, u64::saturating_add)
}
