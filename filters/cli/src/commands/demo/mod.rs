//! `portcullis demo`: one of each, in real Envoy, checked.

mod print;
mod steps;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use http::Method;
use serde_json::Value;

use self::print::Printer;
use self::steps::{NOT_YET, Outcome, Step};
use crate::envoy::{Bootstrap, Envoy, LogTail, Start, module_file};
use crate::http_client::{Reply, fetch};
use crate::model_server::{ModelServer, SeenRequest};

/// Walk through what the filters do, in real Envoy
///
/// Starts Envoy with the module before the embedded model server, sends one request of each kind, prints what the
/// client saw and the audit record. Exit code 0 only if each did what it says.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The module
    #[arg(long, value_name = "FILE.wasm", conflicts_with = "gateway")]
    module: Option<PathBuf>,
    /// Walk through this gateway instead of an Envoy of our own; it must have the configuration that `--configuration`
    /// prints, and send what it lets through to --model-port
    #[arg(long, value_name = "ADDRESS:PORT", requires_all = ["access_log", "model_port"])]
    gateway: Option<SocketAddr>,
    /// Its access log: lines of JSON with the fields `request_id` and `audit`
    #[arg(long, value_name = "FILE", requires = "gateway")]
    access_log: Option<PathBuf>,
    /// Where the embedded model server listens
    #[arg(long, value_name = "PORT", requires = "gateway")]
    model_port: Option<u16>,
    /// What the gateway knows its routes by: the `host` of every request
    #[arg(long, value_name = "NAME", requires = "gateway")]
    host: Option<String>,
    /// Print the configuration of the module for this walk, and end
    #[arg(long, conflicts_with_all = ["module", "gateway"])]
    configuration: bool,
}

/// Envoy writes its access log a moment after the answer.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The whole walk.
pub(super) fn run(options: Options) -> Result<ExitCode> {
    if options.configuration {
        println!("{}", steps::configuration());
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(walk(options))
}

/// What the walk goes through.
struct Gateway {
    address: SocketAddr,
    access_log: PathBuf,
    host: String,
    opening: Vec<String>,
    /// The Envoy that was started for it; ends with the walk.
    own: Option<Envoy>,
}

impl Gateway {
    /// An Envoy of our own, with this module, before this model server.
    async fn start(module: Option<PathBuf>, model_server: &ModelServer) -> Result<Self> {
        let module = module.map_or_else(|| module_file("portcullis"), Ok)?;
        let mut bootstrap = Bootstrap::minimal()?;
        bootstrap
            .port(0)?
            .admin_port(0)?
            .module(&module)?
            .configuration(&steps::configuration().to_string())?
            .upstream_address(model_server.address())?;
        let mut start = Start::new(bootstrap);
        start.stdout = Stdio::null();
        start.access_log_in_file = true;
        start.environment.push(("PORTCULLIS_HMAC_KEY".into(), "a key for the demo only".into()));
        let envoy = Envoy::start(start).await?;
        let address = envoy.listener("gateway")?;
        let opening = vec![
            format!("gateway  http://{address}, ready after {} ms", envoy.ready_after().as_millis()),
            format!("module   {}", module.display()),
        ];
        let (access_log, host) = (envoy.access_log_path(), address.to_string());
        Ok(Self { address, access_log, host, opening, own: Some(envoy) })
    }

    /// What its log says last, if it is ours.
    fn log_end(&self) -> String {
        self.own.as_ref().map(Envoy::log_end).unwrap_or_default()
    }
}

async fn walk(options: Options) -> Result<ExitCode> {
    let model_server = ModelServer::start(options.model_port.unwrap_or(0)).context("the embedded model server")?;
    let gateway = match (options.gateway, options.access_log) {
        (Some(address), Some(access_log)) => Gateway {
            address,
            access_log,
            host: options.host.unwrap_or_else(|| address.to_string()),
            opening: vec![format!("gateway  http://{address}")],
            own: None,
        },
        _ => Gateway::start(options.module, &model_server).await?,
    };

    let printer = Printer::new();
    let mut opening = gateway.opening.clone();
    opening.push(format!("model    http://{}, embedded", model_server.address()));
    opening.push(format!("config   {}", steps::configuration()));
    printer.opening(&opening)?;
    let steps = steps::steps();
    let mut right = 0;
    for (index, step) in steps.iter().enumerate() {
        printer.asked(index + 1, step)?;
        model_server.clear();
        let sent = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?;
        let common = [("host", gateway.host.as_str()), ("content-type", "application/json")];
        let headers = [&common, step.headers.as_slice()].concat();
        let reply = fetch(gateway.address, Method::POST, step.path, &headers, step.body.clone()).await?;
        printer.answered(&reply)?;
        if step.outcome.said.is_some() {
            printer.said(&deltas(&reply.text()))?;
        }
        if let ([seen], false) = (model_server.requests().as_slice(), step.outcome.hides.is_empty()) {
            printer.arrived(&String::from_utf8_lossy(&seen.body))?;
        }
        let audit = audit_record(&gateway.access_log, &reply, sent)
            .await
            .with_context(|| format!("of step {}. {}", index + 1, gateway.log_end()))?;
        printer.audited(&audit)?;
        let complaints = judge(step, &reply, &audit, &model_server.requests());
        printer.judged(&complaints)?;
        right += usize::from(complaints.is_empty());
    }
    printer.closing(right, steps.len(), &NOT_YET)?;
    Ok(if right == steps.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The audit record of an answer to a request that was sent at `sent`, microseconds since the Unix epoch; null when the
/// access log has its line, but the module wrote none. A gateway that does not tell clients the request's id has the
/// first record since then: the walk asks one thing at a time.
async fn audit_record(access_log: &Path, reply: &Reply, sent: u64) -> Result<Value> {
    let id = reply.header("x-request-id");
    let since = Instant::now();
    loop {
        for line in LogTail::new(access_log).lines() {
            let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
            let text = line["audit"].as_str().unwrap_or("null");
            let record = || serde_json::from_str::<Value>(text).with_context(|| format!("audit record: {text}"));
            match id {
                Some(id) if line["request_id"] == id => return record(),
                None if record()?["time"].as_u64().is_some_and(|time| time >= sent) => return record(),
                _ => {}
            }
        }
        if since.elapsed() > PATIENCE {
            bail!("no line for this request in the access log {}", access_log.display());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What is not as the step says; empty when all is.
fn judge(step: &Step, reply: &Reply, audit: &Value, seen: &[SeenRequest]) -> Vec<String> {
    let Outcome { status, verdict, body, said, arrives, hides, audit: fields } = &step.outcome;
    let mut complaints = Vec::new();
    if reply.status.as_u16() != *status {
        complaints.push(format!("the status is {}, not {status}", reply.status.as_u16()));
    }
    let header = reply.header("x-portcullis-verdict");
    match verdict {
        Some(begin) if !header.unwrap_or_default().starts_with(begin) => {
            complaints.push(format!("x-portcullis-verdict is {header:?}, it should begin with {begin:?}"));
        }
        None if header.is_some() => complaints.push(format!("x-portcullis-verdict is {header:?}, it should be absent")),
        _ => {}
    }
    let text = reply.text();
    complaints.extend(body.iter().filter(|part| !text.contains(**part)).map(|part| format!("the body lacks {part}")));
    let deltas = deltas(&text).concat();
    if let Some(said) = said.filter(|said| *said != deltas) {
        complaints.push(format!("the stream says {deltas:?}, not {said:?}"));
    }
    if *arrives {
        match seen {
            [only] if !hides.is_empty() => {
                let body = String::from_utf8_lossy(&only.body);
                let shown = hides.iter().filter(|hidden| body.contains(**hidden));
                complaints.extend(shown.map(|shown| format!("{shown} arrived at the model")));
            }
            [only] if only.complete && only.body == step.body.as_bytes() => {}
            [_] => complaints.push("the body did not arrive at the model byte for byte".into()),
            _ => complaints.push(format!("{} requests arrived at the model, not one", seen.len())),
        }
    } else if seen.iter().any(|seen| seen.body_bytes > 0) {
        complaints.push("a part of the body arrived at the model".into());
    }
    let wrong = fields.iter().filter(|(key, expected)| audit[*key] != *expected);
    complaints.extend(wrong.map(|(key, expected)| format!("audit: {key} is {}, not {expected}", audit[*key])));
    complaints
}

/// The pieces of text in the events of a stream of either dialect.
fn deltas(stream: &str) -> Vec<String> {
    let events = stream.lines().filter_map(|line| line.strip_prefix("data:"));
    let delta = |data: &str| {
        let event: Value = serde_json::from_str(data).ok()?;
        let text = event.pointer("/choices/0/delta/content").or_else(|| event.pointer("/delta/text"))?;
        text.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    events.filter_map(delta).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode};
    use serde_json::json;

    fn seen(body: &str) -> SeenRequest {
        SeenRequest {
            serial: 1,
            method: "POST".into(),
            path: "/".into(),
            version: "HTTP/1.1".into(),
            headers: vec![],
            body_bytes: body.len() as u64,
            body: body.into(),
            body_sha256: None,
            trailers: vec![],
            complete: true,
        }
    }

    fn refusal() -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert("x-portcullis-verdict", HeaderValue::from_static("block; rule=PG-1001; stage=rules"));
        Reply { status: StatusCode::FORBIDDEN, headers, body: Bytes::from_static(b"{\"error\":{}}") }
    }

    #[test]
    fn a_step_is_right_only_when_client_upstream_and_record_agree() {
        let steps = steps::steps();
        let blocked = steps.iter().find(|step| step.outcome.status == 403).unwrap();
        let mut audit: Value = json!({});
        for (key, value) in &blocked.outcome.audit {
            audit[*key] = value.clone();
        }
        assert_eq!(judge(blocked, &refusal(), &audit, &[]), Vec::<String>::new());
        assert_eq!(judge(blocked, &refusal(), &audit, &[seen("{")]), ["a part of the body arrived at the model"]);
        let mut let_through = refusal();
        let_through.status = StatusCode::OK;
        let_through.headers.clear();
        assert_eq!(judge(blocked, &let_through, &audit, &[]).len(), 2);
        audit["verdict"] = json!("allow");
        assert_eq!(judge(blocked, &refusal(), &audit, &[]), ["audit: verdict is \"allow\", not \"block\""]);
    }

    #[test]
    fn a_stream_has_to_say_what_the_step_says_and_the_model_must_not_see_what_is_hidden() {
        let steps = steps::steps();
        let hidden = steps.iter().find(|step| !step.outcome.hides.is_empty()).unwrap();
        let event =
            |text: &str| format!("data: {}\n\n", json!({"type": "content_block_delta", "delta": {"text": text}}));
        let (front, rear) = hidden.outcome.said.unwrap().split_at(9);
        let body = [event(front), event(rear), "event: message_stop\n\n".into()].concat();
        let reply = |body: String| Reply { status: StatusCode::OK, headers: HeaderMap::new(), body: body.into() };
        let mut audit: Value = json!({});
        for (key, value) in &hidden.outcome.audit {
            audit[*key] = value.clone();
        }
        let token = seen("A letter to [EMAIL_1_AAAAAAA]");
        assert_eq!(judge(hidden, &reply(body.clone()), &audit, std::slice::from_ref(&token)), Vec::<String>::new());
        assert_eq!(judge(hidden, &reply(body.clone()), &audit, &[seen(&hidden.body)]).len(), 3);
        assert_eq!(judge(hidden, &reply(body.replace("jane", "[EMAIL]")), &audit, &[token]).len(), 1);
    }

    #[test]
    fn an_allowed_request_has_to_arrive_unchanged() {
        let steps = steps::steps();
        let allowed = &steps[0];
        let reply = Reply {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from(allowed.outcome.body.concat()),
        };
        let mut audit: Value = json!({});
        for (key, value) in &allowed.outcome.audit {
            audit[*key] = value.clone();
        }
        assert!(judge(allowed, &reply, &audit, &[seen(&allowed.body)]).is_empty());
        assert_eq!(judge(allowed, &reply, &audit, &[seen("other")]).len(), 1);
        assert_eq!(judge(allowed, &reply, &audit, &[]).len(), 1);
    }
}
