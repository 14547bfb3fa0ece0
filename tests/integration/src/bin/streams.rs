//! Sends answers through the module in real Envoy and prints what the client got.
//!
//! `streams FILE` reads vectors, JSON Lines of `{"id","content_type","content_encoding","body_b64","chunk_sizes"}`: a body
//! and the parts it arrives in. For each it prints `{"id","plan","body_b64"}`, where the plan is `given`, `whole` or `1`,
//! over HTTP/1.1 and HTTP/2.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::Parser;
use http::Method;
use portcullis_integration::upstream::{PLAN, Plan, Upstream};
use portcullis_integration::{Gateway, UpstreamProtocol, http1, http2};
use serde_json::{Value, json};

#[derive(Debug, Parser)]
struct Options {
    /// Vectors, JSON Lines
    file: PathBuf,
    /// The module by name
    #[arg(long, default_value = "portcullis")]
    module: String,
    /// Leave out the parts of one byte
    #[arg(long)]
    no_bytes: bool,
}

struct Vector {
    id: String,
    content_type: String,
    encoding: Option<String>,
    body: Vec<u8>,
    sizes: Vec<usize>,
}

impl Vector {
    fn read(line: &str) -> Result<Self> {
        let row: Value = serde_json::from_str(line)?;
        let text = |key: &str| row[key].as_str().map(str::to_owned);
        let sizes = row["chunk_sizes"].as_array().into_iter().flatten();
        Ok(Self {
            id: text("id").context("a vector has an id")?,
            content_type: text("content_type").context("a vector has a content_type")?,
            encoding: text("content_encoding"),
            body: BASE64.decode(text("body_b64").context("a vector has a body")?)?,
            sizes: sizes.filter_map(|size| usize::try_from(size.as_u64()?).ok()).collect(),
        })
    }

    fn plan(&self, plan: &str) -> Plan {
        let sizes = match plan {
            "given" => self.sizes.clone(),
            "1" => vec![1; self.body.len()],
            _ => Vec::new(),
        };
        let plan = Plan::cut(&self.content_type, &self.body, &sizes);
        match &self.encoding {
            Some(encoding) => plan.header("content-encoding", encoding),
            None => plan,
        }
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let text = std::fs::read_to_string(&options.file).with_context(|| options.file.display().to_string())?;
    let vectors: Vec<_> = text.lines().map(Vector::read).collect::<Result<_>>()?;
    let upstream = Upstream::start();
    let config = json!({"profiles": {"default": {"pii_redact": {}}}});
    let gateway = Gateway::builder().module(&options.module).config(config).upstream(upstream.address());
    let gateway = gateway.upstream_protocol(UpstreamProtocol::LikeClient).start().await;
    let mut first = http1::Connection::open(gateway.address()).await?;
    let second = http2::Connection::open(gateway.address()).await?;
    let plans = if options.no_bytes { &["given", "whole"][..] } else { &["given", "whole", "1"] };
    for vector in &vectors {
        for plan in plans {
            upstream.plan(&vector.id, vector.plan(plan));
            let answer = first.send(&http1::Request::new("GET", "/v1/answer").header(PLAN, &vector.id)).await?;
            ensure!(answer.complete, "{} {plan}: the answer was cut off, status {}", vector.id, answer.status);
            print(&vector.id, &format!("http1 {plan}"), &answer.body);
            let answer = second.send(http2::Request::new(Method::GET, "/v1/answer").header(PLAN, &vector.id)).await?;
            ensure!(answer.reset.is_none(), "{} {plan}: the answer was cut off", vector.id);
            print(&vector.id, &format!("http2 {plan}"), &answer.body);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(id: &str, plan: &str, body: &[u8]) {
    println!("{}", json!({"id": id, "plan": plan, "body_b64": BASE64.encode(body)}));
}
