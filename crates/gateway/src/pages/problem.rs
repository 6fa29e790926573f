//! Problem documents for programs (RFC 9457): the same refusals as the pages, for those who did not ask for a page.

use hedgerow_engine::doors::Reference;
use serde_json::{Map, Value, json};

use super::BASE;

/// `Content-Type` of a problem document (RFC 9457 section 3).
pub const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $status:literal, $title:literal;)*) => {
        /// Every kind of problem there is. The list is closed; `docs/reference/problems.md` explains each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemKind { $($(#[$doc])* $name,)* }

        impl ProblemKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The member `type`: a URN that never changes. It is a name, not an address (RFC 9457 section 3.1.1).
            #[must_use]
            pub fn urn(self) -> &'static str {
                match self { $(Self::$name => concat!("urn:hedgerow:problem:", $slug),)* }
            }

            /// Status code of the answer.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The member `title`: the same for every occurrence.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

kinds! {
    /// The budget is spent; `Retry-After` says when it frees.
    BudgetSpent = "budget-spent", 429, "The budget of distinct people is spent";
    /// A challenge has to be answered first, in a browser.
    ProofNeeded = "proof-needed", 403, "A proof is needed first";
    /// The answer to a challenge was not taken.
    ProofNotTaken = "proof-not-taken", 403, "The proof was not taken";
    /// Our cookie did not come back.
    CookiesNeeded = "cookies-needed", 403, "The session cookie is needed";
    /// Sign-in is asked.
    SignInNeeded = "sign-in-needed", 403, "Signing in is needed";
    /// Refused.
    Refused = "refused", 403, "The request was refused";
    /// Closed, or masked, for everybody for a while.
    Closed = "closed", 503, "This is closed for everybody for a while";
    /// A reveal token that is forged, another's or too old.
    RevealNotTaken = "reveal-not-taken", 403, "The reveal link is no longer good";
    /// Not HTTP as we accept it.
    BadRequest = "bad-request", 400, "The request is malformed";
    /// No such address of ours.
    NotFound = "not-found", 404, "There is nothing at this address";
    /// Body too long.
    TooLarge = "too-large", 413, "The request body is too large";
    /// Headers too long.
    HeadersTooLarge = "headers-too-large", 431, "The request headers are too large";
    /// A websocket for a site that has none.
    NoWebsockets = "no-websockets", 501, "The site has no websockets";
    /// The site cannot be reached.
    UpstreamUnreachable = "upstream-unreachable", 502, "The site cannot be reached";
    /// The site's answer cannot be read.
    UpstreamGarbled = "upstream-garbled", 502, "The site's answer cannot be read";
    /// The site takes no more now.
    UpstreamUnavailable = "upstream-unavailable", 503, "The site is not available";
    /// The site did not answer in time.
    UpstreamTimedOut = "upstream-timed-out", 504, "The site did not answer in time";
    /// What would be shown cannot be recorded.
    NotRecorded = "not-recorded", 503, "The disclosure cannot be recorded";
}

/// A problem document. `detail` is for this occurrence; `extra` are further members (`retry_after_s`, `contact`,
/// `sign_in_url`), which cannot replace the standard ones. Never put a person's data into either.
#[must_use]
pub fn problem(kind: ProblemKind, detail: &str, reference: Option<Reference>, extra: Map<String, Value>) -> Value {
    let mut document = Map::new();
    document.insert("type".to_owned(), kind.urn().into());
    document.insert("title".to_owned(), kind.title().into());
    document.insert("status".to_owned(), kind.status().into());
    if !detail.is_empty() {
        document.insert("detail".to_owned(), detail.into());
    }
    if let Some(reference) = reference {
        document.insert("instance".to_owned(), json!(format!("{BASE}/why/{reference}")));
        document.insert("reference".to_owned(), json!(reference.to_string()));
    }
    for (name, value) in extra {
        document.entry(name).or_insert(value);
    }
    Value::Object(document)
}
