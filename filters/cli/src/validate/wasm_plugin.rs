//! Istio's `WasmPlugin`, when it is ours.

use super::configuration::{self, Environment};
use super::manifest::{digest, known, one_of, targets};
use super::modules;
use super::place::member;
use super::report::Notes;
use super::tree::Node;

/// extensions.istio.io/v1alpha1, `WasmPlugin.spec`.
const SPEC: &[&str] = &[
    "selector",
    "targetRef",
    "targetRefs",
    "url",
    "sha256",
    "imagePullPolicy",
    "imagePullSecret",
    "verificationKey",
    "pluginConfig",
    "pluginName",
    "phase",
    "failStrategy",
    "priority",
    "vmConfig",
    "match",
    "type",
];

/// Checks one plugin.
pub fn check(notes: &mut Notes<'_>, document: &Node, path: &str) {
    let at = member(path, "spec");
    let Some(spec) = document.get("spec") else {
        return notes.problem(document.line, &at, "is missing", "give url and targetRefs");
    };
    let text = |names: &[&str]| spec.at(names).and_then(Node::text);
    let config = spec.get("pluginConfig");
    let name = document.at(&["metadata", "name"]).and_then(Node::text);
    let Some(module) = modules::module(&[text(&["url"]), text(&["pluginName"]), name], config) else {
        return notes.skip(document.line, "this WasmPlugin is not one of our modules");
    };
    known(notes, spec, &at, SPEC);
    attachment(notes, spec, &at);
    code(notes, spec, &at);
    for (key, words) in [
        ("phase", &["UNSPECIFIED_PHASE", "AUTHN", "AUTHZ", "STATS"][..]),
        ("failStrategy", &["FAIL_CLOSE", "FAIL_OPEN", "FAIL_RELOAD"]),
    ] {
        if spec.get(key).is_some() {
            one_of(notes, spec, key, &at, words);
        }
    }
    let variables = spec.at(&["vmConfig", "env"]).map(Node::items).unwrap_or_default();
    let names = variables.iter().filter_map(|variable| variable.get("name")?.text());
    let environment = Environment::Named(names.map(String::from).collect());
    let demands = configuration::check(notes, module, &environment, config, &member(&at, "pluginConfig"));
    if let (Some((key, strategy)), Some(stage)) = (spec.entry("failStrategy"), demands.enforced)
        && strategy.text() == Some("FAIL_OPEN")
    {
        notes.warning(
            key.line,
            &member(&at, "failStrategy"),
            format!("lets requests through uninspected when the module fails, and {stage} is in enforce"),
            "take FAIL_RELOAD: the VM is made anew, and what fails until then is refused",
        );
    }
}

fn attachment(notes: &mut Notes<'_>, spec: &Node, at: &str) {
    let targets = targets(spec, at);
    for (at, target) in &targets {
        if target.get("kind").and_then(Node::text) == Some("HTTPRoute") {
            let problem = "names an HTTPRoute, to which Istio attaches nothing";
            let remedy = "name its Gateway, and give the route a profile by host or path in pluginConfig.routes";
            notes.problem(target.line, at, problem, remedy);
        } else {
            one_of(notes, target, "kind", at, &["Gateway", "GatewayClass", "Service", "ServiceEntry"]);
        }
    }
    match (spec.entry("selector"), targets.is_empty()) {
        (Some((key, _)), false) => {
            notes.problem(key.line, &member(at, "selector"), "stands beside targetRefs", "leave one of them out");
        }
        (None, true) => {
            let remedy = "name a Gateway; without it the plugin is attached to every workload of the namespace";
            notes.problem(spec.line, &member(at, "targetRefs"), "is missing", remedy);
        }
        _ => {}
    }
}

fn code(notes: &mut Notes<'_>, spec: &Node, at: &str) {
    let url_at = member(at, "url");
    let Some((key, url)) = spec.entry("url") else {
        return notes.problem(spec.line, &url_at, "is missing", "say where the module is");
    };
    let url = url.text().unwrap_or_default();
    let scheme = url.split_once("://").map_or("oci", |(scheme, _)| scheme);
    if url.is_empty() || !["oci", "http", "https", "file"].contains(&scheme) {
        notes.problem(
            key.line,
            &url_at,
            "is not a URL that Istio fetches",
            "take oci://, https://, http:// or file://",
        );
    }
    if scheme != "file" {
        digest(notes, spec, at, url.contains("@sha256:"));
    }
}
