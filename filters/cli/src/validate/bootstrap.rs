//! Envoy's own configuration: every wasm filter of ours, wherever it stands: static listeners, files of listeners,
//! patches inside manifests.

use serde_json::Value;

use super::buffers::ENVOY_DEFAULT;
use super::configuration::{self, Demands, Environment};
use super::manifest::strings;
use super::modules;
use super::place::{self, member};
use super::report::Notes;
use super::tree::{Data, Node};

/// The message that configures the filter.
const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";

/// Whether a wasm filter stands anywhere under `node`.
pub fn has_filter(node: &Node) -> bool {
    is_filter(node) || node.items().iter().any(has_filter) || node.entries().iter().any(|(_, child)| has_filter(child))
}

/// Checks every wasm filter of ours under `node`.
pub fn check(notes: &mut Notes<'_>, node: &Node, path: &str) {
    walk(notes, node, path, None);
}

/// `snake` or, as protobuf's JSON also has it, `camelCase`.
fn field<'n>(node: &'n Node, snake: &str) -> Option<&'n Node> {
    node.get(snake).or_else(|| node.get(&camel(snake)))
}

fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_string();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        name + &letters.next().map(|c| c.to_ascii_uppercase()).into_iter().collect::<String>() + letters.as_str()
    })
}

fn is_type(node: &Node, key: &str, name: &str) -> bool {
    node.get(key).and_then(Node::text).is_some_and(|url| url.rsplit('/').next() == Some(name))
}

fn is_filter(node: &Node) -> bool {
    is_type(node, "@type", WASM) || is_type(node, "type_url", WASM) || is_type(node, "typeUrl", WASM)
}

/// The listener that a node belongs to.
#[derive(Clone, Copy)]
struct Listener<'n> {
    node: &'n Node,
    path: &'n str,
}

fn walk<'n>(notes: &mut Notes<'_>, node: &'n Node, path: &'n str, listener: Option<Listener<'n>>) {
    let is_listener = field(node, "filter_chains").or_else(|| field(node, "default_filter_chain")).is_some();
    let listener = if is_listener { Some(Listener { node, path }) } else { listener };
    if is_filter(node) {
        let inner = if is_type(node, "@type", WASM) { Some((node, path.to_string())) } else { None };
        let inner = inner.or_else(|| node.get("value").map(|value| (value, member(path, "value"))));
        if let Some((filter, path)) = inner {
            check_filter(notes, filter, &path, listener);
        }
        return;
    }
    for (i, item) in node.items().iter().enumerate() {
        walk(notes, item, &format!("{path}[{i}]"), listener);
    }
    for (key, child) in node.entries() {
        walk(notes, child, &member(path, &key.name), listener);
    }
}

fn check_filter(notes: &mut Notes<'_>, filter: &Node, path: &str, listener: Option<Listener<'_>>) {
    let at = member(path, "config");
    let Some(plugin) = filter.get("config") else {
        return notes.skip(filter.line, format_args!("{path} has no config"));
    };
    let vm = field(plugin, "vm_config");
    let code = vm.and_then(|vm| vm.get("code"));
    let place = |names: &[&str]| code.and_then(|code| code.at(names)).and_then(Node::text);
    let remote = code.and_then(|code| code.get("remote")).and_then(|remote| field(remote, "http_uri"));
    let url = place(&["local", "filename"]).or_else(|| remote?.get("uri")?.text());
    let text = |key| field(plugin, key).and_then(Node::text);
    let configuration = field(plugin, "configuration");
    let given = configuration.and_then(|any| any.get("value"));
    let Some(module) = modules::module(&[url, text("root_id"), text("name")], given) else {
        return notes.skip(filter.line, format_args!("{path} is not one of our modules"));
    };
    let variables = vm.and_then(|vm| field(vm, "environment_variables"));
    let mut names = strings(variables.and_then(|variables| field(variables, "host_env_keys")));
    let inline = variables.and_then(|variables| field(variables, "key_values"));
    names.extend(inline.map(Node::entries).unwrap_or_default().iter().map(|(key, _)| key.name.clone()));
    let environment = Environment::Named(names);
    let config_at = member(&at, "configuration");
    let value_at = member(&config_at, "value");
    let demands = match configuration {
        None => configuration::check(notes, module, &environment, None, &config_at),
        Some(any) if is_type(any, "@type", "google.protobuf.StringValue") => match given {
            Some(text) if text.text().is_some() => {
                configuration::check_text(notes, module, &environment, text, &value_at)
            }
            None => configuration::check(notes, module, &environment, None, &value_at),
            Some(other) => {
                notes.problem(other.line, &value_at, "is not a string", "a StringValue holds the JSON as text");
                return;
            }
        },
        Some(any) if is_type(any, "@type", "google.protobuf.Struct") => {
            configuration::check(notes, module, &environment, given, &value_at)
        }
        Some(any) => {
            let remedy = "give a google.protobuf.StringValue that holds the JSON, or a google.protobuf.Struct";
            notes.problem(any.line, &member(&config_at, "@type"), "is not a type that is read here", remedy);
            return;
        }
    };
    failure(notes, plugin, &at, &demands);
    if let Some(listener) = listener {
        buffer(notes, listener, &demands);
    }
}

fn failure(notes: &mut Notes<'_>, plugin: &Node, at: &str, demands: &Demands) {
    let Some(stage) = demands.enforced else { return };
    let open = field(plugin, "fail_open").filter(|open| open.is_true()).map(|open| ("fail_open", open));
    let policy = field(plugin, "failure_policy").filter(|policy| policy.text() == Some("FAIL_OPEN"));
    if let Some((key, node)) = open.or(policy.map(|policy| ("failure_policy", policy))) {
        notes.warning(
            node.line,
            &member(at, key),
            format!("lets requests through uninspected when the module fails, and {stage} is in enforce"),
            "take failure_policy: FAIL_RELOAD: the VM is made anew, and what fails until then is refused",
        );
    }
}

fn buffer(notes: &mut Notes<'_>, listener: Listener<'_>, demands: &Demands) {
    let key = "per_connection_buffer_limit_bytes";
    let limit = field(listener.node, key);
    let bytes = match limit.map(|limit| &limit.data) {
        // Protobuf's JSON also has integers as strings.
        Some(Data::Scalar(Value::String(text))) => text.parse().ok(),
        Some(Data::Scalar(number)) => number.as_u64(),
        _ => Some(ENVOY_DEFAULT),
    };
    if let Some(bytes) = bytes.filter(|bytes| *bytes < demands.body_bytes) {
        let line = limit.map_or(listener.node.line, |limit| limit.line);
        let problem = format!("is {bytes} bytes, less than the {} of limits.body_bytes", demands.body_bytes);
        notes.warning(
            line,
            &place::member(listener.path, key),
            problem,
            "raise it: Envoy answers 413 by itself above it",
        );
    }
}
