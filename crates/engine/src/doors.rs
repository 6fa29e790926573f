//! The types that pass from one room to the next: `Request` → `Identity` → `Verdict` → `Disclosure` → `Entry`.
//!
//! Small, plain and few. A room takes the types of the rooms before it and makes its own; no room reaches back.

mod words;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::measures::{Cuts, Everybody};
use crate::policy::FieldSet;

/// What is known of the connection that carried a request. One per connection, shared by its requests.
#[derive(Debug, Clone)]
pub struct Transport {
    /// The other end of the connection, after a PROXY protocol header has been believed.
    pub peer: IpAddr,
    /// Whether the visitor's connection ended in TLS here.
    pub tls: bool,
    /// JA4 of the ClientHello, when we saw one.
    pub ja4: Option<String>,
    /// Our own HTTP/2 print (settings, window, pseudo-header order), when the connection speaks HTTP/2.
    pub h2_print: Option<String>,
}

/// A request as any attachment sees it: the gateway, a middleware, or a line of an access log.
#[derive(Debug)]
pub struct Request<'a> {
    /// Method, upper case.
    pub method: &'a str,
    /// Host without port, lower case.
    pub host: &'a str,
    /// Path as received, percent-encoding kept, no query.
    pub path: &'a str,
    /// Query without the question mark.
    pub query: Option<&'a str>,
    /// Request headers.
    pub headers: &'a http::HeaderMap,
    /// Names of the headers in the order and case they arrived, when the attachment can tell; joined by `,`.
    pub header_order: Option<&'a str>,
    /// The connection it came on.
    pub transport: &'a Transport,
    /// HTTP version: 10, 11, 20.
    pub version: u8,
    /// The clock, in milliseconds since the Unix epoch.
    pub now_ms: u64,
}

/// A keyed, opaque name for a principal. The first eight bytes index the state; all twelve go to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pseudonym(pub [u8; 12]);

impl Pseudonym {
    /// The part used as a key of the state tables.
    #[must_use]
    pub fn key(self) -> u64 {
        let mut b = [0u8; 8];
        b.copy_from_slice(&self.0[..8]);
        u64::from_le_bytes(b)
    }

    /// Lower-case hexadecimal, 24 characters: the form in the ledger, in logs and on screens.
    #[must_use]
    pub fn hex(self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut s = String::with_capacity(24);
        for b in self.0 {
            s.push(DIGITS[usize::from(b >> 4)] as char);
            s.push(DIGITS[usize::from(b & 15)] as char);
        }
        s
    }

    /// Reads back [`Pseudonym::hex`]; `None` if it is not 24 hexadecimal digits.
    #[must_use]
    pub fn from_hex(s: &str) -> Option<Self> {
        let bytes = s.as_bytes();
        if bytes.len() != 24 {
            return None;
        }
        let digit = |c: u8| (c as char).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let mut out = [0u8; 12];
        for (i, pair) in bytes.chunks_exact(2).enumerate() {
            out[i] = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(out))
    }
}

/// The levels at which a principal is known. A request belongs to one principal of each level it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Level {
    /// One address (IPv6: the /64).
    Address,
    /// IPv4 /24, IPv6 /48.
    Network,
    /// Our own cookie.
    Session,
    /// The site's account.
    Account,
    /// The software, by its prints.
    Client,
    /// A licence holder.
    Licence,
    /// All strangers together.
    Strangers,
}

/// Number of [`Level`]s.
pub const LEVELS: usize = 7;

/// The kind of traffic a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Anybody with a browser.
    Visitor,
    /// Signed in, as the application confirmed.
    Member,
    /// A search engine whose address proved it.
    SearchEngine,
    /// Link previews, feed readers, monitors.
    Preview,
    /// A licence holder.
    Licensed,
    /// A vetted researcher.
    Researcher,
    /// Automation that nobody vouches for.
    Automation,
}

/// Where a principal stands, which chooses its budget. A pass or a sign-in moves it; nothing removes the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Standing {
    /// Not signed in, proved nothing.
    Stranger,
    /// Not signed in, solved a challenge.
    Proven,
    /// An account younger than the policy's age.
    NewMember,
    /// An account of age.
    Member,
    /// Unknown automation.
    Automation,
    /// Verified search engine.
    SearchEngine,
    /// Link preview, feed reader, monitor.
    Preview,
    /// Licence holder.
    Licensed,
    /// Researcher.
    Researcher,
}

/// Number of [`Standing`]s.
pub const STANDINGS: usize = 9;

/// The site's account behind a request.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// Keyed name of the account.
    pub name: Pseudonym,
    /// Whether the application itself said so (a response header, or a cookie it confirmed before).
    pub confirmed: bool,
    /// When the account was made (Unix seconds), as the application says; else when we first saw it.
    pub since_s: Option<u64>,
}

/// The visitor's session, from our own cookie.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    /// Keyed name of the session.
    pub name: Pseudonym,
    /// When the cookie was made (Unix seconds).
    pub since_s: u64,
    /// Whether this request brought the cookie; a session made for this answer has not shown that it keeps cookies.
    pub returned: bool,
    /// Until when (Unix seconds) a solved challenge holds.
    pub proven_until_s: u64,
}

impl Session {
    /// Whether its challenge is solved now: the cookie came back, and what it proves still holds.
    #[must_use]
    pub fn proves(&self, now_ms: u64) -> bool {
        self.returned && self.proven_until_s > now_ms / 1000
    }
}

/// Evidence found in the request itself: the identifier of a signal and the words that fill its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Which signal.
    pub signal: Signal,
    /// What was seen, for the operator; never a person's data.
    pub detail: String,
}

/// Every signal Hedgerow knows. The weight is the policy's; the sentence is in `judge::signals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Signal {
    /// The agent says that it is a robot.
    DeclaredAutomation,
    /// The agent names a programming library or command-line tool.
    LibraryClient,
    /// Headers that contradict each other or the handshake.
    HeaderContradiction,
    /// Claims a crawler whose address says otherwise.
    ForgedCrawler,
    /// Asks for identifiers in order, or with even gaps.
    Enumeration,
    /// Reads profiles and nothing else.
    ProfileOnlyDiet,
    /// Pages without their images, styles and scripts.
    NoSubresources,
    /// Asks for what robots.txt refuses.
    RobotsRefused,
    /// Followed a link no person is shown.
    BaitTaken,
    /// Was challenged and went on without an answer.
    UnsolvedChallenges,
    /// One pass used from many networks.
    PassShared,
    /// An environment check of the browser did not agree; a signal only, never proof.
    EnvironmentOdd,
    /// A session cookie that was never given back.
    CookieNotKept,
    /// Keeps asking for people after the budget is spent.
    AsksBeyondBudget,
}

/// Number of [`Signal`]s.
pub const SIGNALS: usize = 14;

/// Who is asking, at every level at once.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The visitor's address. Never leaves the process in the clear.
    pub address_raw: IpAddr,
    /// How sure the address is: from the connection, or from headers of trusted hops.
    pub address_source: AddressSource,
    /// Keyed name of the address.
    pub address: Pseudonym,
    /// Keyed name of the network.
    pub network: Pseudonym,
    /// Number of the autonomous system, when a table is given.
    pub asn: Option<u32>,
    /// What kind of network it is, as far as tables say.
    pub network_kind: NetworkKind,
    /// Our session, if any.
    pub session: Option<Session>,
    /// The site's account, if any.
    pub account: Option<Account>,
    /// Keyed name of the client software.
    pub client: Pseudonym,
    /// Keyed name of the licence, if any.
    pub licence: Option<Pseudonym>,
    /// The kind of traffic.
    pub lane: Lane,
    /// The agent's short name when it declares one we know (`googlebot`, `curl`).
    pub agent: Option<String>,
    /// What the request itself gives away.
    pub evidence: SmallVec<[Evidence; 2]>,
    /// Whether the client wants a page (`true`) or data: decides between an HTML page and a problem document.
    pub wants_html: bool,
    /// Whether this looks like a top-level page view and not a sub-resource or a fetch.
    pub navigation: bool,
}

/// What kind of network an address belongs to. It is recorded, so that it can be counted whom verdicts hit; no verdict
/// is made of it: people browse through rented machines, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkKind {
    /// Lines of households and small offices.
    Residential,
    /// Telephones.
    Mobile,
    /// Machines for rent.
    Hosting,
    /// Schools, universities, authorities.
    EducationGovernment,
    /// No table says.
    #[default]
    Unknown,
}

impl NetworkKind {
    /// Whether no table says what it is.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

/// Where the visitor's address was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressSource {
    /// The connection itself.
    Connection,
    /// A PROXY protocol header.
    ProxyProtocol,
    /// `X-Forwarded-For` of trusted hops.
    XForwardedFor,
    /// `Forwarded` of trusted hops.
    Forwarded,
    /// Headers disagreed; the nearest untrusted hop is used.
    Disputed,
}

/// What to do with a request. In the order of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Let it pass.
    Allow,
    /// Let it pass; fields beyond the allowance are masked.
    Mask,
    /// Ask for a proof first.
    Prove,
    /// Wait, then let it pass.
    Slow,
    /// Ask to sign in.
    SignIn,
    /// Refuse.
    Refuse,
    /// Serve made-up people.
    Decoy,
}

/// Number of [`Action`]s.
pub const ACTIONS: usize = 7;

/// One reason of a verdict: a signal or a budget, with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Identifier from the closed list in `judge::reasons` (for example `budget.personal.session`, `signal.enumeration`).
    pub code: String,
    /// Points it adds; 0 for budgets.
    pub weight: u16,
    /// For the operator: what was seen, with numbers. Never a person's data.
    pub detail: String,
}

/// What the answer may show, decided before the site is asked; the people are counted when they are read.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// Which budget applies.
    pub standing: Standing,
    /// Sensitivities never shown to this principal.
    pub never: SensitivitySet,
    /// Sensitivities shown only for people the principal has revealed (or was shown) before.
    pub on_request: SensitivitySet,
    /// By what a person's decision divides the budgets.
    pub cuts: Cuts,
    /// What a person decided about the route for everybody.
    pub everybody: Everybody,
}

/// How sensitive a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Sensitivity {
    /// Name, picture, headline.
    Basic,
    /// Biography, employer, town, connections.
    Personal,
    /// E-mail, phone, address.
    Contact,
    /// Health, faith, orientation, children; never to strangers.
    Special,
}

/// Number of [`Sensitivity`] steps.
pub const SENSITIVITIES: usize = 4;

impl Sensitivity {
    /// All four, least sensitive first.
    pub const ALL: [Self; SENSITIVITIES] = [Self::Basic, Self::Personal, Self::Contact, Self::Special];
}

/// A set of sensitivities, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SensitivitySet(pub u8);

impl SensitivitySet {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// Whether `s` is in the set.
    #[must_use]
    pub fn has(self, s: Sensitivity) -> bool {
        self.0 & (1 << s as u8) != 0
    }
    /// The set with `s` added.
    #[must_use]
    pub fn with(self, s: Sensitivity) -> Self {
        Self(self.0 | (1 << s as u8))
    }
    /// The set without `s`.
    #[must_use]
    pub fn without(self, s: Sensitivity) -> Self {
        Self(self.0 & !(1 << s as u8))
    }
    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Members, least sensitive first.
    pub fn iter(self) -> impl Iterator<Item = Sensitivity> {
        Sensitivity::ALL.into_iter().filter(move |s| self.has(*s))
    }
}

/// A reference number a visitor can quote: 60 random bits in Crockford base 32, written `XXXX-XXXX-XXXX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference(pub u64);

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut text = *b"XXXX-XXXX-XXXX";
        for (i, place) in text.iter_mut().filter(|c| **c != b'-').enumerate() {
            *place = DIGITS[usize::try_from(self.0 >> (55 - 5 * i) & 31).unwrap_or(0)];
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl std::str::FromStr for Reference {
    type Err = ();

    /// Reads a reference as a person types it: any case, hyphens and spaces ignored, `O` as 0, `I` and `L` as 1.
    fn from_str(s: &str) -> Result<Self, ()> {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let (mut v, mut n) = (0u64, 0);
        for c in s.bytes().filter(|c| *c != b'-' && *c != b' ') {
            let c = match c.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                c => c,
            };
            let d = DIGITS.iter().position(|x| *x == c).ok_or(())?;
            n += 1;
            if n > 12 {
                return Err(());
            }
            v = v << 5 | d as u64;
        }
        if n == 12 { Ok(Self(v)) } else { Err(()) }
    }
}

/// What to do with one request, and why.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The step of the ladder.
    pub action: Action,
    /// What the answer may show when the action lets it pass.
    pub allowance: Allowance,
    /// Why; empty when nothing was remarkable.
    pub reasons: SmallVec<[Reason; 2]>,
    /// Sum of the signals' weights, 0 when there are none.
    pub risk: u16,
    /// Seconds after which asking again makes sense, for `slow`, `refuse` and spent budgets.
    pub retry_after_s: Option<u32>,
}

/// One person's fields as the answer room found and decided them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// The site's own identifier, opaque to us; at most 128 bytes.
    pub person: String,
    /// Fields that left.
    pub shown: FieldSet,
    /// Fields that were masked (in watch mode: would have been; they are then in `shown` too).
    pub masked: FieldSet,
}
