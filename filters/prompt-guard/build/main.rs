//! Compiles `rules/*.toml` into a table of constants. What is wrong with a rule stops the build, with file and field.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    missing_docs,
    reason = "runs while building, not in a module"
)]

mod emit;
mod source;
#[path = "../src/term.rs"]
mod term;

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/term.rs");
    match source::read(Path::new("rules")) {
        Ok(rules) => {
            let out = Path::new(&std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("rules.rs");
            std::fs::write(out, emit::table(&rules)).expect("OUT_DIR can be written to");
        }
        Err(problems) => {
            for problem in problems {
                println!("cargo::error={problem}");
            }
            std::process::exit(1);
        }
    }
}
