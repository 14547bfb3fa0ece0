//! Limits that all gateways share: real envoyproxy/ratelimit before a real Redis, two Envoys that ask it.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use http::Method;
use portcullis_integration::{Bootstrap, Gateway, fetch};
use serde_json::{Value, json};
use tempfile::TempDir;

const ROUTE: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes/0";

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A process that ends with this.
struct Process(Child);

impl Process {
    fn start(command: &mut Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = Self(child.unwrap_or_else(|error| panic!("{command:?}: {error}")));
        let since = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(since.elapsed() < Duration::from_secs(60), "{command:?} does not listen on {port}");
            std::thread::sleep(Duration::from_millis(50));
        }
        process
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// The service with its store.
struct Service {
    _folder: TempDir,
    redis: Option<Process>,
    ratelimit: Option<Process>,
    port: u16,
}

fn tool() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/ratelimit");
    std::env::var_os("RATELIMIT_BIN").map_or(here, PathBuf::from)
}

impl Service {
    fn start(per_hour: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("rl/config");
        std::fs::create_dir_all(&config).unwrap();
        let rules = json!({"domain": "llm", "descriptors": [
            {"key": "x-team", "rate_limit": {"unit": "hour", "requests_per_unit": per_hour}},
        ]});
        std::fs::write(config.join("llm.yaml"), rules.to_string()).unwrap();
        let redis_port = free_port();
        let port = redis_port.to_string();
        let redis = Process::start(
            Command::new("redis-server")
                .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--dir"])
                .arg(folder.path()),
            redis_port,
        );
        let port = free_port();
        let ratelimit = Process::start(
            Command::new(tool())
                .env("REDIS_SOCKET_TYPE", "tcp")
                .env("REDIS_URL", format!("127.0.0.1:{redis_port}"))
                .env("RUNTIME_ROOT", folder.path())
                .env("RUNTIME_SUBDIRECTORY", "rl")
                .env("RUNTIME_APPDIRECTORY", "config")
                .env("RUNTIME_WATCH_ROOT", "false")
                .env("USE_STATSD", "false")
                .env("HOST", "127.0.0.1")
                .env("GRPC_HOST", "127.0.0.1")
                .env("DEBUG_HOST", "127.0.0.1")
                .env("GRPC_PORT", port.to_string())
                .env("PORT", free_port().to_string())
                .env("DEBUG_PORT", free_port().to_string()),
            port,
        );
        Self { _folder: folder, redis: Some(redis), ratelimit: Some(ratelimit), port }
    }
}

/// A gateway that asks the service on this port.
async fn gateway(port: u16, policy: &str, fall_back: bool, limit: u32) -> Gateway {
    let config = json!({"profiles": {"default": {"on_failure": {"request": policy}, "rate_limit": {
        "service": {"cluster": "limits", "domain": "llm", "timeout_ms": 5000, "fall_back": fall_back},
        "limits": [{"name": "team", "limit": limit, "per": "hour", "global": true, "by": [{"header": "x-team"}]}],
    }}}});
    let change = move |bootstrap: &mut Bootstrap| {
        let route = bootstrap.at(ROUTE)?;
        route["direct_response"] = json!({"status": 200});
        route.as_object_mut().expect("a route").remove("route");
        let clusters = bootstrap.at("/static_resources/clusters")?.as_array_mut().expect("clusters");
        clusters.push(json!({
            "name": "limits", "type": "STATIC", "connect_timeout": "1s",
            "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }},
            "load_assignment": {"cluster_name": "limits", "endpoints": [{"lb_endpoints": [{"endpoint": {
                "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}]}]},
        }));
        Ok(())
    };
    Gateway::builder().module("rate_limit").config(config).change(change).start().await
}

async fn status(gateway: &Gateway, team: &str) -> u16 {
    let reply = fetch(gateway.address(), Method::GET, "/v1/models", &[("x-team", team)], "").await.unwrap();
    reply.status.as_u16()
}

#[tokio::test]
async fn two_gateways_share_what_a_key_may_take_and_failures_follow_the_policy() {
    let mut service = Service::start(200);
    let closed = gateway(service.port, "closed", false, 200).await;
    let other = gateway(service.port, "open", false, 200).await;
    let mut counts = std::collections::BTreeMap::<(bool, u16), u32>::new();
    // An hour of the service's clock begins anew at its full hour: at most once in this test.
    for _ in 0..150 {
        let (first, second) = tokio::join!(status(&closed, "red"), status(&other, "red"));
        *counts.entry((true, first)).or_default() += 1;
        *counts.entry((false, second)).or_default() += 1;
    }
    println!("{counts:?}");
    let of =
        |wanted: u16| counts.iter().filter(|((_, status), _)| *status == wanted).map(|(_, count)| count).sum::<u32>();
    assert_eq!(of(200) + of(429), 300, "{counts:?}");
    assert!(of(200) == 200 || of(200) == 300, "{counts:?}");
    let reply = fetch(closed.address(), Method::GET, "/v1/models", &[("x-team", "blue")], "").await.unwrap();
    let field: Value = reply.header("ratelimit").unwrap_or_default().into();
    assert!(field.as_str().unwrap().starts_with("\"team\";r=199;t="), "{field}");
    if of(200) == 200 {
        // What was refused is not asked again.
        let calls = closed.stat("wasmcustom.portcullis.calls.outcome.answered").await;
        status(&closed, "red").await;
        assert_eq!(closed.stat("wasmcustom.portcullis.calls.outcome.answered").await, calls);
        assert!(closed.stat("wasmcustom.portcullis.limits.unit.requests.outcome.known").await > 0);
    }
    // The store is gone, then the service: no request hangs, and each policy holds.
    service.redis = None;
    assert_eq!((status(&closed, "green").await, status(&other, "green").await), (503, 200));
    service.ratelimit = None;
    for _ in 0..5 {
        assert_eq!((status(&closed, "green").await, status(&other, "green").await), (503, 200));
    }
    let alone = gateway(service.port, "closed", true, 3).await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(status(&alone, "green").await);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
}
