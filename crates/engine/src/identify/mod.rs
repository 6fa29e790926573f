//! The identify room: who is asking, at every level at once, and in which lane.
//!
//! In: a [`Request`] as it came, and what the site's application confirmed before ([`Accounts`]). Out: an [`Identity`]
//! with keyed names only, and the evidence the request itself gives away. It asks nobody and waits for nothing: crawlers
//! that only the DNS can tell are put on a list for the brain. It must never decide anything about a person, keep a raw
//! address, or read anything that a later room makes.

mod account;
mod address;
mod address_set;
mod agent_names;
mod agents;
mod ages;
mod client;
mod contradictions;
mod cookies;
mod crawlers;
mod forwarded;
mod glimpse;
mod keys;
mod lane;
mod memo;
mod names;
mod network;
mod network_kind;
mod robots;
mod session;
mod shelf;
mod signed_in;
mod suspicion;
#[cfg(test)]
pub(crate) mod test_request;
#[cfg(test)]
mod tests;
mod token;
mod visit;

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use smallvec::SmallVec;

pub use account::{Accounts, CookieKey};
pub use address::explain_address;
pub use address_set::{AddressSet, is_internal};
pub use ages::{Age, Ages, KEPT_S};
pub use contradictions::Contradiction;
pub use crawlers::{Crawlers, CrawlersError, dns_name_belongs};
pub use forwarded::https as came_by_https;
pub use glimpse::{Glimpse, Software};
pub use jsonwebtoken::Algorithm as TokenAlgorithm;
pub use keys::Keys;
pub use network::{AsnError, AsnTable, Origin, address_name, network_bytes};
pub use robots::Robots;
pub use suspicion::{ProxyFinding, ProxySuspicion};
pub use token::{Refusal, TokenKeys, TokenKeysError, TokenSeen, Told, read_token};
pub use visit::{VisitKind, visit, visit_by_path};

use crate::doors::{Account, Evidence, Identity, Lane, Level, Pseudonym, Request, Session, Signal};
use crate::policy::{AccountTrust, Site};
use memo::Memo;

/// Why a site's identify room could not be made.
#[derive(Debug, thiserror::Error)]
pub enum IdentifyError {
    /// The words of the user agents could not be compiled.
    #[error("the table of user agents could not be compiled; this build is damaged, install it anew")]
    Agents,
    /// A header name in the policy that no request can have.
    #[error("the policy of site `{site}` names the header `{header}`, which is not a header name; correct `headers`")]
    Header {
        /// The site.
        site: String,
        /// What was written.
        header: String,
    },
}

/// What [`Identifier::identify`] found.
#[derive(Debug)]
pub struct Identified {
    /// Who is asking.
    pub identity: Identity,
    /// What kind of visit it is.
    pub kind: VisitKind,
    /// The `Set-Cookie` value to add to the answer, when a session begins with it.
    pub set_cookie: Option<String>,
    /// Set once in a while when nearly all visitors share one address: `trusted_hops` was probably forgotten. To be
    /// logged for the operator.
    pub proxy_finding: Option<ProxyFinding>,
    /// What came of the application's token, where one was checked. To be counted for the operator.
    pub token: Option<TokenSeen>,
}

/// The identify room of one site, compiled. Made anew when the policy changes.
pub struct Identifier {
    keys: Arc<Keys>,
    crawlers: Arc<Crawlers>,
    asn: Option<Arc<AsnTable>>,
    trusted: AddressSet,
    cookie: session::Cookie,
    robots: Robots,
    suspicion: ProxySuspicion,
    headers: AppHeaders,
    account_cookie: Option<String>,
    account_trust: AccountTrust,
    tokens: Option<token::Tokens>,
    honour_gpc: bool,
    signals: u32,
    // A visitor asks many times with the same browser from the same address: what these come to is remembered.
    agents: Memo<agents::Agent>,
    addresses: Memo<(Pseudonym, Pseudonym)>,
    clients: Memo<Pseudonym>,
}

/// Names of the headers between the application, a trusted hop and us, as the policy gives them.
struct AppHeaders {
    account: HeaderName,
    account_since: HeaderName,
    ja4: Option<HeaderName>,
}

impl std::fmt::Debug for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identifier").field("trusted", &self.trusted).finish_non_exhaustive()
    }
}

impl Identifier {
    /// Compiles the room for a site. `secure_cookie` says that visitors reach the site by https only.
    ///
    /// # Errors
    /// [`IdentifyError`], when the policy names an impossible header.
    pub fn new(
        site: &Site,
        keys: Arc<Keys>,
        crawlers: Arc<Crawlers>,
        asn: Option<Arc<AsnTable>>,
        secure_cookie: bool,
    ) -> Result<Self, IdentifyError> {
        if !agents::ready() {
            return Err(IdentifyError::Agents);
        }
        let header = |name: &String| {
            name.parse::<HeaderName>()
                .map_err(|_| IdentifyError::Header { site: site.name.clone(), header: name.clone() })
        };
        let headers = AppHeaders {
            account: header(&site.headers.account)?,
            account_since: header(&site.headers.account_since)?,
            ja4: site.headers.ja4.as_ref().map(header).transpose()?,
        };
        let signals =
            site.signals.iter().filter(|(_, weight)| *weight > 0).fold(0, |bits, (s, _)| bits | 1 << *s as u32);
        Ok(Self {
            cookie: session::Cookie::new(Arc::clone(&keys), secure_cookie),
            keys,
            crawlers,
            asn,
            trusted: AddressSet::new(&site.trusted_hops),
            robots: site.robots.as_deref().map(Robots::parse).unwrap_or_default(),
            suspicion: ProxySuspicion::default(),
            headers,
            account_cookie: site.account.cookie.clone(),
            account_trust: site.account.trust,
            tokens: None,
            honour_gpc: site.privacy.honour_gpc,
            signals,
            agents: Memo::new(8),
            addresses: Memo::new(10),
            clients: Memo::new(8),
        })
    }

    /// Says who is asking. `fresh` is 16 random bytes for a session that begins now.
    pub fn identify(&self, req: &Request<'_>, accounts: &Accounts, fresh: [u8; 16]) -> Identified {
        let now_s = req.now_ms / 1000;
        let found = address::find(req.headers, req.transport.peer, &self.trusted);
        let unbelieved = !found.behind_hop && has_forwarding(req.headers);
        let proxy_finding = self.suspicion.note(found.address, unbelieved);

        let user_agent = req.headers.get(http::header::USER_AGENT).map_or(&b""[..], |v| v.as_bytes());
        let has_user_agent = !user_agent.trim_ascii().is_empty();
        let agent = self.agents.get(user_agent, || agents::read(user_agent));
        let prints = client::Prints::of(req, self.headers.ja4.as_ref(), found.behind_hop);
        let coarse = self.honour_gpc && client::asks_privacy(req.headers);
        let kind = visit(req);

        let mut evidence: SmallVec<[Evidence; 2]> = SmallVec::new();
        let (mut lane, said) = lane::by_agent(&agent, has_user_agent, found.address, &self.crawlers, now_s);
        evidence.extend(said.filter(|e| self.reads(e.signal)));
        if self.reads(Signal::HeaderContradiction) {
            // Who asks for privacy is not examined by prints either.
            let shown = if coarse { client::Prints::default() } else { prints };
            let secure = self.is_secure_context(req, found.behind_hop);
            let found = contradictions::check(req, &agent, &shown, secure, kind.navigation);
            if !found.is_empty() {
                let detail = found.iter().map(|c| c.sentence()).collect::<Vec<_>>().join("; ");
                evidence.push(Evidence { signal: Signal::HeaderContradiction, detail });
            }
        }

        let (account, token) = self.account(req.headers, accounts, now_s);
        lane = signed_in::with_account(lane, account.as_ref());
        let (session, set_cookie) = self.session(req.headers, kind, lane, fresh, now_s);
        let client = self.client(&agent, &prints, coarse);
        let identity =
            self.named(&found, agent.named.map(|(name, _)| name), client, lane, account, session, evidence, kind);
        Identified { identity, kind, set_cookie, proxy_finding, token }
    }

    /// The identity, once everything about it is known: every name is given here.
    #[expect(clippy::too_many_arguments, reason = "the parts of an identity; a struct would only rename them")]
    fn named(
        &self,
        found: &address::Found,
        agent: Option<&'static str>,
        client: Pseudonym,
        lane: Lane,
        account: Option<Account>,
        session: Option<Session>,
        evidence: SmallVec<[Evidence; 2]>,
        kind: VisitKind,
    ) -> Identity {
        let (bytes, len) = network::address_bytes(found.address);
        let (address, network) = self.addresses.get(&bytes[..len], || {
            let (wide, wide_len) = network::network_bytes(found.address);
            (self.keys.pseudonym(Level::Address, &bytes[..len]), self.keys.pseudonym(Level::Network, &wide[..wide_len]))
        });
        let origin = self.asn.as_ref().map(|table| table.lookup(found.address)).unwrap_or_default();
        Identity {
            address_raw: found.address,
            address_source: found.source,
            address,
            network,
            asn: origin.number,
            network_kind: origin.kind,
            session,
            account,
            client,
            licence: None,
            lane,
            agent: agent.map(str::to_owned),
            evidence,
            wants_html: kind.wants_html,
            navigation: kind.navigation,
        }
    }

    /// The `Set-Cookie` value for a session that has just solved a challenge; the pass holds until `until_s` (Unix seconds).
    #[must_use]
    pub fn proven_cookie(&self, session: &Session, until_s: u64) -> String {
        self.cookie.set(&Session { proven_until_s: until_s, ..*session })
    }

    /// Whether robots.txt refuses this request to this agent. Only robots are bound by it: people who follow a link to a
    /// page that crawlers are asked to leave alone do nothing wrong.
    #[must_use]
    pub fn robots_refused(&self, req: &Request<'_>, identity: &Identity) -> bool {
        self.refused_by_robots(identity.lane, identity.agent.as_deref(), req.path, req.query)
    }

    fn refused_by_robots(&self, lane: Lane, agent: Option<&str>, path: &str, query: Option<&str>) -> bool {
        if !matches!(lane, Lane::Automation | Lane::SearchEngine) || self.robots.is_empty() {
            return false;
        }
        let agent = agent.unwrap_or("*");
        match query {
            None => self.robots.refuses(agent, path),
            Some(query) => self.robots.refuses(agent, &format!("{path}?{query}")),
        }
    }

    /// Whether the page of a challenge may look whether the browser agrees with its requests: not where the policy gives
    /// that no weight, nor at who asks for privacy.
    #[must_use]
    pub fn examines(&self, headers: &HeaderMap) -> bool {
        self.reads(Signal::EnvironmentOdd) && !(self.honour_gpc && client::asks_privacy(headers))
    }

    fn client(&self, agent: &agents::Agent, prints: &client::Prints<'_>, coarse: bool) -> Pseudonym {
        let name = || self.keys.pseudonym(Level::Client, client::shown(agent, prints, coarse).bytes());
        // A letter tells which part follows, and a newline, which is in no header, where it ends.
        let mut seen: SmallVec<[u8; 512]> = SmallVec::new();
        seen.extend_from_slice(&[b'f', agent.family as u8, u8::from(coarse)]);
        let parts = [(b'n', agent.named.map(|(n, _)| n)), (b'j', prints.ja4), (b'h', prints.h2), (b'o', prints.order)];
        for (letter, part) in parts {
            if let Some(text) = part {
                seen.push(letter);
                seen.extend_from_slice(text.as_bytes());
                seen.push(b'\n');
            }
        }
        self.clients.get(&seen, name)
    }

    fn reads(&self, signal: Signal) -> bool {
        self.signals & 1 << signal as u32 != 0
    }

    fn session(
        &self,
        headers: &HeaderMap,
        kind: VisitKind,
        lane: Lane,
        fresh: [u8; 16],
        now_s: u64,
    ) -> (Option<Session>, Option<String>) {
        if let Some(session) = self.cookie.read(headers, now_s) {
            return (Some(session), None);
        }
        // A cookie on a sub-resource would make its cached copy somebody's; verified crawlers and previews keep none.
        if kind.asset || matches!(lane, Lane::SearchEngine | Lane::Preview) {
            return (None, None);
        }
        let session = self.cookie.make(fresh, now_s);
        (Some(session), Some(self.cookie.set(&session)))
    }

    /// Whether the visitor's browser takes this for a secure context (W3C Secure Contexts, section 3.1), in which it
    /// sends Fetch Metadata and client hints. Behind a hop that does not say, the answer is no: nothing is held
    /// against anybody on a guess.
    fn is_secure_context(&self, req: &Request<'_>, behind_hop: bool) -> bool {
        if behind_hop {
            return forwarded::https(req.headers) == Some(true);
        }
        let host = req.host.trim_matches(['[', ']']);
        req.transport.tls
            || host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback())
    }
}

/// Whether a request carries a forwarding header at all.
fn has_forwarding(headers: &HeaderMap) -> bool {
    headers.contains_key(&names::X_FORWARDED_FOR) || headers.contains_key(http::header::FORWARDED)
}
