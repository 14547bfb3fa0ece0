//! What it costs to undo a content coding: nanoseconds for a byte that comes in and for one that goes out, beside a copy.
//!
//! `cargo run --release -p portcullis-core --example decode`. Text is what clients send; the rest is what an attacker
//! would: as much work as can be asked for by a byte.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "not in a module"
)]

use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use portcullis_core::coding::Decoder;

const SIZE: usize = 1 << 20;
const ROUNDS: u32 = 10;

/// The least nanoseconds of several runs.
fn least(mut run: impl FnMut()) -> f64 {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed().as_nanos()
    };
    (0..ROUNDS).map(|_| time(&mut run)).min().unwrap_or_default() as f64
}

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

fn br(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    encoder.write_all(bytes).unwrap();
    encoder.into_inner()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Bare deflate in blocks of a few bytes, each with tables of its own.
fn blocks() -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    let words: Vec<String> = (0..60_u32).map(|n| format!("{:x}", n.wrapping_mul(2_654_435_761))).collect();
    let text = words.join(" ");
    while encoder.get_ref().len() < SIZE {
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.flush().unwrap();
    }
    encoder.finish().unwrap()
}

/// br in blocks of five bytes, each with three tables of one symbol: 69 bits a block.
fn metablocks() -> Vec<u8> {
    let mut bits: Vec<(u32, u32)> = vec![(1, 0)];
    for _ in 0..SIZE * 8 / 69 {
        // Not the last; its length less one, in four digits; compressed; a type each; no direct distances; a tree each.
        bits.extend([(1, 0), (2, 0), (16, 4), (1, 0), (3, 0), (6, 0), (2, 0), (2, 0)]);
        // Codes of one symbol: the letter `a`, an insert of five, a distance.
        bits.extend([(4, 1), (8, 97), (4, 1), (10, 40), (4, 1), (6, 0)]);
    }
    bits.extend([(1, 1), (1, 1)]);
    let ones = bits.iter().flat_map(|(count, value)| (0..*count).map(move |bit| value >> bit & 1));
    let ones: Vec<u32> = ones.collect();
    let byte = |byte: &[u32]| byte.iter().rev().fold(0_u32, |byte, bit| byte << 1 | bit).try_into().unwrap();
    ones.chunks(8).map(byte).collect()
}

fn main() {
    let sentence = "The harbour was quiet in the morning, and the boats that had come in over night lay side by side. ";
    let text: Vec<u8> = (0..)
        .flat_map(|n: u32| format!("{n} {sentence}{:x} ", n.wrapping_mul(2_654_435_761)).into_bytes())
        .take(SIZE)
        .collect();
    let repeated = |unit: Vec<u8>| unit.repeat(SIZE / unit.len());
    let cases = [
        ("gzip, text", "gzip", gzip(&text)),
        ("deflate, text", "deflate", zlib(&text)),
        ("br, text", "br", br(&text)),
        ("zstd, text", "zstd", zstd(&text)),
        ("gzip, empty members", "gzip", repeated(gzip(b""))),
        ("zstd, empty frames", "zstd", repeated(vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0])),
        ("deflate, empty blocks", "deflate", repeated(vec![0x02, 0x08, 0x20, 0x80, 0x00])),
        ("br, small blocks", "br", metablocks()),
        ("deflate, small blocks", "deflate", blocks()),
        ("zstd, small frames", "zstd", repeated(zstd(&text[..300]))),
        ("gzip, small members", "gzip", repeated(gzip(&text[..300]))),
    ];
    let copy = least(|| drop(black_box(black_box(&text).clone())));
    println!("a copy: {:.2} ns/B\n", copy / SIZE as f64);
    println!("{:24}{:>10}{:>10}{:>10}{:>10}", "", "in, B", "out, B", "ns/B in", "ns/B out");
    for (name, coding, wire) in cases {
        let decode = || {
            let mut decoder = Decoder::open([coding.as_bytes()], SIZE).unwrap();
            let mut out = Vec::new();
            let pushed = decoder.push(black_box(&wire), &mut out);
            (out.len(), pushed.and_then(|()| decoder.finish()))
        };
        let (out, end) = decode();
        let time = least(|| {
            let _ = black_box(decode());
        });
        let (to, from) = (time / wire.len() as f64, time / out.max(1) as f64);
        let end = end.map_or_else(|why| why.name(), |()| "");
        let from = if out == 0 { "-".into() } else { format!("{from:.1}") };
        println!("{name:24}{:>10}{out:>10}{to:>10.1}{from:>10}  {:.1} ms {end}", wire.len(), time / 1e6);
    }
}
