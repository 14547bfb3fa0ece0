//! Secrets that begin with a fixed prefix, as their issuers document them.

use crate::detect::{Match, Swallow};
use crate::kind::Kind;
use crate::view::{More, View, down, is_word, up};

/// The bytes a token goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `_`.
    Word,
    /// Letters, digits, `_`, `-` (base64url).
    Url,
    /// As `Url`, and dots inside.
    Dotted,
    /// Capitals and digits.
    Upper,
    /// Hexadecimal digits.
    Hex,
    /// Base64 with its padding.
    Base64,
}

impl Body {
    const fn holds(self, byte: u8) -> bool {
        match self {
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Word => is_word(byte),
            Self::Url => is_word(byte) || byte == b'-',
            Self::Dotted => is_word(byte) || byte == b'-' || byte == b'.',
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
        }
    }
}

/// A prefix, the body after it, and how many bytes the body has.
#[derive(Debug)]
struct Prefix {
    text: &'static str,
    body: Body,
    least: usize,
    most: usize,
    kind: Kind,
}

const fn p(text: &'static str, body: Body, least: usize, most: usize, kind: Kind) -> Prefix {
    Prefix { text, body, least, most, kind }
}

/// More than any token has: a body that goes on is taken whole.
const OPEN: usize = usize::MAX;

use Body::{Alnum, Base64, Dotted, Hex, Upper, Url, Word};
use Kind::{
    AnthropicKey, AwsAccessKey, AwsSecretKey, GcpApiKey, GithubToken, GitlabToken, HfToken, NpmToken, OpenaiKey,
    PypiToken, SendgridKey, ServiceToken, SlackToken, StripeKey,
};

/// Longer prefixes stand before shorter ones of the same start.
const PREFIXES: &[Prefix] = &[
    // docs.aws.amazon.com IAM, unique identifiers; Bedrock API keys.
    p("AKIA", Upper, 16, 16, AwsAccessKey),
    p("ASIA", Upper, 16, 16, AwsAccessKey),
    p("ABIA", Upper, 16, 16, AwsAccessKey),
    p("ACCA", Upper, 16, 16, AwsAccessKey),
    p("ABSK", Base64, 100, OPEN, AwsSecretKey),
    p("bedrock-api-key-", Base64, 40, OPEN, AwsSecretKey),
    // Google: API keys, OAuth client secrets, access and refresh tokens.
    p("AIza", Url, 35, 36, GcpApiKey),
    p("GOCSPX-", Url, 28, OPEN, GcpApiKey),
    p("ya29.", Dotted, 30, OPEN, GcpApiKey),
    // docs.github.com, GitHub's token formats.
    p("github_pat_", Word, 60, OPEN, GithubToken),
    p("ghp_", Alnum, 36, OPEN, GithubToken),
    p("gho_", Alnum, 36, OPEN, GithubToken),
    p("ghu_", Alnum, 36, OPEN, GithubToken),
    p("ghs_", Alnum, 36, OPEN, GithubToken),
    p("ghr_", Alnum, 36, OPEN, GithubToken),
    // docs.gitlab.com, token overview.
    p("glpat-", Dotted, 20, OPEN, GitlabToken),
    p("gldt-", Dotted, 20, OPEN, GitlabToken),
    p("glrt-", Dotted, 20, OPEN, GitlabToken),
    p("glrtr-", Dotted, 20, OPEN, GitlabToken),
    p("glcbt-", Dotted, 20, OPEN, GitlabToken),
    p("glptt-", Dotted, 40, OPEN, GitlabToken),
    p("glft-", Dotted, 20, OPEN, GitlabToken),
    p("glimt-", Dotted, 20, OPEN, GitlabToken),
    p("glagent-", Dotted, 50, OPEN, GitlabToken),
    p("gloas-", Dotted, 40, OPEN, GitlabToken),
    p("glsoat-", Dotted, 20, OPEN, GitlabToken),
    p("glffct-", Dotted, 20, OPEN, GitlabToken),
    p("_gitlab_session=", Hex, 32, OPEN, GitlabToken),
    // api.slack.com, token types; incoming webhooks.
    p("https://hooks.slack.com/services/", Base64, 30, OPEN, SlackToken),
    p("https://hooks.slack.com/workflows/", Base64, 30, OPEN, SlackToken),
    p("xoxe.xoxp-", Url, 40, OPEN, SlackToken),
    p("xoxe.xoxb-", Url, 40, OPEN, SlackToken),
    p("xoxb-", Url, 24, OPEN, SlackToken),
    p("xoxp-", Url, 24, OPEN, SlackToken),
    p("xoxa-", Url, 24, OPEN, SlackToken),
    p("xoxr-", Url, 24, OPEN, SlackToken),
    p("xoxs-", Url, 24, OPEN, SlackToken),
    p("xoxe-", Url, 40, OPEN, SlackToken),
    p("xapp-", Url, 30, OPEN, SlackToken),
    // docs.stripe.com/keys.
    p("sk_live_", Alnum, 10, OPEN, StripeKey),
    p("rk_live_", Alnum, 10, OPEN, StripeKey),
    p("sk_prod_", Alnum, 10, OPEN, StripeKey),
    p("rk_prod_", Alnum, 10, OPEN, StripeKey),
    p("sk_test_", Alnum, 10, OPEN, StripeKey),
    p("rk_test_", Alnum, 10, OPEN, StripeKey),
    p("whsec_", Base64, 24, OPEN, StripeKey),
    // AI providers.
    p("sk-ant-", Url, 80, OPEN, AnthropicKey),
    p("sk-proj-", Url, 40, OPEN, OpenaiKey),
    p("sk-svcacct-", Url, 40, OPEN, OpenaiKey),
    p("sk-admin-", Url, 40, OPEN, OpenaiKey),
    p("sk-or-v1-", Hex, 64, 64, ServiceToken),
    p("sk-lf-", Url, 36, OPEN, ServiceToken),
    p("sk-", Alnum, 32, OPEN, OpenaiKey),
    p("hf_", Alnum, 34, 40, HfToken),
    p("api_org_", Alnum, 34, 34, HfToken),
    p("gsk_", Alnum, 48, OPEN, ServiceToken),
    p("xai-", Alnum, 60, OPEN, ServiceToken),
    p("pplx-", Alnum, 40, OPEN, ServiceToken),
    p("r8_", Alnum, 37, OPEN, ServiceToken),
    p("nvapi-", Url, 60, OPEN, ServiceToken),
    p("fw_", Alnum, 22, 24, ServiceToken),
    p("lsv2_pt_", Word, 40, OPEN, ServiceToken),
    p("lsv2_sk_", Word, 40, OPEN, ServiceToken),
    p("tvly-", Url, 30, OPEN, ServiceToken),
    p("pcsk_", Word, 50, OPEN, ServiceToken),
    p("jina_", Word, 50, OPEN, ServiceToken),
    // Package registries.
    p("npm_", Alnum, 36, OPEN, NpmToken),
    p("pypi-", Url, 50, OPEN, PypiToken),
    p("rubygems_", Hex, 48, 48, ServiceToken),
    p("dckr_pat_", Url, 27, OPEN, ServiceToken),
    p("dckr_oat_", Url, 27, OPEN, ServiceToken),
    p("CLOJARS_", Alnum, 60, 60, ServiceToken),
    p("oy2", Alnum, 43, 43, ServiceToken),
    // Mail, messages, monitoring, platforms.
    p("SG.", Dotted, 60, 70, SendgridKey),
    p("xkeysib-", Url, 70, OPEN, ServiceToken),
    p("key-", Hex, 32, 32, ServiceToken),
    p("SK", Hex, 32, 32, ServiceToken),
    p("dapi", Hex, 32, 34, ServiceToken),
    p("hvs.", Url, 24, OPEN, ServiceToken),
    p("hvb.", Url, 24, OPEN, ServiceToken),
    p("hvr.", Url, 24, OPEN, ServiceToken),
    p("dop_v1_", Hex, 64, 64, ServiceToken),
    p("doo_v1_", Hex, 64, 64, ServiceToken),
    p("dor_v1_", Hex, 64, 64, ServiceToken),
    p("shpat_", Hex, 32, 32, ServiceToken),
    p("shpca_", Hex, 32, 32, ServiceToken),
    p("shppa_", Hex, 32, 32, ServiceToken),
    p("shpss_", Hex, 32, 32, ServiceToken),
    p("lin_api_", Alnum, 40, OPEN, ServiceToken),
    p("ntn_", Alnum, 46, 46, ServiceToken),
    p("secret_", Alnum, 43, 43, ServiceToken),
    p("cfk_", Word, 40, OPEN, ServiceToken),
    p("cfut_", Word, 40, OPEN, ServiceToken),
    p("cfat_", Word, 40, OPEN, ServiceToken),
    p("v1.0-", Url, 140, OPEN, ServiceToken),
    p("glc_", Base64, 32, OPEN, ServiceToken),
    p("glsa_", Word, 40, OPEN, ServiceToken),
    p("sntrys_", Base64, 60, OPEN, ServiceToken),
    p("sntryu_", Hex, 64, 64, ServiceToken),
    p("ATATT3", Base64, 60, OPEN, ServiceToken),
    p("ATCTT3", Base64, 60, OPEN, ServiceToken),
    p("ATBB", Alnum, 28, 40, ServiceToken),
    p("PMAK-", Url, 50, OPEN, ServiceToken),
    p("sgp_local_", Hex, 40, 40, ServiceToken),
    p("sgp_", Hex, 40, 40, ServiceToken),
    p("sgp_", Word, 57, 57, ServiceToken),
    p("s-s4t2ud-", Hex, 64, 64, ServiceToken),
    p("s-s4t2af-", Hex, 64, 64, ServiceToken),
    p("phc_", Alnum, 40, OPEN, ServiceToken),
    p("phx_", Alnum, 40, OPEN, ServiceToken),
    p("pscale_tkn_", Url, 32, OPEN, ServiceToken),
    p("pscale_pw_", Url, 32, OPEN, ServiceToken),
    p("pscale_oauth_", Url, 32, OPEN, ServiceToken),
    p("pul-", Hex, 40, 40, ServiceToken),
    p("dp.pt.", Alnum, 43, 43, ServiceToken),
    p("dp.st.", Dotted, 40, OPEN, ServiceToken),
    p("dt0c01.", Dotted, 80, OPEN, ServiceToken),
    p("NRAK-", Alnum, 27, 27, ServiceToken),
    p("LTAI", Alnum, 16, 24, ServiceToken),
    p("ops_eyJ", Base64, 100, OPEN, ServiceToken),
    p("sq0csp-", Url, 43, OPEN, ServiceToken),
    p("sq0atp-", Url, 22, OPEN, ServiceToken),
    p("EAAAE", Url, 55, 65, ServiceToken),
    p("figd_", Url, 38, OPEN, ServiceToken),
    p("AGE-SECRET-KEY-1", Upper, 58, 58, ServiceToken),
    p("EZAK", Alnum, 54, 54, ServiceToken),
    p("EZTK", Alnum, 54, 54, ServiceToken),
    p("tfp_", Url, 50, OPEN, ServiceToken),
    p("rdme_", Alnum, 70, 70, ServiceToken),
    p("sl.u.", Url, 100, OPEN, ServiceToken),
];

/// The longest token read to its end before it is a finding; a longer one is a finding at once and is swallowed.
const READ: usize = 512;

/// Which bytes stand in the first three places of the prefixes, for a test of a few instructions a word.
#[derive(Debug)]
pub(crate) struct Openings {
    first: Vec<u64>,
    second: Vec<u64>,
    /// The prefixes by their first byte.
    prefixes: Vec<Vec<&'static Prefix>>,
}

impl Openings {
    pub(crate) fn new() -> Self {
        let starting =
            |first: u8| PREFIXES.iter().filter(move |prefix| prefix.text.as_bytes().first() == Some(&first)).collect();
        let prefixes = (0..=255).map(starting).collect();
        let mut openings = Self { first: vec![0; 1024], second: vec![0; 1024], prefixes };
        // JSON Web Tokens begin with `ey`.
        for prefix in PREFIXES.iter().map(|prefix| prefix.text.as_bytes()).chain([&b"ey"[..]]) {
            let Some((&[a, b], rest)) = prefix.split_first_chunk::<2>() else { continue };
            set(&mut openings.first, a, b);
            match rest.first() {
                Some(&c) => set(&mut openings.second, b, c),
                None => (0..=255).for_each(|c| set(&mut openings.second, b, c)),
            }
        }
        openings
    }

    /// Whether a prefix may stand at the start of the text.
    #[inline]
    pub(crate) fn hit(&self, text: &[u8]) -> bool {
        match text {
            [a, b, c, ..] => get(&self.first, *a, *b) && get(&self.second, *b, *c),
            _ => false,
        }
    }
}

const fn index(a: u8, b: u8) -> (usize, u32) {
    let pair = (a as usize) << 8 | b as usize;
    (pair >> 6, (pair & 63) as u32)
}

fn set(bits: &mut [u64], a: u8, b: u8) {
    let (word, bit) = index(a, b);
    if let Some(word) = bits.get_mut(word) {
        *word |= 1 << bit;
    }
}

#[inline]
fn get(bits: &[u64], a: u8, b: u8) -> bool {
    let (word, bit) = index(a, b);
    bits.get(word).is_some_and(|word| word >> bit & 1 == 1)
}

/// The token that begins at `start`.
pub(crate) fn find(openings: &Openings, view: View<'_>, start: usize) -> Result<Option<Match>, More> {
    let Some(first) = view.at(start)? else { return Ok(None) };
    let Some(prefixes) = openings.prefixes.get(usize::from(first)) else { return Ok(None) };
    // Inside a chain of hyphens a token would be read again at each of them.
    let chained = view.before(start) == Some(b'-');
    for prefix in prefixes.iter().filter(|prefix| !(chained && matches!(prefix.body, Url | Dotted))) {
        if !view.stands(start, prefix.text.as_bytes())? {
            continue;
        }
        let from = up(start, prefix.text.len());
        let mut end = view.run(from, READ, |byte| prefix.body.holds(byte))?;
        let mut body = view.slice(from, end);
        while let Some(rest) = body.strip_suffix(b".").or_else(|| body.strip_suffix(b"-")) {
            body = rest;
            end = down(end, 1);
        }
        if body.len() < prefix.least || body.len() > prefix.most || !random(body, prefix) {
            continue;
        }
        if prefix.body == Upper && view.at(end)?.is_some_and(is_word) {
            continue;
        }
        if down(end, from) >= READ {
            return Ok(Some(Match { kind: prefix.kind, start, end, open: Some(Swallow::Url) }));
        }
        return Ok(Some(Match::closed(prefix.kind, start, end)));
    }
    Ok(None)
}

/// Whether a body looks drawn at random, not written as an example.
fn random(body: &[u8], prefix: &Prefix) -> bool {
    let upper = body.to_ascii_uppercase();
    let has = |word: &[u8]| upper.windows(word.len()).any(|window| window == word);
    if has(b"EXAMPLE") || has(b"XXXXXX") || has(b"PLACEHOLDER") || has(b"YOUR") && has(b"KEY") {
        return false;
    }
    let digits = body.iter().filter(|byte| byte.is_ascii_digit()).count();
    let least = if prefix.body == Hex { 2.5 } else { 2.9 };
    let drawn = match prefix.kind {
        // Slack's tokens have the numbers of a team and a user in them.
        SlackToken if prefix.body == Url => digits >= 6,
        HfToken => true,
        _ => digits > 0 || prefix.body == Upper || body.len() >= 20 && mixed(body),
    };
    entropy(body) >= least && drawn
}

fn mixed(body: &[u8]) -> bool {
    body.iter().any(u8::is_ascii_uppercase) && body.iter().any(u8::is_ascii_lowercase)
}

/// Shannon entropy of the bytes, in bits a byte.
pub(crate) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in text {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count = count.saturating_add(1);
        }
    }
    let total = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX).max(1));
    counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count) / total).map(|p| -p * p.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::{Openings, entropy, find};
    use crate::view::View;

    fn found(text: &str) -> Option<&str> {
        find(&Openings::new(), View::whole(text.as_bytes()), 0).unwrap().map(|m| &text[m.start..m.end])
    }

    #[test]
    fn a_token_ends_where_its_alphabet_ends() {
        // Written in two, so that no scanner of secrets takes the test for a leak.
        let token = ["ghp_", "q8RmT2vZ0sLwYc6HnB4kXe1PjUa9DfGi7KoV"].concat();
        let token = token.as_str();
        assert_eq!(found(&format!("{token}.")), Some(token));
        assert_eq!(found(&format!("{token},")), Some(token));
        let access = ["AKIA", "Q7ZLN5RTC2DPW6VX"].concat();
        assert_eq!(found(&access), Some(access.as_str()));
    }

    #[test]
    fn examples_and_stubs_are_none() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_short",
            "xoxb-xoxb-my-bot-token",
            "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "sk-learn",
            "ntn_12345678901",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn entropy_is_the_bits_of_a_byte() {
        assert!((entropy(b"aaaa") - 0.0).abs() < 1e-9);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
        assert!(entropy(b"") < 1e-9);
    }
}
