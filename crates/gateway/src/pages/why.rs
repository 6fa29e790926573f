//! What happened under a reference number, in plain words.

use askama::Template;
use hedgerow_engine::doors::{Action, Reference};

use super::{PageContext, render, words};

/// What is told about a reference number.
#[derive(Debug, Clone, Copy)]
pub struct Why<'a> {
    /// The number.
    pub reference: Reference,
    /// When it happened, in Unix seconds.
    pub at_s: u64,
    /// What was done; in watch mode, pass [`Action::Allow`].
    pub action: Action,
    /// What went wrong, where it is no verdict that is behind the number.
    pub fault: Option<&'a str>,
    /// The visitor's sentences of the reasons, from `judge::reasons`.
    pub sentences: &'a [&'a str],
    /// Seconds until it ends by itself, if it still holds.
    pub retry_after_s: Option<u32>,
}

#[derive(Template)]
#[template(path = "why.html")]
struct WhyHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    what: &'a str,
    reference: Reference,
    when: String,
    sentences: &'a [&'a str],
    retry: Option<String>,
}

/// What happened under a reference number (status 200). Only the sentences and the moment: no address, no people.
#[must_use]
pub fn why(page: &PageContext<'_>, told: &Why<'_>) -> String {
    let of_verdict = match told.action {
        Action::Allow => "The page was shown. Nothing was held back.",
        Action::Mask => "The page was shown, but some details of people were covered.",
        Action::Prove => "We asked for a quick check before showing the page.",
        Action::Slow => "The page was shown, but we made it slower.",
        Action::SignIn => "We asked to sign in before showing more people.",
        Action::Refuse => "The page was not shown.",
        Action::Decoy => "The page that was asked for is not meant for people to read, and real people were not shown.",
    };
    render(&WhyHtml {
        // The number is in the list already; a second one below would only be noise.
        page: &PageContext { reference: None, ..*page },
        heading: "What happened",
        what: told.fault.unwrap_or(of_verdict),
        reference: told.reference,
        when: words::moment(told.at_s),
        sentences: told.sentences,
        retry: told.retry_after_s.map(words::span),
    })
}

#[derive(Template)]
#[template(path = "why_unknown.html")]
struct WhyUnknownHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
}

/// A number without a record (status 404).
#[must_use]
pub fn why_unknown(page: &PageContext<'_>) -> String {
    render(&WhyUnknownHtml { page, heading: "We do not know this number" })
}
