//! `portcullis score`: texts and requests in, what the module would decide out.

use std::io::{self, BufReader, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use crate::row::{in_parallel, lines};
use crate::score::{answer, failed};

/// Score texts and requests: JSON Lines in, JSON Lines out
///
/// Each line of the input is {"id","text"}, scored as a user's text by the default profile, or
/// {"id","path","headers","body"} with a whole request body, a JSON value or a string; "body_base64" in its place holds
/// bytes, such as a compressed body. Answers come in the order of the input. Exit code 1 when a line could not be scored.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Configuration of the module, JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Threads that score; as many as there are cores if not given
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
}

/// Lines that a thread takes at once.
const SHARE: usize = 256;
/// Bytes of input that are held at once, but for one line.
const AT_ONCE: usize = 67_108_864;

/// Scores standard input to standard output.
pub(super) fn run(options: Options) -> Result<ExitCode> {
    let config = super::configuration(options.config.as_deref())?;
    let jobs = super::threads(options.jobs);
    let mut input = BufReader::with_capacity(1 << 20, io::stdin().lock());
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut failures = false;
    loop {
        let lines = lines(&mut input, SHARE.saturating_mul(jobs), AT_ONCE)?;
        if lines.is_empty() {
            break;
        }
        for answered in in_parallel(&lines, jobs, |line| answer(&config, line)) {
            let (answer, well) =
                answered.unwrap_or_else(|| (failed(&Value::Null, "the scorer failed").to_string(), false));
            writeln!(output, "{answer}")?;
            failures |= !well;
        }
    }
    output.flush()?;
    Ok(if failures { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
