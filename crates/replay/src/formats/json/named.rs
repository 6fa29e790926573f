//! JSON under the names that nginx's variables and common guides give.

use std::borrow::Cow;

use super::node::Node;
use super::{bytes, status, time};
use crate::formats::clf::request_of;
use crate::line::{Agent, Line, Skip, request, target_of};

const TIMES: [&str; 8] = ["time_iso8601", "time_local", "time", "@timestamp", "timestamp", "ts", "msec", "datetime"];
const ADDRESSES: [&str; 7] = ["remote_addr", "client_ip", "clientip", "remote_ip", "client", "ip", "remoteIp"];
const TARGETS: [&str; 6] = ["request_uri", "uri", "url", "path", "request_path", "requestUrl"];
const METHODS: [&str; 4] = ["request_method", "method", "verb", "requestMethod"];
const AGENTS: [&str; 5] = ["http_user_agent", "user_agent", "agent", "userAgent", "useragent"];

pub(super) fn read<'n>(node: &'n Node<'_>) -> Result<Line<'n>, Skip> {
    let at_ms = time(node.get(&TIMES).ok_or(Skip::NoTime)?)?;
    let (method, target) = match (bytes(node.get(&["request"])), bytes(node.get(&TARGETS))) {
        (Some(asked), _) if request(&asked).is_ok() => match asked {
            Cow::Borrowed(asked) => request_of(asked)?,
            Cow::Owned(_) => return Err(Skip::NoRequest),
        },
        (_, Some(Cow::Borrowed(target))) => {
            (bytes(node.get(&METHODS)).unwrap_or(Cow::Borrowed(b"GET")), Cow::Borrowed(target_of(target)?))
        }
        _ => return Err(Skip::NoRequest),
    };
    let agent = node.get(&AGENTS);
    Ok(Line {
        at_ms,
        address: ADDRESSES.into_iter().find_map(|n| bytes(node.get(&[n]))).ok_or(Skip::NoAddress)?,
        forwarded_for: bytes(node.get(&["http_x_forwarded_for", "x_forwarded_for", "xff"])),
        user: bytes(node.get(&["remote_user", "user"])),
        method,
        target,
        status: status(node.get(&["status", "status_code", "response", "code"]))?,
        host: bytes(node.get(&["host", "http_host", "server_name", "vhost"])),
        agent: match (agent, bytes(agent)) {
            (None, _) => Agent::Unlogged,
            (_, None) => Agent::Absent,
            (_, Some(said)) => Agent::Said(said),
        },
    })
}

#[cfg(test)]
mod tests {
    use crate::formats::Found;
    use crate::formats::json::read;
    use crate::line::{Agent, Skip};

    #[test]
    fn a_line_with_nginxs_names_is_read() {
        let (found, l) = read(br#"{"time_iso8601":"2000-10-10T20:55:36+00:00","remote_addr":"192.0.2.7","request":"GET /a?b HTTP/1.1","status":"200","http_user_agent":"-"}"#).unwrap();
        assert_eq!((found, l.at_ms, l.status, l.agent), (Found::Json, 971_211_336_000, 200, Agent::Absent));
        assert_eq!(&*l.target, b"/a?b");
        let (_, l) = read(
            br#"{"@timestamp":"2000-10-10T20:55:36Z","clientip":"192.0.2.7","verb":"POST","url":"/x","response":201}"#,
        )
        .unwrap();
        assert_eq!((&*l.method, &*l.target, l.agent), (&b"POST"[..], &b"/x"[..], Agent::Unlogged));
    }

    #[test]
    fn a_line_without_a_request_is_none() {
        assert_eq!(
            read(br#"{"time":"2000-10-10T20:55:36Z","remote_addr":"192.0.2.7","request":"","status":400}"#)
                .unwrap_err(),
            Skip::NoRequest
        );
        assert_eq!(
            read(br#"{"time":"2000-10-10T20:55:36Z","request":"GET / HTTP/1.1","status":400}"#).unwrap_err(),
            Skip::NoAddress
        );
    }
}
