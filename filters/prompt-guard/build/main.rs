//! Compiles `rules/*.toml` into a table of constants. What is wrong with a rule stops the build, with file and field.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    missing_docs,
    dead_code,
    reason = "runs while building, not in a module"
)]

#[path = "../src/compile.rs"]
mod compile;
mod emit;
#[path = "../src/frequency.rs"]
mod frequency;
#[path = "../src/rule.rs"]
mod rule;
#[path = "../src/ruleset.rs"]
mod ruleset;
mod source;
#[path = "../src/term.rs"]
mod term;
#[path = "../src/terms.rs"]
mod terms;

use std::path::Path;

use portcullis_core::verdict::{RuleId, Severity};
use portcullis_core::wire::Role;

use crate::ruleset::Ruleset;

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=build");
    for shared in ["compile", "frequency", "rule", "ruleset", "term", "terms"] {
        println!("cargo::rerun-if-changed=src/{shared}.rs");
    }
    match source::read(Path::new("rules")) {
        Ok(rules) => {
            let folder = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
            let write = |file: &str, text: String| {
                std::fs::write(Path::new(&folder).join(file), text).expect("OUT_DIR can be written to");
            };
            write("rules.rs", emit::table(&rules));
            write("compiled.rs", emit::compiled(&compiled(&rules)));
        }
        Err(problems) => {
            for problem in problems {
                println!("cargo::error={problem}");
            }
            std::process::exit(1);
        }
    }
}

/// The rules as the module runs them.
fn compiled(rules: &[source::Rule]) -> Ruleset {
    let text = |list: &[String]| -> Vec<&'static str> { list.iter().map(|text| leak(text.clone()).as_str()).collect() };
    let rules: Vec<rule::Rule<'_>> = rules
        .iter()
        .map(|of| {
            let sets = of.sets.iter().map(|set| rule::Set {
                groups: leak(set.groups.iter().map(|group| leak(text(group)).as_slice()).collect::<Vec<_>>()),
                within: set.within,
                opening: set.opening,
                unless: leak(text(&set.unless)),
                unless_after: leak(text(&set.unless_after)),
                exact: leak(
                    set.exact
                        .iter()
                        .map(|(b, a)| (leak(b.clone()).as_str(), leak(a.clone()).as_str()))
                        .collect::<Vec<_>>(),
                ),
            });
            rule::Rule {
                id: RuleId::new(*b"PG", of.number).expect("a number of four digits"),
                title: "",
                severity: severity(of.severity),
                quoted: severity(of.quoted),
                paranoia: of.paranoia,
                roles: leak(of.roles.iter().map(|role| role_named(role)).collect::<Vec<_>>()),
                languages: &[],
                references: &[],
                sets: leak(sets.collect::<Vec<_>>()),
            }
        })
        .collect();
    Ruleset::compile(&rules).unwrap_or_else(|why| panic!("the rules cannot be compiled: {why:?}"))
}

/// A build ends soon.
fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn severity(name: &str) -> Severity {
    [Severity::Notice, Severity::Warning, Severity::Error, Severity::Critical]
        .into_iter()
        .find(|severity| severity.name() == name)
        .expect("a severity that was checked")
}

fn role_named(name: &str) -> Role {
    Role::ALL.into_iter().find(|role| role.name() == name).expect("a role that was checked")
}
