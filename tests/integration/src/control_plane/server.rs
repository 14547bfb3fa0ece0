//! Where a control plane fetches modules from: a file server and a registry.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Result;
use tempfile::TempDir;

use super::{output, program, wait};

/// Serves the files of a folder over HTTP at 127.0.0.1.
pub struct FileServer {
    child: Child,
    port: u16,
}

impl FileServer {
    /// Serves `folder` at `port`.
    pub fn start(folder: &Path, port: u16) -> Result<Self> {
        let mut command = Command::new("python3");
        command.args(["-m", "http.server", &port.to_string(), "--bind", "127.0.0.1", "--directory"]).arg(folder);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let server = Self { child, port };
        listening(port)?;
        Ok(server)
    }

    /// The address of a file.
    pub fn url(&self, file: &str) -> String {
        format!("http://127.0.0.1:{}/{file}", self.port)
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An OCI registry at 127.0.0.1, in plain HTTP.
pub struct Registry {
    child: Child,
    port: u16,
    _blobs: TempDir,
}

impl Registry {
    /// An empty one.
    pub fn start(port: u16) -> Result<Self> {
        let blobs = tempfile::tempdir()?;
        let mut command = Command::new(program("crane")?);
        command.args(["registry", "serve", "--address", &format!("127.0.0.1:{port}"), "--disk"]).arg(blobs.path());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let registry = Self { child, port, _blobs: blobs };
        listening(port)?;
        Ok(registry)
    }

    /// Pushes the image of an OCI layout, as `make images` leaves it, and gives its digest.
    pub fn push(&self, layout: &Path, name: &str) -> Result<String> {
        let reference = format!("127.0.0.1:{}/{name}", self.port);
        let said = output(Command::new(program("crane")?).arg("push").arg(layout).arg(&reference))?;
        let digest = said.trim().rsplit('@').next().unwrap_or_default().to_owned();
        anyhow::ensure!(digest.starts_with("sha256:"), "crane said {said}");
        Ok(digest)
    }

    /// How the image is called.
    pub fn reference(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The SHA-256 of a file, in hex.
pub fn sha256(file: &Path) -> Result<String> {
    fs::metadata(file)?;
    let said = output(Command::new("sha256sum").arg(file))?;
    Ok(said.split_whitespace().next().unwrap_or_default().to_owned())
}

fn listening(port: u16) -> Result<()> {
    wait(&format!("port {port} answers"), || TcpStream::connect(("127.0.0.1", port)).ok())?;
    Ok(())
}
