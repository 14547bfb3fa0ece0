//! Exceptions: rules that do not run, only show or weigh less, for some requests.

use std::borrow::Cow;

use portcullis_core::config::{Reader, Route, Word, choose};
use portcullis_core::head::Head;
use portcullis_core::stage::Request;
use portcullis_core::verdict::Severity;
use portcullis_core::wire::{Role, model_in_path};

use crate::choice::{Choice, Effect, select};
use crate::ruleset::{Ruleset, bit};

/// Exceptions of a profile.
const MAX: usize = 128;

/// An exception: what becomes of some rules, and for which requests.
#[derive(Clone, Debug)]
pub(crate) struct Exception {
    /// Why there is one, in the operator's words.
    pub reason: String,
    /// Rules by their place, each with the roles it is meant in.
    pub rules: Vec<(usize, u16)>,
    pub effect: Effect,
    when: When,
}

/// Which requests an exception is for; all when nothing is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct When {
    route: Option<Route>,
    models: Vec<String>,
}

impl When {
    fn is_always(&self) -> bool {
        self.route.is_none() && self.models.is_empty()
    }

    fn holds(&self, head: &Head, model: Option<&[u8]>) -> bool {
        let named = |pattern: &String| {
            model.is_some_and(|model| match pattern.strip_suffix('*') {
                Some(begin) => model.starts_with(begin.as_bytes()),
                None => model == pattern.as_bytes(),
            })
        };
        self.route.as_ref().is_none_or(|route| route.holds(head))
            && (self.models.is_empty() || self.models.iter().any(named))
    }
}

/// The exceptions of a profile over its standing choice of rules.
#[derive(Debug, Default)]
pub(crate) struct Exceptions {
    /// What the profile says of all requests, without exceptions.
    choice: Choice,
    /// With those exceptions that are for all requests.
    standing: Choice,
    pub list: Vec<Exception>,
}

const ACTIONS: &[Word<Action>] = &[
    Word { word: "shadow", value: Action::Shadow, doc: "The rules are recorded and add nothing to the score." },
    Word { word: "off", value: Action::Off, doc: "The rules do not run." },
    Word { word: "severity", value: Action::Severity, doc: "The rules weigh at most `severity`." },
];

#[derive(Clone, Copy)]
enum Action {
    Shadow,
    Off,
    Severity,
}

/// The words for [`Severity`].
pub(crate) const SEVERITIES: &[Word<Severity>] = &[
    Word { word: "notice", value: Severity::Notice, doc: "Worth a note." },
    Word { word: "warning", value: Severity::Warning, doc: "Suspicious only together with others." },
    Word { word: "error", value: Severity::Error, doc: "Suspicious by itself." },
    Word { word: "critical", value: Severity::Critical, doc: "An attack by itself." },
];

/// Header fields that a client sets as it likes, or that say who it is to everyone.
const CLIENTS_OWN: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "anthropic-version",
    "content-length",
    "content-type",
    "cookie",
    "forwarded",
    "origin",
    "referer",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Reads `exceptions`, which are over `choice`.
pub(crate) fn read(r: &mut dyn Reader, rules: Option<&Ruleset>, choice: Choice) -> Exceptions {
    let mut list: Vec<Exception> = Vec::new();
    let doc = "Rules that do not run, only show or weigh less, for some requests. For each rule the first that is for the \
               request counts.";
    r.list("exceptions", MAX, doc, &mut |r| {
        if let Some(exception) = read_one(r, rules, &choice) {
            if exception.rules.iter().all(|rule| is_settled(rule, &exception, &list)) {
                let remedy = "leave it out, or put it before the exception that takes its place".to_string();
                r.problem("", "never applies: those before it say what becomes of each of its rules".into(), remedy);
            }
            list.push(exception);
        }
    });
    let mut exceptions = Exceptions { standing: choice.clone(), choice, list };
    exceptions.standing = exceptions.choice_where(&|when| when.is_always());
    exceptions
}

/// Whether exceptions of `list` that are for every request that `exception` is for say all about `rule`.
fn is_settled((rule, roles): &(usize, u16), exception: &Exception, list: &[Exception]) -> bool {
    let before = list.iter().filter(|other| other.when.is_always() || other.when == exception.when);
    let said = before.flat_map(|other| &other.rules).filter(|(other, _)| other == rule);
    roles & !said.fold(0, |all, (_, roles)| all | roles) == 0
}

fn read_one(r: &mut dyn Reader, rules: Option<&Ruleset>, choice: &Choice) -> Option<Exception> {
    let reason = r.text("reason", 512, "a sentence", &|s| !s.trim().is_empty(), "Why there is an exception. Required.");
    r.required("reason", "say why, for those who come after you");
    let chosen = rules_named(r, "rules", rules, "The rules it is about. Required.");
    r.required("rules", "name the rules: PG-1001, PG-1200-1299, or PG for all that ship");
    let action = choose(r, "action", ACTIONS, "What becomes of the rules.").unwrap_or(Action::Shadow);
    let severity = choose(r, "severity", SEVERITIES, "With action `severity`: what the rules weigh at most.");
    let effect = match action {
        Action::Shadow => Effect::Shadow,
        Action::Off => Effect::Off,
        Action::Severity => Effect::AtMost(severity.unwrap_or(Severity::Notice)),
    };
    if r.has("severity") && !matches!(action, Action::Severity) {
        r.problem(
            "severity",
            "has no effect with this action".into(),
            "leave it out, or set action to severity".into(),
        );
    }
    let roles = roles(r, "Who must speak the text; everyone when absent.");
    let doc = "A header field that the gateway sets, such as the consumer it authenticated. A client that can send the field \
               itself can call for the exception.";
    let route = Route::conditions(r, doc);
    match route.as_ref().and_then(Route::header) {
        Some((name, _)) if CLIENTS_OWN.contains(&name) => {
            let remedy = "name one that the gateway sets, and that it removes from what clients send".to_string();
            r.problem("header", "names a field that every client sends as it likes".into(), remedy);
        }
        Some((_, true)) => {
            let remedy = "give `exact` or `prefix`: whoever may send the field at all would be excepted".to_string();
            r.problem("header", "asks for no value".into(), remedy);
        }
        _ => {}
    }
    let name = |s: &str| !s.is_empty() && s != "*" && !s.trim_end_matches('*').contains('*') && !s.ends_with("**");
    let doc = "Names of models, exact or with a `*` at the end. Where path and body name different ones, none matches.";
    let models = r.texts("models", 64, "the name of a model, or its begin and a `*`,", &name, doc);
    let rules = rules?;
    let mut meant = Vec::new();
    for place in chosen {
        let Some(rule) = rules.rules.get(place) else { continue };
        let runs = |role: &Role| {
            let weighs = choice.severity.get(&place).copied().unwrap_or(rule.severity);
            roles & rule.roles & bit(*role) != 0
                && match (choice.effect(place, rule, *role), effect) {
                    (Effect::Off, _) | (Effect::Shadow, Effect::Shadow | Effect::AtMost(_)) => false,
                    (_, Effect::AtMost(most)) => most < weighs,
                    _ => true,
                }
        };
        let mask = Role::ALL.iter().filter(|role| runs(role)).fold(0, |all, role| all | bit(*role));
        if mask != 0 {
            meant.push((place, mask));
        }
    }
    if meant.is_empty() {
        if r.has("rules") {
            let remedy =
                "leave it out: the rules do not run, do not read these roles, or weigh no more than that".to_string();
            r.problem("", "never applies".into(), remedy);
        }
        return None;
    }
    Some(Exception { reason: reason.unwrap_or_default(), rules: meant, effect, when: When { route, models } })
}

/// Reads a list of [`select`]ors; those that name no rule are problems. Places of rules, ascending, each once.
pub(crate) fn rules_named(
    r: &mut dyn Reader,
    key: &'static str,
    rules: Option<&Ruleset>,
    doc: &'static str,
) -> Vec<usize> {
    let named = |selector: &str| rules.map(|rules| select(rules, selector)).unwrap_or_default();
    let pattern = "a rule that exists (PG-1001), a range that holds one (PG-1200-1299) or a family (PG)";
    let selectors = r.texts(key, 1024, pattern, &|s| !named(s).is_empty(), doc);
    let mut places: Vec<_> = selectors.iter().flat_map(|selector| named(selector)).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Reads a list of roles; all when it is absent. One bit a role.
pub(crate) fn roles(r: &mut dyn Reader, doc: &'static str) -> u16 {
    let find = |name: &str| Role::ALL.into_iter().find(|role| role.name() == name);
    let pattern =
        "one of system, user, assistant, tool_result, tool_argument, tool_definition, document, embedding_input";
    let roles = r.texts("roles", Role::ALL.len(), pattern, &|s| find(s).is_some(), doc);
    if !r.has("roles") {
        return u16::MAX;
    }
    if roles.is_empty() {
        r.problem("roles", "names no role".into(), "leave it out for all roles, or name some".into());
    }
    roles.iter().filter_map(|name| find(name)).fold(0, |all, role| all | bit(role))
}

impl Exceptions {
    /// Which rules count for a request.
    pub fn for_request(&self, request: &Request<'_>) -> Cow<'_, Choice> {
        if self.list.iter().all(|exception| exception.when.is_always()) {
            return Cow::Borrowed(&self.standing);
        }
        let model = model(request);
        let holds = |when: &When| when.is_always() || when.holds(request.head, model.as_deref());
        if !self.list.iter().any(|exception| !exception.when.is_always() && holds(&exception.when)) {
            return Cow::Borrowed(&self.standing);
        }
        Cow::Owned(self.choice_where(&holds))
    }

    /// The choice of rules with the exceptions for which `holds`.
    fn choice_where(&self, holds: &dyn Fn(&When) -> bool) -> Choice {
        let mut choice = self.choice.clone();
        // The first counts, so it is written last.
        for exception in self.list.iter().rev().filter(|exception| holds(&exception.when)) {
            choice.set(&exception.rules, exception.effect);
        }
        choice
    }

    /// What the profile says of every request, without exceptions.
    pub fn choice_without(&self) -> &Choice {
        &self.choice
    }
}

impl Exception {
    /// Whether it is for every request.
    pub fn is_always(&self) -> bool {
        self.when.is_always()
    }
}

/// The model that is asked; `None` when path and body name different ones: upstreams differ on which one counts.
fn model(request: &Request<'_>) -> Option<Vec<u8>> {
    let body = request.prompt.model.map(|span| span.of(request.body).to_vec());
    match (model_in_path(request.head.path()), body) {
        (Some(path), Some(body)) => Some(path).filter(|path| *path == body),
        (path, body) => path.or(body),
    }
}
