//! How configuration names kinds: by their names, by family, by region, or all.

use crate::kind::{Family, Kind};

/// Some kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Select {
    All,
    One(Kind),
    Family(Family),
    /// ISO 3166 letters, in upper case.
    Region([u8; 2]),
}

/// The words for it, for problems and the schema.
pub(crate) const SELECT: &str = "`all`, the name of a kind such as EMAIL, a family (contact, financial, network, device, \
                                 personal, health, identity, secret) or a region such as region:us,";

impl Select {
    /// `None` when there is no such kind, family or region.
    pub(crate) fn named(word: &str) -> Option<Self> {
        if word == "all" {
            return Some(Self::All);
        }
        if let Some(region) = word.strip_prefix("region:") {
            let region = region.to_ascii_uppercase();
            let known = Kind::ALL.iter().any(|kind| kind.region() == Some(&region));
            return region.as_bytes().try_into().ok().filter(|_| known).map(Self::Region);
        }
        let family = Family::ALL.into_iter().find(|family| family.name() == word).map(Self::Family);
        family.or_else(|| Kind::named(word).map(Self::One))
    }

    /// Whether a kind is among them.
    pub(crate) fn has(self, kind: Kind) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one == kind,
            Self::Family(family) => kind.family() == family,
            Self::Region(region) => kind.region().is_some_and(|name| name.as_bytes() == region),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Select;
    use crate::kind::Kind;

    #[test]
    fn kinds_are_named_in_four_ways() {
        let has = |word, kind| Select::named(word).unwrap().has(kind);
        assert!(has("all", Kind::Jwt) && has("EMAIL", Kind::Email) && !has("EMAIL", Kind::Phone));
        assert!(has("secret", Kind::Jwt) && !has("secret", Kind::Email));
        assert!(has("region:us", Kind::UsSsn) && has("region:US", Kind::AbaRouting) && !has("region:us", Kind::UkNhs));
        for unknown in ["", "email", "region:", "region:xx", "region:usa", "secrets", "CUSTOM"] {
            assert_eq!(Select::named(unknown), None, "{unknown}");
        }
    }
}
