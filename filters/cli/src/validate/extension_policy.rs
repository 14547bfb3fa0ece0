//! Envoy Gateway's `EnvoyExtensionPolicy`: the wasm entries that are ours.

use super::Set;
use super::configuration::{self, Environment};
use super::manifest::{digest, known, named, one_of, strings, targets};
use super::modules;
use super::place::member;
use super::report::Notes;
use super::tree::Node;

/// gateway.envoyproxy.io/v1alpha1, `EnvoyExtensionPolicy.spec.wasm[]`.
const ENTRY: &[&str] = &["name", "rootID", "code", "config", "failOpen", "env"];

/// Checks one policy. Adds to the set what its configurations ask of the connection buffers, and what it replaces.
pub fn check(notes: &mut Notes<'_>, document: &Node, path: &str, set: &mut Set) {
    let spec_path = member(path, "spec");
    let Some(spec) = document.get("spec") else {
        return notes.problem(document.line, &spec_path, "is missing", "give targetRefs and wasm");
    };
    let wasm_path = member(&spec_path, "wasm");
    let mut ours = Vec::new();
    for (i, entry) in spec.get("wasm").map(Node::items).unwrap_or_default().iter().enumerate() {
        let at = format!("{wasm_path}[{i}]");
        if entry_is_ours(notes, entry, &at, document, set) {
            ours.push((entry.line, at));
        }
    }
    if ours.is_empty() {
        notes.skip(document.line, format_args!("{} has no module of ours", named(document)));
        return set.policies.other(notes.file, document, spec, &spec_path);
    }
    set.policies.ours(spec);
    attachment(notes, spec, &spec_path);
    if let Some((line, at)) = ours.get(1) {
        notes.warning(
            *line,
            at,
            "is a second module of ours: each entry has VMs of its own and reads the body again",
            "attach portcullis.wasm once and choose stages by profile",
        );
    }
}

fn attachment(notes: &mut Notes<'_>, spec: &Node, path: &str) {
    let targets = targets(spec, path);
    if targets.is_empty() && spec.get("targetSelectors").is_none() {
        notes.problem(spec.line, &member(path, "targetRefs"), "is missing", "name a Gateway or an HTTPRoute");
    }
    for (at, target) in targets {
        one_of(notes, target, "kind", &at, &["Gateway", "ListenerSet", "HTTPRoute", "GRPCRoute"]);
    }
}

fn entry_is_ours(notes: &mut Notes<'_>, entry: &Node, at: &str, document: &Node, set: &mut Set) -> bool {
    let text = |names: &[&str]| entry.at(names).and_then(Node::text);
    let url = text(&["code", "http", "url"]).or_else(|| text(&["code", "image", "url"]));
    let config = entry.get("config");
    let Some(module) = modules::module(&[url, text(&["rootID"]), text(&["name"])], config) else {
        notes.skip(entry.line, format_args!("{at} is not one of our modules"));
        return false;
    };
    known(notes, entry, at, ENTRY);
    code(notes, entry, at);
    let environment = Environment::Named(strings(entry.at(&["env", "hostKeys"])));
    let demands = configuration::check(notes, module, &environment, config, &member(at, "config"));
    if let (Some((key, fail_open)), Some(stage)) = (entry.entry("failOpen"), demands.enforced)
        && fail_open.is_true()
    {
        notes.warning(
            key.line,
            &member(at, "failOpen"),
            format!("lets requests through uninspected when the module fails, and {stage} is in enforce"),
            "leave it out; on_failure in a profile says what a failure costs a single request",
        );
    }
    set.buffers.wanted(notes.file, entry.line, at, named(document), demands.body_bytes);
    true
}

fn code(notes: &mut Notes<'_>, entry: &Node, at: &str) {
    let at = member(at, "code");
    let Some(code) = entry.get("code") else {
        return notes.problem(entry.line, &at, "is missing", "say where the module is: type and http or image");
    };
    one_of(notes, code, "type", &at, &["HTTP", "Image"]);
    let source = match code.get("type").and_then(Node::text) {
        Some("HTTP") => "http",
        Some("Image") => "image",
        _ => return,
    };
    let at = member(&at, source);
    let Some(place) = code.get(source) else {
        return notes.problem(code.line, &at, "is missing", "give its url");
    };
    let url_at = member(&at, "url");
    match place.entry("url").map(|(key, url)| (key.line, url.text().unwrap_or_default())) {
        None => notes.problem(place.line, &url_at, "is missing", "say where the module is"),
        Some((line, url)) if source == "http" && !url.starts_with("http://") && !url.starts_with("https://") => {
            let remedy = "Envoy Gateway fetches by http:// and https:// only; it reads no file";
            notes.problem(line, &url_at, "is not an http or https URL", remedy);
        }
        Some((line, url)) if source == "image" && url.contains("://") => {
            notes.problem(line, &url_at, "has a scheme", "write registry/name:tag");
        }
        Some(_) => {}
    }
    let pinned = source == "image" && place.get("url").and_then(Node::text).is_some_and(|url| url.contains("@sha256:"));
    digest(notes, place, &at, pinned);
}
