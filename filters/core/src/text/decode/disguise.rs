//! The disguises that are undone, by name.

/// A way to hide what a text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disguise {
    /// Escapes of JSON and of programming languages, `U+0069`.
    Escape,
    /// Percent-encoding (RFC 3986).
    Percent,
    /// HTML character references.
    Entity,
    /// Quoted-printable (RFC 2045).
    QuotedPrintable,
    /// Base64 and base64url (RFC 4648).
    Base64,
    /// Base32 (RFC 4648).
    Base32,
    /// Bytes as hexadecimal digits.
    Hex,
    /// Characters as binary, octal or decimal numbers, or as places in the alphabet.
    Codes,
    /// Morse code (ITU-R M.1677).
    Morse,
    /// Tag characters and variation selectors that carry a text which is not seen.
    Invisible,
    /// Tags and comments inside words.
    Markup,
    /// Digits and signs for letters.
    Leet,
    /// Words cut into pieces, or letters set apart.
    Split,
    /// Words written without blanks.
    Unspaced,
    /// Another alphabet: ROT13, other shifts, Atbash.
    Rotated,
    /// Backwards.
    Reversed,
}

impl Disguise {
    /// Every disguise.
    pub const ALL: [Self; 16] = [
        Self::Escape,
        Self::Percent,
        Self::Entity,
        Self::QuotedPrintable,
        Self::Base64,
        Self::Base32,
        Self::Hex,
        Self::Codes,
        Self::Morse,
        Self::Invisible,
        Self::Markup,
        Self::Leet,
        Self::Split,
        Self::Unspaced,
        Self::Rotated,
        Self::Reversed,
    ];

    /// The word for it in records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Escape => "escape",
            Self::Percent => "percent",
            Self::Entity => "entity",
            Self::QuotedPrintable => "quoted_printable",
            Self::Base64 => "base64",
            Self::Base32 => "base32",
            Self::Hex => "hex",
            Self::Codes => "codes",
            Self::Morse => "morse",
            Self::Invisible => "invisible",
            Self::Markup => "markup",
            Self::Leet => "leet",
            Self::Split => "split",
            Self::Unspaced => "unspaced",
            Self::Rotated => "rotated",
            Self::Reversed => "reversed",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of disguises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disguises(u16);

impl Disguises {
    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether one is in both.
    pub const fn share(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Those that are in the set.
    pub fn iter(self) -> impl Iterator<Item = Disguise> {
        Disguise::ALL.into_iter().filter(move |disguise| self.0 & disguise.bit() != 0)
    }
}

impl From<Disguise> for Disguises {
    fn from(disguise: Disguise) -> Self {
        Self(disguise.bit())
    }
}
