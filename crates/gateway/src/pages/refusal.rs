//! The steps of the ladder that show nobody: sign-in, a spent budget, refusal.

use askama::Template;

use super::{PageContext, render, words};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    sign_in_url: Option<&'a str>,
    retry: Option<String>,
}

/// Asks to sign in (status 403). `sign_in_url` is the operator's.
#[must_use]
pub fn sign_in(page: &PageContext<'_>, sign_in_url: Option<&str>, retry_after_s: Option<u32>) -> String {
    render(&SignInHtml {
        page,
        heading: "Please sign in to see more",
        sign_in_url,
        retry: retry_after_s.map(words::span),
    })
}

#[derive(Template)]
#[template(path = "budget_spent.html")]
struct BudgetSpentHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    sign_in_url: Option<&'a str>,
    retry: Option<String>,
}

/// The budget is spent (status 429 with `Retry-After`): says in words when it frees.
#[must_use]
pub fn budget_spent(page: &PageContext<'_>, retry_after_s: Option<u32>, sign_in_url: Option<&str>) -> String {
    render(&BudgetSpentHtml {
        page,
        heading: "That is enough for now",
        sign_in_url,
        retry: retry_after_s.map(words::span),
    })
}

#[derive(Template)]
#[template(path = "refuse.html")]
struct RefuseHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    sentences: &'a [&'a str],
    retry: Option<String>,
}

/// Refusal (status 403): `sentences` are the visitor's sentences of the verdict's reasons, from `judge::reasons`.
#[must_use]
pub fn refuse(page: &PageContext<'_>, sentences: &[&str], retry_after_s: Option<u32>) -> String {
    render(&RefuseHtml {
        page,
        heading: "We cannot show you this page now",
        sentences,
        retry: retry_after_s.map(words::span),
    })
}
