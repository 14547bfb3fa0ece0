//! Values that an operator lets be.

use crate::kind::Kind;

/// A list of values, and of domains whose addresses are let be.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    values: Vec<String>,
    domains: Vec<String>,
}

impl Allowed {
    /// `@example.com` stands for every address of the domain and of those below it; anything else for itself, whatever
    /// its case, blanks and hyphens.
    pub fn new<'a>(entries: impl Iterator<Item = &'a str>) -> Self {
        let mut allowed = Self::default();
        for entry in entries {
            match entry.strip_prefix('@') {
                Some(domain) => allowed.domains.push(domain.to_ascii_lowercase()),
                None => allowed.values.push(plain(entry)),
            }
        }
        allowed
    }

    pub(crate) fn has(&self, kind: Kind, value: &str) -> bool {
        if self.values.is_empty() && self.domains.is_empty() {
            return false;
        }
        let domain = value.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        let own = |domain: &str, own: &String| {
            domain.strip_suffix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        kind == Kind::Email && domain.is_some_and(|domain| self.domains.iter().any(|d| own(&domain, d)))
            || !self.values.is_empty() && self.values.contains(&plain(value))
    }
}

fn plain(value: &str) -> String {
    value.chars().filter(|c| !matches!(c, ' ' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::{Allowed, Kind};

    #[test]
    fn a_domain_stands_for_what_is_below_it_and_a_value_for_itself() {
        let allowed = Allowed::new(["@example.com", "4111 1111 1111 1111"].into_iter());
        assert!(allowed.has(Kind::Email, "ann@EXAMPLE.com") && allowed.has(Kind::Email, "ann@mail.example.com"));
        assert!(
            !allowed.has(Kind::Email, "ann@badexample.com") && !allowed.has(Kind::Email, "ann@example.com.evil.org")
        );
        assert!(allowed.has(Kind::CreditCard, "4111-1111-1111-1111"));
        assert!(!allowed.has(Kind::CreditCard, "5555 5555 5555 4444"));
        assert!(!allowed.has(Kind::UrlPassword, "pw@example.com"));
    }
}
