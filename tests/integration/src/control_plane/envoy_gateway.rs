//! Envoy Gateway in its standalone mode: files in place of Kubernetes' API, Envoy as a process of its own.
//!
//! The file provider knows no Service, so `backendRefs` have to name a Backend; and it runs Envoy on this machine, which
//! an EnvoyProxy must say. Everything else is what is shipped.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use portcullis_cli::envoy::envoy_binary;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{MODEL_PORT, POLL, output, program, wait};

/// The version that its host infrastructure is told to run: that of the Envoy of every other test.
const ENVOY: &str = "1.40.0";
/// Where the server fetches modules for its proxies, by its own certificate's name.
const NAME: &str = "envoy-gateway.envoy-gateway-system.svc.cluster.local";

/// It ends within a second or two when asked; after this it is killed.
const END_WITHIN: Duration = Duration::from_secs(10);

/// A running control plane and its proxy.
pub struct EnvoyGateway {
    child: Child,
    folder: TempDir,
}

impl EnvoyGateway {
    /// Patches, in the YAML of a kustomization, that make the shipped manifests run here: the backend of every route,
    /// the module's source `code` (in JSON) and where the proxy runs.
    pub fn patches(code: &str) -> String {
        format!(
            r#"- target: {{ kind: HTTPRoute }}
  patch: |-
    - op: replace
      path: /spec/rules/0/backendRefs
      value: [{{ group: gateway.envoyproxy.io, kind: Backend, name: model }}]
- target: {{ kind: EnvoyExtensionPolicy }}
  patch: |-
    - op: replace
      path: /spec/wasm/0/code
      value: {code}
- target: {{ kind: EnvoyProxy }}
  patch: |-
    - op: add
      path: /spec/provider
      value: {{ type: Host, host: {{ envoyVersion: "{ENVOY}" }} }}
    - op: add
      path: /spec/concurrency
      value: 2
    - op: add
      path: /spec/extraArgs
      value: ["--file-flush-interval-msec", "50"]
"#
        )
    }

    /// Starts it on these manifests, with `environment` for the proxy, before a model at [`MODEL_PORT`]. To be called
    /// within [`super::apart`].
    pub fn start(manifests: &str, environment: &[(&str, &str)]) -> Result<Self> {
        Self::before(SocketAddr::from(([127, 0, 0, 1], MODEL_PORT)), manifests, environment)
    }

    /// The same before another model. To be called in a mount namespace of its own.
    pub fn before(model: SocketAddr, manifests: &str, environment: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        for name in ["config", "data", "state", "runtime", "resources"] {
            fs::create_dir(at(name))?;
        }
        let envoy = at("data").join("envoy-versions").join(ENVOY).join("bin");
        fs::create_dir_all(&envoy)?;
        symlink(envoy_binary()?.canonicalize()?, envoy.join("envoy"))?;
        let server = program("envoy-gateway")?;
        output(Command::new(&server).args(["certgen", "--local", "--config-home"]).arg(at("config")))?;
        let certificates = at("config").join("certs/envoy");
        mount(&certificates, folder.path())?;
        fs::write(at("resources").join("fixed.yaml"), fixed(&certificates, model)?)?;
        fs::write(at("resources").join("manifests.yaml"), manifests)?;
        fs::write(at("server.yaml"), configuration(folder.path()))?;
        let log = fs::File::create(at("log"))?;
        let mut command = Command::new(&server);
        command.arg("server").arg("--config-path").arg(at("server.yaml")).env("HOME", folder.path());
        command.envs(environment.iter().copied());
        let child = command.stdout(log.try_clone()?).stderr(Stdio::from(log)).spawn()?;
        Ok(Self { child, folder })
    }

    /// Puts these manifests in place of those before, as one change.
    pub fn apply(&self, manifests: &str) -> Result<()> {
        // Names that begin with a dot are not read.
        let (new, now) = (self.at("resources/.manifests"), self.at("resources/manifests.yaml"));
        fs::write(&new, manifests)?;
        fs::rename(new, now)?;
        Ok(())
    }

    /// What it logged so far, the proxy's own lines among it.
    pub fn log(&self) -> String {
        fs::read_to_string(self.at("log")).unwrap_or_default()
    }

    /// Waits until its log says `text`, from byte `since` on; gives what follows.
    pub fn said(&self, text: &str, since: usize) -> Result<String> {
        let found = || self.log().get(since..)?.split_once(text).map(|(_, after)| after.to_owned());
        wait(&format!("the log says {text:?}"), found).with_context(|| self.log_end())
    }

    /// The access log of its proxy.
    pub fn access_log(&self) -> Result<PathBuf> {
        let runs = self.at("state/envoy-runs");
        let look = || Some(fs::read_dir(&runs).ok()?.next()?.ok()?.path().join("stdout.log"));
        wait("the proxy writes", look).with_context(|| self.log_end())
    }

    /// The admin address of its proxy.
    pub fn admin(&self) -> Result<String> {
        let runs = self.at("runtime");
        let look = || {
            let run = fs::read_dir(&runs).ok()?.next()?.ok()?.path();
            fs::read_to_string(run.join("admin-address.txt")).ok().filter(|address| !address.is_empty())
        };
        wait("the proxy says where its admin interface is", look).with_context(|| self.log_end())
    }

    /// The last lines of its log.
    pub fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(25)).map(|line| format!("{line}\n")).collect()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for EnvoyGateway {
    fn drop(&mut self) {
        // Asked to, it ends its proxy, too.
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let asked = pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
        let since = Instant::now();
        while asked && since.elapsed() < END_WITHIN && matches!(self.child.try_wait(), Ok(None)) {
            sleep(POLL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        // What lies there goes with the folder.
        let _ = Command::new("umount").args(["/etc/hosts", "/certs"]).status();
    }
}

/// Envoy Gateway's proxies trust `/certs/ca.crt` and look its name up, as they do in its own image: both are put there
/// in the mount namespace of the test.
fn mount(certificates: &Path, folder: &Path) -> Result<()> {
    let hosts = folder.join("hosts");
    fs::write(&hosts, format!("{}\n127.0.0.1 {NAME}\n", fs::read_to_string("/etc/hosts").unwrap_or_default()))?;
    output(Command::new("mount").arg("--bind").arg(&hosts).arg("/etc/hosts"))?;
    fs::create_dir_all("/certs").context("Envoy Gateway's proxies read /certs: this needs root")?;
    output(Command::new("mount").arg("--bind").arg(certificates).arg("/certs"))?;
    Ok(())
}

/// What a cluster has and a folder has not: the class, the certificate of the proxies, a Backend for the model.
fn fixed(certificates: &Path, model: SocketAddr) -> Result<String> {
    let (address, port) = (model.ip(), model.port());
    let file = |name: &str| Ok::<_, anyhow::Error>(BASE64.encode(fs::read(certificates.join(name))?));
    Ok(format!(
        "apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: {{ name: envoy, namespace: envoy-gateway-system }}
data: {{ tls.crt: {}, tls.key: {}, ca.crt: {} }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {{ name: eg }}
spec:
  controllerName: gateway.envoyproxy.io/gatewayclass-controller
  parametersRef: {{ group: gateway.envoyproxy.io, kind: EnvoyProxy, name: host, namespace: envoy-gateway-system }}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
metadata: {{ name: host, namespace: envoy-gateway-system }}
spec: {{ provider: {{ type: Host, host: {{ envoyVersion: \"{ENVOY}\" }} }}, concurrency: 2 }}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {{ name: model, namespace: ai }}
spec: {{ endpoints: [{{ ip: {{ address: \"{address}\", port: {port} }} }}] }}
",
        file("tls.crt")?,
        file("tls.key")?,
        file("ca.crt")?
    ))
}

fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyGateway
gateway: {{ controllerName: gateway.envoyproxy.io/gatewayclass-controller }}
provider:
  type: Custom
  custom:
    resource: {{ type: File, file: {{ paths: [\"{folder}/resources\"] }} }}
    infrastructure:
      type: Host
      host: {{ configHome: {folder}/config, dataHome: {folder}/data, stateHome: {folder}/state, runtimeDir: {folder}/runtime }}
logging: {{ level: {{ default: info }} }}
extensionApis: {{ enableBackend: true, enableEnvoyPatchPolicy: true }}
admin: {{ address: {{ host: 127.0.0.1, port: 19000 }} }}
"
    )
}
