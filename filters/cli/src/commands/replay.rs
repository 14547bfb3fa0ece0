//! `portcullis replay`: recorded traffic in, what a configuration would do with it out.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use crate::replay::{Replayed, Tally, change, change_line, replay, summary, table};
use crate::row::{in_parallel, lines};
use crate::score::failed;

/// Say what a configuration would do with recorded traffic, and what a change of it would change
///
/// Each line of the input is a request, {"id","path","method","headers","body"} as for `portcullis score`, a text,
/// {"id","text"}, or an audit record, by itself or as the "audit" of an access log's line. Requests and texts are decided
/// as the module would. Audit records hold no text: the rules that they name are weighed, with the score that they have
/// while those rules run as they ship, else at the most that they can weigh; other rules, roles, and exceptions for some
/// requests are not seen. Records of unreadable bodies and of failures are counted and kept as they are.
///
/// With --against every row whose outcome differs is printed, then the counts of both; an audit record is compared with
/// what it says unless --against is given. Exit code 0 when all rows were read, 1 when one was not (or, with --strict,
/// when one changes).
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Configuration of the module, JSON; the default one if not given
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Compare with this configuration: what is in force now
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Print JSON Lines: an object for each row that changes or cannot be read, and the summary as the last
    #[arg(long)]
    json: bool,
    /// Exit code 1 when the outcome of a row changes
    #[arg(long)]
    strict: bool,
    /// Threads; as many as there are cores if not given
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Requests or audit records, JSON Lines; - is standard input
    #[arg(value_name = "FILE")]
    recorded: PathBuf,
}

/// Lines that a thread takes at once.
const SHARE: usize = 256;
/// Bytes of input that are held at once, but for one line.
const AT_ONCE: usize = 67_108_864;
/// How often progress is told on standard error.
const PROGRESS: Duration = Duration::from_secs(5);

/// Replays the file; changes and counts go to standard output, progress to standard error.
pub(super) fn run(options: Options) -> Result<ExitCode> {
    let config = super::configuration(options.config.as_deref())?;
    let against = options.against.as_deref().map(|file| super::configuration(Some(file))).transpose()?;
    let jobs = super::threads(options.jobs);
    let mut input = open(&options.recorded)?;
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut tally = Tally::default();
    let mut told = Instant::now();
    loop {
        let lines = lines(&mut input, SHARE.saturating_mul(jobs), AT_ONCE)?;
        if lines.is_empty() {
            break;
        }
        let replayed = in_parallel(&lines, jobs, |line| replay(&config, against.as_ref(), line));
        for row in replayed {
            let (id, row) = row.unwrap_or_else(|| (Value::Null, Err("its replay failed".into())));
            match row {
                Ok(Replayed::Decided { kind, before, now }) => {
                    let changes = tally.decided(kind, before.as_deref(), &now);
                    match before.filter(|_| changes) {
                        Some(before) if options.json => writeln!(output, "{}", change(&id, &before, &now))?,
                        Some(before) => writeln!(output, "{}", change_line(&id, &before, &now))?,
                        None => {}
                    }
                }
                Ok(Replayed::Kept(why)) => tally.kept(why),
                Err(error) => {
                    tally.errors += 1;
                    writeln!(output, "{}", failed(&id, &error))?;
                }
            }
        }
        output.flush()?;
        if told.elapsed() > PROGRESS {
            eprintln!("{} rows, {} changed, {} could not be read", tally.rows(), tally.changed(), tally.errors);
            told = Instant::now();
        }
    }
    let compared_with =
        options.against.map_or_else(|| "the audit records".to_string(), |file| file.display().to_string());
    if options.json {
        writeln!(output, "{}", summary(&tally, &compared_with))?;
    } else {
        write!(output, "{}", table(&tally, &compared_with))?;
    }
    output.flush()?;
    let failed = tally.errors > 0 || (options.strict && tally.changed() > 0);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn open(file: &std::path::Path) -> Result<Box<dyn BufRead>> {
    let source: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).with_context(|| format!("cannot read {}", file.display()))?)
    };
    Ok(Box::new(BufReader::with_capacity(1 << 20, source)))
}
