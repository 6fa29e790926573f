//! The challenge, and what follows when it is not answered as hoped.

use askama::Template;
use hedgerow_engine::judge::proof::{Challenge, ProofError, is_local_path};

use super::{NAMES, Names, PageContext, render, words};

/// What becomes of a form that was challenged on its way.
#[derive(Debug, Clone, Copy, Default)]
pub enum Resend<'a> {
    /// The request was no form post.
    #[default]
    Nothing,
    /// Its fields, carried through the page. Answer the proof with `307 Temporary Redirect` (RFC 9110 section 15.4.8):
    /// the browser then posts them, and ours, to the path the visitor meant.
    Fields(&'a [(String, String)]),
    /// It could not be carried (an upload, or too long): the page says so.
    Lost,
}

/// What the challenge page shows.
#[derive(Debug, Clone, Copy)]
pub struct ChallengePage<'a> {
    /// As issued for this session.
    pub challenge: &'a Challenge,
    /// Where the visitor was going: a path of this site.
    pub back: &'a str,
    /// What the request's `User-Agent` said, for the page's script to compare; absent = the script looks at nothing.
    pub agent: Option<&'a str>,
    /// What becomes of what they sent.
    pub resend: Resend<'a>,
}

#[derive(Template)]
#[template(path = "challenge.html")]
struct ChallengeHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    names: Names,
    challenge: &'a Challenge,
    token: &'a str,
    wait: String,
    wait_s: u32,
    back: &'a str,
    agent: Option<&'a str>,
    carried: &'a [(String, String)],
    carries: bool,
    lost_post: bool,
}

/// The challenge (status 403). With JavaScript it is answered without a press; without, a button works after a wait.
#[must_use]
pub fn challenge(page: &PageContext<'_>, shown: &ChallengePage<'_>) -> String {
    render(&ChallengeHtml {
        page,
        heading: "One moment, please",
        names: NAMES,
        challenge: shown.challenge,
        token: &shown.challenge.token,
        wait: words::span(shown.challenge.wait_s),
        wait_s: shown.challenge.wait_s,
        back: local(shown.back),
        agent: shown.agent,
        carried: resent(shown.resend),
        carries: matches!(shown.resend, Resend::Fields(_)),
        lost_post: matches!(shown.resend, Resend::Lost),
    })
}

#[derive(Template)]
#[template(path = "too_early.html")]
struct TooEarlyHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    names: Names,
    token: &'a str,
    wait: String,
    wait_s: u32,
    back: &'a str,
    carried: &'a [(String, String)],
    carries: bool,
}

/// The button without JavaScript was pressed too early (status 403, `Retry-After: left_s`): `token` still works later.
#[must_use]
pub fn too_early(page: &PageContext<'_>, token: &str, left_s: u32, back: &str, resend: Resend<'_>) -> String {
    render(&TooEarlyHtml {
        page,
        heading: "Almost there",
        names: NAMES,
        token,
        wait: words::span(left_s),
        wait_s: left_s,
        back: local(back),
        carried: resent(resend),
        carries: matches!(resend, Resend::Fields(_)),
    })
}

#[derive(Template)]
#[template(path = "proof_not_taken.html")]
struct ProofNotTakenHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    sentence: &'static str,
    back: &'a str,
}

/// An answer that was not taken (status 403): a link tries again with a new challenge, nothing happens by itself, so
/// there is no loop.
#[must_use]
pub fn proof_not_taken(page: &PageContext<'_>, error: &ProofError, back: &str) -> String {
    let sentence = match error {
        ProofError::Expired => "The check came too late.",
        ProofError::Spent => "This check was used before.",
        ProofError::Foreign => "This check belongs to another visit.",
        ProofError::Full { .. } => "So many visitors are being checked that we could not take your answer.",
        _ => "The check did not work.",
    };
    render(&ProofNotTakenHtml { page, heading: "That did not work", sentence, back: local(back) })
}

#[derive(Template)]
#[template(path = "cookies_needed.html")]
struct CookiesNeededHtml<'a> {
    page: &'a PageContext<'a>,
    heading: &'static str,
    back: &'a str,
    sign_in_url: Option<&'a str>,
}

/// A solved challenge came back without our cookie (status 403): explains instead of asking again and again.
#[must_use]
pub fn cookies_needed(page: &PageContext<'_>, back: &str, sign_in_url: Option<&str>) -> String {
    render(&CookiesNeededHtml { page, heading: "Please allow our cookie", back: local(back), sign_in_url })
}

fn resent(resend: Resend<'_>) -> &[(String, String)] {
    match resend {
        Resend::Nothing | Resend::Lost => &[],
        Resend::Fields(fields) => fields,
    }
}

/// A page never links off the site, whatever it is given.
pub(super) fn local(back: &str) -> &str {
    if is_local_path(back) { back } else { "/" }
}
