//! Content codings, opened and closed.

use std::io::Write;

use hedgerow_engine::answer::AnswerError;
use hedgerow_engine::answer::coding::{Coding, Decoder, Encoder, accepts};
use proptest::prelude::*;

const MADE: [Coding; 3] = [Coding::Gzip, Coding::Brotli, Coding::Zstd];

fn pack(coding: Coding, pieces: &[&[u8]]) -> Vec<u8> {
    let mut encoder = Encoder::new(coding).unwrap();
    let mut out = Vec::new();
    for p in pieces {
        encoder.write(p, &mut out).unwrap();
    }
    encoder.end(&mut out).unwrap();
    out
}

fn unpack(coding: Coding, packed: &[u8], piece: usize, max: usize) -> Result<Vec<u8>, AnswerError> {
    let mut decoder = Decoder::new(coding, max);
    let mut out = Vec::new();
    for p in packed.chunks(piece) {
        decoder.write(p, &mut out)?;
    }
    decoder.end(&mut out)?;
    Ok(out)
}

#[test]
fn each_piece_can_be_read_as_soon_as_it_has_left() {
    for coding in MADE {
        let mut encoder = Encoder::new(coding).unwrap();
        let mut decoder = Decoder::new(coding, 1 << 20);
        for text in ["first piece, ", "second piece, ", "third"] {
            let (mut packed, mut plain) = (Vec::new(), Vec::new());
            encoder.write(text.as_bytes(), &mut packed).unwrap();
            decoder.write(&packed, &mut plain).unwrap();
            assert_eq!(plain, text.as_bytes(), "{coding:?}");
        }
    }
}

#[test]
fn gzip_members_one_after_the_other_are_one_body() {
    let mut packed = pack(Coding::Gzip, &[b"one "]);
    packed.extend(pack(Coding::Gzip, &[b"two"]));
    for piece in [1, 7, 1000] {
        assert_eq!(unpack(Coding::Gzip, &packed, piece, 1000).unwrap(), b"one two");
    }
}

#[test]
fn deflate_is_read_with_and_without_its_header() {
    let text = b"deflate means two things on the web".repeat(20);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&text).unwrap();
    let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    raw.write_all(&text).unwrap();
    for packed in [zlib.finish().unwrap(), raw.finish().unwrap()] {
        for piece in [1, 5, 4096] {
            assert_eq!(unpack(Coding::Deflate, &packed, piece, 1 << 20).unwrap(), text);
        }
    }
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let zeros = vec![0u8; 32 << 20];
    for coding in MADE {
        let packed = pack(coding, &[&zeros]);
        let got = unpack(coding, &packed, 4096, 1 << 30);
        assert!(matches!(got, Err(AnswerError::Bomb { .. })), "{coding:?} {:?}", got.map(|v| v.len()));
        let got = unpack(coding, &pack(coding, &[b"more than ten bytes"]), 4096, 10);
        assert!(matches!(got, Err(AnswerError::Bomb { limit: 10, .. })), "{coding:?}");
    }
}

#[test]
fn a_body_that_is_cut_short_or_broken_is_an_error() {
    let text: Vec<u8> = (0..5000u32).flat_map(|i| (i * 7919 % 251).to_le_bytes()).collect();
    for coding in MADE {
        let packed = pack(coding, &[&text]);
        for cut in [1, packed.len() / 2, packed.len() - 1] {
            let got = unpack(coding, &packed[..cut], 512, 1 << 20);
            assert!(
                matches!(got, Err(AnswerError::Coding { .. })),
                "{coding:?} cut at {cut}: {:?}",
                got.map(|v| v.len())
            );
        }
        assert!(unpack(coding, &[0x55; 64], 8, 1 << 20).is_err(), "{coding:?}");
        assert_eq!(unpack(coding, &[], 8, 1 << 20).unwrap(), b"");
    }
}

#[test]
fn the_best_coding_is_what_the_client_says() {
    let cases = [
        (None, None),
        (Some(""), None),
        (Some("gzip, deflate, br, zstd"), Some(Coding::Zstd)),
        (Some("gzip, deflate, br"), Some(Coding::Brotli)),
        (Some("GZIP;q=0.9, br;q=0.5"), Some(Coding::Gzip)),
        (Some("gzip;q=0, br;q=0.001"), Some(Coding::Brotli)),
        (Some("*"), Some(Coding::Zstd)),
        (Some("*;q=0"), None),
        (Some("zstd;q=0, *"), Some(Coding::Brotli)),
        (Some("identity, gzip;q=0.5"), None),
        (Some("identity;q=0.1, x-gzip;q=0.5"), Some(Coding::Gzip)),
        (Some("deflate"), None),
        (Some("gzip;q=2"), None),
        (Some("gzip;q=nonsense"), None),
    ];
    for (header, want) in cases {
        assert_eq!(accepts(header), want, "{header:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_packed_is_unpacked_however_it_is_cut(text in prop::collection::vec(any::<u8>(), 0..3000), piece in 1usize..700, read in 1usize..300) {
        for coding in MADE {
            let pieces: Vec<&[u8]> = text.chunks(piece).collect();
            let packed = pack(coding, &pieces);
            prop_assert_eq!(&unpack(coding, &packed, read, 1 << 20).unwrap(), &text);
        }
    }

    #[test]
    fn no_input_makes_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), piece in 1usize..100) {
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
            let _ = unpack(coding, &bytes, piece, 1 << 20);
        }
    }
}
