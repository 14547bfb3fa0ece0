//! The native `portcullis` command.
fn main() {}
