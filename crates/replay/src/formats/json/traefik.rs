//! Traefik's access log as JSON; its common log format is read as such.

use std::borrow::Cow;

use super::node::Node;
use super::{bytes, status, time};
use crate::line::{Agent, Line, Skip, target_of};

pub(super) fn read<'n>(node: &'n Node<'_>) -> Result<Line<'n>, Skip> {
    let at_ms = time(node.get(&["StartUTC", "StartLocal", "time"]).ok_or(Skip::NoTime)?)?;
    let agent = node.get_any_case("request_User-Agent");
    let target = match bytes(node.get(&["RequestPath"])).ok_or(Skip::NoRequest)? {
        Cow::Borrowed(t) => Cow::Borrowed(target_of(t)?),
        Cow::Owned(t) => Cow::Owned(target_of(&t)?.to_vec()),
    };
    Ok(Line {
        at_ms,
        address: ["ClientHost", "ClientAddr"].into_iter().find_map(|n| bytes(node.get(&[n]))).ok_or(Skip::NoAddress)?,
        forwarded_for: bytes(node.get_any_case("request_X-Forwarded-For")),
        user: bytes(node.get(&["ClientUsername"])),
        method: bytes(node.get(&["RequestMethod"])).ok_or(Skip::NoRequest)?,
        target,
        status: status(node.get(&["DownstreamStatus", "OriginStatus"]))?,
        host: bytes(node.get(&["RequestHost", "RequestAddr"])),
        // Headers are logged only where the operator says so: what is not there was not written down.
        agent: match bytes(agent) {
            Some(said) => Agent::Said(said),
            None => Agent::Unlogged,
        },
    })
}

#[cfg(test)]
mod tests {
    use crate::formats::Found;
    use crate::formats::json::read;
    use crate::line::{Agent, Skip};

    const LINE: &str = r#"{"ClientAddr":"198.51.100.7:58032","ClientHost":"198.51.100.7","ClientPort":"58032","ClientUsername":"-","DownstreamContentSize":17,"DownstreamStatus":404,"Duration":84000,"RequestAddr":"h.example","RequestHost":"h.example","RequestMethod":"GET","RequestPath":"/members/7","RequestProtocol":"HTTP/1.1","StartLocal":"2000-10-10T22:55:36.5+02:00","StartUTC":"2000-10-10T20:55:36.500111222Z","entryPointName":"web","level":"info","msg":"","request_User-Agent":"Mozilla/5.0","time":"2000-10-10T20:55:37Z"}"#;

    #[test]
    fn a_line_is_read() {
        let (found, l) = read(LINE.as_bytes()).unwrap();
        assert_eq!((found, l.at_ms, l.status), (Found::Traefik, 971_211_336_500, 404));
        assert_eq!((&*l.address, &*l.target, l.user.as_deref()), (&b"198.51.100.7"[..], &b"/members/7"[..], None));
        assert_eq!(l.agent, Agent::Said(b"Mozilla/5.0"[..].into()));
    }

    #[test]
    fn an_agent_that_was_not_written_down_is_none_that_is_missing() {
        let (_, l) = read(LINE.replace("request_User-Agent", "x").as_bytes()).unwrap();
        assert_eq!(l.agent, Agent::Unlogged);
        assert_eq!(read(LINE.replace("Client", "Server").as_bytes()).unwrap_err(), Skip::NoAddress);
    }
}
