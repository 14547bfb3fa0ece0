//! Envoy with (or without) a module before a model server, ready to be asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use http::Method;
use portcullis_cli::envoy::{Bootstrap, Envoy, LogTail, Start, UpstreamProtocol, module_file};
use portcullis_cli::http_client::{Reply, fetch};
use portcullis_cli::model_server::{ModelServer, SeenRequest};
use serde_json::Value;

/// How long a test waits for what Envoy does in its own time: the access log, an update, a counter.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

type Change = Box<dyn FnOnce(&mut Bootstrap) -> Result<()>>;

/// What a gateway is to be. The default is Envoy without a module, two workers, its own model server over HTTP/1.1.
#[derive(Default)]
pub struct GatewayBuilder {
    file: Option<String>,
    module: Option<Result<PathBuf>>,
    config: Option<String>,
    concurrency: Option<u16>,
    upstream: Option<SocketAddr>,
    changes: Vec<Change>,
    environment: Vec<(String, String)>,
}

impl GatewayBuilder {
    /// Another file than `envoy/minimal.yaml` to begin with.
    pub fn file(mut self, yaml: &str) -> Self {
        self.file = Some(yaml.to_string());
        self
    }

    /// The module by name, `portcullis` or `prompt_guard`, as `make build` left it.
    pub fn module(mut self, name: &str) -> Self {
        self.module = Some(module_file(name));
        self
    }

    /// A module by file.
    pub fn module_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.module = Some(Ok(file.into()));
        self
    }

    /// The module's configuration: a `serde_json::Value`, or text that is handed over as it is.
    pub fn config(mut self, config: impl ToString) -> Self {
        self.config = Some(config.to_string());
        self
    }

    /// Worker threads.
    pub fn concurrency(mut self, workers: u16) -> Self {
        self.concurrency = Some(workers);
        self
    }

    /// Another upstream than the model server; [`Gateway::model_server`] then sees nothing.
    pub fn upstream(mut self, address: SocketAddr) -> Self {
        self.upstream = Some(address);
        self
    }

    /// HTTP version towards the upstream.
    pub fn upstream_protocol(self, protocol: UpstreamProtocol) -> Self {
        self.change(move |bootstrap| bootstrap.upstream_protocol(protocol).map(drop))
    }

    /// Largest body that Envoy holds, in bytes.
    pub fn buffer_limit(self, bytes: u32) -> Self {
        self.change(move |bootstrap| bootstrap.buffer_limit(bytes).map(drop))
    }

    /// A variable of Envoy's environment. Modules see only `PORTCULLIS_HMAC_KEY`.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Any other change of the bootstrap, in order, after all others.
    pub fn change(mut self, change: impl FnOnce(&mut Bootstrap) -> Result<()> + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    /// Starts it. Panics with the end of Envoy's log when it does not come up.
    pub async fn start(self) -> Gateway {
        match self.try_start().await {
            Ok(gateway) => gateway,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// Starts it; the error carries the end of Envoy's log. For configurations that must be refused.
    pub async fn try_start(self) -> Result<Gateway> {
        let model_server = ModelServer::start(0)?;
        let mut bootstrap = self.file.as_deref().map_or_else(Bootstrap::minimal, Bootstrap::of)?;
        bootstrap.port(0)?.admin_port(0)?;
        bootstrap.upstream_address(self.upstream.unwrap_or(model_server.address()))?;
        match self.module {
            Some(module) => bootstrap.module(&module?)?,
            None => bootstrap.without_module()?,
        };
        if let Some(config) = &self.config {
            bootstrap.configuration(config)?;
        }
        for change in self.changes {
            change(&mut bootstrap)?;
        }
        let mut start = Start::new(bootstrap);
        start.concurrency = self.concurrency.unwrap_or(2);
        start.stdout = Stdio::null();
        start.listeners_in_file = true;
        start.access_log_in_file = true;
        start.environment = self.environment;
        let envoy = Envoy::start(start).await?;
        let address = envoy.listener("gateway")?;
        Ok(Gateway { envoy, model_server, address })
    }
}

/// A running gateway. Envoy and the model server end with it.
#[derive(Debug)]
pub struct Gateway {
    envoy: Envoy,
    model_server: ModelServer,
    address: SocketAddr,
}

/// What Envoy made of a new configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconfigured {
    /// New connections are served by it.
    Accepted,
    /// The old one goes on; [`Gateway::log`] says why.
    Rejected,
}

/// One line of the access log.
#[derive(Clone, Debug)]
pub struct AccessRecord(pub Value);

impl AccessRecord {
    /// The audit record of the module, if it wrote one.
    pub fn audit(&self) -> Option<Value> {
        let text = self.0["audit"].as_str()?;
        Some(serde_json::from_str(text).unwrap_or_else(|error| panic!("audit record is not JSON ({error}): {text}")))
    }

    /// Envoy's id of the request, which the answer carries as `x-request-id`.
    pub fn request_id(&self) -> &str {
        self.0["request_id"].as_str().unwrap_or_default()
    }
}

impl Gateway {
    /// A gateway to be.
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder::default()
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Envoy itself: admin interface, process id, other listeners.
    pub fn envoy(&self) -> &Envoy {
        &self.envoy
    }

    /// What stands behind Envoy.
    pub fn model_server(&self) -> &ModelServer {
        &self.model_server
    }

    /// What reached the upstream with this value of a header: how tests that share a gateway find their own.
    pub fn seen_with(&self, header: &str, value: &str) -> Vec<SeenRequest> {
        self.model_server.requests().into_iter().filter(|seen| seen.header(header) == Some(value)).collect()
    }

    /// Posts a JSON document on a new connection of HTTP/1.1 and reads the answer to its end.
    pub async fn post_json(&self, path: &str, body: &Value) -> Reply {
        self.post(path, &[], body.to_string()).await
    }

    /// Posts a JSON text with headers of one's own; see [`post_json`](Self::post_json).
    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<bytes::Bytes>) -> Reply {
        let headers = [&[("content-type", "application/json")], headers].concat();
        fetch(self.address, Method::POST, path, &headers, body).await.unwrap_or_else(|error| self.fail(&error))
    }

    /// A counter or gauge by its full name; 0 when Envoy has none of that name (yet).
    pub async fn stat(&self, name: &str) -> u64 {
        self.stats("").await.get(name).copied().unwrap_or(0)
    }

    /// Counters and gauges whose name begins so.
    pub async fn stats(&self, prefix: &str) -> BTreeMap<String, u64> {
        let stats = self.envoy.stats().await.unwrap_or_else(|error| self.fail(&error));
        stats.into_iter().filter(|(name, _)| name.starts_with(prefix)).collect()
    }

    /// The access log so far. Envoy writes a line when a stream ends, and flushes a moment later.
    pub fn access_log(&self) -> Vec<AccessRecord> {
        let lines = LogTail::new(&self.envoy.access_log_path()).lines();
        let parse = |line: &String| serde_json::from_str(line).with_context(|| format!("access log: {line}"));
        lines.iter().map(|line| AccessRecord(parse(line).unwrap_or_else(|error| self.fail(&error)))).collect()
    }

    /// All audit records so far, in the order in which streams ended.
    pub fn audit(&self) -> Vec<Value> {
        self.access_log().iter().filter_map(AccessRecord::audit).collect()
    }

    /// The line of the access log for an answer, by its `x-request-id`; waits for it.
    pub async fn access_record(&self, reply: &Reply) -> AccessRecord {
        let id = reply.header("x-request-id").expect("Envoy puts x-request-id on every answer").to_owned();
        self.wait_for(&format!("an access log line for {id}"), async || {
            self.access_log().into_iter().find(|record| record.request_id() == id)
        })
        .await
    }

    /// The audit record for an answer; waits for its line in the access log.
    pub async fn audit_of(&self, reply: &Reply) -> Value {
        let record = self.access_record(reply).await;
        record.audit().unwrap_or_else(|| panic!("no audit record in {}", record.0))
    }

    /// Envoy's log so far, which has what the module logged.
    pub fn log(&self) -> String {
        LogTail::new(&self.envoy.log_path()).lines().join("\n")
    }

    /// Gives the module another configuration while Envoy runs, by moving a new file over its listeners'.
    pub async fn reconfigure(&self, config: impl ToString) -> Reconfigured {
        const FILTERS: &str = "/resources/0/filter_chains/0/filters/0/typed_config/http_filters";
        let (accepted, rejected) = ("listener_manager.lds.update_success", "listener_manager.lds.update_rejected");
        let before = self.stats("listener_manager.").await;
        let changed = self.envoy.change_listeners(|document| {
            let filters = document.pointer_mut(FILTERS).and_then(Value::as_array_mut).into_iter().flatten();
            for filter in filters.filter(|filter| filter["name"] == "portcullis") {
                filter["typed_config"]["config"]["configuration"]["value"] = config.to_string().into();
            }
        });
        changed.unwrap_or_else(|error| self.fail(&error));
        let result = self
            .wait_for("a verdict of Envoy on the new configuration", async || {
                let now = self.stats("listener_manager.").await;
                let moved = |name: &str| now.get(name) != before.get(name);
                let warming = now.get("listener_manager.total_listeners_warming").copied().unwrap_or(0);
                match (moved(accepted), moved(rejected)) {
                    (_, true) => Some(Reconfigured::Rejected),
                    (true, false) if warming == 0 => Some(Reconfigured::Accepted),
                    _ => None,
                }
            })
            .await;
        // The main thread has decided; the workers take it over from their queues.
        tokio::time::sleep(Duration::from_millis(100)).await;
        result
    }

    /// Asks until there is an answer. Panics after a minute with what was waited for and Envoy's log.
    pub async fn wait_for<T>(&self, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
        let since = Instant::now();
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            if since.elapsed() > PATIENCE {
                self.fail(&anyhow::anyhow!("waited {PATIENCE:?} for {what}"));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn fail(&self, error: &anyhow::Error) -> ! {
        panic!("{error:#}\nEnvoy ({}) says: {}", self.address, self.envoy.log_end())
    }
}
