//! Logs of one JSON object a line: Caddy's, Traefik's, and those people make with nginx under the usual names.

mod caddy;
mod named;
mod node;
mod traefik;

use std::borrow::Cow;

use super::{Found, moment};
use crate::line::{Line, Skip};
use node::Node;

/// Reads a line.
///
/// # Errors
/// [`Skip`].
pub fn read(line: &[u8]) -> Result<(Found, Line<'static>), Skip> {
    // Text that is no UTF-8 inside a string is no JSON, and some servers write it all the same.
    let text = String::from_utf8_lossy(line);
    let node: Node<'_> = serde_json::from_str(&text).map_err(|_| Skip::BadJson)?;
    let found = if matches!(node.get(&["request"]), Some(Node::Object(_))) {
        (Found::Caddy, caddy::read(&node)?)
    } else if node.get(&["RequestMethod", "RequestPath"]).is_some() {
        (Found::Traefik, traefik::read(&node)?)
    } else {
        (Found::Json, named::read(&node)?)
    };
    Ok((found.0, owned(found.1)))
}

/// Cut loose from the JSON it was read from.
fn owned(line: Line<'_>) -> Line<'static> {
    let cow = |c: Cow<'_, [u8]>| -> Cow<'static, [u8]> { Cow::Owned(c.into_owned()) };
    Line {
        at_ms: line.at_ms,
        address: cow(line.address),
        forwarded_for: line.forwarded_for.map(cow),
        user: line.user.map(cow),
        method: cow(line.method),
        target: cow(line.target),
        status: line.status,
        host: line.host.map(cow),
        agent: match line.agent {
            crate::line::Agent::Said(a) => crate::line::Agent::Said(cow(a)),
            crate::line::Agent::Absent => crate::line::Agent::Absent,
            crate::line::Agent::Unlogged => crate::line::Agent::Unlogged,
        },
    }
}

/// A time: text in any of the usual forms, or a number since the epoch.
fn time(node: &Node<'_>) -> Result<u64, Skip> {
    match node {
        Node::Text(t) => {
            let t = t.as_bytes();
            moment::rfc3339(t)
                .or_else(|e| if e == Skip::NoTime { moment::epoch(t) } else { Err(e) })
                .or_else(|e| if e == Skip::NoTime { moment::common(t) } else { Err(e) })
        }
        Node::Whole(n) => moment::epoch(n.to_string().as_bytes()),
        // Seconds with a fraction; more digits than that are milliseconds.
        Node::Real(s) if (0.0..1e11).contains(s) => moment::epoch(format!("{s:.3}").as_bytes()),
        Node::Real(ms) if (0.0..1e14).contains(ms) => moment::epoch(format!("{ms:.0}").as_bytes()),
        _ => Err(Skip::NoTime),
    }
}

fn status(node: Option<&Node<'_>>) -> Result<u16, Skip> {
    match node {
        Some(Node::Whole(n)) => u16::try_from(*n).ok().filter(|s| *s < 1000).ok_or(Skip::NoStatus),
        Some(Node::Text(t)) => crate::line::status(t.as_bytes()),
        _ => Err(Skip::NoStatus),
    }
}

fn bytes<'n>(node: Option<&'n Node<'_>>) -> Option<Cow<'n, [u8]>> {
    node.and_then(Node::text).map(|t| Cow::Borrowed(t.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_json_or_no_request_is_told_apart() {
        assert_eq!(read(b"{").unwrap_err(), Skip::BadJson);
        assert_eq!(read(br#"{"level":"info","msg":"started"}"#).unwrap_err(), Skip::NoTime);
        assert_eq!(read(br#"{"time":"2000-10-10T20:55:36Z","msg":"started"}"#).unwrap_err(), Skip::NoRequest);
        assert_eq!(read(b"{\"a\":\"\xff\"}").unwrap_err(), Skip::NoTime);
    }

    #[test]
    fn times_of_every_kind_are_read() {
        let at = |json: &str| time(&serde_json::from_str(json).unwrap());
        assert_eq!(at("971211336"), Ok(971_211_336_000));
        assert_eq!(at("971211336.25"), Ok(971_211_336_250));
        assert_eq!(at("971211336000"), Ok(971_211_336_000));
        assert_eq!(at("971211336250.5"), Ok(971_211_336_250));
        assert_eq!(at(r#""2000-10-10T20:55:36Z""#), Ok(971_211_336_000));
        assert_eq!(at(r#""10/Oct/2000:13:55:36 -0700""#), Ok(971_211_336_000));
        assert_eq!(at(r#""2000-13-10T20:55:36Z""#), Err(Skip::ImpossibleTime));
        assert_eq!(at("-5"), Err(Skip::NoTime));
    }

    proptest! {
        #[test]
        fn no_line_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), near in "[{}\\[\\]\":,a-z0-9.eE+-]{0,60}") {
            let _ = read(&bytes);
            let _ = read(near.as_bytes());
        }
    }
}
