//! What is shipped under `gateway-api/`, rendered as people render it, and judged by the CRDs of both control planes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{output, program, root};

/// Renders `gateway-api/<overlay>` by kustomize, with `patches` on top: the list of a kustomization's `patches` in YAML.
pub fn render(overlay: &str, patches: &str) -> Result<String> {
    render_with(overlay, &[], patches)
}

/// The same with these components of the overlay, by the names of their folders.
pub fn render_with(overlay: &str, components: &[&str], patches: &str) -> Result<String> {
    let folder = tempfile::tempdir()?;
    copy(&root().join("gateway-api"), &folder.path().join("gateway-api"))?;
    let patches = if patches.is_empty() { String::new() } else { format!("patches:\n{patches}") };
    let mut kustomization = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- gateway-api/{overlay}\n"
    );
    if !components.is_empty() {
        kustomization.push_str("components:\n");
        kustomization.extend(components.iter().map(|name| format!("- gateway-api/{overlay}/{name}\n")));
    }
    kustomization.push_str(&patches);
    fs::write(folder.path().join("kustomization.yaml"), kustomization)?;
    output(Command::new(program("kustomize")?).arg("build").arg(folder.path()))
}

/// The components of `gateway-api/<overlay>`.
pub fn components(overlay: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("gateway-api").join(overlay))? {
        let path = entry?.path();
        if path.join("kustomization.yaml").is_file() {
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Every CRD that the control planes have.
pub fn crds() -> Result<Vec<PathBuf>> {
    let folder = program("istio-discovery")?.with_file_name("crds");
    let files = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files = files.map(|file| Ok(file?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// Reads each document of a file by the schema and the CEL rules of its CRD. One line for each: `ok`, `refused` or
/// `unknown`, then file, kind, name and what is wrong, with tabs between them.
pub fn check(files: &[PathBuf]) -> Result<Vec<String>> {
    let crds = crds()?.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(",");
    let output = Command::new(program("istio-discovery")?).args(["check", "-crds", &crds]).args(files).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    // Istio's own warnings stand among them.
    let judged = |line: &&str| ["ok\t", "refused\t", "unknown\t"].iter().any(|word| line.starts_with(word));
    let lines: Vec<_> = said.lines().filter(judged).map(str::to_owned).collect();
    // It fails where documents are refused, too.
    anyhow::ensure!(
        output.status.success() || lines.iter().any(|line| line.starts_with("refused")),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(lines)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to)?;
        } else {
            fs::copy(&path, &to)?;
        }
    }
    Ok(())
}
