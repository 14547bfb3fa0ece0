//! Where Envoy's binary and the modules are looked for.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Envoy's binary: the file that `ENVOY_BIN` names; else `.tools/envoy`, `.tools/bin/envoy` or `.tools/envoy/bin/envoy`
/// in the working directory, in the directory of this program, or in a directory above one of them; else `envoy` in
/// `PATH`.
pub fn envoy_binary() -> Result<PathBuf> {
    if let Some(named) = env::var_os("ENVOY_BIN").filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        if named.is_file() {
            return Ok(named);
        }
        bail!("ENVOY_BIN: {} is not a file; name an Envoy binary, or unset it", named.display());
    }
    let laid_down = [".tools/envoy", ".tools/bin/envoy", ".tools/envoy/bin/envoy"];
    if let Some(found) = upwards(&laid_down) {
        return Ok(found);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    if let Some(found) = env::split_paths(&path).map(|directory| directory.join("envoy")).find(|file| file.is_file()) {
        return Ok(found);
    }
    bail!("no Envoy found: run `make setup`, or set ENVOY_BIN to an Envoy binary (1.40 is what is tested)")
}

/// A module's file: `<name>.wasm` in the directory that `PORTCULLIS_DIST` names (and nowhere else when it is set);
/// else beside this program; else in `dist/` of the working directory, of this program's, or of one above.
pub fn module_file(name: &str) -> Result<PathBuf> {
    let file = format!("{name}.wasm");
    if let Some(dist) = env::var_os("PORTCULLIS_DIST").filter(|dist| !dist.is_empty()) {
        let named = PathBuf::from(dist).join(&file);
        if named.is_file() {
            return Ok(named);
        }
        bail!("{} does not exist: run `make build`, or unset PORTCULLIS_DIST", named.display());
    }
    let beside = env::current_exe().ok().and_then(|program| Some(program.parent()?.join(&file)));
    if let Some(beside) = beside.filter(|beside| beside.is_file()) {
        return Ok(beside);
    }
    if let Some(found) = upwards(&[&format!("dist/{file}")]) {
        return Ok(found);
    }
    bail!("no {file} beside this program or in dist/: run `make build`, or name it with --module")
}

fn upwards(candidates: &[&str]) -> Option<PathBuf> {
    let program = env::current_exe().ok();
    let starts = [env::current_dir().ok(), program.and_then(|program| Some(program.parent()?.to_owned()))];
    let directories = starts.iter().flatten().flat_map(|start| start.ancestors().map(Path::to_owned));
    directories
        .flat_map(|directory| candidates.iter().map(move |candidate| directory.join(candidate)).collect::<Vec<_>>())
        .find(|file| file.is_file())
}
