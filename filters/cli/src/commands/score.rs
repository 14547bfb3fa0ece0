//! `portcullis score`: texts and requests in, what the module would decide out.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, bail};
use clap::Args;
use portcullis_core::config::Config;
use portcullis_core::stage::Kind;
use portcullis_prompt_guard::PROMPT_GUARD;

use crate::score::answer;

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

/// The stages that `portcullis.wasm` carries.
const KINDS: &[&dyn Kind] = &[&PROMPT_GUARD];

/// Lines that a thread takes at once.
const SHARE: usize = 256;

/// Scores standard input to standard output.
pub(super) fn run(options: Options) -> Result<ExitCode> {
    let document = match &options.config {
        Some(path) => fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => b"{}".to_vec(),
    };
    let config = match Config::parse(&document, KINDS, &|name| std::env::var(name).ok()) {
        Ok(config) => Arc::new(config),
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("{problem}"));
            bail!("the configuration has {} problem(s)", problems.len());
        }
    };
    let jobs = options.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZero::get).min(256);
    let mut input = BufReader::with_capacity(1 << 20, io::stdin().lock());
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut failed = false;
    loop {
        let lines = lines(&mut input, SHARE.saturating_mul(jobs))?;
        if lines.is_empty() {
            break;
        }
        for (answer, well) in score(&config, &lines, jobs) {
            writeln!(output, "{answer}")?;
            failed |= !well;
        }
    }
    output.flush()?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// At most `count` lines that are not blank; none at the end of the input.
fn lines(input: &mut impl BufRead, count: usize) -> io::Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    while lines.len() < count {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if !line.trim_ascii().is_empty() {
            lines.push(line);
        }
    }
    Ok(lines)
}

/// The answers to `lines`, in their order; false for those that are errors.
fn score(config: &Arc<Config>, lines: &[Vec<u8>], jobs: usize) -> Vec<(String, bool)> {
    let all = |lines: &[Vec<u8>]| lines.iter().map(|line| answer(config, line)).collect::<Vec<_>>();
    if jobs == 1 || lines.len() < 2 {
        return all(lines);
    }
    thread::scope(|scope| {
        let shares: Vec<_> =
            lines.chunks(lines.len().div_ceil(jobs)).map(|s| (s, scope.spawn(move || all(s)))).collect();
        let gone =
            |share: &[Vec<u8>]| vec![(r#"{"id":null,"error":"the scorer failed"}"#.to_string(), false); share.len()];
        shares.into_iter().flat_map(|(share, answers)| answers.join().unwrap_or_else(|_| gone(share))).collect()
    })
}
