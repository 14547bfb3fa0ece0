//! What people get: the shipped bootstraps and the demo.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use portcullis_cli::envoy::{envoy_binary, module_file};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_bootstrap_is_one_that_envoy_takes_from_the_root_of_the_repository() {
    let files = std::fs::read_dir(root().join("envoy")).unwrap().map(|entry| entry.unwrap().path());
    let bootstraps: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|end| end == "yaml")).collect();
    assert!(!bootstraps.is_empty());
    assert!(root().join("dist/portcullis.wasm").is_file(), "no dist/portcullis.wasm: run `make build`");
    for bootstrap in bootstraps {
        let mut envoy = Command::new(std::path::absolute(envoy_binary().unwrap()).unwrap());
        let envoy = envoy.current_dir(root()).args(["--mode", "validate", "--config-path"]).arg(&bootstrap);
        let output = envoy.output().unwrap();
        assert!(output.status.success(), "{}: {}", bootstrap.display(), said(&output));
    }
}

#[test]
fn the_demo_does_what_it_says() {
    let module = module_file("portcullis").unwrap();
    let command = module.with_file_name("portcullis");
    assert!(command.is_file(), "no {}: run `make build`", command.display());
    let output = Command::new(command).arg("demo").arg("--module").arg(module).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}
