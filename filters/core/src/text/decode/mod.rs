//! What is undone before a text is read: each disguise makes a [`Layer`], a text of its own with a way back.
//!
//! A decoder is a pure function of a text. It reads no more than the text, makes no more than the limit it is given,
//! and says nothing about what the text means: what decodes to a text is one, what does not stays as it is. Plain prose
//! pays for a look at each byte ([`Signs`]) and at each word ([`Words`]); the rest is spent where there is a sign
//! of a disguise.

mod blocks;
mod codes;
mod compiled;
mod disguise;
mod escapes;
mod invisible;
mod key;
mod layer;
mod leet;
mod markup;
mod morse;
mod segment;
mod signs;
mod spelling;
mod turns;
mod vocabulary;
mod words;

pub use blocks::blocks;
pub use codes::codes;
pub use disguise::{Disguise, Disguises};
pub use escapes::escapes;
pub use invisible::invisible;
pub use layer::Layer;
pub use leet::leet;
pub use markup::markup;
pub use morse::morse;
pub use signs::Signs;
pub use spelling::spelling;
pub use turns::turns;
pub use vocabulary::{Index, NO_WORD, Offsets, Token, Vocabulary};
pub use words::Words;
