//! A network, a process table and a mount table for one test: control planes take fixed ports and fixed paths.

use std::env;
use std::process::{Command, exit};
use std::sync::{Mutex, PoisonError};

use super::output;

const INSIDE: &str = "PORTCULLIS_APART";

/// One after the other: each takes both cores.
static ONE: Mutex<()> = Mutex::new(());

/// Runs `body` in namespaces of its own. `name` is the name of the test, which is started once more inside; whatever it
/// leaves running ends with it.
///
/// # Panics
/// When the body fails, or the machine has no namespaces for us: as root, in a container, that takes `CAP_SYS_ADMIN`.
pub fn apart(name: &str, body: impl FnOnce() -> anyhow::Result<()>) {
    if env::var_os(INSIDE).is_some() {
        output(Command::new("ip").args(["link", "set", "lo", "up"])).expect("the loopback of the namespace");
        let Err(error) = body() else { return };
        eprintln!("{error:#}");
        exit(1);
    }
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.arg(env::current_exe().expect("the path of this test"));
    command.args(["--exact", name, "--nocapture", "--test-threads", "1", "--quiet"]).env(INSIDE, "1");
    let status = command.status().expect("unshare, of util-linux");
    assert!(
        status.success(),
        "the test in its namespaces failed ({status}); where unshare itself says why, it needs root or user namespaces"
    );
}
