//! Other packages on the same texts.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::texts::Text;

/// Bytes of each text.
pub const BYTES: usize = 1 << 20;

/// What a package did.
#[derive(Debug)]
pub struct Peer(Value);

/// Runs every package; this project's own engine is the first, natively, for a comparison without Envoy.
pub fn measure(folder: &Path, texts: &[Text]) -> Result<Vec<Peer>> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let engine = std::env::current_exe()?.with_file_name("bench_redaction_engine");
    let python = |script: &str| {
        let mut command = Command::new("python3");
        command.arg(scripts.join(script)).env("PYTHONPATH", folder.join("python"));
        command
    };
    let node = |script: &str| {
        let mut command = Command::new("node");
        command.arg(scripts.join(script)).arg(folder.join("node"));
        command
    };
    let commands = [Command::new(engine), python("datafog.py"), node("arcjet.mjs")];
    commands.into_iter().map(|command| run(command, texts)).collect()
}

fn run(mut command: Command, texts: &[Text]) -> Result<Peer> {
    let name = PathBuf::from(command.get_program()).display().to_string();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name}: run .ci/setup/peers.sh"))?;
    let input = json!(texts.iter().map(|text| json!({"name": text.name, "text": text.text})).collect::<Vec<_>>());
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.to_string().as_bytes())?;
    }
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{name} {:?} failed", command.get_args().collect::<Vec<_>>());
    let mut said: Value = serde_json::from_slice(&output.stdout).with_context(|| name.clone())?;
    for text in texts {
        let row = &mut said["texts"][text.name];
        let seconds = row["seconds"].as_f64().with_context(|| format!("{name} has no time for {}", text.name))?;
        row["mb_s"] = json!(text.text.len() as f64 / seconds / 1e6);
        row["addresses"] = json!(text.addresses);
    }
    Ok(Peer(said))
}

impl Peer {
    /// Its row of the table.
    pub fn row(&self) -> String {
        let Self(said) = self;
        let speed = |text: &str| format!("{:.1} MB/s", said["texts"][text]["mb_s"].as_f64().unwrap_or(0.0));
        let sum = |key: &str| -> u64 {
            said["texts"].as_object().into_iter().flatten().filter_map(|(_, row)| row[key].as_u64()).sum()
        };
        format!(
            "| {} {} | {} | {} | {} | {} | {} | {} of {} | {} |\n",
            said["package"].as_str().unwrap_or_default(),
            said["version"].as_str().unwrap_or_default(),
            said["runs"].as_str().unwrap_or_default(),
            said["kinds"],
            speed("prose"),
            speed("logs"),
            speed("code"),
            sum("emails"),
            sum("addresses"),
            sum("others"),
        )
    }

    /// All that it said.
    pub fn to_json(&self) -> Value {
        self.0.clone()
    }
}
