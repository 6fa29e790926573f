#![no_main]
//! Whatever head the guard accepts, httparse and `http::Uri` accept and read the same; and the guard frames the same however the
//! bytes are cut.

use hedgerow_gateway::tap::framing::{Framing, Step};
use hedgerow_gateway::tap::guard::{GuardError, Limits};
use libfuzzer_sys::fuzz_target;

type Passed = (Vec<(String, String)>, usize, Option<GuardError>);

fn follow(bytes: &[u8], cut: usize) -> Passed {
    let mut framing = Framing::new(Limits::default());
    let mut heads = Vec::new();
    let (mut start, mut end) = (0, cut.min(bytes.len()));
    loop {
        let before = heads.len();
        let in_body = framing.in_body();
        let step =
            framing.step(&bytes[start..end], |head, _| heads.push((head.method.to_owned(), head.target.to_owned())));
        match step {
            Ok(Step::Pass(n)) => {
                assert!(n > 0 && n <= end - start);
                if heads.len() > before {
                    assert!(!in_body);
                    check(&bytes[start..start + n], &heads[before]);
                }
                start += n;
            }
            Ok(Step::More) if end == bytes.len() => return (heads, start, None),
            Ok(Step::More) => end = (end + cut).min(bytes.len()),
            Ok(Step::Raw) => return (heads, start, None),
            Err(error) => return (heads, start, Some(error)),
        }
    }
}

fn check(head: &[u8], (method, target): &(String, String)) {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Request::new(&mut headers);
    assert_eq!(parsed.parse(head), Ok(httparse::Status::Complete(head.len())));
    assert_eq!((parsed.method, parsed.path), (Some(method.as_str()), Some(target.as_str())));
    target.parse::<http::Uri>().expect("http reads every target the guard passes");
    let framings = parsed
        .headers
        .iter()
        .filter(|h| h.name.eq_ignore_ascii_case("content-length") || h.name.eq_ignore_ascii_case("transfer-encoding"));
    assert!(framings.count() <= 1);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let (whole, parts) = (follow(bytes, bytes.len().max(1)), follow(bytes, usize::from(*cut).max(1)));
    // The reason may differ where a line is both too long and wrong; what passes may not.
    assert_eq!(whole.0, parts.0);
    if whole.2.is_none() {
        assert_eq!(whole.2, parts.2);
        assert_eq!(whole.1, parts.1);
    }
});
