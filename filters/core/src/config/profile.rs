//! A profile: what is done to the requests that get it.

use super::form;
use super::reader::{Reader, Word, choose};
use crate::answer;
use crate::stage::{Kind, Settings};
use crate::verdict::{Failure, Mode, Verdict};
use crate::wire::Limits;
use crate::wire::form::Form;

/// The words for [`Mode`], for every stage.
pub const MODES: &[Word<Mode>] = &[
    Word { word: "enforce", value: Mode::Enforce, doc: "Verdicts take effect." },
    Word { word: "shadow", value: Mode::Shadow, doc: "Verdicts are recorded and counted only." },
    Word { word: "off", value: Mode::Off, doc: "The stage does not run." },
];

const UNREADABLE: &[Word<Verdict>] = &[
    Word { word: "block", value: Verdict::Block, doc: "Refused: 400, 403 or 413." },
    Word { word: "flag", value: Verdict::Flag, doc: "Let through unseen, recorded and counted." },
    Word { word: "allow", value: Verdict::Allow, doc: "Let through unseen; still counted." },
];

const UNREADABLE_RESPONSE: &[Word<Verdict>] = &[
    Word { word: "block", value: Verdict::Block, doc: "Withheld with 502; an answer under way is cut off." },
    Word { word: "flag", value: Verdict::Flag, doc: "Let through unseen, recorded and counted." },
    Word { word: "allow", value: Verdict::Allow, doc: "Let through unseen; still counted." },
];

/// What is done with a body that has a `content-encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestEncoding {
    /// It is decoded within the cap of a body and inspected; the upstream gets the client's own bytes.
    Decode,
    /// It is not looked at and follows this: [`Verdict::Block`], [`Verdict::Flag`] or [`Verdict::Allow`].
    Unseen(Verdict),
}

const REQUEST_ENCODINGS: &[Word<RequestEncoding>] = &[
    Word {
        word: "decode",
        value: RequestEncoding::Decode,
        doc: "Decoded (gzip, deflate, br, zstd) and inspected, at most limits.body_bytes of it. What cannot be decoded \
              is unreadable.",
    },
    Word { word: "block", value: RequestEncoding::Unseen(Verdict::Block), doc: "Refused: 403." },
    Word {
        word: "flag",
        value: RequestEncoding::Unseen(Verdict::Flag),
        doc: "Let through unseen, recorded and counted.",
    },
    Word { word: "allow", value: RequestEncoding::Unseen(Verdict::Allow), doc: "Let through unseen; still counted." },
];

const FAILURES: &[Word<Failure>] = &[
    Word { word: "closed", value: Failure::Closed, doc: "Refused with 503; an answer under way is cut off." },
    Word { word: "open", value: Failure::Open, doc: "Let through unseen, recorded and counted." },
];

/// What happens when a part of the filter cannot do its work, by direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnFailure {
    /// On the way to the model.
    pub request: Failure,
    /// On the way back.
    pub response: Failure,
}

/// What is done to a request.
pub struct Profile {
    /// Its name, as it stands in records.
    pub name: String,
    /// What is done with a body that cannot be read: [`Verdict::Block`], [`Verdict::Flag`] or [`Verdict::Allow`].
    pub unreadable: Verdict,
    /// What is done with an answer that a stage asks for and that cannot be read: of the same three.
    pub unreadable_response: Verdict,
    /// What is done with a body that has a `content-encoding`.
    pub request_encoding: RequestEncoding,
    /// What is done when a part of the filter fails.
    pub on_failure: OnFailure,
    /// Caps on what is read of a request.
    pub limits: Limits,
    /// Bodies that are not JSON and are read all the same.
    pub forms: Vec<Form>,
    /// Caps on what is kept of an answer that is read.
    pub answer_limits: answer::Limits,
    /// Whether refusals carry `x-portcullis-verdict`, and name the rule in their message.
    pub explain: bool,
    /// The stages that run, in the order of the module.
    pub stages: Vec<Box<dyn Settings>>,
}

impl Profile {
    pub(super) fn read(name: &str, r: &mut dyn Reader, kinds: &[&dyn Kind]) -> Self {
        let unreadable = choose(
            r,
            "unreadable",
            UNREADABLE,
            "What is done with a body that cannot be read: not JSON, an unknown shape or coding, too deep, too large.",
        );
        let request_encoding = choose(
            r,
            "request_encoding",
            REQUEST_ENCODINGS,
            "What is done with a body that has a content-encoding. The upstream gets the client's own bytes.",
        );
        let unreadable_response = choose(
            r,
            "unreadable_response",
            UNREADABLE_RESPONSE,
            "What is done with an answer that a stage must read and cannot: compressed, a part, an unknown type, too large.",
        );
        let mut on_failure = OnFailure::default();
        r.section("on_failure", "What happens when a part of the filter cannot do its work.", &mut |r| {
            on_failure.request = choose(r, "request", FAILURES, "On the way to the model.").unwrap_or_default();
            on_failure.response = choose(r, "response", FAILURES, "On the way back.").unwrap_or_default();
        });
        let mut limits = Limits::default();
        let mut answer_limits = answer::Limits::default();
        r.section("limits", "Caps on what is read. What lies beyond is unreadable.", &mut |r| {
            limits = read_limits(r);
            answer_limits = read_answer_limits(r, &limits);
        });
        let mut forms = Vec::new();
        r.list(
            "forms",
            16,
            "Bodies that are not JSON, and the paths that take them. Elsewhere they are unreadable.",
            &mut |r| forms.extend(form::read(r)),
        );
        let explain = r.boolean(
            "explain",
            true,
            "Whether refusals carry x-portcullis-verdict and name the rule. Turn it off where attackers would tune against it.",
        );
        let stages = kinds
            .iter()
            .filter_map(|kind| {
                let mut settings = None;
                let named = r.section(kind.key(), kind.doc(), &mut |r| settings = Some(kind.read(r)));
                settings.filter(|_| named || kind.by_default() || kinds.len() == 1)
            })
            .collect();
        for (key, module) in ELSEWHERE.iter().filter(|(key, _)| !kinds.iter().any(|kind| kind.key() == *key)) {
            let remedy = format!("attach {module}, or leave the section out");
            r.misplaced(key, "is a stage that this module does not carry", remedy);
        }
        let unreadable = unreadable.unwrap_or(Verdict::Block);
        let unreadable_response = unreadable_response.unwrap_or(Verdict::Block);
        let request_encoding = request_encoding.unwrap_or(RequestEncoding::Decode);
        let name = name.to_string();
        Self {
            name,
            unreadable,
            unreadable_response,
            request_encoding,
            on_failure,
            limits,
            answer_limits,
            forms,
            explain,
            stages,
        }
    }
}

/// Sections of stages that a module may lack, with the modules that carry them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("prompt_guard", "portcullis.wasm or prompt_guard.wasm"),
    ("pii_redact", "portcullis.wasm or pii_redact.wasm"),
    ("rate_limit", "portcullis.wasm or rate_limit.wasm"),
    ("access", "portcullis.wasm or access.wasm"),
];

fn read_limits(r: &mut dyn Reader) -> Limits {
    let standard = Limits::default();
    let mut limit = |key, value: usize, min, max, doc| {
        let value = r.integer(key, u64::try_from(value).unwrap_or(max), min, max, doc);
        usize::try_from(value).unwrap_or(usize::MAX)
    };
    Limits {
        body_bytes: limit(
            "body_bytes",
            standard.body_bytes,
            1024,
            16_777_216,
            "Bytes of a body. Envoy's own buffer limit must be larger: it answers 413 by itself.",
        ),
        depth: limit("depth", standard.depth, 8, 512, "Levels of nesting."),
        values: limit("values", standard.values, 100, 1_000_000, "Objects, arrays, strings, numbers and literals."),
    }
}

fn read_answer_limits(r: &mut dyn Reader, limits: &Limits) -> answer::Limits {
    let standard = answer::Limits::default();
    let bytes = r.integer(
        "answer_unit_bytes",
        u64::try_from(standard.unit_bytes).unwrap_or(u64::MAX),
        1024,
        16_777_216,
        "Bytes of an answer that are kept at once: one event or line of a stream, or the whole of one that does not \
         stream.",
    );
    let unit_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    answer::Limits { unit_bytes, depth: limits.depth, values: limits.values, ..standard }
}
