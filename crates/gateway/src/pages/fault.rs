//! Something went wrong: whose fault it is, and whether to try again.

use askama::Template;

use super::challenge::local;
use super::{PageContext, render};

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    what: &'a str,
    whose: &'static str,
    next: &'static str,
    back: Option<&'a str>,
}

/// What went wrong between us and the site, or in ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No connection, or one that broke before the answer.
    Unreachable,
    /// An answer that is not HTTP, lies about its length, or cannot be read safely on a route with people.
    Garbled,
    /// The site takes no more now, or is being restarted.
    Unavailable,
    /// No answer in time.
    TimedOut,
    /// We cannot record what we would show (declared failure `refuse`).
    NotRecorded,
}

impl Fault {
    /// Status code of the answer (RFC 9110 sections 15.6.3 to 15.6.5).
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Unreachable | Self::Garbled => 502,
            Self::Unavailable | Self::NotRecorded => 503,
            Self::TimedOut => 504,
        }
    }
}

/// The site or we failed (statuses 502, 503, 504, by [`Fault::status`]). `back` is offered as another try; pass `None`
/// for requests that should not be sent twice.
#[must_use]
pub fn upstream_error(page: &PageContext<'_>, fault: Fault, back: Option<&str>) -> String {
    let (heading, what) = match fault {
        Fault::Unreachable => ("The site does not answer", "We could not reach the site behind this address."),
        Fault::Garbled => ("The answer could not be read", "The site sent an answer that we could not read safely."),
        Fault::Unavailable => ("The site is busy", "The site cannot take more visitors at this moment."),
        Fault::TimedOut => ("The site is too slow", "The site took too long to answer, so we stopped waiting."),
        Fault::NotRecorded => {
            ("We cannot show this now", "We only show people when we can keep a record of it, and just now we cannot.")
        }
    };
    render(&FaultHtml {
        page,
        heading,
        what,
        whose: "This is not your fault. The people who run the site can see that it happened.",
        next: "Please try again in a few minutes. If it stays like this, write to us.",
        back: back.map(local),
    })
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BadRequest {
    /// Not HTTP as we accept it: 400.
    Malformed,
    /// The body is longer than the operator allows: 413.
    TooLarge,
    /// The headers are longer than allowed: 431.
    HeadersTooLarge,
    /// A websocket, for a site that has none: 501.
    NoWebsockets,
    /// The body broke off, or took longer than we wait: 408.
    BrokenOff,
}

impl BadRequest {
    /// Status code of the answer (RFC 9110 sections 15.5.1, 15.5.9, 15.5.14 and 15.6.2, RFC 6585 section 5).
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::TooLarge => 413,
            Self::HeadersTooLarge => 431,
            Self::NoWebsockets => 501,
            Self::BrokenOff => 408,
        }
    }
}

/// The request cannot be handled (statuses 400, 408, 413, 431, 501, by [`BadRequest::status`]).
#[must_use]
pub fn bad_request(page: &PageContext<'_>, wrong: BadRequest) -> String {
    let (heading, what, next) = match wrong {
        BadRequest::Malformed => (
            "We did not understand that",
            "What your browser sent does not follow the rules of the web, so we could not handle it.",
            "Please go back and try again. If you typed the address, check it.",
        ),
        BadRequest::TooLarge => (
            "That is too large",
            "What you sent is larger than this site accepts.",
            "Please send something smaller, or send it in parts.",
        ),
        BadRequest::HeadersTooLarge => (
            "Your browser sent too much",
            "Your browser sent more with its question than this site accepts. Often these are too many cookies.",
            "Please delete the cookies of this site in your browser, then try again.",
        ),
        BadRequest::NoWebsockets => (
            "There is no live connection here",
            "What was asked for needs a live connection (a websocket), and this site has no websockets.",
            "Please go back. The other pages of the site work as always.",
        ),
        BadRequest::BrokenOff => (
            "It did not arrive whole",
            "What you sent broke off on its way, or took longer than we can wait.",
            "Please go back and send it again.",
        ),
    };
    render(&FaultHtml {
        page,
        heading,
        what,
        whose: "Nothing was saved. You did not break anything.",
        next,
        back: Some("/"),
    })
}

/// No such address under ours (status 404).
#[must_use]
pub fn not_found(page: &PageContext<'_>) -> String {
    render(&FaultHtml {
        page,
        heading: "There is nothing here",
        what: "This address does not exist.",
        whose: "Perhaps a link is old or was copied only in part.",
        next: "Please go to the start page and look from there.",
        back: Some("/"),
    })
}
