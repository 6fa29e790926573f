#![no_main]
//! Whatever a visitor writes into forwarding headers, it never chooses the address that is recorded: behind an untrusted peer
//! it is the peer's, behind a trusted hop it is what that hop appended, or the peer's own when two headers disagree.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use hedgerow_engine::doors::AddressSource;
use hedgerow_engine::identify::{Accounts, Crawlers, Identifier, Keys, explain_address};
use hedgerow_fuzz::{Made, site};
use http::HeaderValue;
use ipnet::IpNet;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

static ROOM: LazyLock<Identifier> = LazyLock::new(|| {
    let keys = Arc::new(Keys::from_secret(&[7; 32]));
    Identifier::new(&site(json!("path"), json!([])), keys, Arc::new(Crawlers::shipped()), None, true).expect("a room")
});
static ACCOUNTS: LazyLock<Accounts> = LazyLock::new(Accounts::default);
static HOPS: LazyLock<Vec<IpNet>> = LazyLock::new(|| site(json!("path"), json!([])).trusted_hops);

fn address(made: &Made) -> (IpAddr, AddressSource) {
    let identity = ROOM.identify(&made.request(), &ACCOUNTS, [9; 16]).identity;
    (identity.address_raw, identity.address_source)
}

fn append(made: &mut Made, name: &'static str, element: &str) {
    let mut lines: Vec<HeaderValue> = made.headers.get_all(name).iter().cloned().collect();
    let last = lines.pop().map_or_else(Vec::new, |v| [v.as_bytes(), b", "].concat());
    made.headers.remove(name);
    for line in lines {
        made.headers.append(name, line);
    }
    made.headers
        .append(name, HeaderValue::from_bytes(&[&last[..], element.as_bytes()].concat()).expect("still a value"));
}

fuzz_target!(|bytes: &[u8]| {
    let Some((flags, text)) = bytes.split_first() else { return };
    let stranger: IpAddr = [192, 0, 2, 1].into();
    let hop: IpAddr = [127, 0, 0, 1].into();
    let visitor: IpAddr = [198, 51, 100, 7].into();

    let made = Made::read(stranger, *flags, text);
    assert_eq!(address(&made), (stranger, AddressSource::Connection));
    let _ = explain_address(&made.headers, stranger, &[]);

    let mut made = Made::read(hop, *flags, text);
    let _ = address(&made);
    let (name, element) = match flags >> 3 & 3 {
        0 => ("x-forwarded-for", "198.51.100.7"),
        1 => ("x-forwarded-for", "198.51.100.7:4711"),
        2 => ("forwarded", "for=198.51.100.7;proto=https"),
        _ => ("forwarded", "proto=http;For=\"198.51.100.7:80\""),
    };
    append(&mut made, name, element);
    let (found, source) = address(&made);
    assert!(found == visitor || (found == hop && source == AddressSource::Disputed), "{found} by {source:?}");
    let _ = explain_address(&made.headers, hop, &HOPS);
});
