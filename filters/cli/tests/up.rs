//! `portcullis up` as a user meets it: the command, real Envoy, signals.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// The least that Envoy takes for a filter: every request goes through untouched. It refuses every configuration with
/// a log line when `refuses` is set.
fn module(directory: &Path, refuses: bool) -> std::path::PathBuf {
    let complaint = "default_profile: there is no profile \"chat\"";
    let configure = if refuses {
        "(drop (call $log (i32.const 4) (i32.const 16) (i32.const LENGTH))) (i32.const 0)"
    } else {
        "(i32.const 1)"
    };
    let text = r#"(module
        (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 16) "TEXT")
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 4096))
        (func (export "proxy_on_context_create") (param i32 i32))
        (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
        (func (export "proxy_on_configure") (param i32 i32) (result i32) CONFIGURE))"#;
    let text = text.replace("CONFIGURE", configure).replace("LENGTH", &complaint.len().to_string());
    let text = text.replace("TEXT", &complaint.replace('"', "\\\""));
    let file = directory.join("module.wasm");
    std::fs::write(&file, wat::parse_str(text).unwrap()).unwrap();
    file
}

/// The running command; killed when the test is done with it.
struct Up {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Up {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .arg("up")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    fn address(&mut self, what: &str) -> SocketAddr {
        let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
            let _gone = self.child.kill();
            panic!("no {what} line; standard error: {}", self.stderr());
        };
        line.strip_prefix(&format!("{what} http://")).unwrap_or_else(|| panic!("not {what}: {line}")).parse().unwrap()
    }

    fn stderr(&mut self) -> String {
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    fn signal(&self, name: &str) {
        // The shell's own `kill`: a bare machine has no program of that name.
        let command = format!("kill -s {name} {}", self.child.id());
        let status = Command::new("/bin/sh").args(["-c", &command]).status().unwrap();
        assert!(status.success());
    }

    fn wait(&mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(since.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn is_gone(address: SocketAddr) {
    let since = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(since.elapsed() < PATIENCE, "Envoy still listens on {address}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn it_serves_when_it_says_ready_and_ends_on_a_signal() {
    let directory = tempfile::tempdir().unwrap();
    let module = module(directory.path(), false);
    for signal in ["TERM", "INT"] {
        let mut up = Up::start(&["--port", "0", "--concurrency", "1", "--module", module.to_str().unwrap()]);
        let (gateway, admin, model) = (up.address("ready"), up.address("admin"), up.address("model"));
        assert!(get(gateway, "/v1/models").contains("gpt-portcullis"));
        assert!(get(admin, "/ready").contains("LIVE"));
        assert!(get(model, "/_requests").contains("/v1/models"));
        let logged = up.lines.recv_timeout(PATIENCE).unwrap();
        assert!(logged.contains("\"path\":\"/v1/models\""), "{logged}");
        up.signal(signal);
        assert_eq!(up.wait().code(), Some(0), "{signal}");
        assert!(TcpStream::connect(gateway).is_err() && TcpStream::connect(admin).is_err());
    }
}

#[test]
fn an_upstream_is_called_by_its_own_name() {
    let directory = tempfile::tempdir().unwrap();
    let module = module(directory.path(), false);
    let upstream = portcullis_cli::model_server::ModelServer::start(0).unwrap();
    let url = format!("http://localhost:{}", upstream.address().port());
    let mut up = Up::start(&["--port", "0", "--module", module.to_str().unwrap(), "--upstream", &url]);
    let gateway = up.address("ready");
    assert!(get(gateway, "/v1/models").contains("gpt-portcullis"));
    let seen = upstream.requests();
    assert_eq!(seen[0].header("host"), url.strip_prefix("http://"));
}

#[test]
fn an_upstream_with_tls_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let module = module(directory.path(), false);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", silent.local_addr().unwrap().port());
    let mut up = Up::start(&["--port", "0", "--module", module.to_str().unwrap(), "--upstream", &url]);
    let gateway = up.address("ready");
    let mut client = TcpStream::connect(gateway).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(silent.accept().unwrap().0));
    let mut connection = receiver.recv_timeout(PATIENCE).expect("Envoy does not connect to the upstream");
    let mut first = [0; 2];
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    connection.read_exact(&mut first).unwrap();
    assert_eq!(first, [0x16, 0x03], "a TLS handshake record (RFC 8446, 5.1)");
}

#[test]
fn envoy_ends_even_when_the_command_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let module = module(directory.path(), false);
    let mut up = Up::start(&["--port", "0", "--concurrency", "1", "--module", module.to_str().unwrap()]);
    let gateway = up.address("ready");
    up.signal("KILL");
    up.wait();
    is_gone(gateway);
}

#[test]
fn it_shows_why_the_module_refuses_a_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let module = module(directory.path(), true);
    let mut up = Up::start(&["--port", "0", "--concurrency", "1", "--module", module.to_str().unwrap()]);
    assert_eq!(up.wait().code(), Some(1));
    let stderr = up.stderr();
    assert!(stderr.contains("The module says:\n  default_profile: there is no profile \"chat\"\n"), "{stderr}");
}

#[test]
fn it_says_what_is_wrong_before_it_starts_anything() {
    let directory = tempfile::tempdir().unwrap();
    let module = module(directory.path(), false);
    let module = module.to_str().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    let config = directory.path().join("config.json");
    std::fs::write(&config, "{\n  \"profiles\": }").unwrap();
    for (arguments, expected) in [
        (vec!["--port", &taken, "--module", module], vec![taken.as_str(), "--port 0"]),
        (vec!["--module", "/nowhere.wasm", "--port", "0"], vec!["/nowhere.wasm", "make build"]),
        (vec!["--config", config.to_str().unwrap(), "--port", "0", "--module", module], vec!["config.json", "line 2"]),
    ] {
        let mut up = Up::start(&arguments);
        assert_eq!(up.wait().code(), Some(1), "{arguments:?}");
        let stderr = up.stderr();
        assert!(expected.iter().all(|part| stderr.contains(part)), "{stderr}");
    }
}
