//! A format as a list of literal texts and fields: what nginx's `log_format` and Apache's `LogFormat` compile to.

use std::borrow::Cow;

use super::escapes::{quoted, undone};
use super::moment::{self, LastCommon};
use crate::line::{Agent, Line, Skip, given, request, status, target_of};

/// What stands at a place of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Address,
    ForwardedFor,
    User,
    Time(TimeForm),
    Request,
    Method,
    /// Path and query.
    Target,
    Path,
    /// With or without its question mark.
    Query,
    Status,
    Host,
    Agent,
    /// Of no use here.
    Other,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeForm {
    Common,
    Iso,
    Epoch,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(Vec<u8>),
    Field(Field),
}

/// A compiled format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

impl Template {
    /// Compiles pieces: neighbouring texts become one.
    ///
    /// # Errors
    /// A sentence, for a format that cannot be told apart again or lacks what is needed.
    pub(super) fn new(pieces: Vec<Piece>) -> Result<Self, String> {
        let mut all: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (all.last_mut(), piece) {
                (_, Piece::Literal(text)) if text.is_empty() => {}
                (Some(Piece::Literal(before)), Piece::Literal(text)) => before.extend_from_slice(&text),
                (Some(Piece::Field(_)), Piece::Field(_)) => {
                    return Err("two values stand side by side with nothing between them, so nobody can tell where the first ends; put a space or quotes between them".to_owned());
                }
                (_, piece) => all.push(piece),
            }
        }
        let has = |want: &dyn Fn(Field) -> bool| all.iter().any(|p| matches!(p, Piece::Field(f) if want(*f)));
        for (what, there) in [
            ("the visitor's address", has(&|f| matches!(f, Field::Address | Field::ForwardedFor))),
            ("the time", has(&|f| matches!(f, Field::Time(_)))),
            ("the request or its path", has(&|f| matches!(f, Field::Request | Field::Target | Field::Path))),
            ("the status", has(&|f| f == Field::Status)),
        ] {
            if !there {
                return Err(format!("it does not hold {what}; without it a line says too little"));
            }
        }
        Ok(Self(all))
    }

    /// Reads a line.
    ///
    /// # Errors
    /// [`Skip`].
    pub fn read<'l>(&self, line: &'l [u8], clock: &mut LastCommon) -> Result<Line<'l>, Skip> {
        let mut values = Values::default();
        let mut rest = line;
        let mut before: &[u8] = b"";
        for (i, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Literal(text) => {
                    rest = rest.strip_prefix(text.as_slice()).ok_or(Skip::UnknownFormat)?;
                    before = text;
                }
                Piece::Field(field) => {
                    let value = match self.0.get(i + 1) {
                        Some(Piece::Literal(after)) => {
                            let last = i + 2 == self.0.len();
                            let found = value_before(rest, before, after, last, *field);
                            found.ok_or(Skip::UnknownFormat)?
                        }
                        _ => rest,
                    };
                    values.take(*field, value, clock)?;
                    rest = &rest[value.len()..];
                }
            }
        }
        values.line()
    }
}

/// The value at the head of `rest`, which ends where the text `after` begins.
fn value_before<'r>(rest: &'r [u8], before: &[u8], after: &[u8], last: bool, field: Field) -> Option<&'r [u8]> {
    if last {
        return rest.strip_suffix(after);
    }
    if let (Some(b'"'), Some((b'"', follows))) = (before.last(), after.split_first()) {
        return quoted(rest, |r| r.starts_with(follows)).map(|(value, _)| value);
    }
    // `2026-11-26 17:57:27`: the space inside ends nothing.
    let mut from = match field {
        Field::Time(TimeForm::Iso) if rest.get(10) == Some(&b' ') => 19,
        _ => 0,
    };
    if from > 0 && matches!(rest.get(19..21), Some([b' ', b'+' | b'-'])) {
        from = 20;
    }
    memchr::memmem::find(rest.get(from..)?, after).map(|at| &rest[..from + at])
}

#[derive(Default)]
struct Values<'l> {
    at_ms: Option<u64>,
    address: Option<&'l [u8]>,
    forwarded_for: Option<&'l [u8]>,
    user: Option<&'l [u8]>,
    request: Option<&'l [u8]>,
    method: Option<&'l [u8]>,
    target: Option<&'l [u8]>,
    path: Option<&'l [u8]>,
    query: Option<&'l [u8]>,
    status: Option<&'l [u8]>,
    host: Option<&'l [u8]>,
    agent: Option<&'l [u8]>,
}

impl<'l> Values<'l> {
    fn take(&mut self, field: Field, value: &'l [u8], clock: &mut LastCommon) -> Result<(), Skip> {
        let place = match field {
            Field::Address => &mut self.address,
            Field::ForwardedFor => &mut self.forwarded_for,
            Field::User => &mut self.user,
            Field::Request => &mut self.request,
            Field::Method => &mut self.method,
            Field::Target => &mut self.target,
            Field::Path => &mut self.path,
            Field::Query => &mut self.query,
            Field::Status => &mut self.status,
            Field::Host => &mut self.host,
            Field::Agent => &mut self.agent,
            Field::Time(form) => {
                if self.at_ms.is_none() {
                    self.at_ms = Some(match form {
                        TimeForm::Common => clock.read(value)?,
                        TimeForm::Iso => moment::rfc3339(value)?,
                        TimeForm::Epoch => moment::epoch(value)?,
                    });
                }
                return Ok(());
            }
            Field::Other => return Ok(()),
        };
        // The first of two is the visitor's: `%h ... %{c}a`.
        place.get_or_insert(value);
        Ok(())
    }

    fn line(self) -> Result<Line<'l>, Skip> {
        let (method, target): (Cow<'l, [u8]>, Cow<'l, [u8]>) = match (self.request, self.target.or(self.path)) {
            (Some(asked), _) => super::clf::request_of(asked)?,
            (None, Some(target)) => {
                let method = self.method.unwrap_or(b"GET");
                let undone = undone(target);
                let target = match undone {
                    Cow::Borrowed(t) => Cow::Borrowed(target_of(t)?),
                    Cow::Owned(t) => Cow::Owned(target_of(&t)?.to_vec()),
                };
                let query = self.query.filter(|_| self.target.is_none()).and_then(given);
                let query = query.map(|q| q.strip_prefix(b"?").unwrap_or(q)).filter(|q| !q.is_empty());
                let target = match query {
                    None => target,
                    Some(q) => Cow::Owned([&target, &b"?"[..], q].concat()),
                };
                // The same test of the method as in a request line.
                request(&[method, b" /"].concat())?;
                (Cow::Borrowed(method), target)
            }
            (None, None) => return Err(Skip::NoRequest),
        };
        // Without the connection's own address the last hop's word is all there is.
        let hops = self.forwarded_for.and_then(given);
        let address = match (self.address.and_then(given), hops) {
            (Some(a), _) => a,
            (None, Some(hops)) => hops.rsplit(|b| *b == b',').next().map(<[u8]>::trim_ascii).ok_or(Skip::NoAddress)?,
            (None, None) => return Err(Skip::NoAddress),
        };
        Ok(Line {
            at_ms: self.at_ms.ok_or(Skip::NoTime)?,
            address: address.into(),
            forwarded_for: hops.filter(|_| self.address.is_some()).map(undone),
            user: self.user.and_then(given).map(undone),
            method,
            target,
            status: status(self.status.ok_or(Skip::NoStatus)?)?,
            host: self.host.and_then(given).map(Into::into),
            agent: match self.agent {
                None => Agent::Unlogged,
                Some(said) => given(said).map_or(Agent::Absent, |a| Agent::Said(undone(a))),
            },
        })
    }
}
