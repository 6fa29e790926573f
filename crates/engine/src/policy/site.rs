//! One site: where it is, what it shows, how it is protected.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::budgets::{Budgets, PosturePolicy};
use super::fields::{Field, MAX_FIELDS};
use super::route::{Route, RouteMatch};
use crate::doors::{Action, Sensitivity, SensitivitySet, Signal, Standing};

/// Whether verdicts are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Computed and recorded, not carried out.
    Watch,
    /// Carried out.
    Enforce,
}

/// What to do when something of ours fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Answer with an error; nobody is shown.
    Refuse,
    /// Let the answer pass as it is, and say so in the ledger or, where there is none, in the log.
    Pass,
}

/// Whose `/.well-known/security.txt` is given (RFC 9116).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityTxt {
    /// The site's; ours where it has none.
    #[default]
    Missing,
    /// Ours.
    Ours,
    /// The site's, or none.
    Site,
}

/// Where the site is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// `http` or `https`.
    pub scheme: String,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Speak HTTP/2 to it (prior knowledge over http, ALPN over https).
    #[serde(default)]
    pub http2: bool,
    /// Send this `Host` instead of the visitor's.
    pub host_header: Option<String>,
    /// Seconds to open a connection.
    pub connect_timeout_s: f64,
    /// Seconds until the first byte of the answer.
    pub answer_timeout_s: f64,
    /// Seconds between two pieces of the answer.
    pub idle_timeout_s: f64,
    /// Most connections kept open and idle, per worker.
    pub keep_idle: usize,
    /// PEM file of the authority that signed the site's certificate; absent = the public ones.
    pub ca_file: Option<String>,
}

/// A certificate for the visitors' side.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the chain.
    pub certificate: String,
    /// PEM file with the key.
    pub key: String,
}

/// Names of the headers between the site and us, lower case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Headers {
    /// The people an answer shows.
    pub people: String,
    /// The account that is signed in.
    pub account: String,
    /// When that account was made (Unix seconds or RFC 3339).
    pub account_since: String,
    /// JA4 as a trusted hop saw it; absent = no hop does.
    pub ja4: Option<String>,
}

/// How the site's account is known before it answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The site's own session cookie.
    pub cookie: Option<String>,
    /// How far that cookie is believed.
    pub trust: AccountTrust,
    /// Younger accounts start smaller.
    pub new_for_s: u32,
    /// Where people sign in, for the page that asks them to.
    pub sign_in_url: Option<String>,
}

/// How far the site's cookie is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountTrust {
    /// Only after the application's header has confirmed the cookie's account.
    Confirmed,
    /// A cookie is an account. For sites that cannot send the header; anybody can invent a cookie, so its budgets
    /// are those of a stranger until the account is of age.
    Present,
}

/// When the ladder's steps are taken. Points are sums of signals' weights; people are asked for beyond the budget.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// Points for a challenge.
    pub prove_at: u16,
    /// Points to slow down.
    pub slow_at: u16,
    /// Points to refuse.
    pub refuse_at: u16,
    /// People asked for beyond the budget, in an hour, before a challenge.
    pub prove_beyond: u32,
    /// ... before sign-in is asked.
    pub sign_in_beyond: u32,
    /// ... before refusal.
    pub refuse_beyond: u32,
    /// How long `slow` waits, in milliseconds.
    pub slow_ms: u32,
    /// How long a refusal lasts, in seconds.
    pub refuse_for_s: u32,
}

/// Whether points and budgets move the ladder in this site's lanes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enforcement {
    /// Sensitivities never shown, per standing.
    pub never: Vec<(Standing, SensitivitySet)>,
    /// Sensitivities shown on request only, per standing.
    pub on_request: Vec<(Standing, SensitivitySet)>,
}

/// Challenges.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofPolicy {
    /// Work of the easiest challenge (expected number of hashes).
    pub easy_work: u32,
    /// Work of the hardest.
    pub hard_work: u32,
    /// Wait of the way without JavaScript, in seconds, easiest.
    pub easy_wait_s: u32,
    /// ... hardest.
    pub hard_wait_s: u32,
    /// How long a challenge can be answered, in seconds.
    pub answer_within_s: u32,
    /// How long a pass holds, in seconds.
    pub holds_s: u32,
    /// More networks than this on one pass within five minutes is the signal `pass_shared`.
    pub shared_networks: u8,
}

/// A rule of the operator.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// CEL over `request`, `identity`, `state`.
    pub when: String,
    /// What it does.
    pub then: Action,
    /// Points instead of an action: the signal `operator_rule`.
    pub weight: Option<u16>,
    /// Stop at this rule, even with `allow`.
    #[serde(default)]
    pub last: bool,
}

/// Links no person is shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bait {
    /// Paths; whoever asks for one took a bait.
    pub paths: Vec<String>,
}

/// What happens when something of ours fails.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// The ledger cannot be written.
    pub ledger: OnFailure,
    /// A rule cannot be evaluated: `pass` ignores it, `refuse` refuses the request.
    pub rule: OnFailure,
}

/// How little is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Days the sealed address is kept; 0 = it is never kept.
    pub sealed_address_days: u32,
    /// `Sec-GPC: 1` switches the client print off for that request.
    pub honour_gpc: bool,
}

/// A path as most sites read it before they choose a page (RFC 3986, 5.2.4 and 6.2.2); `None` when that is the same path.
fn as_sites_read(path: &str) -> Option<String> {
    let mut before = b'x';
    let odd = path.bytes().any(|b| {
        let pair = before == b'/' && matches!(b, b'/' | b'.');
        before = b;
        pair || matches!(b, b'%' | b'\\' | b';' | b'A'..=b'Z')
    });
    if !odd {
        return None;
    }
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy().replace('\\', "/");
    let mut kept: Vec<&str> = Vec::new();
    for part in decoded.split('/') {
        // A parameter (`members;a=b`) is no part of a segment's name for some sites.
        match part.split(';').next().unwrap_or("") {
            "" | "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(part),
        }
    }
    Some(format!("/{}", kept.join("/")))
}

/// One site.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Short name; names its folder of the state.
    pub name: String,
    /// Hosts it answers for; `*` for any.
    pub hosts: Vec<String>,
    /// Where it is.
    pub upstream: Upstream,
    /// Certificate, when this listener ends TLS for it.
    pub tls: Option<Tls>,
    /// Watch or enforce.
    pub mode: Mode,
    /// How a visitor reaches a person: an address or a URL, shown on every page of ours.
    pub contact: String,
    /// Name of the site as visitors know it.
    pub title: String,
    /// Whose security.txt is given.
    #[serde(default)]
    pub security_txt: SecurityTxt,
    /// Hops whose forwarding headers are believed.
    #[serde(default)]
    pub trusted_hops: Vec<IpNet>,
    /// Header names.
    pub headers: Headers,
    /// Accounts.
    pub account: Account,
    /// Fields.
    pub fields: Vec<Field>,
    /// Routes.
    pub routes: Vec<Route>,
    /// Budgets.
    pub budgets: Budgets,
    /// Posture.
    pub posture: PosturePolicy,
    /// Weights of the signals; a signal that is not listed weighs nothing and is not computed.
    pub signals: Vec<(Signal, u16)>,
    /// Ladder.
    pub ladder: Ladder,
    /// What is never shown, or on request.
    pub enforcement: Enforcement,
    /// Challenges.
    pub proof: ProofPolicy,
    /// Rules, in order.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Baits.
    #[serde(default)]
    pub bait: Bait,
    /// The site's robots.txt as the brain last read it.
    pub robots: Option<String>,
    /// Failures.
    pub failures: Failures,
    /// Privacy.
    pub privacy: Privacy,
}

impl Site {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// A sentence that says what does not hold together.
    pub fn check(&self) -> Result<(), String> {
        if self.fields.len() > MAX_FIELDS {
            return Err(format!("site `{}` has {} fields; at most {MAX_FIELDS} fit", self.name, self.fields.len()));
        }
        for r in &self.routes {
            if let Some(bad) = r.fields.iter().find(|f| f.field >= self.fields.len()) {
                return Err(format!(
                    "route `{}` of site `{}` names field number {}, which does not exist",
                    r.name, self.name, bad.field
                ));
            }
        }
        Ok(())
    }

    /// The route of a path and method: of all that fit, the one with most literal parts; the first of equals.
    ///
    /// The path fits as it was received, or else as sites read it: percent-decoded, without empty and dot segments, in
    /// any case. Otherwise `/%6Dembers/7` would be a page of the site that shows people, and no route of ours.
    #[must_use]
    pub fn route(&self, method: &str, path: &str) -> Option<RouteMatch<'_>> {
        let raw = || self.fitting(method, path, true);
        let Some(as_read) = as_sites_read(path) else { return raw() };
        let read = || self.fitting(method, &as_read, false);
        // `/files/../members/7` fits `/files/{rest...}` as received, and is not what the site will show.
        let dots = ["/.", "%2e", "%2E"].iter().any(|d| path.contains(d));
        if dots { read().or_else(raw) } else { raw().or_else(read) }
    }

    fn fitting(&self, method: &str, path: &str, encoded: bool) -> Option<RouteMatch<'_>> {
        let mut best: Option<(usize, usize, Option<&str>)> = None;
        for (i, r) in self.routes.iter().enumerate() {
            // HEAD shows what GET shows, minus the body: it belongs to the same route.
            let fits_method =
                r.methods.is_empty() || r.methods.iter().any(|m| m == method || (m == "GET" && method == "HEAD"));
            if !fits_method {
                continue;
            }
            let person = if encoded { r.path.matches(path) } else { r.path.matches_any_case(path) };
            if let Some(person) = person {
                let l = r.path.literalness();
                if best.is_none_or(|(b, _, _)| l > b) {
                    best = Some((l, i, person));
                }
            }
        }
        best.map(|(_, index, person)| RouteMatch {
            index,
            route: &self.routes[index],
            person: person.map(|p| {
                if encoded {
                    percent_encoding::percent_decode_str(p).decode_utf8_lossy().into_owned()
                } else {
                    p.to_owned()
                }
            }),
        })
    }

    /// Weight of a signal; 0 = not computed.
    #[must_use]
    pub fn weight(&self, signal: Signal) -> u16 {
        self.signals.iter().find(|(s, _)| *s == signal).map_or(0, |(_, w)| *w)
    }

    /// Sensitivities never shown to a standing.
    #[must_use]
    pub fn never(&self, standing: Standing) -> SensitivitySet {
        self.enforcement
            .never
            .iter()
            .find(|(s, _)| *s == standing)
            .map_or(SensitivitySet::NONE.with(Sensitivity::Special), |(_, set)| *set)
    }

    /// Sensitivities shown to a standing on request only.
    #[must_use]
    pub fn on_request(&self, standing: Standing) -> SensitivitySet {
        self.enforcement.on_request.iter().find(|(s, _)| *s == standing).map_or(SensitivitySet::NONE, |(_, set)| *set)
    }
}

#[cfg(test)]
mod tests {
    use crate::state::test_site::site;

    #[test]
    fn a_page_is_the_same_page_however_its_path_is_written() {
        let site = site();
        for path in [
            "/members/7",
            "/members/7/",
            "/%6Dembers/7",
            "/members%2F7",
            "//members/7",
            "/members//7",
            "/./members/7",
            "/about/../members/7",
            "/about/%2e%2e/members/%37",
            "/.well-known/../members/7",
            "/Members/7",
            "/members;a=b/7",
            "/members\\7",
        ] {
            let found = site.route("GET", path);
            let found = found.as_ref().map(|r| (r.index, r.person.as_deref()));
            assert_eq!(found, Some((0, Some("7"))), "{path}");
        }
        assert!(site.route("GET", "/About/7").is_none());
        assert_eq!(site.route("GET", "/members/Ada%20L").and_then(|r| r.person).as_deref(), Some("Ada L"));
    }
}
