//! Limits on requests in real Envoy: what each key gets, what clients are told, and what memory it takes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use portcullis_integration::{Bootstrap, Gateway, Reply, fetch, http1};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CHAT: &str = "/v1/chat/completions";
const ROUTE: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes/0";

fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Hello"}]})
}

fn limited(section: Value) -> Value {
    json!({"profiles": {"default": {"rate_limit": section}}})
}

/// Envoy answers by itself, so that the load is all its own.
fn answer_in_envoy(bootstrap: &mut Bootstrap) -> anyhow::Result<()> {
    let route = bootstrap.at(ROUTE)?;
    route["direct_response"] = json!({"status": 200});
    route.as_object_mut().expect("a route").remove("route");
    Ok(())
}

/// The example of the README, as it stands there.
fn example() -> Value {
    let readme = include_str!("../../../README.md");
    let block = readme.split("```json\n").find(|block| block.contains("\"X-User-ID\"")).expect("the example");
    serde_json::from_str(block.split("```").next().unwrap()).unwrap()
}

#[tokio::test]
async fn the_example_limits_each_user_to_a_hundred_requests_a_minute() {
    for module in ["portcullis", "rate_limit"] {
        let gateway = Gateway::builder().module(module).config(example()).start().await;
        let body = chat("gpt-4o").to_string();
        let ask = async |user: &str| gateway.post(CHAT, &[("x-user-id", user)], body.clone()).await;
        let since = Instant::now();
        let (mut passed, mut refused) = (0, None);
        while refused.is_none() && passed < 1000 {
            let reply = ask("ann").await;
            match reply.status.as_u16() {
                200 => passed += 1,
                _ => refused = Some(reply),
            }
        }
        // A hundred at once, and one more each 600 ms.
        let grown = since.elapsed().as_millis() as u64 / 600;
        assert!((100..=101 + grown).contains(&passed), "{passed}");
        let refused = refused.expect("a refusal");
        assert_eq!(refused.status, 429);
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(refused.header("ratelimit-policy"), Some("\"per-user\";q=100;w=60"));
        assert_eq!(refused.header("ratelimit"), Some("\"per-user\";r=0;t=1"));
        assert_eq!(refused.header("x-portcullis-verdict"), Some("throttle; stage=limit"));
        let error: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!(error["error"]["code"], "rate_limit_exceeded");
        let record = gateway.audit_of(&refused).await;
        assert_eq!(
            (&record["verdict"], &record["stage"], &record["policy"]),
            (&json!("throttle"), &json!("limit"), &json!("per-user"))
        );
        let other = ask("bob").await;
        assert_eq!((other.status.as_u16(), other.header("ratelimit")), (200, Some("\"per-user\";r=99;t=1")));
        assert_eq!(gateway.stat("wasmcustom.portcullis.limits.unit.requests.outcome.throttled").await, 1);
        let passed_in_all = gateway.stat("wasmcustom.portcullis.limits.unit.requests.outcome.passed").await;
        assert_eq!(passed_in_all, passed + 1);
        assert!(!gateway.log().contains("ann") && !record.to_string().contains("ann"));
    }
}

#[tokio::test]
async fn keys_are_mixed_missing_exempt_shadowed_and_in_the_body() {
    let section = json!({
        "exempt": [{"header": "x-team", "values": ["ops-*"]}],
        "limits": [
            {"name": "model-by-user", "limit": 2, "per": "day", "by": [{"of": "model"}, {"header": "x-user"}], "missing": "refuse"},
            {"name": "address", "limit": 1000, "per": "day", "by": [{"of": "address"}]},
            {"name": "watched", "limit": 1, "per": "calendar_month", "by": [{"of": "host"}], "shadow": true},
            {"name": "blue", "limit": 3, "per": "day", "by": [{"header": "x-team", "values": ["blue-*"], "shared": true}]},
        ],
    });
    let gateway = Gateway::builder().module("rate_limit").config(limited(section)).start().await;
    let ask = async |headers: &[(&str, &str)], model: &str| -> Reply {
        gateway.post(CHAT, headers, chat(model).to_string()).await
    };
    for (user, model, expected) in
        [("a", "m", 200), ("a", "m", 200), ("a", "m", 429), ("a", "n", 200), ("b", "m", 200), ("a", "m", 429)]
    {
        assert_eq!(ask(&[("x-user", user)], model).await.status, expected, "{user} {model}");
    }
    let policy = "\"address\";q=1000;w=86400, \"model-by-user\";q=2;w=86400";
    let reply = ask(&[("x-user", "c")], "m").await;
    assert_eq!(reply.header("ratelimit-policy"), Some(policy));
    assert!(reply.header("ratelimit").unwrap().starts_with("\"address\";r="), "{reply:?}");
    let lacking = ask(&[], "m").await;
    assert_eq!((lacking.status.as_u16(), lacking.header("x-portcullis-verdict")), (403, Some("block; stage=limit")));
    let twice = ask(&[("x-user", "a"), ("x-user", "z")], "m").await;
    assert_eq!(twice.status, 403, "who sends two names has none");
    for _ in 0..5 {
        assert_eq!(ask(&[("x-team", "ops-1")], "m").await.status, 200);
    }
    for (team, expected) in [("blue-1", 200), ("blue-2", 200), ("blue-3", 200), ("blue-4", 429), ("red", 200)] {
        assert_eq!(ask(&[("x-team", team), ("x-user", team)], "m").await.status, expected, "{team}");
    }
    let shadowed = gateway.stat("wasmcustom.portcullis.limits.unit.requests.outcome.shadow").await;
    assert!(shadowed >= 10, "{shadowed}");
    let record = gateway.audit_of(&ask(&[("x-user", "d")], "m").await).await;
    assert_eq!((&record["verdict"], &record["policy"]), (&json!("flag"), &json!("watched")));
}

#[tokio::test]
async fn keys_may_be_long_repeated_empty_and_no_text() {
    let section = json!({"limits": [{"name": "user", "limit": 2, "per": "day", "by": [{"header": "x-user"}]}]});
    let gateway = Gateway::builder().module("rate_limit").config(limited(section)).start().await;
    let long = vec![b'a'; 10_000];
    let mut longer = long.clone();
    longer[9_999] = b'b';
    let rows: [(&[&[u8]], u16); 12] = [
        (&[&long], 200),
        (&[&long], 200),
        (&[&long], 429),
        (&[&longer], 200),
        (&[b"caf\xe9\xff"], 200),
        (&[b"caf\xe9\xff"], 200),
        (&[b"caf\xe9\xff"], 429),
        (&[b"caf\xe9"], 200),
        // None, an empty one and two are one key: that of those who have none.
        (&[], 200),
        (&[b""], 200),
        (&[b"x", b"y"], 429),
        (&[b"x"], 200),
    ];
    for (number, (values, expected)) in rows.into_iter().enumerate() {
        let mut request = http1::Request::new("GET", "/v1/models");
        for value in values {
            request = request.header("x-user", value);
        }
        let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
        assert_eq!(connection.send(&request).await.unwrap().status, expected, "row {number}");
    }
}

/// Sends requests on one connection, one after the other, and gives their statuses.
async fn in_turn(stream: &mut TcpStream, users: &[String]) -> Vec<u16> {
    let mut statuses = Vec::with_capacity(users.len());
    let mut read = Vec::new();
    for user in users {
        let request = format!("GET / HTTP/1.1\r\nhost: g\r\nx-user-id: {user}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        read.clear();
        loop {
            assert!(stream.read_buf(&mut read).await.unwrap() > 0, "the connection ended");
            let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            if read.len() >= end + 4 + length.map_or(0, |length| length.parse().unwrap()) {
                statuses.push(head[9..12].parse().unwrap());
                break;
            }
        }
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_share_what_a_key_may_take_and_no_key_gets_more() {
    const KEYS: usize = 50;
    const RATE: u64 = 300;
    let seconds: u64 = std::env::var("PORTCULLIS_LIMIT_SECONDS").map_or(12, |seconds| seconds.parse().unwrap());
    let section = json!({"limits": [
        {"name": "user", "limit": RATE, "per": "minute", "burst": 20, "by": [{"header": "X-User-ID"}]},
    ]});
    let builder = Gateway::builder().module("rate_limit").config(limited(section)).concurrency(4);
    let gateway = Arc::new(builder.change(answer_in_envoy).start().await);
    let begin = Instant::now();
    let clients = (0..64_usize).map(|client| {
        let address = gateway.address();
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut allowed: HashMap<usize, u64> = HashMap::new();
            let mut last = begin;
            let mut next = client * 7;
            while begin.elapsed() < Duration::from_secs(seconds) {
                let keys: Vec<_> = (0..10).map(|step| (next + step) % KEYS).collect();
                next += 10;
                let users: Vec<_> = keys.iter().map(|key| format!("user-{key}")).collect();
                let statuses = in_turn(&mut stream, &users).await;
                for (key, status) in keys.into_iter().zip(statuses) {
                    assert!([200, 429].contains(&status), "{status}");
                    *allowed.entry(key).or_default() += u64::from(status == 200);
                }
                last = Instant::now();
            }
            (allowed, last)
        })
    });
    let mut allowed = HashMap::new();
    let mut end = begin;
    for client in clients.collect::<Vec<_>>() {
        let (counts, last) = client.await.unwrap();
        end = end.max(last);
        counts.into_iter().for_each(|(key, count)| *allowed.entry(key).or_insert(0) += count);
    }
    // The exact bucket over the time in which each key was asked for all along.
    let exact = 20.0 + end.duration_since(begin).as_secs_f64() * RATE as f64 / 60.0;
    let most = *allowed.values().max().unwrap();
    let least = *allowed.values().min().unwrap();
    println!(
        "{seconds} s, 4 workers, 64 connections, {KEYS} keys: {least} to {most} each, the exact bucket {exact:.1}"
    );
    assert_eq!(allowed.len(), KEYS);
    assert!(most as f64 <= exact + 1.0, "{most} of {exact}");
    assert!(least as f64 >= exact * 0.99 - 1.5, "{least} of {exact}");
    let contended = gateway.stat("wasmcustom.portcullis.limits.unit.requests.outcome.contended").await;
    assert_eq!(contended, 0);
}

/// Resident memory of a process, in KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stands_still_however_many_keys_are_sent() {
    let keys: usize = std::env::var("PORTCULLIS_LIMIT_KEYS").map_or(60_000, |keys| keys.parse().unwrap());
    let section = json!({"slots": 4096, "limits": [
        {"name": "user", "limit": 100, "per": "hour", "by": [{"header": "X-User-ID"}]},
    ]});
    let builder = Gateway::builder().module("rate_limit").config(limited(section)).concurrency(4);
    let gateway = builder.change(answer_in_envoy).start().await;
    let send = async |range: std::ops::Range<usize>| {
        let clients = (0..16).map(|client| {
            let (address, range) = (gateway.address(), range.clone());
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let mine: Vec<_> = range.filter(|key| key % 16 == client).map(|key| format!("user-{key}")).collect();
                for users in mine.chunks(50) {
                    assert!(in_turn(&mut stream, users).await.iter().all(|status| *status == 200));
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.unwrap();
        }
    };
    send(0..keys / 3).await;
    let before = resident(gateway.envoy().pid());
    send(keys / 3..keys).await;
    let after = resident(gateway.envoy().pid());
    println!("{keys} keys in 4096 slots: {before} KiB after a third of them, {after} KiB at the end");
    // Each key that was kept would take 40 bytes and more: 1.6 MiB of these.
    assert!(after < before + 1024, "{before} KiB, then {after} KiB");
    let forgotten = gateway.stat("wasmcustom.portcullis.limits.unit.requests.outcome.forgotten").await;
    assert!(forgotten as usize > keys / 2, "{forgotten}");
}

#[tokio::test]
async fn a_limit_outlives_a_new_configuration() {
    let section =
        |tells: bool| limited(json!({"tell_clients": tells, "limits": [{"name": "all", "limit": 3, "per": "day"}]}));
    let gateway = Gateway::builder().module("rate_limit").config(section(true)).start().await;
    let ask = async || fetch(gateway.address(), Method::GET, "/v1/models", &[], "").await.unwrap();
    let reply = ask().await;
    assert_eq!((reply.status.as_u16(), reply.header("ratelimit")), (200, Some("\"all\";r=2;t=28800")));
    gateway.reconfigure(section(false)).await;
    let statuses = [ask().await, ask().await, ask().await]
        .map(|reply| (reply.status.as_u16(), reply.header("ratelimit").is_some()));
    assert_eq!(statuses, [(200, false), (200, false), (429, false)]);
}
