//! `portcullis validate`: files in, everything that is wrong with them out.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::validate::{MAX_BYTES, Severity, Source, validate};

/// Check configurations and manifests before they are applied
///
/// Reads plugin configurations (JSON), EnvoyExtensionPolicy and WasmPlugin manifests (YAML, several documents a file)
/// and Envoy's own configuration (YAML or JSON). Files of one call are taken together: buffer limits may stand in
/// another file. Every problem is printed with file, line, path and remedy; exit code 1 if there is one.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Plugin configurations, EnvoyExtensionPolicy, WasmPlugin, Envoy bootstraps; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Fail on warnings, too
    #[arg(long)]
    strict: bool,
}

/// Problems and warnings go to standard output, what was skipped to standard error.
pub(super) fn run(options: Options) -> Result<ExitCode> {
    let contents = options.files.iter().map(|file| read(file)).collect::<Result<Vec<_>>>()?;
    let sources: Vec<_> = options.files.iter().zip(&contents).map(|(name, bytes)| Source { name, bytes }).collect();
    let report = validate(&sources);
    let mut output = io::stdout().lock();
    for skipped in &report.skipped {
        eprintln!("skipped: {skipped}");
    }
    for finding in &report.findings {
        writeln!(output, "{finding}")?;
    }
    let (problems, warnings) = (report.count(Severity::Problem), report.count(Severity::Warning));
    if problems > 0 || (options.strict && warnings > 0) {
        eprintln!("portcullis validate: {problems} problem(s), {warnings} warning(s)");
        return Ok(ExitCode::FAILURE);
    }
    writeln!(output, "ok: {} configurations in {} files", report.configurations, report.files)?;
    Ok(ExitCode::SUCCESS)
}

fn read(file: &str) -> Result<Vec<u8>> {
    // One byte more than is checked, so that what is too large is seen.
    let most = u64::try_from(MAX_BYTES)?.saturating_add(1);
    let mut bytes = Vec::new();
    if file == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        let source = File::open(file).with_context(|| format!("cannot read {file}"))?;
        source.take(most).read_to_end(&mut bytes).with_context(|| format!("cannot read {file}"))?;
    }
    Ok(bytes)
}
