//! Tables that name their columns in a line `#Fields:`: the W3C extended log format as IIS writes it, and CloudFront's.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::{Found, moment};
use crate::line::{Agent, Line, Skip, given, status, target_of};

/// Most columns that are read.
const MOST_COLUMNS: usize = 256;

/// The columns of the lines that follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    names: Vec<String>,
    /// From `#Date:`, for tables whose lines have a time only.
    date: Option<Vec<u8>>,
    cloudfront: bool,
}

impl Columns {
    /// Takes up a line that begins with `#`.
    pub fn directive(&mut self, line: &[u8]) {
        if let Some(fields) = line.strip_prefix(b"#Fields:") {
            let text = String::from_utf8_lossy(fields).to_ascii_lowercase();
            self.names = text.split_ascii_whitespace().take(MOST_COLUMNS).map(str::to_owned).collect();
            self.cloudfront = self.names.iter().any(|n| n == "x-edge-location");
        } else if let Some(date) = line.strip_prefix(b"#Date:") {
            self.date = date.trim_ascii().get(..10).map(<[u8]>::to_vec);
        }
    }

    /// Whether the columns are known.
    #[must_use]
    pub fn known(&self) -> bool {
        !self.names.is_empty()
    }

    /// Reads a line.
    ///
    /// # Errors
    /// [`Skip`].
    pub fn read<'l>(&self, line: &'l [u8]) -> Result<(Found, Line<'l>), Skip> {
        if !self.known() {
            return Err(Skip::NoColumns);
        }
        let separator = if memchr::memchr(b'\t', line).is_some() { b'\t' } else { b' ' };
        let values: Vec<&[u8]> = line.split(|b| *b == separator).take(MOST_COLUMNS).collect();
        // A line may be cut at its end; one with too many values has a space where none may be.
        if values.len() > self.names.len() || values.len() < 4 {
            return Err(Skip::UnknownFormat);
        }
        let column = |names: &[&str]| {
            names.iter().find_map(|n| {
                let at = self.names.iter().position(|c| c == n)?;
                values.get(at).copied().and_then(given)
            })
        };
        let logged = |name: &str| self.names.iter().any(|c| c == name);
        let date = column(&["date"]).or(self.date.as_deref()).ok_or(Skip::NoTime)?;
        let at_ms = moment::date_time(date, column(&["time"]).ok_or(Skip::NoTime)?, 0)?;
        let stem = target_of(column(&["cs-uri-stem", "cs-uri"]).ok_or(Skip::NoRequest)?)?;
        let target = match column(&["cs-uri-query"]) {
            None => Cow::Borrowed(stem),
            Some(query) => Cow::Owned([stem, b"?", query].concat()),
        };
        let agent = match column(&["cs(user-agent)"]) {
            Some(said) => Agent::Said(self.agent(said)),
            None if logged("cs(user-agent)") => Agent::Absent,
            None => Agent::Unlogged,
        };
        let found = if self.cloudfront { Found::CloudFront } else { Found::Iis };
        Ok((
            found,
            Line {
                at_ms,
                address: column(&["c-ip"]).ok_or(Skip::NoAddress)?.into(),
                // At CloudFront the client's own address is there; what it claims in the header is not believed.
                forwarded_for: if self.cloudfront {
                    None
                } else {
                    column(&["x-forwarded-for", "cs(x-forwarded-for)"]).map(Into::into)
                },
                user: column(&["cs-username"]).map(Into::into),
                method: column(&["cs-method"]).unwrap_or(b"GET").into(),
                target,
                status: status(column(&["sc-status"]).ok_or(Skip::NoStatus)?)?,
                host: column(&["x-host-header", "cs-host", "cs(host)"]).map(Into::into),
                agent,
            },
        ))
    }

    /// IIS writes spaces as `+`; CloudFront percent-encodes, in older logs twice.
    fn agent<'l>(&self, said: &'l [u8]) -> Cow<'l, [u8]> {
        if self.cloudfront {
            let once: Cow<'l, [u8]> = percent_decode(said).into();
            if memchr::memchr(b'%', &once).is_some() { Cow::Owned(percent_decode(&once).collect()) } else { once }
        } else if memchr::memchr(b'+', said).is_some() {
            Cow::Owned(said.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect())
        } else {
            Cow::Borrowed(said)
        }
    }
}

/// Whether a line without known columns looks like one of a table: it begins with a date.
#[must_use]
pub fn looks_like(line: &[u8]) -> bool {
    matches!(line, [a, b, c, d, b'-', _, _, b'-', _, _, b' ' | b'\t', ..] if [a, b, c, d].iter().all(|x| x.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn columns(fields: &str) -> Columns {
        let mut c = Columns::default();
        c.directive(fields.as_bytes());
        c
    }

    const IIS: &str = "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken";
    const CLOUDFRONT: &str = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header";

    #[test]
    fn iis_is_read() {
        let (found, l) = columns(IIS)
            .read(b"2000-10-10 20:55:36 10.0.0.1 GET /members/7 a=b 443 DOMAIN\\ada 198.51.100.7 Mozilla/5.0+(X11) - 200 0 0 15")
            .unwrap();
        assert_eq!((found, l.at_ms, l.status), (Found::Iis, 971_211_336_000, 200));
        assert_eq!((&*l.address, &*l.target), (&b"198.51.100.7"[..], &b"/members/7?a=b"[..]));
        assert_eq!(l.agent, Agent::Said(b"Mozilla/5.0 (X11)"[..].into()));
        assert_eq!(l.user.as_deref(), Some(&br"DOMAIN\ada"[..]));
    }

    #[test]
    fn cloudfront_is_read() {
        let line = "2000-10-10\t20:55:36\tLHR3-C1\t1043\t198.51.100.7\tGET\td111.cloudfront.net\t/members/7\t304\t-\tMozilla/5.0%2520(X11)\t-\t-\tHit\tid==\twww.example";
        let (found, l) = columns(CLOUDFRONT).read(line.as_bytes()).unwrap();
        assert_eq!((found, l.status, &*l.target), (Found::CloudFront, 304, &b"/members/7"[..]));
        assert_eq!(
            (l.host.as_deref(), l.agent),
            (Some(&b"www.example"[..]), Agent::Said(b"Mozilla/5.0 (X11)"[..].into()))
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let read = |c: &Columns, line: &str| c.read(line.as_bytes()).unwrap_err();
        assert_eq!(read(&Columns::default(), "2000-10-10 20:55:36 x"), Skip::NoColumns);
        let c = columns("#Fields: date time c-ip cs-uri-stem sc-status");
        assert_eq!(read(&c, "2000-02-31 20:55:36 192.0.2.7 / 200"), Skip::ImpossibleTime);
        assert_eq!(read(&c, "2000-02-20 20:55:36 - / 200"), Skip::NoAddress);
        assert_eq!(read(&c, "2000-02-20 20:55:36 192.0.2.7 /"), Skip::NoStatus);
        assert_eq!(read(&c, "2000-02-20 20:55:36 192.0.2.7 / 200 more"), Skip::UnknownFormat);
        assert_eq!(
            read(&columns("#Fields: time c-ip cs-uri-stem sc-status"), "20:55:36 192.0.2.7 / 200"),
            Skip::NoTime
        );
        let mut dated = columns("#Fields: time c-ip cs-uri-stem sc-status");
        dated.directive(b"#Date: 2000-10-10 00:00:01");
        assert_eq!(dated.read(b"20:55:36 192.0.2.7 / 200").unwrap().1.at_ms, 971_211_336_000);
    }

    proptest! {
        #[test]
        fn no_line_makes_the_reader_panic(fields in "[a-z() -]{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for header in [IIS, CLOUDFRONT, &format!("#Fields:{fields}")] {
                let mut c = columns(header);
                let _ = c.read(&bytes);
                c.directive(&bytes);
                let _ = looks_like(&bytes);
            }
        }
    }
}
