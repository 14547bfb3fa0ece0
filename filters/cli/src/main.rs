//! The native `portcullis` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    portcullis_cli::commands::main()
}
