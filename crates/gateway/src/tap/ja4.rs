//! JA4: the print of a TLS client, from its ClientHello.
//!
//! JA4 (TLS client fingerprinting) is by John Althouse, FoxIO, under the BSD 3-Clause licence:
//! <https://github.com/FoxIO-LLC/ja4/blob/main/LICENSE-JA4>. Only JA4 and its raw and original-order forms are here. The other
//! methods published under the name "JA4+" have another licence and are deliberately absent.
//!
//! A print names software, never a person: many share one, and anyone can wear another's.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::hello::{ClientHello, is_grease};

const SERVER_NAME: u16 = 0x0000;
const ALPN: u16 = 0x0010;
const NOTHING: &str = "000000000000";

/// The four forms of one print, for a hello that came over TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ja4 {
    /// `JA4`: ciphers and extensions sorted, hashed.
    pub ja4: String,
    /// `JA4_r`: the same, not hashed.
    pub raw: String,
    /// `JA4_o`: in the order of the hello, hashed.
    pub original: String,
    /// `JA4_ro`: in the order of the hello, not hashed.
    pub raw_original: String,
}

/// `JA4` alone: what a connection carries.
#[must_use]
pub fn ja4(hello: &ClientHello) -> String {
    let mut ciphers = without_grease(&hello.ciphers);
    let mut extensions = named_extensions(hello);
    ciphers.sort_unstable();
    extensions.sort_unstable();
    hashed(&overture(hello), &hex(&ciphers), &with_signatures(&hex(&extensions), hello))
}

/// All four forms.
#[must_use]
pub fn forms(hello: &ClientHello) -> Ja4 {
    let start = overture(hello);
    let ciphers = without_grease(&hello.ciphers);
    let mut sorted = ciphers.clone();
    let mut named = named_extensions(hello);
    sorted.sort_unstable();
    named.sort_unstable();
    let (sorted, named) = (hex(&sorted), with_signatures(&hex(&named), hello));
    let (given, all) = (hex(&ciphers), with_signatures(&hex(&without_grease(&hello.extensions)), hello));
    Ja4 {
        ja4: hashed(&start, &sorted, &named),
        raw: format!("{start}_{sorted}_{named}"),
        // The authors' prints have zeros here too when a hello has no extension besides SNI and ALPN.
        original: hashed(&start, &given, if named.is_empty() { "" } else { &all }),
        raw_original: format!("{start}_{given}_{all}"),
    }
}

fn without_grease(values: &[u16]) -> Vec<u16> {
    values.iter().copied().filter(|v| !is_grease(*v)).collect()
}

fn named_extensions(hello: &ClientHello) -> Vec<u16> {
    hello.extensions.iter().copied().filter(|v| !is_grease(*v) && *v != SERVER_NAME && *v != ALPN).collect()
}

fn overture(hello: &ClientHello) -> String {
    let version = hello.supported_versions.iter().copied().filter(|v| !is_grease(*v)).max().unwrap_or(hello.version);
    let version = match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    };
    let named = if hello.extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
    let ciphers = hello.ciphers.iter().filter(|v| !is_grease(**v)).count().min(99);
    let extensions = hello.extensions.iter().filter(|v| !is_grease(**v)).count().min(99);
    let [first, last] = alpn_ends(hello.alpn.first().map_or(&[][..], Vec::as_slice));
    format!("t{version}{named}{ciphers:02}{extensions:02}{first}{last}")
}

fn alpn_ends(protocol: &[u8]) -> [char; 2] {
    let (Some(&first), Some(&last)) = (protocol.first(), protocol.last()) else { return ['0', '0'] };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(first), char::from(last)];
    }
    // The specification's text asks for hexadecimal here as well, but both programs of its authors, and the expected print of
    // their capture `tls-non-ascii-alpn`, say `99`: a print that agrees with nobody else's is worth nothing.
    if !first.is_ascii() {
        return ['9', '9'];
    }
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    [digit(first >> 4), digit(last & 0x0f)]
}

fn hex(values: &[u16]) -> String {
    let mut text = String::with_capacity(values.len() * 5);
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{value:04x}");
    }
    text
}

fn with_signatures(extensions: &str, hello: &ClientHello) -> String {
    let signatures = hex(&without_grease(&hello.signature_algorithms));
    if signatures.is_empty() { extensions.to_owned() } else { format!("{extensions}_{signatures}") }
}

fn hashed(start: &str, ciphers: &str, extensions: &str) -> String {
    format!("{start}_{}_{}", short_hash(ciphers), short_hash(extensions))
}

fn short_hash(text: &str) -> String {
    if text.is_empty() {
        return NOTHING.to_owned();
    }
    Sha256::digest(text).iter().take(6).fold(String::with_capacity(12), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
