//! The pages: what a visitor sees when the gateway itself answers.
//!
//! In: a [`PageContext`] and what one page needs. Out: the HTML of that page, or a problem document for programs.
//! Pure functions; statuses and headers are the caller's, except that [`CSP`] is written for exactly these pages.
//! Never: a word only experts know, a request to another host, a script or style inside the page, a dead end.
//!
//! Every page has one heading, says what happened and what to do, names a reference number where there is one, and a
//! way to reach a human. Send them all with `Cache-Control: no-store`, [`CSP`], `X-Content-Type-Options: nosniff` and
//! `Referrer-Policy: same-origin`.

mod assets;
mod challenge;
mod decoy;
mod fault;
mod letters;
mod problem;
mod refusal;
mod reveal;
mod why;
mod words;

pub use assets::{Asset, assets};
pub use challenge::{ChallengePage, Resend, challenge, cookies_needed, proof_not_taken, too_early};
pub use decoy::decoy;
pub use fault::{BadRequest, Fault, bad_request, not_found, upstream_error};
pub use letters::{FIELD_TOKEN, Letter, LetterField, closed, letter_form, letter_kept, stopped};
pub use problem::{PROBLEM_JSON, ProblemKind, problem};
pub use refusal::{budget_spent, refuse, sign_in};
pub use reveal::{reveal, reveal_not_taken};
pub use why::{Why, why, why_unknown};
pub use words::timestamp;

use askama::Template;
use hedgerow_engine::doors::Reference;

/// Where the gateway's own addresses live.
pub const BASE: &str = "/.hedgerow";

/// `Content-Type` of every page.
pub const HTML: &str = "text/html; charset=utf-8";

/// `Content-Security-Policy` of every page (CSP level 3): our own files, nothing inline, nothing from elsewhere, not
/// inside anybody's frame. `connect-src` is for the widget's module, `data:` for the empty icon.
pub const CSP: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data:; \
                       connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Name of the form field with the widget's answer, for `Proofs::verify_work`; empty when the script sent nothing.
pub const FIELD_WORK: &str = "hedgerow-work";
/// Name of the form field with the waiting token, for `Proofs::verify_wait`.
pub const FIELD_WAIT: &str = "hedgerow-wait";
/// Name of the form field with the path to go back to. Outside data: check it with `is_local_path`.
pub const FIELD_BACK: &str = "hedgerow-back";
/// Name of the form field that says that the page carries a form, were it one without fields.
pub const FIELD_FORM: &str = "hedgerow-form";
/// Name of the form field that the widget writes by itself. Not read.
pub const FIELD_WIDGET: &str = "hedgerow-altcha";
/// Name of the form field in which the page's script says what is odd about the browser; see `judge::environment`.
pub const FIELD_ODD: &str = "hedgerow-odd";
/// Every field of ours that a carried form may hold when the browser posts it on. All others are the visitor's.
pub const CARRIER_FIELDS: [&str; 6] = [FIELD_WORK, FIELD_WAIT, FIELD_BACK, FIELD_FORM, FIELD_WIDGET, FIELD_ODD];
/// Name of the form field with the reveal token, for `Proofs::open_reveal`.
pub const FIELD_REVEAL: &str = "hedgerow-reveal";

/// What all pages of one answer have in common.
#[derive(Debug, Clone, Copy)]
pub struct PageContext<'a> {
    /// Name of the site, as visitors know it.
    pub title: &'a str,
    /// How to reach a person: an e-mail address, a URL, or words.
    pub contact: &'a str,
    /// The number to quote, when there is a record.
    pub reference: Option<Reference>,
    /// Where the gateway's own addresses live: [`BASE`].
    pub base: &'a str,
}

impl<'a> PageContext<'a> {
    /// The context of a site's pages, under [`BASE`].
    #[must_use]
    pub fn new(title: &'a str, contact: &'a str, reference: Option<Reference>) -> Self {
        Self { title, contact, reference, base: BASE }
    }

    /// Where a press on "tell us so" leads: the form of an appeal, about this reference.
    #[must_use]
    pub fn appeal_href(&self) -> Option<String> {
        self.reference.map(|r| format!("{}/appeal?ref={r}", self.base))
    }

    /// Where a press on the contact leads: a letter with the reference number in its subject, or the URL; `None` when
    /// the contact is words.
    #[must_use]
    pub fn contact_href(&self) -> Option<String> {
        words::contact_href(self.contact, self.reference)
    }
}

/// Names of our form fields, for the templates.
#[derive(Debug, Clone, Copy)]
struct Names {
    work: &'static str,
    wait: &'static str,
    back: &'static str,
    form: &'static str,
    odd: &'static str,
    reveal: &'static str,
}

const NAMES: Names = Names {
    work: FIELD_WORK,
    wait: FIELD_WAIT,
    back: FIELD_BACK,
    form: FIELD_FORM,
    odd: FIELD_ODD,
    reveal: FIELD_REVEAL,
};

/// Renders a page. Writing into a string cannot fail; should a template ever refuse, the visitor still gets words.
fn render(template: &impl Template) -> String {
    template.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be rendered; a plain one was sent instead");
        "<!doctype html><html lang=\"en\"><title>Sorry</title><h1>Sorry</h1>\
         <p>This page could not be shown. The fault is ours. Please try again later.</p></html>"
            .to_owned()
    })
}

#[cfg(test)]
mod tests;
