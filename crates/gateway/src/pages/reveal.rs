//! One person's field, on request.

use askama::Template;
use hedgerow_engine::judge::proof::ProofError;

use super::challenge::local;
use super::{NAMES, Names, PageContext, render, words};

#[derive(Template)]
#[template(path = "reveal.html")]
struct RevealHtml<'a> {
    page: &'a PageContext<'a>,
    heading: String,
    names: Names,
    what: String,
    token: &'a str,
    back: &'a str,
}

/// The page behind a masked field (status 200): one button shows `fields` (names as in the policy) of one person, and
/// it says that this is counted. A link alone shows nothing, so that a program that follows every link gets nothing.
#[must_use]
pub fn reveal(page: &PageContext<'_>, token: &str, fields: &[&str], back: &str) -> String {
    let what = words::fields(fields);
    render(&RevealHtml { page, heading: format!("Show {what}?"), names: NAMES, what, token, back: local(back) })
}

#[derive(Template)]
#[template(path = "reveal_not_taken.html")]
struct RevealNotTakenHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    changed: bool,
    back: &'a str,
}

/// A reveal token that is forged, another's, too old, or of another people map (status 403).
#[must_use]
pub fn reveal_not_taken(page: &PageContext<'_>, error: &ProofError) -> String {
    let (changed, back) = match error {
        ProofError::Changed { back } => (true, back.as_str()),
        _ => (false, "/"),
    };
    render(&RevealNotTakenHtml { page, heading: "This link no longer works", changed, back: local(back) })
}
