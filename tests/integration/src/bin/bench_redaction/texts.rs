//! The texts that are measured, the same in every run: prose, a log, source code.

/// One text.
#[derive(Clone, Debug)]
pub struct Text {
    /// A word for it.
    pub name: &'static str,
    /// The text.
    pub text: String,
    /// E-mail addresses in it. Nothing else in it is to be found.
    pub addresses: usize,
}

/// A source of numbers that is the same everywhere (xorshift64, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// Text between two addresses, in bytes.
const APART: usize = 4096;

/// All of them, each of so many bytes or a little more.
pub fn all(bytes: usize) -> Vec<Text> {
    vec![fill("prose", bytes, true, sentence), fill("logs", bytes, true, log_line), fill("code", bytes, true, function)]
}

/// Prose without an address.
pub fn quiet(bytes: usize) -> String {
    fill("prose", bytes, false, sentence).text
}

fn fill(name: &'static str, bytes: usize, addressed: bool, piece: fn(&mut Dice, Option<&str>, &mut String)) -> Text {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut text, mut addresses) = (String::with_capacity(bytes + 1024), 0);
    while text.len() < bytes {
        let due = addressed && text.len() / APART >= addresses;
        let address = due.then(|| format!("{}.{}@{}.org", dice.of(WORDS), dice.of(WORDS), dice.of(WORDS)));
        addresses += usize::from(due);
        piece(&mut dice, address.as_deref(), &mut text);
    }
    Text { name, text, addresses }
}

fn sentence(dice: &mut Dice, address: Option<&str>, text: &mut String) {
    for index in 0..6 + dice.below(12) {
        let word = dice.of(WORDS);
        match index {
            0 => {
                text.push_str(&word[..1].to_ascii_uppercase());
                text.push_str(&word[1..]);
            }
            _ => {
                text.push_str(if dice.below(9) == 0 { ", " } else { " " });
                match dice.below(60) {
                    0 => text.push_str(&(1 + dice.below(1900)).to_string()),
                    _ => text.push_str(word),
                }
            }
        }
    }
    if let Some(address) = address {
        text.push_str(", says ");
        text.push_str(address);
    }
    text.push_str(if dice.below(8) == 0 { "?\n\n" } else { ". " });
}

fn log_line(dice: &mut Dice, address: Option<&str>, text: &mut String) {
    let levels = ["INFO", "WARN", "DEBUG", "ERROR"];
    let methods = ["GET", "POST", "PUT", "DELETE"];
    text.push_str(&format!(
        "2026-11-{:02}T{:02}:{:02}:{:02}.{:03}Z {} [worker-{}] {}.{}: {} /api/v{}/{}/{} id={:08x}-{:04x}-4{:03x}-a{:03x}-{:012x} took {} ms, status={}, bytes={}{}{}\n",
        1 + dice.below(28),
        dice.below(24),
        dice.below(60),
        dice.below(60),
        dice.below(1000),
        dice.of(&levels),
        dice.below(64),
        dice.of(WORDS),
        dice.of(WORDS),
        dice.of(&methods),
        1 + dice.below(3),
        dice.of(WORDS),
        dice.below(100_000),
        dice.bits() as u32,
        dice.bits() as u16,
        dice.bits() & 0xfff,
        dice.bits() & 0xfff,
        dice.bits() & 0xffff_ffff_ffff,
        dice.below(3000),
        [200, 201, 404, 500][dice.below(4)],
        dice.below(90_000),
        if address.is_some() { " user=" } else { "" },
        address.unwrap_or_default(),
    ));
}

fn function(dice: &mut Dice, address: Option<&str>, text: &mut String) {
    let types = ["usize", "u32", "&str", "Vec<u8>", "Option<String>", "bool"];
    let (name, other, field) = (dice.of(WORDS), dice.of(WORDS), dice.of(WORDS));
    text.push_str(&format!("/// Takes the {name} of each {other}"));
    if let Some(address) = address {
        text.push_str(&format!(", as {address} wrote it"));
    }
    text.push_str(&format!(
        ".\npub(crate) fn {name}_{other}(&mut self, {field}: {}, at: {}) -> Result<{}, Error> {{\n",
        dice.of(&types),
        dice.of(&types),
        dice.of(&types)
    ));
    for _ in 0..2 + dice.below(6) {
        let (a, b) = (dice.of(WORDS), dice.of(WORDS));
        match dice.below(5) {
            0 => text.push_str(&format!("    let {a} = self.{b}.get({}).copied().unwrap_or({:#x});\n", dice.below(64), dice.below(4096))),
            1 => text.push_str(&format!("    if {a} > {field} && self.{b}[{}] != b'{}' {{\n        return Err(Error::{a}({}));\n    }}\n", dice.below(9), 'x', dice.below(300))),
            2 => text.push_str(&format!("    for (index, {a}) in {b}.iter().enumerate().skip({}) {{\n        self.{a} += index << {};\n    }}\n", dice.below(10), dice.below(12))),
            3 => text.push_str(&format!("    assert_eq!({a}(\"{b}\"), Some({}), \"{{{a}:?}}\");\n", dice.below(1000))),
            _ => text.push_str(&format!("    // The {a} is {b}, see section {}.{}.\n", 1 + dice.below(9), dice.below(20))),
        }
    }
    text.push_str("    Ok(Default::default())\n}\n\n");
}

const WORDS: &[&str] = &[
    "above", "again", "air", "always", "animal", "answer", "area", "ask", "back", "base", "began", "bird", "black",
    "boat", "body", "book", "bridge", "carry", "change", "city", "class", "close", "cloud", "colour", "come", "common",
    "cover", "cross", "cut", "dark", "day", "deep", "door", "draw", "early", "earth", "east", "edge", "engine",
    "enough", "even", "every", "example", "eye", "face", "fall", "family", "far", "farm", "feel", "field", "figure",
    "fire", "first", "fish", "floor", "follow", "food", "force", "form", "found", "free", "friend", "front", "garden",
    "give", "glass", "gold", "good", "great", "green", "ground", "group", "grow", "half", "hand", "harbour", "hard",
    "head", "hear", "heat", "help", "here", "high", "hold", "horse", "hour", "house", "idea", "inch", "island", "keep",
    "kind", "land", "language", "large", "laugh", "learn", "leave", "letter", "life", "light", "like", "line", "list",
    "listen", "long", "machine", "many", "mark", "meet", "mile", "moon", "more", "morning", "mother", "mountain",
    "move", "music", "near", "never", "night", "north", "note", "notice", "object", "ocean", "often", "open", "order",
    "paper", "part", "pattern", "people", "picture", "piece", "place", "plain", "plan", "plant", "point", "power",
    "press", "product", "question", "quick", "quiet", "rain", "reach", "ready", "rest", "river", "road", "rock",
    "room", "round", "rule", "sail", "school", "science", "second", "sentence", "serve", "shape", "ship", "shore",
    "short", "side", "simple", "sleep", "slow", "small", "snow", "song", "sound", "south", "space", "stand", "star",
    "start", "stay", "still", "stone", "stop", "story", "street", "strong", "study", "summer", "surface", "table",
    "talk", "teach", "thing", "think", "thought", "time", "together", "town", "travel", "tree", "true", "turn",
    "under", "unit", "usual", "voice", "voyage", "walk", "wall", "warm", "watch", "water", "week", "weight", "west",
    "wheel", "white", "wind", "window", "winter", "wonder", "wood", "word", "work", "world", "write", "year", "young",
];
