//! The disguises that a text is tried in.

use crate::cases::Texts;

/// One disguise.
#[derive(Clone, Debug)]
pub struct Disguise {
    /// Unique; the first is `none`.
    pub name: String,
}

/// Every disguise; the first leaves a text as it is.
pub fn all() -> Vec<Disguise> {
    vec![Disguise { name: "none".into() }]
}

impl Disguise {
    /// The text in this disguise.
    pub fn apply(&self, text: &str) -> String {
        text.to_owned()
    }

    /// Its own texts, where it does not work on any.
    pub fn texts(&self) -> Option<Texts> {
        None
    }
}
