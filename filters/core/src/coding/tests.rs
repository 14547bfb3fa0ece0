use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;

const CAP: usize = 1 << 20;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn raw(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn br(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ::brotli::CompressorWriter::new(&mut out, 4096, 5, 22).write_all(bytes).unwrap();
    out
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

type Encode = fn(&[u8]) -> Vec<u8>;

/// Each way to make a body, with the word for it.
const WAYS: [(&str, Encode); 5] = [("gzip", gzip), ("deflate", zlib), ("deflate", raw), ("br", br), ("zstd", zstd)];

fn decode(fields: &[&str], wire: &[u8], cut: usize, cap: usize) -> Result<Vec<u8>, Unreadable> {
    let mut decoder = Decoder::open(fields.iter().map(|field| field.as_bytes()), cap)?;
    let mut out = Vec::new();
    for piece in wire.chunks(cut) {
        let pushed = decoder.push(piece, &mut out);
        assert!(out.len() <= cap, "{} bytes with a cap of {cap}", out.len());
        assert_eq!(decoder.finish().is_err(), pushed.is_err() || decoder.finish().is_err());
        pushed?;
    }
    decoder.finish().map(|()| out)
}

/// Text that compresses, of `count` lines.
fn lines(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|n| format!("line {n} of a text, {} to go\n", n.wrapping_mul(7919) % 1000).into_bytes())
        .collect()
}

/// Bytes that do not compress.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn what_was_coded_comes_back_however_it_is_cut() {
    for (name, encode) in WAYS {
        for text in [b"{}".to_vec(), lines(3), lines(2_000), vec![b'a'; 300_000], noise(70_000)] {
            let wire = encode(&text);
            for cut in [1, 7, 1000, 16_384, usize::MAX] {
                if cut == 1 && wire.len() > 50_000 {
                    continue;
                }
                assert!(decode(&[name], &wire, cut, CAP) == Ok(text.clone()), "{name}, cut to {cut}");
            }
        }
    }
}

#[test]
fn an_empty_text_and_no_body_at_all_are_well() {
    for (name, encode) in WAYS {
        let wire = encode(b"");
        if wire.len() >= 5 {
            assert_eq!(decode(&[name], &wire, 1, CAP), Ok(Vec::new()), "{name}");
        }
        assert_eq!(decode(&[name], b"", 1, CAP), Ok(Vec::new()), "{name}");
    }
}

#[test]
fn nothing_that_is_cut_short_ends_well() {
    for (name, encode) in WAYS {
        let wire = encode(&lines(200));
        for end in 1..wire.len() {
            let result = decode(&[name], &wire[..end], usize::MAX, CAP);
            assert_eq!(result, Err(Unreadable::Coding), "{name}, {end} of {}", wire.len());
        }
    }
}

#[test]
fn nothing_may_stand_behind_the_end() {
    for (name, encode) in WAYS {
        for garbage in [&b"\0"[..], b"\x1f", b"x", b"{}", &[0; 4096]] {
            for cut in [1, usize::MAX] {
                let wire = [&encode(&lines(5)), garbage].concat();
                assert_eq!(decode(&[name], &wire, cut, CAP), Err(Unreadable::Coding), "{name} and {garbage:x?}");
            }
        }
    }
}

#[test]
fn no_changed_bit_changes_the_text_where_a_check_stands() {
    // A bare stream and br have no check.
    for (name, encode) in [WAYS[0], WAYS[1], WAYS[4]] {
        let text = lines(40);
        let wire = encode(&text);
        for (at, bit) in (0..wire.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut changed = wire.clone();
            changed[at] ^= 1 << bit;
            // Time, extra flags and system of a gzip header say nothing of the content.
            let inert = name == "gzip" && ((4..10).contains(&at) || (at == 3 && bit == 0));
            let result = decode(&[name], &changed, usize::MAX, CAP);
            // Some bits of a stream say nothing: padding, lengths of codes that are not used.
            assert!(result.is_err() || result == Ok(text.clone()), "{name}: bit {bit} of byte {at}");
            assert!(!inert || result.is_ok(), "{name}: bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_bomb_stops_at_the_cap_whatever_its_ratio() {
    for (name, encode) in WAYS {
        let wire = encode(&vec![b' '; 2 << 20]);
        assert!(wire.len() < 3_000, "{name}: {}", wire.len());
        for cap in [0, 1, 1023, CAP] {
            assert_eq!(decode(&[name], &wire, usize::MAX, cap), Err(Unreadable::Size), "{name}, cap {cap}");
        }
        let exact = encode(&lines(1000));
        let size = lines(1000).len();
        assert_eq!(decode(&[name], &exact, usize::MAX, size).err(), None, "{name}: the cap itself is not too much");
        assert_eq!(decode(&[name], &exact, usize::MAX, size - 1), Err(Unreadable::Size), "{name}");
    }
    // The inner layer is as small as the outer one.
    let nested = gzip(&gzip(&vec![b' '; 8 << 20]));
    assert!(nested.len() < 200, "{}", nested.len());
    assert_eq!(decode(&["gzip, gzip"], &nested, usize::MAX, CAP), Err(Unreadable::Size));
}

#[test]
fn who_takes_out_what_is_there_reads_any_length() {
    for (name, encode) in WAYS.into_iter().filter(|(name, _)| *name != "zstd") {
        let text: Vec<u8> = lines(30_000).into_iter().zip(noise(600_000)).flat_map(|(a, b)| [a, b & 15]).collect();
        let mut decoder = Decoder::open([name.as_bytes()], 100_000).unwrap();
        let (mut out, mut whole) = (Vec::new(), Vec::new());
        for piece in encode(&text).chunks(2000) {
            decoder.push(piece, &mut out).unwrap();
            whole.append(&mut out);
        }
        decoder.finish().unwrap();
        assert!(whole == text, "{name}");
    }
}

#[test]
fn what_was_flushed_comes_out_at_once() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut decoder = Decoder::open([&b"gzip"[..]], CAP).unwrap();
    for n in 0..5 {
        let event = format!("data: {n}\n\n");
        encoder.write_all(event.as_bytes()).unwrap();
        encoder.flush().unwrap();
        let mut out = Vec::new();
        decoder.push(&std::mem::take(encoder.get_mut()), &mut out).unwrap();
        assert_eq!(out, event.as_bytes());
        assert_eq!(decoder.finish(), Err(Unreadable::Coding), "it has not ended");
    }
    decoder.push(&encoder.finish().unwrap(), &mut Vec::new()).unwrap();
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn members_and_frames_are_read_one_after_the_other() {
    for (name, encode) in [WAYS[0], WAYS[4]] {
        let wire: Vec<u8> = [&b"{\"a\""[..], b"", b":1}"].into_iter().flat_map(encode).collect();
        for cut in [1, 3, usize::MAX] {
            assert_eq!(decode(&[name], &wire, cut, CAP).unwrap(), b"{\"a\":1}", "{name}, cut to {cut}");
        }
    }
}

#[test]
fn a_gzip_header_may_carry_what_it_may() {
    let mut encoder = flate2::GzBuilder::new().filename("a.json").comment("c").extra(*b"abcd").mtime(1);
    encoder = encoder.operating_system(3);
    let mut encoder = encoder.write(Vec::new(), Compression::best());
    encoder.write_all(b"{}").unwrap();
    let wire = encoder.finish().unwrap();
    for cut in [1, 5, usize::MAX] {
        assert_eq!(decode(&["gzip"], &wire, cut, CAP).unwrap(), b"{}");
    }
    // A header's own check, right and wrong.
    let mut checked = [&[0x1f, 0x8b, 8, 2, 0, 0, 0, 0, 0, 3][..], &gzip(b"{}")[10..]].concat();
    let sum = crc32fast::hash(&checked[..10]).to_le_bytes();
    checked.splice(10..10, [sum[0], sum[1]]);
    assert_eq!(decode(&["gzip"], &checked, 1, CAP).unwrap(), b"{}");
    checked[10] ^= 1;
    assert_eq!(decode(&["gzip"], &checked, 1, CAP), Err(Unreadable::Coding));
    // A header without an end, and one that says how long it would be.
    let endless = [&[0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3][..], &[b'n'; 5000]].concat();
    assert_eq!(decode(&["gzip"], &endless, 100, CAP), Err(Unreadable::Coding));
    let long = [&[0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 0xff, 0xff][..], &[b'n'; 70_000]].concat();
    assert_eq!(decode(&["gzip"], &long, usize::MAX, CAP), Err(Unreadable::Coding));
}

#[test]
fn what_is_wrapped_and_bare_at_once_is_refused() {
    // Bare, a stored block of 0x..5e bytes; wrapped, a header and a stream of its own.
    for flags in (0..=255_u8).filter(|flags| (0x7800 + u16::from(*flags)) % 31 == 0 && flags & 0x20 == 0) {
        let both = [0x78, flags, 0x01, !flags, !0x01, 0, 0];
        assert_eq!(decode(&["deflate"], &both, 1, CAP), Err(Unreadable::Coding));
    }
    // With a dictionary.
    assert_eq!(decode(&["deflate"], &[0x78, 0xbb, 1, 2, 3, 4, 5, 6], 1, CAP), Err(Unreadable::Coding));
}

#[test]
fn a_list_of_codings_is_undone_from_its_end() {
    let text = lines(10);
    let wire = br(&gzip(&text));
    for fields in [&["gzip, br"][..], &["gzip", "br"], &["GZIP ,, identity,\tBr"], &["identity", "x-gzip,br,"]] {
        assert_eq!(decode(fields, &wire, 5, CAP), Ok(text.clone()), "{fields:?}");
    }
    assert_eq!(decode(&["br, gzip"], &wire, 5, CAP), Err(Unreadable::Coding), "in the other order");
    for fields in [&["gzip, gzip, gzip"][..], &["gzip, foo"], &["foo"], &["gzip;q=1"], &["compress"], &["gzip br"]] {
        assert_eq!(decode(fields, &wire, 5, CAP), Err(Unreadable::Compressed), "{fields:?}");
    }
    for fields in [&[][..], &["identity"], &["", " , Identity"]] {
        assert_eq!(decode(fields, &wire, 5, CAP), Ok(wire.clone()), "{fields:?}");
        assert_eq!(decode(fields, &wire, 5, wire.len() - 1), Err(Unreadable::Size), "{fields:?}");
    }
}

#[test]
fn another_coding_than_the_one_that_is_named_is_not_guessed() {
    for (name, _) in WAYS {
        for (other, encode) in WAYS.into_iter().filter(|(other, _)| *other != name) {
            let result = decode(&[name], &encode(&lines(50)), usize::MAX, CAP);
            assert!(result.is_err(), "{other} under {name}: {result:?}");
        }
        let result = decode(&[name], b"{\"model\": \"m\", \"messages\": []}", 1, CAP);
        assert!(result.is_err(), "plain under {name}");
    }
}

#[test]
fn large_windows_and_dictionaries_are_not_decoded() {
    let frame = |descriptor: u8, rest: &[u8]| [&[0x28, 0xb5, 0x2f, 0xfd, descriptor][..], rest, &[1, 0, 0]].concat();
    // Exponent 13: 8 MiB. The next step is 9 MiB.
    assert_eq!(decode(&["zstd"], &frame(0, &[13 << 3]), 1, CAP), Ok(Vec::new()));
    assert_eq!(decode(&["zstd"], &frame(0, &[(13 << 3) + 1]), 1, CAP), Err(Unreadable::Compressed));
    assert_eq!(decode(&["zstd"], &frame(0, &[31 << 3]), 1, CAP), Err(Unreadable::Compressed));
    assert_eq!(decode(&["zstd"], &frame(1, &[0, 7]), 1, CAP), Err(Unreadable::Compressed), "dictionary 7");
    assert_eq!(decode(&["zstd"], &frame(0xe0, &[0xff; 8]), 1, CAP), Err(Unreadable::Compressed), "2^64 bytes in one");
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0];
    assert_eq!(decode(&["zstd"], &skippable, 1, CAP), Err(Unreadable::Coding));
    // Windows above the format's 16 MiB ("large window"), and the largest of the format.
    assert_eq!(decode(&["br"], &[0x11, 0x1e, 0x03], 1, CAP), Err(Unreadable::Coding));
}

#[test]
fn a_frame_that_lies_about_its_length_is_refused() {
    // A raw block of two bytes in a frame of one segment that says 2, then 3.
    let frame = |size: u8| [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, size, 0x11, 0, 0][..], b"{}"].concat();
    assert_eq!(decode(&["zstd"], &frame(2), 1, CAP).unwrap(), b"{}");
    assert_eq!(decode(&["zstd"], &frame(3), 1, CAP), Err(Unreadable::Coding));
}

#[test]
fn an_error_stays() {
    let mut decoder = Decoder::open([&b"gzip"[..]], CAP).unwrap();
    assert_eq!(decoder.push(b"{", &mut Vec::new()), Err(Unreadable::Coding));
    assert_eq!(decoder.push(&gzip(b"{}"), &mut Vec::new()), Err(Unreadable::Coding));
    assert_eq!(decoder.finish(), Err(Unreadable::Coding));
}

#[test]
fn more_pieces_than_the_text_is_worth_are_refused() {
    // Four blocks of DEFLATE with fixed codes and nothing in them, in five bytes.
    let blocks = [0x02, 0x08, 0x20, 0x80, 0x00].repeat(2500);
    assert_eq!(decode(&["deflate"], &blocks, 100, CAP), Err(Unreadable::Complexity));
    assert_eq!(decode(&["gzip"], &gzip(b"").repeat(9000), 1000, CAP), Err(Unreadable::Complexity));
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0];
    assert_eq!(decode(&["zstd"], &frame.repeat(9000), 1000, CAP), Err(Unreadable::Complexity));
    assert_eq!(decode(&["zstd"], &frame.repeat(8000), 1000, CAP), Ok(Vec::new()));

    let event = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" a\"}}]}\n\n";
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for _ in 0..20_000 {
        encoder.write_all(event).unwrap();
        encoder.flush().unwrap();
    }
    let flushed = decode(&["gzip"], &encoder.finish().unwrap(), 1000, 2 * CAP).map(|text| text.len());
    assert_eq!(flushed, Ok(20_000 * event.len()), "a flush behind each event of a stream");
}

/// Written by another implementation, zstd 1.5 of Meta.
#[test]
fn frames_of_the_reference_implementation_are_read() {
    let bytes = |hex: &str| -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    };
    let lines: String = (0..60).map(|n| format!("{}: the harbour was quiet in the morning\n", n * n)).collect();
    let frame = bytes(
        "28b52ffd0468850500e20b1e14904d07e0b72cf1137717d1b4515a6a72687f14e05df685b35da8320aef1d97399427556953\
         38da5b65b40b775efed075f23565fb2efc4c995db58b35b627af5e5e67c30765ff70a6bc6ad2bd4db875a5cc7e77bb46b6cb\
         3f5f50f69e0b208cc23ccdc228417428921340c5143c52633c45121c4914100c3ca81130547a1bfb19c0a3160e112404ffff\
         cf1ffe9257afb9eeea05eec80149d664df1daed5d1d9db2424c02c80006bd7ea0cb42a8f5d13e4",
    );
    for cut in [1, 50, usize::MAX] {
        assert_eq!(decode(&["zstd"], &frame, cut, CAP), Ok(lines.clone().into_bytes()), "cut to {cut}");
    }
    assert_eq!(decode(&["zstd"], &frame, 1, lines.len() - 1), Err(Unreadable::Size));
    let mut changed = frame;
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(decode(&["zstd"], &changed, 1, CAP), Err(Unreadable::Coding), "its checksum");
}
