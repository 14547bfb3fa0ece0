//! `portcullis validate` on files: what is shipped passes, what is wrong is named with its line.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use portcullis_cli::validate::{Severity, Source, validate};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every file below `folder`, sorted, relative to the repository.
fn files(folder: &str, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| path.to_str().unwrap().ends_with(ending)) {
                found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_string());
            }
        }
    }
    found.sort();
    found
}

fn portcullis(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .arg("validate")
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn what_is_wrong_is_named_as_the_file_beside_it_says() {
    let files = files("gateway-api/invalid", &[".yaml", ".json"]);
    assert!(files.len() >= 8, "{files:?}");
    for file in files {
        let bytes = fs::read(root().join(&file)).unwrap();
        let name = file.rsplit('/').next().unwrap();
        let report = validate(&[Source { name, bytes: &bytes }]);
        let lines = report.findings.iter().map(ToString::to_string);
        let found: String =
            lines.chain(report.skipped.iter().map(|s| format!("skipped: {s}"))).map(|s| s + "\n").collect();
        let golden = root().join(format!("{file}.expected"));
        if std::env::var("GOLDEN").is_ok_and(|golden| golden == "write") {
            fs::write(&golden, &found).unwrap();
        }
        assert_eq!(found, fs::read_to_string(&golden).unwrap_or_default(), "{file}; `make golden` rewrites it");
        let strict = portcullis(&["--strict", &file], "");
        assert_eq!(strict.status.code(), Some(1), "{file}: {}", text(&strict.stdout));
    }
}

#[test]
fn what_is_shipped_has_no_problem_and_no_warning_but_placeholders() {
    for folder in ["gateway-api/envoy-gateway", "gateway-api/envoy-gateway-one-route", "gateway-api/istio", "envoy"] {
        let files = files(folder, &[".yaml"]);
        // What holds nothing that is checked here, and says so when it is named.
        let other =
            ["kustomization.yaml", "mesh.yaml", "security-policy.yaml", "patch-policy.yaml", "envoy-proxy.yaml"];
        let files = files.iter().filter(|file| !other.iter().any(|name| file.ends_with(name)));
        let files: Vec<_> = files.map(|file| (file, fs::read(root().join(file)).unwrap())).collect();
        let sources: Vec<_> = files.iter().map(|(name, bytes)| Source { name, bytes }).collect();
        let report = validate(&sources);
        assert!(report.configurations >= 1, "{folder}");
        assert_eq!(report.count(Severity::Problem), 0, "{:?}", report.findings);
        let unexpected: Vec<_> = report.findings.iter().filter(|f| f.problem != "is a placeholder").collect();
        assert!(unexpected.is_empty(), "{unexpected:?}");
    }
}

#[test]
fn the_configurations_in_the_documents_are_good() {
    let mut count = 0;
    for file in ["README.md", "gateway-api/README.md"] {
        let document = fs::read_to_string(root().join(file)).unwrap();
        for block in document.split("\n```json\n").skip(1) {
            let block = block.split("\n```").next().unwrap();
            if !block.contains("\"profiles\"") {
                continue;
            }
            let output = portcullis(&["-"], block);
            assert_eq!(output.status.code(), Some(0), "{file}: {block}\n{}", text(&output.stdout));
            count += 1;
        }
    }
    assert!(count >= 2, "{count}");
}

#[test]
fn the_command_says_ok_in_one_line() {
    let output = portcullis(&["envoy/minimal.yaml", "-"], "{}");
    assert_eq!(text(&output.stdout), "ok: 2 configurations in 2 files\n");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[test]
fn standard_input_is_named_by_a_dash() {
    let output = portcullis(&["-"], "{\n  \"profils\": {}\n}\n");
    assert_eq!(text(&output.stdout), "-:2: profils: unknown key; did you mean `profiles`?\n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_configuration_with_a_slip_in_its_json_is_named_at_the_slip() {
    let output = portcullis(&["-"], "{\n  \"profiles\": {\n    \"default\": {},\n  }\n}\n");
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with("-:4: (document): is not JSON: trailing comma"), "{stdout}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let output = portcullis(&["no/such/file.yaml"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot read no/such/file.yaml"), "{}", text(&output.stderr));
}

#[test]
fn buffers_may_stand_in_another_file() {
    let [policy, buffers] = ["extension-policy.yaml", "buffers.yaml"].map(|f| format!("gateway-api/envoy-gateway/{f}"));
    let alone = portcullis(&[&policy], "");
    assert_eq!(text(&alone.stdout).matches("makes room").count(), 2, "{}", text(&alone.stdout));
    let together = portcullis(&[&policy, &buffers], "");
    assert_eq!(text(&together.stdout).matches("makes room").count(), 0, "{}", text(&together.stdout));
    assert_eq!((alone.status.code(), together.status.code()), (Some(0), Some(0)));
}

#[test]
fn envoys_files_are_read_wherever_the_filter_stands() {
    let filter = r#"{"@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm", "config":
        {"rootId": "portcullis", "configuration":
            {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "{\"profils\": 1}"}}}"#;
    let typed = r#"{"@type": "type.googleapis.com/xds.type.v3.TypedStruct", "type_url":
        "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm", "value":
        {"config": {"root_id": "portcullis", "configuration":
            {"@type": "type.googleapis.com/google.protobuf.Struct", "value": {"profils": 1}}}}}"#;
    let patch = "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: x}\nspec: {configPatches: [{patch: {value: {typed_config: FILTER}}}]}\n";
    for (document, path) in [
        (
            r#"{"resources": [{"filter_chains": [{"typedConfig": FILTER}]}]}"#,
            "resources[0].filter_chains[0].typedConfig.",
        ),
        (patch, "spec.configPatches[0].patch.value.typed_config."),
        (r#"{"static_resources": {"listeners": [{"filter_chains": [FILTER]}]}}"#, "static_resources.listeners[0]"),
    ] {
        for filter in [filter, typed] {
            let output = portcullis(&["-"], &document.replace("FILTER", filter));
            let stdout = text(&output.stdout);
            assert!(stdout.contains(path), "{stdout}");
            assert!(stdout.contains("configuration.value.profils: unknown key; did you mean `profiles`?"), "{stdout}");
        }
    }
}

/// Cuts, doubles and swaps bytes of the shipped and of the bad files: whatever comes in, an answer comes out.
#[test]
fn nothing_makes_it_panic() {
    let seeds: Vec<_> = files("gateway-api", &[".yaml", "invalid/unknown-keys.json"])
        .into_iter()
        .chain(["envoy/minimal.yaml", "envoy/streaming.yaml"].map(str::to_string))
        .map(|file| (file.rsplit('/').next().unwrap().to_string(), fs::read(root().join(&file)).unwrap()))
        .collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit.max(1) as u64) as usize
    };
    let spice: &[&[u8]] = &[
        b"{", b"}", b"[", b"- ", b": ", b"\n", b"\"", b"|", b"&a ", b"*a", b"---\n", b"\xff", b"\\u", b"off", b"<<: ",
    ];
    let mut seen = [false; 2];
    for _ in 0..3000 {
        let (name, seed) = &seeds[below(seeds.len())];
        let mut bytes = seed.clone();
        for _ in 0..=below(4) {
            let at = below(bytes.len());
            match below(4) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..bytes.len().min(at + below(40)))),
                2 => drop(bytes.splice(at..at, spice[below(spice.len())].iter().copied())),
                _ => {
                    let end = bytes.len().min(at + below(200));
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
        }
        let lines = bytes.iter().filter(|&&b| b == b'\n' || b == b'\r').count() + 1;
        let report = validate(&[Source { name, bytes: &bytes }]);
        for finding in &report.findings {
            assert!((1..=lines + 1).contains(&finding.line), "{finding} in {lines} lines");
        }
        seen[usize::from(report.count(Severity::Problem) > 0)] = true;
    }
    assert_eq!(seen, [true, true], "both good and bad files were among them");
}

#[test]
fn every_kustomization_names_files_that_exist_and_none_is_forgotten() {
    let mut named = BTreeSet::new();
    for file in files("gateway-api", &["kustomization.yaml"]) {
        let folder = root().join(&file).parent().unwrap().to_path_buf();
        let document: serde_json::Value =
            serde_saphyr::from_str(&fs::read_to_string(root().join(&file)).unwrap()).unwrap();
        for entry in ["resources", "components"].iter().filter_map(|key| document[key].as_array()).flatten() {
            let path = folder.join(entry.as_str().unwrap());
            assert!(path.exists(), "{file} names {}", path.display());
            named.insert(path.canonicalize().unwrap());
        }
    }
    for file in files("gateway-api", &[".yaml"]) {
        let apart = file.ends_with("kustomization.yaml") || file.ends_with("mesh.yaml") || file.contains("/invalid/");
        assert!(apart || named.contains(&root().join(&file)), "no kustomization names {file}");
    }
}

#[test]
fn metric_labels_are_those_of_the_shipped_bootstrap() {
    let read = |file: &str| -> serde_json::Value {
        serde_saphyr::from_str(&fs::read_to_string(root().join(file)).unwrap()).unwrap()
    };
    let proxy = read("gateway-api/envoy-gateway/observability/envoy-proxy.yaml");
    let bootstrap: serde_json::Value =
        serde_saphyr::from_str(proxy["spec"]["bootstrap"]["value"].as_str().unwrap()).unwrap();
    let minimal = read("envoy/minimal.yaml");
    assert!(minimal["stats_config"]["stats_tags"].as_array().unwrap().len() >= 6);
    assert_eq!(bootstrap["stats_config"]["stats_tags"], minimal["stats_config"]["stats_tags"]);
}
