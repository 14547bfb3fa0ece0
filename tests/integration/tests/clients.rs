//! The vendors' own clients through real Envoy: an answer is their typed result, a refusal their typed error, at once.
//!
//! What each client must give is data, `clients/expected.json`. The clients are those of `make setup`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portcullis_integration::cases::{self, Texts};
use portcullis_integration::{Gateway, UpstreamProtocol};
use serde_json::{Value, json};

/// A client that takes longer for all its calls hangs.
const PATIENCE: Duration = Duration::from_secs(120);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

fn installed() -> PathBuf {
    let place = std::env::var_os("PORTCULLIS_CLIENTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/clients"), PathBuf::from);
    place.canonicalize().unwrap_or_else(|error| panic!("{}: {error}; run `make setup`", place.display()))
}

/// One call of a client and what has to come of it.
struct Job {
    name: String,
    /// The path that all its requests begin with.
    place: String,
    call: String,
    stream: bool,
    attack: bool,
    text: String,
    /// The type of the result or of some piece of the stream, and what it says.
    result: (String, String),
}

fn jobs(client: &str, expected: &Value, texts: &Texts) -> Vec<Job> {
    let mut jobs = Vec::new();
    for row in expected["calls"].as_array().unwrap() {
        let call = row["call"].as_str().unwrap();
        for (key, stream) in [("whole", false), ("stream", true)] {
            let Some(result) = row[key].as_str() else { continue };
            for attack in [false, true] {
                let text = if attack { &texts.attack } else { &texts.benign };
                let says = row["says"].as_str().map_or_else(|| format!("You said: {text}"), str::to_owned);
                let kind = if attack { "attack" } else { "benign" };
                jobs.push(Job {
                    name: format!("{client}: {call}, {key}, {kind}"),
                    place: format!("/{client}/{}", jobs.len()),
                    call: call.to_owned(),
                    stream,
                    attack,
                    text: text.clone(),
                    result: (result.to_owned(), says),
                });
            }
        }
    }
    jobs
}

/// Runs all jobs in one process of Python, which is ended when it takes too long.
fn drive(client: &str, gateway: &Gateway, jobs: &[Job]) -> Vec<Value> {
    let asked: Vec<Value> = jobs
        .iter()
        .map(|job| {
            let base = format!("http://{}{}", gateway.address(), job.place);
            json!({"call": job.call, "stream": job.stream, "base": base, "text": job.text})
        })
        .collect();
    let mut python = Command::new("python3")
        .args(["-s", "drive.py", client])
        .current_dir(folder())
        .env("PYTHONPATH", installed())
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("python3: {error}"));
    python.stdin.take().unwrap().write_all(json!(asked).to_string().as_bytes()).unwrap();
    let since = Instant::now();
    while python.try_wait().unwrap().is_none() {
        if since.elapsed() > PATIENCE {
            python.kill().unwrap();
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = python.wait_with_output().unwrap();
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{client}: {error}: {line}")))
        .collect();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(answers.len(), jobs.len(), "{client} gave up or hangs after {answers:?}: {complaint}");
    answers
}

fn judge(gateway: &Gateway, job: &Job, raises: &Value, answer: &Value) {
    let name = &job.name;
    let of_job = |path: &str| path.strip_prefix(&job.place).is_some_and(|rest| rest.starts_with('/'));
    let seen: Vec<_> = gateway.model_server().requests().into_iter().filter(|seen| of_job(&seen.path)).collect();
    let quoted = json!(job.text).to_string();
    let arrived = seen.iter().filter(|seen| String::from_utf8_lossy(&seen.body).contains(&quoted)).count();
    if job.attack {
        assert_eq!(answer["raised"], raises["class"], "{name}: {answer}");
        assert_eq!(
            (&answer["package"], &answer["status"]),
            (&raises["package"], &raises["status"]),
            "{name}: {answer}"
        );
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains("Request refused by policy (rule PG-"), "{name}: {message}");
        assert_eq!(arrived, 0, "{name}");
    } else {
        let (kind, says) = &job.result;
        let kinds = &answer["result"];
        let found = kinds == kind || kinds.as_array().is_some_and(|kinds| kinds.iter().any(|found| found == kind));
        assert!(found, "{name}: {answer}");
        assert_eq!(answer["text"], *says, "{name}");
        assert_eq!(arrived, 1, "{name}");
    }
}

#[tokio::test]
async fn clients_return_their_results_and_raise_their_errors() {
    let expected: Value = serde_json::from_slice(&std::fs::read(folder().join("expected.json")).unwrap()).unwrap();
    let expected = expected.as_object().unwrap();
    let texts = cases::texts();
    let gateway = Gateway::builder().module("portcullis").upstream_protocol(UpstreamProtocol::LikeClient);
    let gateway = gateway.start().await;
    let asked: Vec<(&str, &Value, Vec<Job>)> =
        expected.iter().map(|(client, rows)| (client.as_str(), &rows["raises"], jobs(client, rows, &texts))).collect();
    let answers: Vec<Vec<Value>> = std::thread::scope(|scope| {
        let running: Vec<_> =
            asked.iter().map(|(client, _, jobs)| scope.spawn(|| drive(client, &gateway, jobs))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for ((_, raises, jobs), answers) in asked.iter().zip(&answers) {
        for (job, answer) in jobs.iter().zip(answers) {
            judge(&gateway, job, raises, answer);
        }
    }
    // Each refusal was asked for once: a client that tries again hides it from its caller, and pays twice.
    let attacks = asked.iter().flat_map(|(_, _, jobs)| jobs).filter(|job| job.attack).count();
    let refused = async || {
        let blocked = gateway.audit().into_iter().filter(|record| record["verdict"] == "block").count();
        (blocked >= attacks).then_some(blocked)
    };
    assert_eq!(gateway.wait_for("a record of each refusal", refused).await, attacks);
}
