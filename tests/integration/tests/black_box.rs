//! `portcullis up --upstream` asked by a stranger: a script in Python with disguises, shapes and texts of its own.

use std::path::Path;
use std::process::Command;

use portcullis_cli::envoy::module_file;

#[test]
fn a_stranger_gets_no_attack_through_and_every_twin() {
    // The command lies beside the modules.
    let command = module_file("portcullis").unwrap().with_file_name("portcullis");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("black_box/run.py");
    let output = Command::new("python3").arg(script).arg(command).output().unwrap();
    let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complaint}");
    assert!(said.contains(": 0 not as they should be"), "{said}");
}
