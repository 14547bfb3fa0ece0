//! What people get: the shipped bootstraps and the demo.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use portcullis_cli::envoy::{envoy_binary, module_file};
use portcullis_integration::Gateway;
use serde_json::{Value, json};

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

#[tokio::test]
async fn the_file_for_streams_redacts_them() {
    let file = std::fs::read_to_string(root().join("envoy/streaming.yaml")).unwrap();
    let gateway = Gateway::builder().file(&file).module("portcullis").start().await;
    let ask = async |team: &str, content: &str| {
        let body = json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": content}]});
        let reply = gateway.post("/v1/chat/completions", &[("x-team", team)], body.to_string()).await;
        let text = reply.text();
        let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
        let said: String =
            events.filter_map(|event| Some(event.pointer("/choices/0/delta/content")?.as_str()?.to_owned())).collect();
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
        said
    };
    let said = ask("", "[[pii]]").await;
    let shown = ["[EMAIL]", "[PHONE]", "**** **** **** 1111", "**** **** **** **** **54 32"];
    assert!(shown.iter().all(|shown| said.contains(shown)), "{said}");
    assert!(!said.contains("jane.doe") && !said.contains("4111"), "{said}");
    let asked = "[[echo]]Write to ann@acme.org, not to [EMAIL_1].";
    assert_eq!(ask("abroad", asked).await, "Write to ann@acme.org, not to [EMAIL_1].");
    let seen = gateway.model_server().requests();
    let seen = String::from_utf8_lossy(&seen.last().unwrap().body).into_owned();
    assert!(seen.contains("Write to [EMAIL_1_") && !seen.contains("acme"), "{seen}");
}

#[test]
fn the_demo_does_what_it_says() {
    let module = module_file("portcullis").unwrap();
    let command = module.with_file_name("portcullis");
    assert!(command.is_file(), "no {}: run `make build`", command.display());
    let output = Command::new(command).arg("demo").arg("--module").arg(module).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}
