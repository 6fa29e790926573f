//! The first flight of HTTP/2.

use hedgerow_gateway::tap::flight::{Flight, FlightTap, Progress};
use proptest::prelude::*;
use tokio::io::AsyncReadExt;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn settings(list: &[(u16, u32)]) -> Vec<u8> {
    let payload =
        list.iter().flat_map(|(id, v)| [&id.to_be_bytes()[..], &v.to_be_bytes()].concat()).collect::<Vec<_>>();
    frame(4, 0, 0, &payload)
}

fn browser(block: &[u8]) -> Vec<u8> {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let opening = settings(&[(1, 65_536), (2, 0), (4, 6_291_456)]);
    [preface, opening, frame(8, 0, 0, &15_663_105u32.to_be_bytes()), frame(1, 5, 1, block)].concat()
}

const PRINT: &str = "h2:1=65536,2=0,4=6291456|wu=15663105|masp";

fn print(bytes: &[u8]) -> Progress {
    Flight::default().push(bytes)
}

#[test]
fn a_browsers_flight_prints_settings_window_and_order() {
    // :method GET, :authority as a literal, :scheme https, :path /, then an ordinary field.
    let block = [&[0x82, 0x41, 3][..], b"a.b", &[0x87, 0x84, 0x58, 1, b'x']].concat();
    assert_eq!(print(&browser(&block)), Progress::Print(PRINT.into()));
}

#[test]
fn literal_and_padded_and_prioritised_names_print_the_same() {
    let block = [&[0x20, 0x00, 7][..], b":method", &[3], b"GET", &[0x01, 1, b'a', 0x86, 0x04, 1, b'/', 0x90]].concat();
    let padded = [&[2, 0, 0, 0, 0, 200][..], &block, &[0, 0]].concat();
    let mut bytes = browser(&[]);
    bytes.truncate(bytes.len() - 9);
    bytes.extend(frame(2, 0, 3, &[0; 5]));
    bytes.extend(frame(1, 0x08 | 0x20 | 0x05, 5, &padded));
    assert_eq!(print(&bytes), Progress::Print(PRINT.into()));
}

#[test]
fn compressed_pseudo_names_print_as_unknown() {
    assert_eq!(print(&browser(&[0x00, 0x82, 0xb8, 0xff, 0, 0x84])), Progress::Print(PRINT.replace("masp", "?p")));
}

#[test]
fn http1_and_disorder_print_nothing() {
    assert_eq!(print(b"GET / HTTP/1.1\r\n"), Progress::None);
    assert_eq!(print(b"PRI * HT"), Progress::More);
    let hasty = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(1, 5, 1, &[0x82])].concat();
    assert_eq!(print(&hasty), Progress::None);
}

#[test]
fn a_flight_without_a_request_is_given_up_at_its_bound() {
    let mut flight = Flight::default();
    flight.push(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    let mut progress = flight.push(&settings(&[(1, 1)]));
    let mut rounds = 0;
    while progress == Progress::More {
        progress = flight.push(&frame(6, 0, 0, &[0; 8]));
        rounds += 1;
    }
    assert_eq!(progress, Progress::None);
    assert!((900..1000).contains(&rounds), "{rounds}");
}

#[tokio::test(flavor = "current_thread")]
async fn the_tap_reads_along_and_changes_nothing() {
    let bytes = browser(&[0x82, 0x01, 1, b'a', 0x87, 0x84]);
    let (mut tap, handle) = FlightTap::new(&bytes[..]);
    let mut first = vec![0; bytes.len() - 1];
    tap.read_exact(&mut first).await.unwrap();
    assert_eq!(handle.print(), None);
    let mut rest = Vec::new();
    tap.read_to_end(&mut rest).await.unwrap();
    assert_eq!([first, rest].concat(), bytes);
    assert_eq!(handle.print(), Some(PRINT));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_flight_prints_the_same_however_it_is_cut(size in 1usize..80) {
        let bytes = browser(&[0x82, 0x01, 1, b'a', 0x87, 0x84]);
        let mut flight = Flight::default();
        let mut last = Progress::More;
        for part in bytes.chunks(size) {
            prop_assert_eq!(&last, &Progress::More);
            last = flight.push(part);
        }
        prop_assert_eq!(last, Progress::Print(PRINT.into()));
    }

    #[test]
    fn no_bytes_make_it_panic(tail in proptest::collection::vec(any::<u8>(), 0..300), block in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = print(&browser(&block));
        let start = browser(&[]);
        let _ = print(&[&start[..start.len() - 9], &tail].concat());
    }
}
