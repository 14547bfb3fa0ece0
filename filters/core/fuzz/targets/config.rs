//! Any bytes as a configuration: it is refused with reasons, or it answers every request with a profile.
//!
//! The input is the document; after a zero byte the path of a request, after another one its host.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_core::config::Config;
use portcullis_core::head::Head;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(3, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default().to_vec();
    let (document, path, host) = (part(), part(), part());
    let key = |name: &str| (name.len() < 8).then(|| "0123456789abcdef0123456789abcdef".to_string());

    match Config::parse(&document, &[], &key) {
        Ok(config) => {
            let head = Head::new(vec![
                (b":method".to_vec(), b"POST".to_vec()),
                (b":path".to_vec(), path),
                (b":authority".to_vec(), host),
            ]);
            let name = config.select(&head).name.clone();
            let again = Config::parse(&document, &[], &key).expect("the same document reads the same");
            assert_eq!(again.select(&head).name, name);
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            for problem in problems {
                assert!(!problem.problem.is_empty() && !problem.remedy.is_empty(), "a problem without a remedy");
            }
        }
    }
});
