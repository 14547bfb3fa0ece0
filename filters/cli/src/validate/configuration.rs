//! One plugin configuration, wherever it stands: read as the module would read it, with the line of each problem.

use portcullis_core::config::{Config, Problem};
use portcullis_core::stage::Kind;
use portcullis_core::wire::Limits;
use serde_json::Value;

use super::modules::Module;
use super::place;
use super::report::Notes;
use super::tree::{self, Data, Node};

/// What a configuration asks of what stands around it.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    /// The largest body that a profile wants to read, in bytes.
    pub body_bytes: u64,
    /// A stage that is in enforce, if there is one.
    pub enforced: Option<&'static str>,
}

/// Environment variables that the VM of a module sees.
#[derive(Clone, Debug)]
pub enum Environment {
    /// It cannot be told from here.
    Unknown,
    /// These, by name.
    Named(Vec<String>),
}

impl Environment {
    fn value(&self, name: &str) -> Option<String> {
        let seen = match self {
            Self::Unknown => true,
            Self::Named(names) => names.iter().any(|n| n == name),
        };
        // Whether a key is long enough is seen where it is set.
        seen.then(|| "0".repeat(32))
    }
}

/// Checks the configuration that `node` is, or holds as text. `None` is a configuration that was left out.
pub fn check(
    notes: &mut Notes<'_>,
    module: Module,
    environment: &Environment,
    node: Option<&Node>,
    path: &str,
) -> Demands {
    notes.checked_configuration();
    let Some(node) = node.filter(|node| !matches!(node.data, Data::Scalar(Value::Null))) else {
        return demands(&Value::Null, module);
    };
    refuse_ambiguous(notes, node, path);
    let value = node.value();
    let text = value.to_string();
    if let Err(problems) = Config::parse(text.as_bytes(), module.kinds, &|name| environment.value(name)) {
        for Problem { path: inner, problem, remedy } in problems {
            notes.problem(place::line(node, &inner), &place::inside(path, &inner), problem, remedy);
        }
    }
    demands(&value, module)
}

/// Checks a configuration that stands as text in a string of the document, as Envoy's `StringValue` has it.
pub fn check_text(
    notes: &mut Notes<'_>,
    module: Module,
    environment: &Environment,
    text: &Node,
    path: &str,
) -> Demands {
    let json = text.text().unwrap_or_default();
    if json.trim().is_empty() {
        return check(notes, module, environment, None, path);
    }
    let literal = matches!(text.data, Data::Literal(_));
    let place = |line: usize| if literal { text.line + line - 1 } else { text.line };
    match tree::json(json) {
        Ok(mut node) => {
            node.relocate(&place);
            refuse_duplicates(notes, &node, path);
            check(notes, module, environment, Some(&node), path)
        }
        Err(unreadable) => {
            notes.checked_configuration();
            let remedy = "give one JSON object; an empty one takes every default";
            notes.problem(place(unreadable.line), path, unreadable.problem, remedy);
            demands(&Value::Null, module)
        }
    }
}

/// Every key that stands twice is a problem: readers differ on which one counts.
pub fn refuse_duplicates(notes: &mut Notes<'_>, node: &Node, path: &str) {
    for (line, path) in place::duplicates(node, path) {
        notes.problem(line, &path, "stands twice", "leave one of them out: readers differ on which one counts");
    }
}

/// `mode: off` is `mode: false` to kubectl and to Envoy, which read YAML 1.1.
fn refuse_ambiguous(notes: &mut Notes<'_>, node: &Node, path: &str) {
    if let Data::Ambiguous(text) = &node.data {
        let problem = format!("`{text}` without quotes is no string in YAML 1.1, which kubectl and Envoy read");
        notes.problem(node.line, path, problem, format!("write \"{text}\""));
    }
    for (i, item) in node.items().iter().enumerate() {
        refuse_ambiguous(notes, item, &format!("{path}[{i}]"));
    }
    for (key, child) in node.entries() {
        refuse_ambiguous(notes, child, &place::member(path, &key.name));
    }
}

fn demands(config: &Value, module: Module) -> Demands {
    let standard = u64::try_from(Limits::default().body_bytes).unwrap_or(u64::MAX);
    let nothing = Value::Null;
    let profiles: Vec<&Value> = match config.get("profiles").and_then(Value::as_object) {
        Some(profiles) if !profiles.is_empty() => profiles.values().collect(),
        _ => vec![&nothing],
    };
    let bytes = |profile: &&Value| profile.pointer("/limits/body_bytes").and_then(Value::as_u64).unwrap_or(standard);
    let enforces = |profile: &Value, kind: &dyn Kind| {
        let section = profile.get(kind.key());
        if section.is_none() && !kind.by_default() && module.kinds.len() > 1 {
            return false;
        }
        let mode = section.and_then(|stage| stage.get("mode"));
        mode.and_then(Value::as_str).is_none_or(|mode| !["shadow", "off"].contains(&mode))
    };
    let mut stages = module.kinds.iter().filter(|kind| profiles.iter().any(|profile| enforces(profile, **kind)));
    Demands {
        body_bytes: profiles.iter().map(bytes).max().unwrap_or(standard),
        enforced: stages.next().map(|kind| kind.key()),
    }
}
