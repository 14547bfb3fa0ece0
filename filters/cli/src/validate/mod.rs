//! Checks what an operator writes before it is applied: plugin configurations, `EnvoyExtensionPolicy` and `WasmPlugin`
//! manifests, Envoy's own configuration. Files go in, every problem comes out with file, line, path and remedy.
//!
//! It reads no cluster: whether a target exists, or a module can be fetched, it cannot say.

mod bootstrap;
mod buffers;
mod configuration;
mod extension_policy;
mod manifest;
mod modules;
mod place;
mod replaced;
mod report;
mod tree;
mod wasm_plugin;

pub use modules::{MODULES, Module, PORTCULLIS};
pub use report::{Finding, Report, Severity};

use buffers::Buffers;
use configuration::Environment;
use replaced::Policies;
use report::Notes;
use tree::{Node, Unreadable};

/// Bytes of a file that are read at most.
pub const MAX_BYTES: usize = 16 << 20;

/// A file: its name, for the report, and what is in it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// As the operator named it.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Checks a set of files that are applied together.
pub fn validate(sources: &[Source<'_>]) -> Report {
    let mut report = Report::default();
    let mut set = Set::default();
    for source in sources {
        report.files += 1;
        check_file(&mut report.file(source.name), source.bytes, &mut set);
    }
    set.buffers.report(&mut report);
    set.policies.report(&mut report);
    let order = |finding: &Finding| sources.iter().position(|source| source.name == finding.file);
    report.findings.sort_by_key(|finding| (order(finding), finding.line));
    // Two filters of one listener find the same of it.
    report.findings.dedup();
    report
}

/// What files have to say about each other.
#[derive(Default)]
struct Set {
    buffers: Buffers,
    policies: Policies,
}

const WHAT: &str = "give a plugin configuration in JSON, an EnvoyExtensionPolicy, a WasmPlugin or an Envoy bootstrap";

fn check_file(notes: &mut Notes<'_>, bytes: &[u8], set: &mut Set) {
    if bytes.len() > MAX_BYTES {
        return notes.problem(1, "", format!("has {} bytes", bytes.len()), format!("at most {MAX_BYTES}"));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        let good = bytes.utf8_chunks().next().map(|chunk| chunk.valid()).unwrap_or_default();
        return notes.problem(good.matches('\n').count() + 1, "", "is not UTF-8", WHAT);
    };
    let json = is_json(notes.file, text);
    let documents = if json { tree::json(text).map(|document| vec![document]) } else { tree::yaml(text) };
    let documents = match documents {
        Ok(documents) => documents,
        Err(Unreadable { line, problem }) => return notes.problem(line, "", problem, WHAT),
    };
    let before = notes.configurations();
    let mut checked = false;
    for document in &documents {
        checked |= check_document(notes, document, "", &Text { text, json }, set);
    }
    if !checked && notes.configurations() == before {
        notes.problem(1, "", "holds nothing that is checked here", WHAT);
    }
}

/// Whether a text is to be read as JSON: by the name of its file, or because it is JSON.
fn is_json(file: &str, text: &str) -> bool {
    file.ends_with(".json")
        || (text.trim_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

/// Keys at the top of Envoy's own files: bootstraps, and files that discovery services read.
const ENVOY: [&str; 8] = [
    "static_resources",
    "staticResources",
    "dynamic_resources",
    "dynamicResources",
    "resources",
    "filter_chains",
    "http_filters",
    "typed_config",
];

/// What a document was read from.
struct Text<'a> {
    text: &'a str,
    json: bool,
}

/// Checks one document; true when there was something in it to check.
fn check_document(notes: &mut Notes<'_>, document: &Node, path: &str, text: &Text<'_>, set: &mut Set) -> bool {
    let word = |key| document.get(key).and_then(Node::text);
    if let (Some(version), Some(kind)) = (word("apiVersion"), word("kind")) {
        if kind == "List" {
            let items = document.get("items").map(Node::items).unwrap_or_default();
            let checks = items.iter().enumerate();
            return checks.fold(false, |checked, (i, item)| {
                check_document(notes, item, &place::inside(path, &format!("items[{i}]")), text, set) || checked
            });
        }
        return check_manifest(notes, document, path, (version, kind), set);
    }
    if bootstrap::has_filter(document) {
        configuration::refuse_duplicates(notes, document, path);
        bootstrap::check(notes, document, path);
        return false;
    }
    if ENVOY.iter().any(|key| document.get(key).is_some()) {
        notes.skip(document.line, "no wasm filter in this Envoy configuration");
    } else if text.json {
        configuration::refuse_duplicates(notes, document, path);
        configuration::check(notes, PORTCULLIS, &Environment::Unknown, Some(document), path);
    } else if modules::looks_like_ours(document) {
        let remedy = "a plugin configuration is JSON: the filter reads no YAML";
        match tree::json(text.text) {
            Err(Unreadable { line, problem }) if text.text.trim_start().starts_with('{') => {
                notes.problem(line, path, problem, remedy);
            }
            _ => notes.problem(document.line, path, "is not JSON", remedy),
        }
        return true;
    } else {
        notes.skip(document.line, "neither a manifest nor Envoy's; a plugin configuration is JSON");
    }
    false
}

fn check_manifest(
    notes: &mut Notes<'_>,
    document: &Node,
    path: &str,
    (version, kind): (&str, &str),
    set: &mut Set,
) -> bool {
    let wanted = match kind {
        "EnvoyExtensionPolicy" | "ClientTrafficPolicy" | "BackendTrafficPolicy" => "gateway.envoyproxy.io/v1alpha1",
        "WasmPlugin" => "extensions.istio.io/v1alpha1",
        _ if bootstrap::has_filter(document) => {
            configuration::refuse_duplicates(notes, document, path);
            bootstrap::check(notes, document, path);
            return false;
        }
        _ => {
            notes.skip(document.line, format_args!("{} is not checked", manifest::named(document)));
            return false;
        }
    };
    if version != wanted {
        let line = document.entry("apiVersion").map_or(document.line, |(key, _)| key.line);
        notes.problem(line, &place::member(path, "apiVersion"), "is not that of this kind", format!("write {wanted}"));
    }
    configuration::refuse_duplicates(notes, document, path);
    match kind {
        "EnvoyExtensionPolicy" => extension_policy::check(notes, document, path, set),
        "WasmPlugin" => wasm_plugin::check(notes, document, path),
        _ => return set.buffers.take(notes.file, document, path),
    }
    false
}
