//! Any bytes in any coding: the cut changes nothing, the cap holds, and what the end says does not depend on either.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_core::coding::Decoder;
use portcullis_core::wire::Unreadable;

const CODINGS: [&str; 6] = ["gzip", "deflate", "br", "zstd", "gzip, br", "deflate, zstd"];

const CAP: usize = 1 << 16;

fn decode(coding: &str, wire: &[u8], cut: usize, cap: usize) -> Result<Vec<u8>, Unreadable> {
    let mut decoder = Decoder::open([coding.as_bytes()], cap)?;
    let mut out = Vec::new();
    for piece in wire.chunks(cut) {
        let pushed = decoder.push(piece, &mut out);
        assert!(out.len() <= cap, "{coding} in pieces of {cut}");
        pushed?;
    }
    decoder.finish().map(|()| out)
}

fuzz_target!(|input: &[u8]| {
    let [which, cut, wire @ ..] = input else { return };
    let coding = CODINGS[usize::from(*which) % CODINGS.len()];
    let whole = decode(coding, wire, usize::MAX, CAP);
    let cut = usize::from(*cut).max(1);
    let pieces = decode(coding, wire, cut, CAP);
    if coding.contains(',') {
        // Between two layers the cap is on what one push gives, so it depends on the cut.
        let (Ok(whole), Ok(pieces)) = (whole, pieces) else { return };
        return assert!(whole == pieces, "{coding} in pieces of {cut}");
    }
    assert_eq!(whole.is_ok(), pieces.is_ok(), "{coding} in pieces of {cut}: {:?}, {:?}", whole.err(), pieces.err());
    let Ok(text) = whole else { return };
    assert!(Ok(&text) == pieces.as_ref(), "{coding} in pieces of {cut}");
    assert!(decode(coding, wire, cut, text.len()).is_ok(), "the cap itself is not too much");
    if let Some(less) = text.len().checked_sub(1) {
        assert_eq!(decode(coding, wire, cut, less), Err(Unreadable::Size), "{coding} with a cap of {less}");
        for end in [0, wire.len() / 2, wire.len().saturating_sub(1)] {
            let short = decode(coding, &wire[..end], cut, CAP);
            assert!(short.as_ref().is_ok_and(|short| text.starts_with(short)) || short.is_err(), "{coding}, cut short");
        }
    }
});
