//! What the Kubernetes manifests have in common.

use super::place::member;
use super::report::Notes;
use super::tree::{Data, Node};

/// `kind/name` of a document.
pub fn named(document: &Node) -> String {
    let text = |names: &[&str]| document.at(names).and_then(Node::text).unwrap_or("?").to_string();
    format!("{} {}", text(&["kind"]), text(&["metadata", "name"]))
}

/// What a policy is attached to, each with its path: `targetRef`, then `targetRefs`.
pub fn targets<'n>(spec: &'n Node, path: &str) -> Vec<(String, &'n Node)> {
    let single = spec.get("targetRef").map(|target| (member(path, "targetRef"), target));
    let several = spec.get("targetRefs").map(Node::items).unwrap_or_default().iter().enumerate();
    let at = member(path, "targetRefs");
    single.into_iter().chain(several.map(|(i, target)| (format!("{at}[{i}]"), target))).collect()
}

/// The strings of a list.
pub fn strings(list: Option<&Node>) -> Vec<String> {
    list.map(Node::items).unwrap_or_default().iter().filter_map(Node::text).map(String::from).collect()
}

/// Reports keys that the kind does not have: an API server drops them, and they have no effect.
pub fn known(notes: &mut Notes<'_>, node: &Node, path: &str, keys: &[&str]) {
    for (key, _) in node.entries().iter().filter(|(key, _)| !keys.contains(&key.name.as_str())) {
        let same = keys.iter().find(|known| known.eq_ignore_ascii_case(&key.name));
        let remedy = match same {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("known here: {}", keys.join(", ")),
        };
        notes.problem(key.line, &member(path, &key.name), "unknown key", remedy);
    }
}

/// Reports a member that is missing or is none of `words`.
pub fn one_of(notes: &mut Notes<'_>, node: &Node, key: &str, path: &str, words: &[&str]) {
    let at = member(path, key);
    let remedy = || format!("one of {}", words.join(", "));
    match node.entry(key) {
        None => notes.problem(node.line, &at, "is missing", remedy()),
        Some((_, value)) if value.text().is_some_and(|text| words.contains(&text)) => {}
        Some((key, _)) => notes.problem(key.line, &at, "is not a word that is known here", remedy()),
    }
}

/// Reports a `sha256` of `node` that is none, and warns of one that pins nothing; `pinned` says that something else does.
pub fn digest(notes: &mut Notes<'_>, node: &Node, path: &str, pinned: bool) {
    let at = member(path, "sha256");
    let Some((key, value)) = node.entry("sha256") else {
        if !pinned {
            let remedy = "give it, so that what runs is what was tested: sha256sum dist/portcullis.wasm";
            notes.warning(node.line, &at, "is missing", remedy);
        }
        return;
    };
    // A digest of digits only is a number to YAML.
    let quoted = matches!(value.data, Data::Scalar(_) | Data::Literal(_)) && value.text().is_some();
    let text = value.text().unwrap_or_default();
    if !quoted || text.len() != 64 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        notes.problem(
            key.line,
            &at,
            "is not 64 hexadecimal digits in lower case, as a string",
            "sha256sum prints them",
        );
    } else if text.bytes().all(|b| b == b'0') {
        notes.warning(key.line, &at, "is a placeholder", "put the digest of your module here: sha256sum prints it");
    }
}
