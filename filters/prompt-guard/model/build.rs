//! Makes a plan of the model that this build carries: `models/prompt-guard.onnx`, or the file that PORTCULLIS_MODEL
//! names; `none` builds without one. What is wrong with it stops the build.
//!
//! Beside `<name>.onnx` stands `<name>.json`: `sha256` of the model, and `length`, `scale` and `offset`, which make the
//! logit of the highest window of a text the probability `sigmoid(scale * (logit - length * ln(windows)) + offset)`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "runs while building, not in a module"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../models/prompt-guard.onnx");

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PORTCULLIS_MODEL");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let named = std::env::var("PORTCULLIS_MODEL").unwrap_or_default();
    let made = match named.as_str() {
        "none" => Ok(("None".to_string(), Vec::new())),
        "" => make(Path::new(SHIPPED)),
        file => make(Path::new(file)),
    };
    match made {
        Ok((source, data)) => {
            fs::write(out.join("model.rs"), source).expect("OUT_DIR can be written to");
            fs::write(out.join("model.bin"), data).expect("OUT_DIR can be written to");
        }
        Err(problem) => {
            println!("cargo::error={problem}");
            std::process::exit(1);
        }
    }
}

/// The model as an expression, and its weights.
fn make(onnx: &Path) -> Result<(String, Vec<u8>), String> {
    let name = onnx.file_name().unwrap_or_default().to_string_lossy();
    let beside = onnx.with_extension("json");
    println!("cargo::rerun-if-changed={}", onnx.display());
    println!("cargo::rerun-if-changed={}", beside.display());
    let read = |path: &Path| fs::read(path).map_err(|why| format!("{}: {why}", path.display()));
    let (bytes, about) = (read(onnx)?, read(&beside)?);
    let about: Value = serde_json::from_slice(&about).map_err(|why| format!("{}: {why}", beside.display()))?;
    let number = |key: &str| {
        let remedy = "the probability is sigmoid(scale * (logit - length * ln(windows)) + offset)";
        about[key].as_f64().ok_or_else(|| format!("{}: `{key}` is not a number; {remedy}", beside.display()))
    };
    let (scale, offset) = (number("scale")?, number("offset")?);
    let length = if about["length"].is_null() { 0.0 } else { number("length")? };
    let mut sha256 = String::new();
    for byte in Sha256::digest(&bytes) {
        write!(sha256, "{byte:02x}").unwrap();
    }
    if about["sha256"].as_str() != Some(&sha256) {
        return Err(format!("{}: `sha256` is not that of {name}, which is {sha256}", beside.display()));
    }
    let plan = portcullis_onnx::compile(&bytes).map_err(|why| format!("{name}: {why}"))?;
    let plan_source = portcullis_onnx::source(&plan, r#"include_bytes!(concat!(env!("OUT_DIR"), "/model.bin"))"#);
    let source = format!(
        "Some(Source {{ plan: {plan_source}, length: {length:?}, scale: {scale:?}, offset: {offset:?}, sha256: {sha256:?} }})"
    );
    Ok((source, plan.data.into_owned()))
}
