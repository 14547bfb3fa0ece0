//! `cargo run --release -p portcullis-integration --bin bench_limits`: what a local limit costs, beside Envoy's own.
//!
//! One Envoy with four workers and three listeners that answer by themselves: bare, with `envoy.filters.http.local_ratelimit`
//! (one bucket for all), and with rate_limit.wasm (one key). Latency: one request at a time, the three in turn.
//! Throughput: 64 connections to one listener after the other, all under one key.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use portcullis_integration::{Bootstrap, Gateway};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TIMES: usize = 20_000;
const SECONDS: u64 = 5;
const CONNECTIONS: usize = 64;
const ROUNDS: usize = 3;
const MANAGER: &str = "filter_chains/0/filters/0/typed_config";
const NAMES: [&str; 3] = ["bare", "native", "gateway"];

fn three(bootstrap: &mut Bootstrap) -> Result<()> {
    let route =
        bootstrap.at(&format!("/static_resources/listeners/0/{MANAGER}/route_config/virtual_hosts/0/routes/0"))?;
    route["direct_response"] = json!({"status": 200});
    route.as_object_mut().context("a route")?.remove("route");
    bootstrap.bare_copy("bare")?.bare_copy("native")?;
    let whole = json!({"default_value": {"numerator": 100, "denominator": "HUNDRED"}});
    let filters = bootstrap.at(&format!("/static_resources/listeners/2/{MANAGER}/http_filters"))?;
    let own = json!({"name": "envoy.filters.http.local_ratelimit", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "own",
        "token_bucket": {"max_tokens": 1_000_000_000, "tokens_per_fill": 1_000_000_000, "fill_interval": "60s"},
        "filter_enabled": whole, "filter_enforced": whole,
    }});
    filters.as_array_mut().context("filters")?.insert(0, own);
    Ok(())
}

/// One connection, one request at a time.
struct Client(TcpStream, Vec<u8>);

impl Client {
    async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(stream, Vec::new()))
    }

    async fn ask(&mut self) -> Result<()> {
        self.0.write_all(b"GET / HTTP/1.1\r\nhost: g\r\nx-user-id: one\r\n\r\n").await?;
        self.1.clear();
        while !self.1.ends_with(b"\r\n\r\n") {
            ensure!(self.0.read_buf(&mut self.1).await? > 0, "the connection ended");
        }
        ensure!(self.1.starts_with(b"HTTP/1.1 200"), "not 200");
        Ok(())
    }
}

fn quantile(sorted: &[u128], part: f64) -> f64 {
    let place = (sorted.len() as f64 * part) as usize;
    sorted[place.min(sorted.len() - 1)] as f64 / 1000.0
}

/// Medians and 99th percentiles in microseconds.
async fn latency(addresses: &[SocketAddr]) -> Result<Vec<(f64, f64)>> {
    let mut clients = Vec::new();
    for address in addresses {
        clients.push((Client::open(*address).await?, Vec::with_capacity(TIMES)));
    }
    for number in 0..TIMES + 500 {
        for (client, times) in &mut clients {
            let since = Instant::now();
            client.ask().await?;
            if number >= 500 {
                times.push(since.elapsed().as_nanos());
            }
        }
    }
    Ok(clients
        .into_iter()
        .map(|(_, mut times)| {
            times.sort_unstable();
            (quantile(&times, 0.5), quantile(&times, 0.99))
        })
        .collect())
}

/// Requests in a second.
async fn throughput(address: SocketAddr) -> Result<f64> {
    let since = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            tokio::spawn(async move {
                let mut client = Client::open(address).await?;
                let mut count = 0_u64;
                while since.elapsed() < Duration::from_secs(SECONDS) {
                    client.ask().await?;
                    count += 1;
                }
                Ok::<u64, anyhow::Error>(count)
            })
        })
        .collect();
    let mut sum = 0;
    for client in clients {
        sum += client.await??;
    }
    Ok(sum as f64 / since.elapsed().as_secs_f64())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let section = json!({"limits": [
        {"name": "user", "limit": 1_000_000_000, "per": "minute", "by": [{"header": "X-User-ID"}]},
    ]});
    let config = json!({"profiles": {"default": {"rate_limit": section}}});
    let gateway = Gateway::builder().module("rate_limit").config(config).concurrency(4).change(three).start().await;
    let addresses = NAMES.map(|name| gateway.envoy().listener(name));
    let addresses = addresses.into_iter().collect::<Result<Vec<_>>>()?;
    let mut rows = Vec::new();
    for _ in 0..ROUNDS {
        let latency = latency(&addresses).await?;
        let mut rates = Vec::new();
        for address in &addresses {
            rates.push(throughput(*address).await?);
        }
        rows.push((latency, rates));
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let of = |place: usize| {
        let p50 = median(rows.iter().map(|(latency, _)| latency[place].0).collect());
        let p99 = median(rows.iter().map(|(latency, _)| latency[place].1).collect());
        (p50, p99, median(rows.iter().map(|(_, rates)| rates[place]).collect()))
    };
    let (bare, native, ours) = (of(0), of(1), of(2));
    let added = |row: (f64, f64, f64)| row.0 - bare.0;
    let mut table =
        String::from("| | median, µs | added, µs | p99, µs | requests a second |\n|---|---:|---:|---:|---:|\n");
    for (name, row) in [("bare", bare), ("local_ratelimit", native), ("rate_limit.wasm", ours)] {
        table += &format!("| {name} | {:.1} | {:.1} | {:.1} | {:.0} |\n", row.0, added(row), row.1, row.2);
    }
    // What Envoy's own adds may be less than the noise of the machine.
    table += &match added(native) {
        own if own >= 1.0 => {
            format!("\nAdded by the module: {:.1} times what local_ratelimit adds.\n", added(ours) / own)
        }
        _ => "\nWhat local_ratelimit adds cannot be told from nothing here.\n".to_owned(),
    };
    let contended = gateway.stat("wasmcustom.portcullis.limits.unit.requests.outcome.contended").await;
    table += &format!("Writes given up under contention: {contended}.\n");
    print!("{table}");
    let row =
        |row: (f64, f64, f64)| -> Value { json!({"p50_us": row.0, "p99_us": row.1, "requests_per_second": row.2}) };
    std::fs::create_dir_all("target/bench")?;
    std::fs::write("target/bench/limits.md", &table)?;
    let figures =
        json!({"bare": row(bare), "local_ratelimit": row(native), "rate_limit": row(ours), "contended": contended});
    std::fs::write("target/bench/limits.json", serde_json::to_string_pretty(&figures)?)?;
    Ok(())
}
