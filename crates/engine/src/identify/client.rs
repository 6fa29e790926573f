//! The client software's name, from its prints.

use http::{HeaderMap, HeaderName};

use super::agents::{Agent, Family};
use super::names::SEC_GPC;
use super::visit::text;
use crate::doors::Request;

/// Longest print that is used, in bytes.
const MAX_PRINT: usize = 512;

/// Headers whose order is compared. Only these: browsers add others from request to request, and a name that changes
/// with every click names nothing.
const ORDERED: [&str; 6] = ["host", "connection", "user-agent", "accept", "accept-encoding", "accept-language"];

/// Prints of a connection that belong to the visitor, not to a hop in between.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prints<'a> {
    /// JA4 of the TLS handshake.
    pub ja4: Option<&'a str>,
    /// Our HTTP/2 print.
    pub h2: Option<&'a str>,
    /// Header names in the order and case they came.
    pub order: Option<&'a str>,
}

impl<'a> Prints<'a> {
    /// The prints of a request. Behind a trusted hop the connection is the hop's: only the JA4 that the hop itself
    /// reports in a header is the visitor's.
    #[must_use]
    pub fn of(req: &Request<'a>, ja4_header: Option<&HeaderName>, behind_hop: bool) -> Self {
        if behind_hop {
            let ja4 = ja4_header.and_then(|name| text(req.headers, name)).filter(|v| is_ja4(v));
            return Self { ja4, h2: None, order: None };
        }
        Self {
            ja4: req.transport.ja4.as_deref(),
            h2: req.transport.h2_print.as_deref().filter(|p| p.len() <= MAX_PRINT),
            order: req.header_order,
        }
    }
}

/// Whether text has the shape of a JA4: `a_b_c`, 10 characters and two hashes of 12.
fn is_ja4(value: &str) -> bool {
    let mut parts = value.split('_');
    let mut is = |n: usize| parts.next().is_some_and(|p| p.len() == n && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    is(10) && is(12) && is(12) && value.len() == 36
}

/// Whether the visitor asks not to be told apart (`Sec-GPC: 1`, Global Privacy Control).
#[must_use]
pub fn asks_privacy(headers: &HeaderMap) -> bool {
    headers.get(&SEC_GPC).is_some_and(|v| v.as_bytes() == b"1")
}

/// What of the software is shown, as bytes to be named.
pub struct Shown {
    value: [u8; 1024],
    end: usize,
}

impl Shown {
    fn add(&mut self, text: &[u8]) {
        // A zero byte, which is in no print, keeps neighbours apart; what does not fit is not part of the name.
        if let Some(place) = self.value.get_mut(self.end..self.end + text.len() + 1) {
            place[..text.len()].copy_from_slice(text);
            self.end += text.len() + 1;
        }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.value.get(..self.end).unwrap_or_default()
    }
}

/// What the software shows of itself. With `coarse` only the kind of agent counts: everybody with the same browser is one.
#[must_use]
pub fn shown(agent: &Agent, prints: &Prints<'_>, coarse: bool) -> Shown {
    let mut shown = Shown { value: [0; 1024], end: 0 };
    shown.add(&[1 + family_number(agent.family)]);
    shown.add(agent.named.map_or("", |(n, _)| n).as_bytes());
    if !coarse {
        shown.add(prints.ja4.unwrap_or_default().as_bytes());
        shown.add(prints.h2.unwrap_or_default().as_bytes());
        shown.add(&order_print(prints.order.unwrap_or_default()));
    }
    shown
}

fn family_number(family: Family) -> u8 {
    match family {
        Family::Other => 0,
        Family::Chromium => 1,
        Family::Firefox => 2,
        Family::Safari => 3,
        Family::Text => 4,
    }
}

/// The order of [`ORDERED`] and whether each name was capitalised, one byte each.
fn order_print(order: &str) -> [u8; ORDERED.len()] {
    let mut print = [0u8; ORDERED.len()];
    let mut places = print.iter_mut();
    for name in order.split(',').take(128) {
        let Some(which) = ORDERED.iter().position(|o| o.eq_ignore_ascii_case(name.trim())) else {
            continue;
        };
        let Some(place) = places.next() else {
            break;
        };
        let capital = name.trim().bytes().next().is_some_and(|b| b.is_ascii_uppercase());
        *place = u8::try_from(which).unwrap_or(0) * 2 + u8::from(capital) + 1;
    }
    print
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::agents;

    const FIREFOX: &[u8] = b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

    fn name(agent: &Agent, prints: &Prints<'_>, coarse: bool) -> Vec<u8> {
        shown(agent, prints, coarse).bytes().to_vec()
    }

    #[test]
    fn prints_tell_clients_apart_unless_privacy_is_asked_for() {
        let agent = agents::read(FIREFOX);
        let a = Prints {
            ja4: Some("t13d1715h2_5b57614c22b0_5c2c66f702b0"),
            h2: None,
            order: Some("Host,User-Agent,Accept"),
        };
        let b = Prints { order: Some("host,user-agent,accept"), ..a };
        assert_ne!(name(&agent, &a, false), name(&agent, &b, false));
        assert_eq!(name(&agent, &a, true), name(&agent, &b, true));
        assert_eq!(
            name(&agent, &a, false),
            name(&agent, &Prints { order: Some("Host,Cookie,User-Agent,Accept,Referer"), ..a }, false)
        );
    }

    #[test]
    fn a_ja4_from_a_header_must_look_like_one() {
        assert!(is_ja4("t13d1715h2_5b57614c22b0_5c2c66f702b0"));
        for bad in [
            "",
            "t13d1715h2",
            "t13d1715h2_5b57614c22b0_5c2c66f702b",
            "t13d1715h2_5b57614c22b0_5c2c66f702b0_x",
            "t13d1715h2_5b57614c22b0_5c2c66f70 b0",
        ] {
            assert!(!is_ja4(bad), "{bad}");
        }
    }

    #[test]
    fn prints_too_long_are_cut_and_not_a_panic() {
        let long = "x".repeat(5000);
        let prints = Prints { ja4: Some(&long), h2: Some(&long), order: Some(&long) };
        let _ = name(&agents::read(b""), &prints, false);
    }
}
