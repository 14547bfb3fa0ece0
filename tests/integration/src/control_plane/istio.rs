//! Istio's discovery server with its real controllers, and the Envoy that it serves.
//!
//! Between Istio and its proxies stands an agent that fetches modules; a stock Envoy has none, so the module is a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};
use portcullis_cli::envoy::envoy_binary;
use tempfile::TempDir;

use super::{MODEL_PORT, program, wait};

const XDS: &str = "127.0.0.1:15010";
/// The admin address of its proxy.
pub const ADMIN: &str = "127.0.0.1:9901";

/// A running control plane and its proxy.
pub struct Istio {
    children: Vec<Child>,
    folder: TempDir,
}

impl Istio {
    /// Patches, in the YAML of a kustomization, that make the shipped manifests run here: the module is this file.
    pub fn patches(module: &Path) -> String {
        format!(
            "- target: {{ kind: WasmPlugin }}
  patch: |-
    - {{ op: replace, path: /spec/url, value: \"file://{}\" }}
    - {{ op: remove, path: /spec/sha256 }}
",
            module.display()
        )
    }

    /// Starts both on these manifests, with the mesh's settings `mesh` (YAML) and `environment` for the proxy. To be
    /// called within [`super::apart`].
    pub fn start(manifests: &str, mesh: &str, environment: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        let (objects, configs) = split(manifests);
        fs::write(at("objects.yaml"), format!("{objects}{}", cluster()))?;
        fs::write(at("configs.yaml"), configs)?;
        fs::write(at("mesh.yaml"), mesh)?;
        fs::write(at("envoy.yaml"), bootstrap())?;
        let mut istio = Self { children: Vec::new(), folder };
        let mut server = Command::new(program("istio-discovery")?);
        server.arg("serve").args(["-listen", XDS, "-objects"]).arg(istio.at("objects.yaml"));
        server.arg("-configs").arg(istio.at("configs.yaml")).arg("-mesh").arg(istio.at("mesh.yaml"));
        // Filters that only Istio's own proxy has.
        server.envs([("PILOT_ENABLE_ALPN_FILTER", "false"), ("PILOT_ENABLE_METADATA_EXCHANGE", "false")]);
        istio.spawn(server, "istio.log", "istio.err")?;
        istio.said("ready")?;
        let mut envoy = Command::new(envoy_binary()?);
        envoy.arg("-c").arg(istio.at("envoy.yaml")).args(["--concurrency", "2"]);
        envoy.args(["--file-flush-interval-msec", "50"]).envs(environment.iter().copied());
        istio.spawn(envoy, "access.log", "envoy.log")?;
        Ok(istio)
    }

    /// Applies Istio's own kinds among these manifests, as one change.
    pub fn apply(&self, manifests: &str) -> Result<()> {
        let (_, configs) = split(manifests);
        let (new, now) = (self.at(".configs"), self.at("configs.yaml"));
        fs::write(&new, configs)?;
        fs::rename(new, now)?;
        Ok(())
    }

    /// Waits until the server says this on a line of its own.
    pub fn said(&self, word: &str) -> Result<()> {
        let look = || fs::read_to_string(self.at("istio.log")).ok()?.lines().any(|line| line == word).then_some(());
        wait(&format!("Istio says {word:?}"), look).with_context(|| self.log_end())
    }

    /// The access log of its proxy.
    pub fn access_log(&self) -> PathBuf {
        self.at("access.log")
    }

    /// The last lines of both logs.
    pub fn log_end(&self) -> String {
        let mut end = String::new();
        for name in ["istio.err", "istio.log", "envoy.log"] {
            let log = fs::read_to_string(self.at(name)).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            end.extend(lines.iter().skip(lines.len().saturating_sub(15)).map(|line| format!("{name}: {line}\n")));
        }
        end
    }

    fn spawn(&mut self, mut command: Command, out: &str, err: &str) -> Result<()> {
        let (out, err) = (fs::File::create(self.at(out))?, fs::File::create(self.at(err))?);
        self.children.push(command.stdout(Stdio::from(out)).stderr(Stdio::from(err)).spawn()?);
        Ok(())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Istio {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Kubernetes' objects, and Istio's own kinds.
fn split(manifests: &str) -> (String, String) {
    let (mut objects, mut configs) = (String::new(), String::new());
    for document in manifests.split("\n---\n") {
        let own = document.lines().any(|line| line.starts_with("apiVersion:") && line.contains(".istio.io/"));
        let to = if own { &mut configs } else { &mut objects };
        to.push_str(document.trim_end());
        to.push_str("\n---\n");
    }
    (objects, configs.trim_end_matches("---\n").to_owned())
}

/// What a cluster has and the manifests name: the gateway's Service as Istio's deployment controller makes it, its pod,
/// the model's Service.
fn cluster() -> String {
    let mut documents = vec![
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: ai }\n".to_owned(),
        "apiVersion: v1\nkind: Pod\nmetadata: { name: gw, namespace: ai, labels: { gateway.networking.k8s.io/gateway-name: ai } }
spec: { containers: [] }\nstatus: { podIP: 127.0.0.1, phase: Running }\n".to_owned(),
    ];
    let services = [
        ("ai-istio", "selector: { gateway.networking.k8s.io/gateway-name: ai }, clusterIP: 10.0.0.1", 80, 80),
        ("model", "clusterIP: 10.0.0.2", 8080, MODEL_PORT),
        ("mcp", "clusterIP: 10.0.0.3", 8080, MODEL_PORT),
    ];
    for (name, spec, port, target) in services {
        documents.push(format!(
            "apiVersion: v1
kind: Service
metadata: {{ name: {name}, namespace: ai, labels: {{ gateway.networking.k8s.io/gateway-name: ai }} }}
spec: {{ {spec}, ports: [{{ name: http, port: {port}, targetPort: {target} }}] }}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{ name: {name}, namespace: ai, labels: {{ kubernetes.io/service-name: {name} }} }}
addressType: IPv4
endpoints: [{{ addresses: [\"127.0.0.1\"], conditions: {{ ready: true }} }}]
ports: [{{ name: http, port: {target} }}]
"
        ));
    }
    documents.join("---\n")
}

/// An Envoy that asks Istio for everything, as the proxy of the Gateway `ai`.
fn bootstrap() -> String {
    let (admin, xds) = (ADMIN.rsplit_once(':').unwrap_or_default().1, XDS.rsplit_once(':').unwrap_or_default().1);
    format!(
        r#"node:
  id: router~127.0.0.1~gw.ai~ai.svc.cluster.local
  cluster: ai-istio.ai
  metadata:
    NAMESPACE: ai
    CLUSTER_ID: Kubernetes
    INSTANCE_IPS: 127.0.0.1
    LABELS: {{ gateway.networking.k8s.io/gateway-name: ai }}
admin: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {admin} }} }} }}
dynamic_resources:
  ads_config:
    api_type: DELTA_GRPC
    transport_api_version: V3
    grpc_services: [{{ envoy_grpc: {{ cluster_name: xds }} }}]
  cds_config: {{ ads: {{}}, resource_api_version: V3 }}
  lds_config: {{ ads: {{}}, resource_api_version: V3 }}
static_resources:
  clusters:
  - name: xds
    type: STATIC
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{ http2_protocol_options: {{}} }}
    load_assignment:
      cluster_name: xds
      endpoints: [{{ lb_endpoints: [{{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {xds} }} }} }} }}] }}]
"#
    )
}
