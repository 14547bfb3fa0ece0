//! Any text under inspection: places lie in it, the same text is found the same, and what is said before it in another
//! text takes nothing away.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_core::text::{Plain, normalise};
use portcullis_core::wire::Role;
use portcullis_prompt_guard::{Choice, Hit, Inspection, Ruleset};

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let mut plain = Plain::default();
    normalise(&text, &mut plain);
    assert!(plain.bytes().len() <= text.len() * 2 + 2);
    assert!(plain.bytes().starts_with(b" ") && plain.bytes().ends_with(b" "));
    let mut last = 0;
    for at in 0..=plain.bytes().len() {
        let (start, end) = plain.origin(at, plain.bytes().len());
        assert!(last <= start && start <= end && end <= text.len(), "the map goes back or out");
        last = start;
    }

    let rules = Ruleset::base();
    let choice = Choice::default();
    let found = |texts: &[&str]| {
        let mut inspection = Inspection::new(&rules, &choice);
        let mut hits: Vec<Hit> = Vec::new();
        for text in texts {
            hits.clear();
            inspection.layers(text, Role::User, &mut |hit| {
                assert!(hit.start < hit.end && hit.end <= text.len());
                assert!(text.is_char_boundary(hit.start) && text.is_char_boundary(hit.end));
                hits.push(hit);
            });
        }
        let score = inspection.score();
        assert!((0.0..1.0).contains(&score));
        (hits, score)
    };
    let (hits, score) = found(&[&text]);
    let (again, higher) = found(&[&text, &text]);
    assert_eq!(again, hits, "the same text is found the same");
    assert_eq!(higher, score, "a rule counts once");
});
