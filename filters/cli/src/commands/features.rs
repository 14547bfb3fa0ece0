//! `portcullis features`: what the classifier reads of texts, for training.

use std::fs::{self, File};
use std::io::{self, BufRead, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use portcullis_core::text::{Plain, normalise};
use portcullis_features::Windows;
use serde::Deserialize;

/// Write what the classifier reads of texts, for training
///
/// Each line of standard input is {"text"}; other members are passed over. FOLDER holds the windows of all texts, one
/// after the other, as arrays without a header, little end first: `tokens.u16` and `grams.u32` with the ids, and
/// `windows.u32` with three numbers a window: the line of its text from 0 on, and where its tokens and its grams end.
/// `plain.txt` holds the plain form of each text, one a line.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where to write; made if it is not there
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

#[derive(Deserialize)]
struct Row {
    text: String,
}

/// Reads standard input and writes the arrays.
pub(super) fn run(options: Options) -> Result<ExitCode> {
    fs::create_dir_all(&options.out).with_context(|| format!("cannot make {}", options.out.display()))?;
    let open = |name: &str| {
        let path = options.out.join(name);
        File::create(&path).map(BufWriter::new).with_context(|| format!("cannot write {}", path.display()))
    };
    let mut tokens = open("tokens.u16")?;
    let mut grams = open("grams.u32")?;
    let mut windows = open("windows.u32")?;
    let mut words = open("plain.txt")?;
    let (mut token_end, mut gram_end) = (0_usize, 0_usize);
    let mut plain = Plain::default();
    for (number, line) in io::stdin().lock().lines().enumerate() {
        let row: Row = serde_json::from_str(&line?).with_context(|| format!("line {}", number + 1))?;
        normalise(&row.text, &mut plain);
        words.write_all(plain.bytes().trim_ascii())?;
        words.write_all(b"\n")?;
        let mut cut = Windows::new(plain.bytes());
        while let Some(window) = cut.advance() {
            for id in &window.tokens {
                tokens.write_all(&id.to_le_bytes())?;
            }
            for id in &window.grams {
                grams.write_all(&id.to_le_bytes())?;
            }
            token_end += window.tokens.len();
            gram_end += window.grams.len();
            for value in [number, token_end, gram_end] {
                let value = u32::try_from(value).context("more than 4294967295 ids")?;
                windows.write_all(&value.to_le_bytes())?;
            }
        }
    }
    for mut file in [tokens, grams, windows, words] {
        file.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}
