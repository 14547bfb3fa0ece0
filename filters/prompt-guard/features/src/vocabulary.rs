//! The pieces that words are cut into.

use std::sync::OnceLock;

use crate::hash::{place, seed, steps};
use crate::{CHARACTERS, TOKEN_IDS};

/// A piece a line; those that begin a word have a blank before them. `models/vocabulary.py` makes it.
const PIECES: &str = include_str!("vocabulary.txt");

/// Places of the table: a power of two, less than half of them taken.
const PLACES: usize = 16_384;

/// The seeds of a piece at the start of a word and of one inside.
const START: u32 = seed(1);
const INSIDE: u32 = seed(2);

/// The pieces by their hashes, which stand for them: two pieces of one hash are one piece.
#[derive(Debug)]
pub struct Vocabulary {
    /// Hash and id; id 0 is a free place.
    table: Vec<(u32, u16)>,
}

impl Vocabulary {
    /// The vocabulary of the shipped model, made at the first call: 8 thousand hashes, once a process or VM.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Vocabulary> = OnceLock::new();
        SHARED.get_or_init(|| Self::of(PIECES))
    }

    fn of(pieces: &str) -> Self {
        let mut vocabulary = Self { table: vec![(0, 0); PLACES] };
        for (id, piece) in (1..first_character()).zip(pieces.lines()) {
            let hash = match piece.strip_prefix(' ') {
                Some(piece) => steps(START, piece.as_bytes()),
                None => steps(INSIDE, piece.as_bytes()),
            };
            if let Err(free) = vocabulary.find(hash)
                && let Some(place) = vocabulary.table.get_mut(free)
            {
                *place = (hash, id);
            }
        }
        vocabulary
    }

    /// The id of the piece with this hash, or where it would go.
    fn find(&self, hash: u32) -> Result<u16, usize> {
        let mut at = place(hash, PLACES);
        // The table is never full.
        loop {
            match self.table.get(at) {
                Some((_, 0)) => return Err(at),
                Some((other, id)) if *other == hash => return Ok(*id),
                Some(_) => at = at.saturating_add(1) & (PLACES - 1),
                None => at = 0,
            }
        }
    }

    /// Cuts `word` and hands over the ids: one a character, at most.
    pub(crate) fn cut(&self, word: &str, id: &mut impl FnMut(u16)) {
        let mut rest = word;
        let mut from = START;
        while let Some(first) = rest.chars().next() {
            let (mut hash, mut longest) = (from, None);
            let mut end = 0_usize;
            for c in rest.chars() {
                hash = steps(hash, c.encode_utf8(&mut [0; 4]).as_bytes());
                end = end.saturating_add(c.len_utf8());
                if let Ok(piece) = self.find(hash) {
                    longest = Some((piece, end));
                }
            }
            let (piece, end) = longest.unwrap_or_else(|| (character(first), first.len_utf8()));
            id(piece);
            rest = rest.get(end..).unwrap_or_default();
            from = INSIDE;
        }
    }
}

/// The first of the ids of characters.
fn first_character() -> u16 {
    u16::try_from(TOKEN_IDS.saturating_sub(CHARACTERS)).unwrap_or(u16::MAX)
}

/// The id of a character that no piece begins with.
fn character(c: char) -> u16 {
    let place = place(steps(seed(3), c.encode_utf8(&mut [0; 4]).as_bytes()), CHARACTERS);
    first_character().saturating_add(u16::try_from(place).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn cut(vocabulary: &Vocabulary, word: &str) -> Vec<u16> {
        let mut ids = Vec::new();
        vocabulary.cut(word, &mut |id| ids.push(id));
        ids
    }

    #[test]
    fn the_longest_piece_wins_and_the_start_of_a_word_is_another_place() {
        let vocabulary = Vocabulary::of(" ig\n ignore\nnore\nore\nd\n i\nignore\n");
        assert_eq!(cut(&vocabulary, "ignore"), [2]);
        assert_eq!(cut(&vocabulary, "ignored"), [2, 5]);
        assert_eq!(cut(&vocabulary, "ignorignore"), [1, character('n'), character('o'), character('r'), 7]);
        assert_eq!(cut(&vocabulary, "dignore"), [character('d'), 7]);
    }

    #[test]
    fn the_shipped_vocabulary_has_every_id_once() {
        let pieces: Vec<_> = PIECES.lines().collect();
        assert_eq!(pieces.len(), TOKEN_IDS - CHARACTERS - 1);
        for (place, piece) in pieces.iter().enumerate() {
            let hash = steps(if piece.starts_with(' ') { START } else { INSIDE }, piece.trim_start().as_bytes());
            assert_eq!(Vocabulary::shared().find(hash).map(usize::from), Ok(place + 1), "{piece:?}");
        }
    }

    #[test]
    fn a_character_that_no_piece_begins_with_is_one_of_the_last_ids() {
        let vocabulary = Vocabulary::of("");
        for id in cut(&vocabulary, "añ文😀") {
            assert!((TOKEN_IDS - CHARACTERS..TOKEN_IDS).contains(&usize::from(id)), "{id}");
        }
        assert_eq!(cut(&vocabulary, "añ文😀").len(), 4);
    }
}
