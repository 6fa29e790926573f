//! One site: where it is, what it shows, how it is protected.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use ipnet::IpNet;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};

use super::budgets::{Budgets, PosturePolicy};
use super::fields::{Field, MAX_FIELDS};
use super::route::Route;
use crate::doors::{Action, Sensitivity, SensitivitySet, Signal, Standing};

/// Most families of routes a site may have: each has a posture of its own, which takes 750 KiB.
pub const MOST_FAMILIES: usize = 64;

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
    /// Tokens of the application that say whose account it is.
    #[serde(default)]
    pub token: Option<Token>,
}

/// The application's signed tokens (JWT, RFC 7519).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Cookie it comes in.
    pub cookie: Option<String>,
    /// Request header it comes in, lower case; the first to be looked at.
    pub header: Option<String>,
    /// File with the keys it is checked with.
    pub key_file: String,
    /// What it may be signed with; all for public keys, or all for a secret.
    pub algorithms: Vec<Algorithm>,
    /// Who may have issued it; empty = nobody is asked for.
    #[serde(default)]
    pub issuer: Vec<String>,
    /// Whom it may be for; empty = a token that is for somebody is not for us.
    #[serde(default)]
    pub audience: Vec<String>,
    /// The claim that identifies the account.
    pub account: String,
    /// The claim that says when the account was made.
    pub since: Option<String>,
    /// How far the application's clock may differ.
    pub leeway_s: u32,
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
    /// Points instead of an action, added like a signal's.
    pub weight: Option<u16>,
    /// Stop at this rule, even with `allow`.
    #[serde(default)]
    pub last: bool,
}

impl Rule {
    /// Whether the rule may read how many people somebody was shown. To take one for such a rule that is none costs a
    /// little time: every `state` counts that is not followed by one of the other facts.
    fn reads_people(&self) -> bool {
        let other = |fact: &&str| ["beyond", "risk", "posture"].contains(fact);
        self.when.split("state").skip(1).any(|after| {
            let fact = after.strip_prefix('.').and_then(|a| a.split(|c: char| !c.is_alphanumeric() && c != '_').next());
            fact.filter(other).is_none()
        })
    }
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
    /// Whether one of them reads `state.people_*`, once it was asked.
    #[serde(skip)]
    pub(crate) reads_people: OnceLock<bool>,
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
        let families = self.routes.iter().map(|r| &r.family).collect::<BTreeSet<_>>().len();
        if families > MOST_FAMILIES {
            return Err(format!("site `{}` has {families} families of routes; at most {MOST_FAMILIES} fit", self.name));
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

    /// Index of a field, by its name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == name)
    }

    /// The names of its fields, in their order.
    pub fn field_names(&self) -> impl Iterator<Item = String> {
        self.fields.iter().map(|f| f.name.clone())
    }

    /// Whether a rule may read how many people somebody was shown.
    #[must_use]
    pub(crate) fn rules_read_people(&self) -> bool {
        *self.reads_people.get_or_init(|| self.rules.iter().any(Rule::reads_people))
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
    use serde_json::json;

    use super::*;
    use crate::state::test_site::site_with;

    #[test]
    fn a_site_with_more_families_than_have_a_posture_of_their_own_is_refused() {
        let families = |most: usize| {
            site_with(|j| {
                let one = j["routes"][0].clone();
                let routes = (0..most).map(|n| {
                    let mut route = one.clone();
                    (route["name"], route["family"]) = (json!(format!("r{n}")), json!(format!("f{n}")));
                    route
                });
                j["routes"] = routes.collect();
            })
        };
        assert_eq!(families(MOST_FAMILIES).check(), Ok(()));
        let why = families(MOST_FAMILIES + 1).check().unwrap_err();
        assert!(why.contains("65 families") && why.contains("at most 64"), "{why}");
    }
}
