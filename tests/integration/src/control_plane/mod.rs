//! The manifests in the control planes that they are for: Envoy Gateway in its standalone mode, Istio's discovery
//! server, each in a network of its own, each driving the same Envoy as every other test.
//!
//! What `make setup` built lies at `.tools/control-planes`.

mod envoy_gateway;
mod istio;
mod manifests;
mod namespace;
mod server;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use envoy_gateway::EnvoyGateway;
pub use istio::{ADMIN as ISTIO_ADMIN, Istio};
pub use manifests::{check, components, crds, render, render_with};
pub use namespace::apart;
pub use server::{FileServer, Registry, sha256};

use anyhow::{Context as _, Result, bail};

/// Where the model server listens within the network of a test.
pub const MODEL_PORT: u16 = 9101;
/// Where the gateway listens there: the port of the shipped Gateway.
pub const GATEWAY: &str = "127.0.0.1:80";
/// What the shipped HTTPRoute answers to.
pub const HOST: &str = "models.example.com";

/// How long a control plane may take for a thing; machines under load are slow.
const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(50);

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."))
}

/// A program that `make setup` built.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = root().join(".tools/control-planes").join(name);
    if !path.is_file() {
        bail!("no {}: run `make setup`", path.display());
    }
    Ok(path.canonicalize()?)
}

/// Waits until `look` finds what it looks for; after a while says `what` was not there.
pub fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if since.elapsed() > PATIENCE {
            bail!("not within {PATIENCE:?}: {what}");
        }
        std::thread::sleep(POLL);
    }
}

/// Runs a program to its end and gives what it wrote.
fn output(command: &mut std::process::Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
