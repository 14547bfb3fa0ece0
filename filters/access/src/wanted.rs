//! What a request wants: models and tools by name, and how long an answer.

use portcullis_core::json::{self, Kind, Value};
use portcullis_core::stage::Request;
use portcullis_core::wire::{self, model_in_path, model_name, models_of};

/// What a request wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Every model that may answer it, fallbacks among them, each once; `None` for a name that no model has.
    pub models: Vec<Option<String>>,
    /// Whether path and body name different models, or the body names several where one is asked.
    pub contradicts: bool,
    /// Every tool that it offers or calls.
    pub tools: Vec<String>,
    /// Tokens that its answers may have together; `None` when it sets no bound.
    pub output: Option<u64>,
}

/// Reads what a request wants. A body that is not JSON names a model where its reader found one, and no tool.
pub fn wanted(request: Request<'_>) -> Wanted {
    let mut wanted = Wanted::default();
    let path = model_in_path(request.head.path());
    if let Some(path) = &path {
        wanted.models.push(model_name(path));
    }
    let mut in_body = Vec::new();
    if let Ok(document) = json::parse(request.body, &WIDE) {
        let root = document.root();
        let one = [root].into_iter().filter(|root| root.kind() == Kind::Object);
        for object in one.chain(root.items()) {
            read(object, &mut wanted);
        }
        in_body = models_of(root);
        if let Ok(asked) = wire::asked(request.body, &WIDE) {
            wanted.output = asked.max_output.map(|most| most.saturating_mul(asked.answers.max(1)));
        }
    } else if let Some(span) = request.prompt.model {
        in_body.push(model_name(span.of(request.body)));
    }
    in_body.dedup();
    wanted.contradicts =
        in_body.len() > 1 || path.is_some() && in_body.iter().any(|named| !wanted.models.contains(named));
    wanted.models.append(&mut in_body);
    wanted.models.sort();
    wanted.models.dedup();
    wanted.tools.sort();
    wanted.tools.dedup();
    wanted
}

/// A body that was read once is within bounds.
const WIDE: wire::Limits = wire::Limits { body_bytes: usize::MAX, depth: 512, values: usize::MAX };

fn read(object: Value<'_>, wanted: &mut Wanted) {
    let calls = of(object, &["method"]).any(|method| method.string().is_some_and(|text| text.is("tools/call")));
    for (name, value) in object.entries() {
        match fold(&name.text()).as_str() {
            "models" | "fallbacks" | "fallbackmodels" => fallbacks(value, wanted),
            "tools" | "functions" => tools(value, wanted),
            "toolconfig" => of(value, &["tools"]).for_each(|value| tools(value, wanted)),
            "params" if calls => {
                let before = wanted.tools.len();
                names(value, wanted);
                if wanted.tools.len() == before {
                    wanted.tools.push(String::new());
                }
            }
            // Wrappers of Google's and of gateways' own.
            "request" | "body" if value.kind() == Kind::Object => read(value, wanted),
            _ => {}
        }
    }
}

/// The name of a member as servers may take it that do not tell case, or camels from snakes.
fn fold(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// The members of these folded names.
fn of<'a>(object: Value<'a>, folded: &'static [&'static str]) -> impl Iterator<Item = Value<'a>> {
    let meant = object.entries().filter(move |(name, _)| folded.contains(&fold(&name.text()).as_str()));
    meant.map(|(_, value)| value)
}

/// Every name that an object gives itself; one that is no text is a name that no rule grants.
fn names(object: Value<'_>, wanted: &mut Wanted) {
    let text = |value: Value<'_>| value.string().map(|text| text.text().into_owned()).unwrap_or_default();
    wanted.tools.extend(of(object, &["name"]).map(text));
}

fn named(value: Value<'_>) -> Option<String> {
    value.string().and_then(|name| model_name(name.text().as_bytes()))
}

/// Models that a gateway asks when the first does not answer: names, objects with a name, lists of either by a name.
fn fallbacks(value: Value<'_>, wanted: &mut Wanted) {
    match value.kind() {
        Kind::String => wanted.models.push(named(value)),
        Kind::Array => value.items().for_each(|item| fallbacks(item, wanted)),
        Kind::Object => match value.get("model") {
            Some(model) => wanted.models.push(named(model)),
            None => value.entries().for_each(|(_, value)| fallbacks(value, wanted)),
        },
        _ => {}
    }
}

/// What a provider's own tools stand under where they have no type, folded: Google's.
const KINDS: [&str; 10] = [
    "googlesearch",
    "googlesearchretrieval",
    "googlemaps",
    "enterprisewebsearch",
    "codeexecution",
    "computeruse",
    "urlcontext",
    "filesearch",
    "retrieval",
    "mcpservers",
];

/// Tools on offer: by every name that stands in them, those of a provider by their kind.
fn tools(value: Value<'_>, wanted: &mut Wanted) {
    match value.kind() {
        Kind::Array => value.items().for_each(|tool| tools(tool, wanted)),
        Kind::Object => one(value, wanted),
        Kind::String => wanted.tools.extend(value.string().map(|text| text.text().into_owned())),
        _ => {}
    }
}

fn one(tool: Value<'_>, wanted: &mut Wanted) {
    let before = wanted.tools.len();
    let mut declares = false;
    names(tool, wanted);
    for (name, value) in tool.entries() {
        let folded = fold(&name.text());
        match folded.as_str() {
            "function" | "toolspec" | "custom" => names(value, wanted),
            "functiondeclarations" => {
                declares = true;
                value.items().for_each(|function| names(function, wanted));
                names(value, wanted);
            }
            "tools" => tools(value, wanted),
            "type" => {
                let kind = value.string().map(|text| text.text().into_owned()).unwrap_or_default();
                wanted.tools.extend((!matches!(kind.as_str(), "function" | "custom")).then_some(kind));
            }
            kind if KINDS.contains(&kind) => wanted.tools.push(name.text().into_owned()),
            _ => {}
        }
    }
    // Of a shape that is not known, whatever stands in it.
    if wanted.tools.len() == before && !declares {
        wanted.tools.extend(tool.entries().map(|(name, _)| name.text().into_owned()));
    }
}
