//! The shipped manifests, applied to the control planes that they are for, with traffic through what comes of them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use portcullis_cli::envoy::module_file;
use portcullis_integration::control_plane::{
    EnvoyGateway, FileServer, GATEWAY, HOST, Istio, MODEL_PORT, apart, render, root, sha256, wait,
};
use serde_json::json;

const FILES: u16 = 9100;
const KEY: (&str, &str) = ("PORTCULLIS_HMAC_KEY", "a key for these tests only");

/// The command that `make build` left.
fn command() -> Result<Command> {
    let file = module_file("portcullis")?.with_file_name("portcullis");
    ensure!(file.is_file(), "no {}: run `make build`", file.display());
    Ok(Command::new(file))
}

/// The demo's walk through a gateway that has the demo's configuration.
fn walk(access_log: &std::path::Path) -> Result<()> {
    let mut walk = command()?;
    walk.args(["demo", "--gateway", GATEWAY, "--host", HOST, "--model-port", &MODEL_PORT.to_string(), "--access-log"]);
    let output = walk.arg(access_log).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The configuration of the demo, in JSON on one line.
fn demo_configuration() -> Result<String> {
    let output = command()?.args(["demo", "--configuration"]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn module() -> Result<PathBuf> {
    Ok(module_file("portcullis")?.canonicalize()?)
}

/// The status of a question that no rule minds, asked of the gateway; none while nobody answers.
fn status() -> Option<u16> {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "Which rivers meet at Koblenz?"}]});
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let headers = [("host", HOST), ("content-type", "application/json")];
    let path = "/v1/chat/completions";
    let asked =
        portcullis_integration::fetch(GATEWAY.parse().ok()?, http::Method::POST, path, &headers, body.to_string());
    runtime.block_on(asked).ok().map(|reply| reply.status.as_u16())
}

fn module_by_http(files: &FileServer, sha256: &str) -> String {
    format!(r#"{{ type: HTTP, http: {{ url: "{}", sha256: "{sha256}" }} }}"#, files.url("portcullis.wasm"))
}

#[test]
fn the_walk_passes_through_envoy_gateway() {
    apart("the_walk_passes_through_envoy_gateway", || {
        let files = FileServer::start(module()?.parent().context("a folder")?, FILES)?;
        let code = module_by_http(&files, &sha256(&module()?)?);
        let configured = format!(
            "{}- target: {{ kind: EnvoyExtensionPolicy }}
  patch: |-
    - {{ op: replace, path: /spec/wasm/0/config, value: {} }}
    - {{ op: add, path: /spec/wasm/0/env, value: {{ hostKeys: [{}] }} }}
",
            EnvoyGateway::patches(&code),
            demo_configuration()?,
            KEY.0
        );
        let gateway = EnvoyGateway::start(&render("envoy-gateway", &configured)?, &[KEY])?;
        // The model server runs only while the walk does: until then the upstream refuses.
        wait("the gateway answers", || status().filter(|status| *status == 503)).with_context(|| gateway.log_end())?;
        walk(&gateway.access_log()?).with_context(|| gateway.log_end())
    });
}

#[test]
fn the_walk_passes_through_istio() {
    apart("the_walk_passes_through_istio", || {
        let configured = format!(
            "{}- target: {{ kind: WasmPlugin }}
  patch: |-
    - {{ op: replace, path: /spec/pluginConfig, value: {} }}
    - {{ op: add, path: /spec/vmConfig, value: {{ env: [{{ name: {}, valueFrom: HOST }}] }} }}
",
            Istio::patches(&module()?),
            demo_configuration()?,
            KEY.0
        );
        let mesh = std::fs::read_to_string(root().join("gateway-api/istio/mesh.yaml"))?;
        let istio = Istio::start(&render("istio", &configured)?, &mesh, &[KEY])?;
        wait("the gateway answers", || status().filter(|status| *status == 503)).with_context(|| istio.log_end())?;
        walk(&istio.access_log()).with_context(|| istio.log_end())
    });
}
