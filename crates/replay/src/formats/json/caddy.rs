//! Caddy's access log: the request is an object of its own, headers are lists.

use std::borrow::Cow;

use super::node::Node;
use super::{bytes, status, time};
use crate::line::{Agent, Line, Skip, target_of};

pub(super) fn read<'n>(node: &'n Node<'_>) -> Result<Line<'n>, Skip> {
    let at_ms = time(node.get(&["ts", "time", "timestamp"]).ok_or(Skip::NoTime)?)?;
    let request = node.get(&["request"]).ok_or(Skip::NoRequest)?;
    let address = ["client_ip", "remote_ip", "remote_addr"].into_iter().find_map(|n| bytes(request.get(&[n])));
    let headers = request.get(&["headers"]);
    let header = |name: &str| headers.and_then(|h| h.get_any_case(name));
    let agent = match (headers, bytes(header("user-agent"))) {
        (_, Some(said)) => Agent::Said(said),
        // All headers are logged unless the operator takes some out.
        (Some(_), None) => Agent::Absent,
        (None, None) => Agent::Unlogged,
    };
    let target = match bytes(request.get(&["uri"])).ok_or(Skip::NoRequest)? {
        Cow::Borrowed(t) => Cow::Borrowed(target_of(t)?),
        Cow::Owned(t) => Cow::Owned(target_of(&t)?.to_vec()),
    };
    Ok(Line {
        at_ms,
        address: address.ok_or(Skip::NoAddress)?,
        // Where Caddy names the client itself, its own trusted proxies were followed already.
        forwarded_for: if request.get(&["client_ip"]).is_some() { None } else { bytes(header("x-forwarded-for")) },
        user: bytes(node.get(&["user_id"])),
        method: bytes(request.get(&["method"])).ok_or(Skip::NoRequest)?,
        target,
        status: status(node.get(&["status"]))?,
        host: bytes(request.get(&["host"])),
        agent,
    })
}

#[cfg(test)]
mod tests {
    use crate::formats::Found;
    use crate::formats::json::read;
    use crate::line::{Agent, Skip};

    const LINE: &str = r#"{"level":"info","ts":971211336.25,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"10.0.0.1","remote_port":"41342","client_ip":"198.51.100.7","proto":"HTTP/2.0","method":"GET","host":"localhost","uri":"/members/7?a=\u0062","headers":{"User-Agent":["curl/8.5"],"Accept":["*/*"]},"tls":{"resumed":false}},"bytes_read":0,"user_id":"","duration":0.0009,"size":10900,"status":200,"resp_headers":{"Server":["Caddy"]}}"#;

    #[test]
    fn a_line_is_read() {
        let (found, l) = read(LINE.as_bytes()).unwrap();
        assert_eq!((found, l.at_ms, l.status), (Found::Caddy, 971_211_336_250, 200));
        assert_eq!((&*l.address, &*l.target), (&b"198.51.100.7"[..], &b"/members/7?a=b"[..]));
        assert_eq!(l.agent, Agent::Said(b"curl/8.5"[..].into()));
        assert_eq!((l.user, l.forwarded_for), (None, None));
    }

    #[test]
    fn what_is_missing_is_said() {
        let without = |what: &str, with: &str| read(LINE.replace(what, with).as_bytes()).unwrap_err();
        assert_eq!(without("\"status\":200", "\"status\":\"x\""), Skip::NoStatus);
        assert_eq!(without("\"ts\":971211336.25,", ""), Skip::NoTime);
        assert_eq!(without("\"uri\"", "\"irrelevant\""), Skip::NoRequest);
        let older = LINE.replace(
            r#""remote_ip":"10.0.0.1","remote_port":"41342","client_ip":"198.51.100.7""#,
            r#""remote_addr":"198.51.100.7:41342""#,
        );
        assert_eq!(&*read(older.as_bytes()).unwrap().1.address, b"198.51.100.7:41342");
    }
}
