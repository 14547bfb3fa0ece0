//! Policies that take ours away: under Envoy Gateway the policy of a more specific target replaces the others, and a
//! policy for something else entirely can leave a route uninspected.

use super::manifest::{named, targets};
use super::report::Report;
use super::tree::Node;

/// The EnvoyExtensionPolicies of a set of files.
#[derive(Debug, Default)]
pub struct Policies {
    ours: Vec<u8>,
    others: Vec<Other>,
}

#[derive(Debug)]
struct Other {
    file: String,
    line: usize,
    path: String,
    name: String,
    rank: u8,
}

impl Policies {
    /// Takes in a policy that carries a module of ours.
    pub fn ours(&mut self, spec: &Node) {
        self.ours.extend(targets(spec, "").iter().map(|(_, target)| rank(target)));
    }

    /// Takes in a policy that carries none. One that is merged and has no list of wasm leaves ours in place.
    pub fn other(&mut self, file: &str, document: &Node, spec: &Node, path: &str) {
        if spec.get("mergeType").is_some() && spec.get("wasm").is_none() {
            return;
        }
        for (path, target) in targets(spec, path) {
            let name = named(document);
            self.others.push(Other { file: file.into(), line: target.line, path, name, rank: rank(target) });
        }
    }

    /// Warns of every policy that may replace one of ours.
    pub fn report(&self, report: &mut Report) {
        let Some(least) = self.ours.iter().min() else { return };
        for Other { file, line, path, name, .. } in self.others.iter().filter(|other| other.rank > *least) {
            let problem = format!("{name} has no module of ours, and replaces the policy that has one on this target");
            let remedy = "add the wasm entry here; with mergeType, leave wasm out here: lists are not merged";
            report.file(file).warning(*line, path, problem, remedy);
        }
    }
}

/// The more specific the target, the higher: rule, route, listener set, listener, gateway.
fn rank(target: &Node) -> u8 {
    let section = u8::from(target.get("sectionName").is_some());
    match target.get("kind").and_then(Node::text) {
        Some("Gateway") => section,
        Some("ListenerSet") => 2,
        _ => section.saturating_add(3),
    }
}
