//! What went wrong, for as long as somebody may ask: every page of ours bears a number, and where no verdict is behind it
//! the ledger has no entry of that number. The last faults of each site are remembered here, in bounded room, until the
//! process ends; the log has those before.

use std::collections::VecDeque;
use std::fmt::Display;
use std::sync::Arc;

use hedgerow_engine::doors::Reference;
use hedgerow_engine::record::Entry;
use parking_lot::Mutex;

use crate::body::BodyError;
use crate::form::Unread;
use crate::forward::ForwardError;

/// Most faults of the site, or of ourselves, that are remembered of one site.
const MOST: usize = 4_096;

/// Most of those of each other ring.
const MOST_OF_OTHERS: usize = 1_024;

/// Longest detail, in bytes.
const LONGEST: usize = 240;

/// Faults are remembered in rings by how often they can be brought about, and by whom: whoever sends a thousand broken
/// forms, or looks at a thousand pages, must have neither the site's own failures forgotten nor the letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ring {
    /// Of the site and of ourselves.
    Site,
    /// What comes of a people map with each page that is shown.
    Views,
    /// What visitors bring about as often as they like.
    Visitors,
    /// Letters, which visitors send a few of a day.
    Letters,
}

impl Ring {
    const COUNT: usize = 4;

    fn most(self) -> usize {
        if self == Self::Site { MOST } else { MOST_OF_OTHERS }
    }
}

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $ring:ident, $operator:literal, $advice:literal, $visitor:literal;)*) => {
        /// Why a visitor got a page of ours without a verdict. The list is closed; `docs/reference/faults.md` explains each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Cause { $($(#[$doc])* $name,)* }

        impl Cause {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Status of the answer.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// Among which it is remembered.
            fn ring(self) -> Ring {
                match self { $(Self::$name => Ring::$ring,)* }
            }

            /// What happened, for the operator.
            #[must_use]
            pub fn operator(self) -> &'static str {
                match self { $(Self::$name => $operator,)* }
            }

            /// What the operator can do.
            #[must_use]
            pub fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)* }
            }

            /// What happened, for the visitor.
            #[must_use]
            pub fn visitor(self) -> &'static str {
                match self { $(Self::$name => $visitor,)* }
            }
        }
    };
}

causes! {
    /// No connection.
    SiteUnreachable = "site_unreachable", 502, Site, "The site could not be reached.",
        "Check that it runs, that `upstream` is right, and that nothing between the gateway and the site stops connections.",
        "We could not reach the site behind this address. It was not your fault.";
    /// No answer, or no more of it, in time.
    SiteSilent = "site_silent", 504, Site, "The site did not answer, or did not go on answering, in time.",
        "Look in the log of the site why it is slow. If it may take so long, raise `upstream.answer_timeout_s` or `upstream.idle_timeout_s`.",
        "The site took too long to answer, so we stopped waiting. It was not your fault.";
    /// It hung up, or said what is no HTTP.
    SiteBrokeOff = "site_broke_off", 502, Site, "The site broke off its answer, or did not speak HTTP.",
        "Look in the log of the site at this time: a crash, a restart, or a port of something else.",
        "The site sent an answer that we could not read safely. It was not your fault.";
    /// The declared failure of a route.
    Unreadable = "unreadable", 502, Site, "The answer could not be read, and it may show people who would have to be counted or masked.",
        "See what the detail says. Correct the people map, let the application name the people, or set `on_unreadable: pass` where nobody is shown.",
        "The site sent an answer that we could not read safely. It was not your fault.";
    /// The declared failure of a route, for an answer that a visitor made one.
    TunnelUnread = "tunnel_unread", 502, Visitors, "The connection would have become a tunnel on a route that shows people, and nobody could read what flows in it.",
        "Nothing, if it was a stranger's program. If pages of yours open a tunnel there, give it an address on which nobody is shown, or set `on_unreadable: pass`.",
        "What was asked for would have opened a connection that we could not read safely.";
    /// A websocket.
    NoWebsockets = "no_websockets", 501, Visitors, "A websocket was asked for, and the site is reached by HTTP/2, by which there are none.",
        "If your pages use websockets, set `upstream.http2: false`.",
        "This site has no websockets at this address.";
    /// The declared failure of the ledger.
    NotRecorded = "not_recorded", 503, Site, "The ledger could not be written, so nobody was shown, as `failures.ledger: refuse` says.",
        "Make room on the disk of the state directory, and see to it that it can be written.",
        "We only show people when we can keep a record of it, and just then we could not. It was not your fault.";
    /// It cannot go on to the site.
    Malformed = "malformed", 400, Visitors, "The request is not one that can be passed on.",
        "Nothing, if it was a stranger's program. If it was a program of yours, correct what the detail names.",
        "What was sent does not follow the rules of the web, so we could not handle it.";
    /// The request's body ended early.
    VisitorBrokeOff = "visitor_broke_off", 400, Visitors, "The visitor broke off while sending, or sent too slowly.",
        "Nothing, if it happens now and then. Uploads over slow lines need a higher `limits.stall_timeout_s`.",
        "What was sent did not arrive whole.";
    /// A form of ours.
    FormTooLong = "form_too_long", 413, Visitors, "A form sent to an address below `/.hedgerow/` was longer than any of ours.",
        "Nothing; nobody fills in so much.",
        "What was sent is larger than we accept.";
    /// A form of ours that ended early.
    FormBrokeOff = "form_broke_off", 408, Visitors, "A form sent to an address below `/.hedgerow/` did not arrive whole in time.",
        "Nothing, if it happens now and then.",
        "What was sent did not arrive whole.";
    /// Our cookie did not come back.
    NoCookie = "no_cookie", 403, Visitors, "The session cookie did not come back, so nothing could be tied to this visitor.",
        "Nothing, if it is a visitor without cookies. If it is everybody, something in front of the gateway removes them.",
        "Your browser did not send our cookie back. Without it we cannot remember that you passed the check.";
    /// A challenge's answer.
    ProofNotTaken = "proof_not_taken", 403, Visitors, "The answer to a challenge was wrong, late, used before, or another session's.",
        "Nothing, if it happens now and then. If it is everybody, compare the clocks of the machines.",
        "The check was not passed: it was answered too late, or twice.";
    /// The way without JavaScript.
    ProofEarly = "proof_early", 403, Visitors, "The way through a challenge without JavaScript was pressed before its wait was over.",
        "Nothing: pressing again later is enough.",
        "The button of the check was pressed before the wait was over.";
    /// No challenge could be made.
    NoChallenge = "no_challenge", 403, Site, "A challenge could not be made.",
        "Look in the log for what the detail says, and tell those who make Hedgerow.",
        "We could not make the quick check that would have let you through. It was not your fault.";
    /// A link to one person's field.
    RevealNotTaken = "reveal_not_taken", 403, Visitors, "A link that shows one person's field was forged, too old, another visitor's, or made under another people map.",
        "Nothing: opening the person's page again gives a new link.",
        "The link was too old, made for somebody else, or made before the page was changed.";
    /// Fields that belong to nobody who could be told.
    NobodyNamed = "nobody_named", 200, Views, "Fields were masked whose person could not be told, so nobody could be counted.",
        "Correct the people map: `person` of this route does not find whom the fields belong to.",
        "Some details were covered, because we could not tell whose they are.";
    /// A letter of a visitor.
    LetterKept = "letter_kept", 200, Letters, "A letter of a visitor was kept under this number.",
        "Read it in the console, under the visitors' letters.",
        "We have your letter.";
}

impl Cause {
    /// Whether the ledger knows better: a long answer's head leaves before its people are read.
    #[must_use]
    pub fn yields_to(self, entries: &[Entry]) -> bool {
        self == Self::NobodyNamed && entries.iter().any(|e| !e.people.is_empty())
    }
}

impl From<&ForwardError> for Cause {
    fn from(e: &ForwardError) -> Self {
        match e {
            ForwardError::Connect(..) => Self::SiteUnreachable,
            ForwardError::Timeout(_) => Self::SiteSilent,
            ForwardError::Broken(_) => Self::SiteBrokeOff,
            ForwardError::Visitor => Self::VisitorBrokeOff,
        }
    }
}

impl From<&BodyError> for Cause {
    fn from(e: &BodyError) -> Self {
        match e {
            BodyError::Silent(_) => Self::SiteSilent,
            BodyError::Site(_) => Self::SiteBrokeOff,
            BodyError::Unreadable(_) => Self::Unreadable,
            BodyError::Ledger(_) => Self::NotRecorded,
        }
    }
}

impl From<Unread> for Cause {
    fn from(e: Unread) -> Self {
        match e {
            Unread::TooLong => Self::FormTooLong,
            Unread::BrokenOff => Self::FormBrokeOff,
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The number on the page.
    pub reference: Reference,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Why.
    pub cause: Cause,
    /// Name of the route, where it shows people.
    pub route: Option<Arc<str>>,
    /// What was seen of this one.
    pub detail: Arc<str>,
}

/// The last faults of a site.
#[derive(Debug, Default)]
pub struct Faults {
    /// By [`Ring`].
    rings: Mutex<[VecDeque<Fault>; Ring::COUNT]>,
}

impl Faults {
    /// Remembers one; the oldest of its ring goes when there is no more room.
    pub fn note(&self, reference: Reference, at_ms: u64, cause: Cause, route: Option<&str>, detail: &dyn Display) {
        let mut detail = detail.to_string();
        if detail.len() > LONGEST {
            detail.truncate(detail.floor_char_boundary(LONGEST));
        }
        let kind = cause.ring();
        let mut rings = self.rings.lock();
        let ring = &mut rings[kind as usize];
        // Faults come in floods that all say the same: one text for all of them.
        let last = ring.back();
        let shared = |text: &str, known: Option<&Arc<str>>| {
            known.filter(|k| ***k == *text).map_or_else(|| Arc::from(text), Arc::clone)
        };
        let route = route.map(|r| shared(r, last.and_then(|l| l.route.as_ref())));
        let detail = shared(&detail, last.map(|l| &l.detail));
        if ring.len() >= kind.most() {
            ring.pop_front();
        }
        ring.push_back(Fault { reference, at_ms, cause, route, detail });
    }

    /// The fault with a number.
    #[must_use]
    pub fn find(&self, reference: Reference) -> Option<Fault> {
        self.rings.lock().iter().flatten().rev().find(|f| f.reference == reference).cloned()
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rings.lock().iter().map(VecDeque::len).sum()
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floods_of_one_kind_leave_the_other_and_stay_within_their_room() {
        let faults = Faults::default();
        faults.note(Reference(1), 5, Cause::SiteSilent, Some("profile"), &"the site took longer than 3s");
        faults.note(Reference(u64::MAX), 5, Cause::LetterKept, None, &"appeal");
        for n in 2..20_000 {
            faults.note(Reference(n), 5, Cause::RevealNotTaken, None, &"expired");
        }
        let found = faults.find(Reference(1)).expect("it is remembered");
        assert_eq!((found.cause, found.route.as_deref()), (Cause::SiteSilent, Some("profile")));
        assert_eq!(faults.len(), 2 + MOST_OF_OTHERS);
        assert!(faults.find(Reference(2)).is_none() && faults.find(Reference(19_999)).is_some());
        for n in 50_000..60_000 {
            faults.note(Reference(n), 5, Cause::NobodyNamed, Some("profile"), &"");
            faults.note(Reference(n + 10_000), 5, Cause::TunnelUnread, Some("profile"), &"");
        }
        assert!(faults.find(Reference(1)).is_some(), "page views push out nothing of the site's");
        for n in 20_000..40_000 {
            faults.note(Reference(n), 5, Cause::SiteSilent, None, &"é".repeat(LONGEST));
        }
        assert!(faults.find(Reference(u64::MAX)).is_some(), "nothing but letters pushes out letters");
        assert_eq!(faults.len(), 1 + MOST + 2 * MOST_OF_OTHERS);
        assert!(faults.find(Reference(39_999)).expect("the last").detail.len() <= LONGEST);
    }

    #[test]
    fn codes_are_told_apart() {
        let codes: std::collections::BTreeSet<_> = Cause::ALL.iter().map(|c| c.code()).collect();
        assert_eq!(codes.len(), Cause::ALL.len());
    }
}
