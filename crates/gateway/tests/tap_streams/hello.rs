//! ClientHello and JA4.

use hedgerow_gateway::tap::hello::{ClientHello, HelloError, HelloReader, is_grease, parse};
use hedgerow_gateway::tap::ja4::{forms, ja4};
use proptest::prelude::*;

/// Builds the handshake message of a hello; extension bodies of those we read are made from the lists.
pub fn message(hello: &ClientHello) -> Vec<u8> {
    let u16s = |values: &[u16]| values.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<u8>>();
    let vec16 = |bytes: Vec<u8>| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], &bytes].concat();
    let vec8 = |bytes: Vec<u8>| [&[u8::try_from(bytes.len()).unwrap()][..], &bytes].concat();
    let mut body = hello.version.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.extend(vec8(vec![5; 32]));
    body.extend(vec16(u16s(&hello.ciphers)));
    body.extend([1, 0]);
    let mut extensions = Vec::new();
    for kind in &hello.extensions {
        let data = match kind {
            0x0000 => {
                let name = hello.server_name.clone().unwrap_or_default().into_bytes();
                vec16([vec![0], vec16(name)].concat())
            }
            0x000d => vec16(u16s(&hello.signature_algorithms)),
            0x0010 => vec16(hello.alpn.iter().flat_map(|p| vec8(p.clone())).collect()),
            0x002b => vec8(u16s(&hello.supported_versions)),
            _ => vec![],
        };
        extensions.extend(kind.to_be_bytes());
        extensions.extend(vec16(data));
    }
    body.extend(vec16(extensions));
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[1][..], &length[1..], &body].concat()
}

pub fn records(message: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for part in message.chunks(size) {
        out.extend([22, 3, 1]);
        out.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
        out.extend(part);
    }
    out
}

fn list(text: &str) -> Vec<u16> {
    text.split(',').map(|v| u16::from_str_radix(v, 16).unwrap()).collect()
}

/// A browser's hello, made from the published raw print that belongs to the capture `tls12.pcap` of JA4's own test data.
fn browser() -> ClientHello {
    ClientHello {
        version: 0x0303,
        ciphers: list("1301,1303,1302,c02b,c02f,cca9,cca8,c02c,c030,c00a,c009,c013,c014,009c,009d,002f,0035"),
        extensions: list("0000,0017,ff01,000a,000b,0023,0010,0005,0022,0033,002b,000d,002d,001c,0015"),
        server_name: Some("www.example.org".into()),
        alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        signature_algorithms: list("0403,0503,0603,0804,0805,0806,0401,0501,0601,0203,0201"),
        supported_versions: list("0304,0303"),
    }
}

#[test]
fn a_browsers_hello_has_its_published_prints() {
    let prints = forms(&browser());
    assert_eq!(prints.ja4, "t13d1715h2_5b57614c22b0_3d5424432f57");
    assert_eq!(prints.original, "t13d1715h2_5b234860e130_014157ec0da2");
    assert_eq!(ja4(&browser()), prints.ja4);
    assert!(prints.raw.starts_with("t13d1715h2_002f,0035,009c,009d,1301,"), "{}", prints.raw);
    assert!(prints.raw_original.ends_with("002d,001c,0015_0403,0503,0603,0804,0805,0806,0401,0501,0601,0203,0201"));
}

#[test]
fn grease_changes_no_print() {
    let mut greased = browser();
    greased.ciphers.insert(0, 0x3a3a);
    greased.extensions.insert(0, 0xfafa);
    greased.extensions.push(0x0a0a);
    greased.supported_versions.insert(0, 0xdada);
    assert_eq!(forms(&greased), forms(&browser()));
    assert!(is_grease(0x1a1a) && !is_grease(0x1a2a) && !is_grease(0x1b1b));
}

#[test]
fn a_bare_hello_has_zeros_where_nothing_was_offered() {
    let hello = ClientHello { version: 0x0301, ..ClientHello::default() };
    assert_eq!(ja4(&hello), "t10i000000_000000000000_000000000000");
    let odd = ClientHello { alpn: vec![b"-x~".to_vec()], ..hello.clone() };
    assert!(ja4(&odd).starts_with("t10i00002e_"));
    let foreign = ClientHello { alpn: vec![vec![0xab, b'x']], ..hello.clone() };
    assert!(ja4(&foreign).starts_with("t10i000099_"));
    let one = ClientHello { alpn: vec![b"h".to_vec()], ..hello };
    assert!(ja4(&one).starts_with("t10i0000hh_"));
}

#[test]
fn a_hello_without_extensions_is_read() {
    let mut body = vec![3, 1];
    body.extend([0; 32]);
    body.extend([0, 0, 2, 0, 0x2f, 1, 0]);
    assert_eq!(parse(&body).unwrap().ciphers, [0x2f]);
}

#[test]
fn what_is_not_tls_is_told_from_the_first_byte() {
    let push = |bytes: &[u8]| HelloReader::default().push(bytes);
    assert!(matches!(push(b"G"), Err(HelloError::NotTls)));
    assert!(matches!(push(&[22, 2]), Ok(None)));
    assert!(matches!(push(&[22, 2, 0]), Err(HelloError::NotTls)));
    assert!(matches!(push(&[22, 3, 1, 0, 0]), Err(HelloError::Malformed)));
    assert!(matches!(push(&[22, 3, 1, 0, 1, 2]), Err(HelloError::Malformed)));
    assert!(matches!(push(&[22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]), Err(HelloError::TooLong)));
}

#[test]
fn a_hello_that_never_ends_is_given_up() {
    let mut reader = HelloReader::default();
    let endless = records(&[&[1, 0, 0x40, 0][..], &[0; 16_000]].concat(), 1);
    let outcome = endless.chunks(100).find_map(|part| reader.push(part).err());
    assert!(matches!(outcome, Some(HelloError::TooLong)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_hello_reads_the_same_however_it_is_cut(record in 1usize..400, read in 1usize..400, grease in any::<bool>()) {
        let mut hello = browser();
        if grease {
            hello.extensions.insert(0, 0x2a2a);
        }
        let bytes = records(&message(&hello), record);
        let mut reader = HelloReader::default();
        let mut found = None;
        for part in bytes.chunks(read) {
            prop_assert!(found.is_none());
            found = reader.push(part).unwrap();
        }
        prop_assert_eq!(found, Some(hello));
        prop_assert_eq!(reader.into_bytes(), bytes);
    }

    #[test]
    fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..300, to in any::<u8>()) {
        let _ = HelloReader::default().push(&bytes);
        bytes.splice(0..0, [22, 3, 1]);
        let _ = HelloReader::default().push(&bytes);
        let mut good = records(&message(&browser()), 5000);
        if let Some(byte) = good.get_mut(at) {
            *byte = to;
        }
        if let Ok(Some(hello)) = HelloReader::default().push(&good) {
            let _ = forms(&hello);
        }
    }
}
