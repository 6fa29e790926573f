//! `/.well-known/security.txt` (RFC 9116): where somebody who found a leak reaches a human.
//!
//! The site's own file comes first. Where it has none, or the policy says so, ours is given: without it, whoever finds
//! people's information elsewhere has nobody to tell.

use hedgerow_engine::policy::SecurityTxt;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};

use crate::body::Body;
use crate::path::Passage;
use crate::respond::context;
use crate::{own, pages};

/// Where it is (section 3).
pub const PATH: &str = "/.well-known/security.txt";

/// How long the file says that it is good; section 2.5.5 recommends less than a year. It is written anew for each request.
const GOOD_FOR_S: u64 = 90 * 86_400;

/// Ours, in the place of what the site would answer.
#[must_use]
pub fn instead<B>(passage: &Passage, request: &Request<B>) -> Option<Response<Body>> {
    let ours = request.uri().path() == PATH && passage.site.site.security_txt == SecurityTxt::Ours;
    let asks = matches!(*request.method(), Method::GET | Method::HEAD);
    (ours && asks).then(|| answer(passage, request.headers())).flatten()
}

/// Ours, where the site has none.
#[must_use]
pub fn when_missing(passage: &Passage, headers: &HeaderMap, status: StatusCode) -> Option<Response<Body>> {
    let wanted = status == StatusCode::NOT_FOUND && passage.site.site.security_txt == SecurityTxt::Missing;
    wanted.then(|| answer(passage, headers)).flatten()
}

fn answer(passage: &Passage, headers: &HeaderMap) -> Option<Response<Body>> {
    let origin = passage.https_origin(headers);
    let text = text(context(passage).contact_href().as_deref(), origin.as_deref(), passage.now_ms / 1000)?;
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(response)
}

/// The file; `None` where there is no contact that it may name: web addresses in it must begin with `https://`
/// (sections 2.5.3 and 2.5.7).
fn text(contact: Option<&str>, origin: Option<&str>, now_s: u64) -> Option<String> {
    let report = origin.map(|o| format!("{o}{}report", own::BASE));
    // The subject of a letter is for references; here there is none.
    let contact = contact.map(|c| c.split("?subject=").next().unwrap_or(c));
    let contacts: Vec<&str> = report
        .as_deref()
        .into_iter()
        .chain(contact)
        .filter(|c| c.starts_with("https://") || c.starts_with("mailto:"))
        .collect();
    if contacts.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = contacts.iter().map(|c| format!("Contact: {c}")).collect();
    lines.push(format!("Expires: {}", pages::timestamp(now_s.saturating_add(GOOD_FOR_S))));
    lines.push("Preferred-Languages: en".to_owned());
    if let Some(report) = &report {
        lines.push(format!("Policy: {report}"));
    }
    lines.push(String::new());
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_798_761_599 - GOOD_FOR_S;

    #[test]
    fn the_file_names_the_form_and_the_contact_and_when_it_ends() {
        let file = text(Some("mailto:privacy@club.example?subject=Reference%20X"), Some("https://club.example"), NOW_S);
        assert_eq!(
            file.unwrap(),
            "Contact: https://club.example/.hedgerow/report\nContact: mailto:privacy@club.example\n\
             Expires: 2026-12-31T23:59:59Z\nPreferred-Languages: en\nPolicy: https://club.example/.hedgerow/report\n"
        );
    }

    #[test]
    fn without_https_only_what_may_be_named_is_named() {
        let file = text(Some("mailto:privacy@club.example"), None, NOW_S).unwrap();
        assert!(file.starts_with("Contact: mailto:privacy@club.example\nExpires: ") && !file.contains("Policy"));
        assert_eq!(text(Some("http://club.example/ask"), None, NOW_S), None);
        assert_eq!(text(None, None, NOW_S), None);
    }
}
