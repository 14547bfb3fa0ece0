//! The configuration: one JSON document of profiles, and routes that select one.
//!
//! Every key has a safe default. A document with any problem is refused whole, with every problem named at once.

mod form;
mod nearest;
mod profile;
mod reader;
mod route;
mod schema;

use core::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

pub use profile::{MODES, OnFailure, Profile, RequestEncoding};
pub use reader::{Reader, Word, choose, is_name};
pub use route::{Route, normal_path};

use crate::head::Head;
use crate::stage::Kind;
use crate::verdict::Mode;
use crate::wire::{Limits, Unreadable};
use reader::Checked;
use schema::Described;

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: keys joined by `.`, places in lists in brackets; empty for the document itself.
    pub path: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    /// A problem at `path`.
    pub fn new(path: &str, problem: String, remedy: String) -> Self {
        Self { path: path.to_string(), problem, remedy }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(document)" } else { &self.path };
        write!(f, "{path}: {}; {}", self.problem, self.remedy)
    }
}

/// At most this many bytes of configuration are read.
const MAX_BYTES: usize = 1_048_576;

/// A document that was checked and compiled.
pub struct Config {
    default: Arc<Profile>,
    routes: Vec<(Route, Arc<Profile>)>,
    /// The key for the HMAC of prompts in audit records, if one is named.
    pub audit_key: Option<Vec<u8>>,
}

/// Shows sizes only: a configuration may hold words that an operator keeps to himself.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("routes", &self.routes.len()).finish_non_exhaustive()
    }
}

impl Config {
    /// Reads a document for a module that has these `kinds` of stages. An empty document is `{}`.
    ///
    /// `env` answers with the value of an environment variable: secrets are named in the document, never written there.
    ///
    /// # Errors
    /// Every problem of the document, in its order.
    pub fn parse(
        text: &[u8],
        kinds: &[&'static dyn Kind],
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Problem>> {
        let value = parse_json(text).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        let mut reader = Checked::new(String::new(), &value, &mut problems);
        let document = Document::read(&mut reader, kinds);
        reader.finish();
        let config = document.resolve(kinds, env, &mut problems);
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(problems),
        }
    }

    /// What stands in before any document was accepted: no stage, and everything that fails is refused.
    pub fn unconfigured() -> Self {
        let nothing = json!({});
        let mut problems = Vec::new();
        let mut reader = Checked::new(String::new(), &nothing, &mut problems);
        Self { default: Arc::new(Profile::read("unconfigured", &mut reader, &[])), routes: Vec::new(), audit_key: None }
    }

    /// The profile for a request: that of the first route that matches it, else the default one. A request whose path
    /// can be read in two ways gets the default one.
    pub fn select(&self, head: &Head) -> &Arc<Profile> {
        let Some(target) = route::Target::of(head) else { return &self.default };
        self.routes.iter().find(|(route, _)| route.matches(&target)).map_or(&self.default, |(_, profile)| profile)
    }

    /// The place of the route that selects the profile for a request; `None` when it gets the default one.
    pub fn route(&self, head: &Head) -> Option<usize> {
        let target = route::Target::of(head)?;
        self.routes.iter().position(|(route, _)| route.matches(&target))
    }

    /// Every profile that a request can get, each once: the default one, then in the order of the routes.
    pub fn profiles(&self) -> Vec<&Arc<Profile>> {
        let mut profiles = vec![&self.default];
        for (_, profile) in &self.routes {
            if !profiles.iter().any(|known| Arc::ptr_eq(known, profile)) {
                profiles.push(profile);
            }
        }
        profiles
    }

    /// The document as JSON Schema, for a module that has these `kinds` of stages.
    pub fn schema(kinds: &[&'static dyn Kind]) -> Value {
        let mut described = Described::default();
        Document::read(&mut described, kinds);
        let mut schema = described.finish();
        schema::require(&mut schema, form::IN_SCHEMA, &["path", "type"]);
        schema::require(&mut schema, "/properties/routes/items", &["profile"]);
        // A route without a condition matches every request.
        schema::at_least(&mut schema, "/properties/routes/items", 2);
        schema::require(&mut schema, "/properties/routes/items/properties/header", &["name"]);
        if let Some(fields) = schema.as_object_mut() {
            fields.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
            fields.insert("title".into(), json!("Portcullis configuration"));
        }
        schema
    }
}

fn parse_json(text: &[u8]) -> Result<Value, Problem> {
    let wrong = |problem: String, remedy: &str| Problem::new("", problem, remedy.to_string());
    if text.len() > MAX_BYTES {
        return Err(wrong(format!("has {} bytes", text.len()), "at most 1048576"));
    }
    if text.trim_ascii().is_empty() {
        return Ok(json!({}));
    }
    // serde_json would take the last and say nothing.
    let limits = Limits { body_bytes: MAX_BYTES, ..Limits::default() };
    if matches!(crate::json::parse(text, &limits), Err(Unreadable::DuplicateKey)) {
        let remedy = "leave one of them out: readers differ on which one counts; `portcullis validate` says where";
        return Err(wrong("has a key that stands twice in one object".into(), remedy));
    }
    serde_json::from_slice(text).map_err(|e| {
        let problem = format!("is not JSON at line {}, column {}", e.line(), e.column());
        wrong(problem, "give one JSON object; an empty one takes every default")
    })
}

/// The document as it is written, before its names are resolved.
struct Document {
    default: Option<String>,
    profiles: Vec<(String, Arc<Profile>)>,
    routes: Vec<(Option<String>, Route)>,
    key_env: Option<String>,
    /// Kinds that took something from the document itself.
    shared: Vec<Option<Box<dyn Kind>>>,
}

impl Document {
    fn read(r: &mut dyn Reader, kinds: &[&'static dyn Kind]) -> Self {
        let default = r.text(
            "default_profile",
            64,
            "the name of a profile",
            &is_name,
            "The profile for requests that no route matches; `default` when it is not given. Keep it the strictest.",
        );
        let shared: Vec<_> = kinds.iter().map(|kind| kind.shared(r)).collect();
        let kinds = with_shared(kinds, &shared);
        let mut profiles = Vec::new();
        r.map("profiles", 64, "What is done to a request, by name.", &mut |name, r| {
            profiles.push((name.to_string(), Arc::new(Profile::read(name, r, &kinds))));
        });
        let mut routes = Vec::new();
        r.list("routes", 256, "Which profile a request gets. The first that matches counts.", &mut |r| {
            let name =
                r.text("profile", 64, "the name of a profile", &is_name, "The profile for what matches. Required.");
            routes.push((name, Route::read(r)));
        });
        let mut key_env = None;
        r.section("audit", "The audit record of each request.", &mut |r| {
            key_env = r.text(
                "hmac_key_env",
                128,
                "the name of an environment variable",
                &|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'),
                "Environment variable that holds the key for an HMAC-SHA-256 of the prompt in each record, at least 16 \
                 bytes. Without it records have no HMAC.",
            );
        });
        Self { default, profiles, routes, key_env, shared }
    }

    /// Replaces names by what they name. `None` when a name dangles.
    fn resolve(
        mut self,
        kinds: &[&'static dyn Kind],
        env: &dyn Fn(&str) -> Option<String>,
        problems: &mut Vec<Problem>,
    ) -> Option<Config> {
        if self.profiles.is_empty() {
            let nothing = json!({});
            let mut reader = Checked::new(String::new(), &nothing, problems);
            self.profiles.push((
                DEFAULT.into(),
                Arc::new(Profile::read(DEFAULT, &mut reader, &with_shared(kinds, &self.shared))),
            ));
        }
        let known: Vec<_> = self.profiles.iter().map(|(name, _)| name.clone()).collect();
        let mut used = vec![false; known.len()];
        let mut find = |path: &str, name: &str, problems: &mut Vec<Problem>| {
            let found = known.iter().position(|k| k == name);
            if let Some(used) = found.and_then(|i| used.get_mut(i)) {
                *used = true;
            } else {
                let remedy = format!("profiles here: {}", known.join(", "));
                problems.push(Problem::new(path, "no profile has this name".into(), remedy));
            }
            found.and_then(|i| self.profiles.get(i)).map(|(_, profile)| Arc::clone(profile))
        };
        let default_at = if self.default.is_some() { "default_profile" } else { "default_profile (`default`)" };
        let default = find(default_at, self.default.as_deref().unwrap_or(DEFAULT), problems);
        let mut routes = Vec::new();
        for (i, (name, route)) in self.routes.into_iter().enumerate() {
            let path = format!("routes[{i}].profile");
            match name {
                Some(name) => routes.extend(find(&path, &name, problems).map(|profile| (route, profile))),
                None => {
                    problems.push(Problem::new(&path, "is missing".into(), "name the profile for what matches".into()))
                }
            }
        }
        for (name, _) in known.iter().zip(&used).filter(|(_, used)| !**used) {
            let remedy = "name it in a route or as default_profile, or leave it out".to_string();
            problems.push(Problem::new(&reader::join("profiles", name), "is never used".into(), remedy));
        }
        let audit_key = self.key_env.and_then(|name| match env(&name) {
            Some(key) if key.len() >= 16 => Some(key.into_bytes()),
            _ => {
                let remedy = format!("set {name} to a key of at least 16 bytes, and let the VM see it");
                problems.push(Problem::new("audit.hmac_key_env", "names no variable with such a key".into(), remedy));
                None
            }
        });
        if audit_key.is_none() {
            for (name, profile) in &self.profiles {
                if profile.stages.iter().any(|settings| settings.mode() != Mode::Off && settings.wants_key()) {
                    let at = reader::join("profiles", name);
                    let remedy = "name a key in audit.hmac_key_env".to_string();
                    problems.push(Problem::new(&at, "has pseudonyms, which need a key".into(), remedy));
                }
            }
        }
        Some(Config { default: default?, routes, audit_key })
    }
}

fn with_shared<'k>(kinds: &[&'static dyn Kind], shared: &'k [Option<Box<dyn Kind>>]) -> Vec<&'k dyn Kind> {
    kinds.iter().zip(shared).map(|(kind, shared)| shared.as_deref().unwrap_or(*kind)).collect()
}

/// The name of the profile that stands in for a document without profiles.
const DEFAULT: &str = "default";

#[cfg(test)]
mod tests;
