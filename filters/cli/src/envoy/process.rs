//! One running Envoy: started, asked, ended.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use http::{Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::{Bootstrap, LogTail, envoy_binary};
use crate::http_client::{self, Reply};

/// Compiling a module in V8 takes a second or two; a machine under load takes longer.
const READY_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(5);
/// Envoy ends at once when asked; after this it is killed.
const END_WITHIN: Duration = Duration::from_secs(5);
/// Lines of the log that explain a failure.
const TAIL: usize = 30;

/// How Envoy is to be started.
#[derive(Debug)]
pub struct Start {
    /// What it is told.
    pub bootstrap: Bootstrap,
    /// Worker threads.
    pub concurrency: u16,
    /// Where its standard output goes, which is the access log unless the bootstrap names a file.
    pub stdout: Stdio,
    /// Log level for all components, as Envoy names them.
    pub log_level: &'static str,
    /// Variables of Envoy's environment besides this process's own. The shipped bootstrap shows modules only
    /// `PORTCULLIS_HMAC_KEY`.
    pub environment: Vec<(String, String)>,
    /// Keeps the listeners in a file, so that [`Envoy::change_listeners`] can change them.
    pub listeners_in_file: bool,
    /// Writes the access log to [`Envoy::access_log_path`] instead of standard output.
    pub access_log_in_file: bool,
}

impl Start {
    /// Two workers, warnings and what modules log, standard output passed through.
    pub fn new(bootstrap: Bootstrap) -> Self {
        Self {
            bootstrap,
            concurrency: 2,
            stdout: Stdio::inherit(),
            log_level: "warning",
            environment: Vec::new(),
            listeners_in_file: false,
            access_log_in_file: false,
        }
    }
}

/// A running Envoy. It ends when this is dropped, and also when this process dies without dropping it.
#[derive(Debug)]
pub struct Envoy {
    child: Child,
    watchdog: Child,
    admin: SocketAddr,
    listeners: BTreeMap<String, SocketAddr>,
    ready_after: Duration,
    directory: TempDir,
}

impl Envoy {
    /// Starts Envoy and waits until its listeners serve. The error carries the last lines of its log.
    pub async fn start(mut start: Start) -> Result<Self> {
        let binary = envoy_binary()?;
        let directory = tempfile::Builder::new().prefix("portcullis-").tempdir().context("a directory for Envoy")?;
        if start.access_log_in_file {
            start.bootstrap.access_log(&directory.path().join(ACCESS_LOG))?;
        }
        if start.listeners_in_file {
            let file = directory.path().join(LISTENERS);
            let listeners = start.bootstrap.listeners_in_file(&file)?;
            fs::write(&file, listeners.to_string()).with_context(|| file.display().to_string())?;
        }
        let bootstrap = directory.path().join("bootstrap.json");
        fs::write(&bootstrap, start.bootstrap.as_json().to_string())
            .with_context(|| bootstrap.display().to_string())?;
        let log = fs::File::create(directory.path().join(LOG)).context("Envoy's log")?;
        let since = Instant::now();
        let mut child = Command::new(&binary)
            .arg("--config-path")
            .arg(&bootstrap)
            .arg("--concurrency")
            .arg(start.concurrency.to_string())
            .arg("--admin-address-path")
            .arg(directory.path().join(ADMIN))
            // Several Envoys on one machine would share memory for hot restart otherwise.
            .args(["--disable-hot-restart", "--log-level", start.log_level])
            .args(["--component-log-level", "wasm:info", "--file-flush-interval-msec", "50"])
            .envs(start.environment)
            .stdin(Stdio::null())
            .stdout(start.stdout)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} does not start; ENVOY_BIN can name another Envoy", binary.display()))?;
        let watchdog = match watch(&child, directory.path()) {
            Ok(watchdog) => watchdog,
            Err(error) => {
                let _already_gone = child.kill();
                let _reaped = child.wait();
                return Err(error);
            }
        };
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut envoy = Self {
            child,
            watchdog,
            admin: nowhere,
            listeners: BTreeMap::new(),
            ready_after: Duration::ZERO,
            directory,
        };
        while !envoy.is_ready().await {
            if let Some(status) = envoy.exited() {
                bail!("Envoy did not start ({status}). {}", envoy.log_end());
            }
            if start.listeners_in_file && envoy.refused_listeners().await {
                bail!("Envoy refused its listeners. {}", envoy.log_end());
            }
            if since.elapsed() > READY_WITHIN {
                bail!("Envoy is not ready after {READY_WITHIN:?}. {}", envoy.log_end());
            }
            tokio::time::sleep(POLL).await;
        }
        envoy.ready_after = since.elapsed();
        Ok(envoy)
    }

    /// Ready means: initialised, workers running, every listener bound and accepting.
    async fn is_ready(&mut self) -> bool {
        let Ok(address) = fs::read_to_string(self.directory.path().join(ADMIN)) else { return false };
        let Ok(address) = address.trim().parse() else { return false };
        self.admin = address;
        if !matches!(self.admin_get("/ready").await, Ok(reply) if reply.status == StatusCode::OK) {
            return false;
        }
        let Ok(listeners) = self.read_listeners().await else { return false };
        for address in listeners.values() {
            if tokio::net::TcpStream::connect(address).await.is_err() {
                return false;
            }
        }
        self.listeners = listeners;
        !self.listeners.is_empty()
    }

    /// Listeners in a file do not end Envoy when they are bad.
    async fn refused_listeners(&self) -> bool {
        let stats = self.stats().await.unwrap_or_default();
        stats.get("listener_manager.lds.update_rejected").is_some_and(|count| *count > 0)
    }

    async fn read_listeners(&self) -> Result<BTreeMap<String, SocketAddr>> {
        let reply = self.admin_get("/listeners?format=json").await?;
        let document: Value = serde_json::from_slice(&reply.body).context("/listeners")?;
        let mut listeners = BTreeMap::new();
        for status in document["listener_statuses"].as_array().into_iter().flatten() {
            let socket = &status["local_address"]["socket_address"];
            let (Some(name), Some(ip), Some(port)) =
                (status["name"].as_str(), socket["address"].as_str(), socket["port_value"].as_u64())
            else {
                continue;
            };
            let port = u16::try_from(port).context("/listeners: port")?;
            listeners.insert(name.to_owned(), SocketAddr::new(ip.parse().context("/listeners: address")?, port));
        }
        Ok(listeners)
    }

    /// Address of the admin interface.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Address of a listener by name; the shipped one is `gateway`.
    pub fn listener(&self, name: &str) -> Result<SocketAddr> {
        self.listeners.get(name).copied().with_context(|| format!("Envoy has no listener {name:?}"))
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// From the start of the process until every listener accepted.
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// A file of this Envoy's own, gone when it ends.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// One request to the admin interface.
    pub async fn admin_get(&self, path: &str) -> Result<Reply> {
        http_client::fetch(self.admin, Method::GET, path, &[("connection", "close")], "").await
    }

    /// Every counter and gauge by its full name.
    pub async fn stats(&self) -> Result<BTreeMap<String, u64>> {
        let text = self.admin_get("/stats").await?.text();
        let stats = text.lines().filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Ok(stats.collect())
    }

    /// Moves a new version over the listeners' file: Envoy takes it up soon, and keeps the old when it is bad.
    ///
    /// Only for an Envoy started with [`Start::listeners_in_file`].
    pub fn change_listeners(&self, change: impl FnOnce(&mut Value)) -> Result<()> {
        let file = self.path(LISTENERS);
        let text = fs::read_to_string(&file).context("this Envoy was not started with its listeners in a file")?;
        let mut document: Value = serde_json::from_str(&text).context("the listeners' file")?;
        change(&mut document);
        let next = self.path("listeners.next.json");
        fs::write(&next, document.to_string()).with_context(|| next.display().to_string())?;
        fs::rename(&next, &file).with_context(|| file.display().to_string())
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Where its log is written.
    pub fn log_path(&self) -> PathBuf {
        self.path(LOG)
    }

    /// Where the access log is, when [`Start::access_log_in_file`] said so: a JSON document a line.
    pub fn access_log_path(&self) -> PathBuf {
        self.path(ACCESS_LOG)
    }

    /// The last lines of its log, introduced: first what modules said, without Envoy's prefixes.
    pub fn log_end(&self) -> String {
        let (modules, envoy): (Vec<_>, Vec<_>) =
            LogTail::new(&self.log_path()).lines().into_iter().partition(|line| module_says(line).is_some());
        let modules: Vec<_> = modules.iter().filter_map(|line| module_says(line)).collect();
        let mut text = String::new();
        let envoy: Vec<_> = envoy.iter().map(String::as_str).collect();
        for (who, lines) in [("The module says", modules), ("Envoy's log ends", envoy)] {
            let last = lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default();
            if !last.is_empty() {
                text.push_str(&format!("{who}:\n  {}\n", last.join("\n  ")));
            }
        }
        if text.is_empty() { "It logged nothing.".into() } else { text.trim_end().to_owned() }
    }

    /// Ends it: asks first, kills after five seconds.
    pub fn end(&mut self) {
        let _already_gone = self.watchdog.kill();
        let _reaped = self.watchdog.wait();
        if self.exited().is_some() {
            return;
        }
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _already_gone = kill_process(pid, Signal::TERM);
        }
        let since = Instant::now();
        while self.exited().is_none() {
            if since.elapsed() > END_WITHIN {
                let _already_gone = self.child.kill();
                let _reaped = self.child.wait();
                return;
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a module logged, out of a line such as
/// `[2026-01-01 00:00:00.000][7][error][wasm] [source/….cc:1157] wasm log portcullis portcullis: profiles: …`.
fn module_says(line: &str) -> Option<&str> {
    let (_, logged) = line.split_once("] wasm log ")?;
    let (_plugin_and_root, text) = logged.split_once(": ")?;
    Some(text)
}

const ADMIN: &str = "admin-address";
const LOG: &str = "envoy.log";
const ACCESS_LOG: &str = "access.log";
const LISTENERS: &str = "listeners.json";

/// A shell that ends Envoy and removes its directory when the pipe from this process closes, however this process dies. Destructors of statics
/// do not run, and a killed test runs none at all.
fn watch(child: &Child, directory: &Path) -> Result<Child> {
    Command::new("/bin/sh")
        .args(["-c", "read -r _; kill -TERM \"$1\"; rm -rf \"$2\"", "watchdog", &child.id().to_string()])
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| anyhow!("/bin/sh: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_said_is_told_from_what_envoy_said() {
        let line = "[2026-11-23 13:37:10.917][6774][error][wasm] [source/extensions/common/wasm/context.cc:1157] wasm log \
                    portcullis portcullis: profiles.chat: is never used; name it";
        assert_eq!(module_says(line), Some("profiles.chat: is never used; name it"));
        assert_eq!(module_says("[2026-11-23][critical][wasm] [wasm.cc:626] Plugin portcullis failed to load"), None);
    }
}
