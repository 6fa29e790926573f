//! The path of a request: identify, judge, forward, answer, record, in that order, once. What passes goes
//! [onward](crate::onward).

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hedgerow_engine::doors::{Action, Identity, Reference, Request as Asked, Verdict};
use hedgerow_engine::identify::came_by_https;
use hedgerow_engine::measures::{Everybody, Ruling};
use hedgerow_engine::policy::RouteMatch;
use hedgerow_engine::record::EntryKind;
use hedgerow_engine::state::{Named, Visit};
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;

use crate::body::Body;
use crate::counters::Counters;
use crate::disclose::{Account, Occasion};
use crate::faults::Cause;
use crate::serve::{AskedFor, Connection};
use crate::sites::SiteRuntime;
use crate::worker::Worker;
use crate::{disclose, own, respond, security_txt};

/// Serves one request. Never fails: whatever goes wrong becomes an answer.
pub async fn serve(worker: Rc<Worker>, connection: Rc<Connection>, request: Request<Incoming>) -> Response<Body> {
    // Boxed: each step of the way would carry it twice, as what it was given and as what it works on.
    let request = Box::new(request);
    // Before anything is refused: each request has one, and the next must not get it.
    let heads = connection.pop_head();
    match Passage::new(worker, connection, &request) {
        Ok(passage) => passage.run(request, heads).await,
        Err(refused) => refused,
    }
}

/// The host with its port, as sent.
fn host_of(request: &Request<Incoming>) -> Option<HeaderValue> {
    match request.uri().authority() {
        Some(a) => HeaderValue::try_from(a.as_str()).ok(),
        None => request.headers().get(HOST).filter(|h| !h.is_empty()).cloned(),
    }
}

/// Whether an HTTP/2 request names one host in `:authority` and another in `Host`: malformed (RFC 9113, section 8.3.1).
/// In HTTP/1 the guard has already seen to it.
fn hosts_disagree(request: &Request<Incoming>) -> bool {
    let mut named = request.headers().get_all(HOST).iter();
    match (request.uri().authority(), named.next()) {
        (Some(a), Some(h)) => named.next().is_some() || !h.as_bytes().eq_ignore_ascii_case(a.as_str().as_bytes()),
        (None, Some(_)) => named.next().is_some(),
        (_, None) => false,
    }
}

/// Lower case, without port or brackets.
pub fn bare_host(host: &HeaderValue) -> String {
    let text = host.to_str().unwrap_or("");
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => text.split(':').next().unwrap_or(""),
    };
    bare.trim_end_matches('.').to_ascii_lowercase()
}

/// Our element of `Via` for a message that came by this version (RFC 9110, section 7.6.3).
pub(crate) fn via(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2.0 hedgerow",
        Version::HTTP_10 => "1.0 hedgerow",
        _ => "1.1 hedgerow",
    }
}

/// One request on its way.
pub struct Passage {
    /// The worker it runs on.
    pub worker: Rc<Worker>,
    /// The connection it came on.
    pub connection: Rc<Connection>,
    /// The site it is for.
    pub site: Arc<SiteRuntime>,
    /// The host it asks for.
    pub asked_for: Rc<AskedFor>,
    /// The clock.
    pub now_ms: u64,
    /// Its reference.
    pub reference: Reference,
    /// `Via` for the version the visitor speaks.
    pub via: &'static str,
    /// Index of its route, once that is known.
    route: Cell<Option<usize>>,
}

/// What the judge said, and of what.
pub struct Judged {
    /// Who asked.
    pub identity: Identity,
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict as it is carried out: in watch mode everything passes.
    pub action: Action,
    /// Cookie of ours for the answer.
    pub set_cookie: Option<String>,
    /// Index of the route, when the path shows people.
    pub route: Option<usize>,
    /// The path's person.
    pub person: Option<String>,
}

impl Passage {
    /// Finds the site a request is for; an answer where there is none.
    #[expect(clippy::result_large_err, reason = "an answer is what the caller makes of it at once")]
    fn new(
        worker: Rc<Worker>,
        connection: Rc<Connection>,
        request: &Request<Incoming>,
    ) -> Result<Self, Response<Body>> {
        if hosts_disagree(request) {
            return Err(respond::plain(StatusCode::BAD_REQUEST, "The request names two different hosts."));
        }
        let Some(host) = host_of(request) else {
            return Err(respond::plain(StatusCode::BAD_REQUEST, "The request names no host."));
        };
        let asked_for = connection.asked_for(&host);
        let Some(site) = worker.shared.tables.load().site(&asked_for.bare).cloned() else {
            return Err(respond::plain(StatusCode::MISDIRECTED_REQUEST, "No site answers here under that name."));
        };
        let now_ms = worker.shared.clock.at(request.headers());
        let reference = worker.reference();
        let via = via(request.version());
        Ok(Self { worker, connection, site, asked_for, now_ms, reference, via, route: Cell::new(None) })
    }

    async fn run(self, request: Box<Request<Incoming>>, header_order: Option<String>) -> Response<Body> {
        let counters = &self.site.memory.counters;
        Counters::add(&counters.requests, 1);
        // Boxed: half a kibibyte, which would be moved at each step of the way.
        let judged = Box::new(self.judge(&request, header_order.as_deref()));
        if request.uri().path().starts_with(own::BASE) {
            // Boxed, as is whatever most requests never come to: each request would carry the room for it.
            return Box::pin(own::serve(&self, *judged, *request)).await;
        }
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) && request.version() == Version::HTTP_2 {
            // The guard before HTTP/1.1 refuses both (`tap::refusal`).
            let detail = &format!("{} is not passed on", request.method());
            return respond::failure(&self, Cause::Malformed, detail, judged.identity.wants_html);
        }
        if let Some(file) = security_txt::instead(&self, &request) {
            return file;
        }
        counters.verdict(judged.verdict.action);
        if judged.route.is_some() {
            Counters::add(&counters.people_requests, 1);
        }
        // What is not carried out (watch mode) is recorded all the same, and so is what only slows.
        let passes = matches!(judged.action, Action::Allow | Action::Mask | Action::Slow);
        if passes && judged.verdict.action > Action::Mask {
            disclose::note_verdict(&self, &judged, judged.verdict.action);
        }
        if !passes {
            return Box::pin(respond::verdict(&self, &judged, judged.action, *request)).await;
        }
        if judged.action == Action::Slow {
            self.slow_down().await;
        }
        self.pass(judged, request).await
    }

    /// The wait of the ladder's step `slow`.
    pub(crate) async fn slow_down(&self) {
        tokio::time::sleep(Duration::from_millis(u64::from(self.site.site.ladder.slow_ms))).await;
    }

    /// What people decided about whoever asks, and about a route for everybody. Each measure that holds counts it.
    pub(crate) fn ruling(&self, identity: &Identity, route: Option<&RouteMatch<'_>>) -> Ruling {
        let measures = self.site.memory.measures.load();
        if measures.is_empty() {
            return Ruling::default();
        }
        let everybody = route.map(|r| measures.meet_everybody(&self.site.site, r.route, self.now_ms));
        measures.meet(identity, self.now_ms).and(everybody.unwrap_or_default())
    }

    /// Identify and judge.
    fn judge(&self, request: &Request<Incoming>, header_order: Option<&str>) -> Judged {
        let asked = Asked {
            method: request.method().as_str(),
            host: &self.asked_for.bare,
            path: request.uri().path(),
            query: request.uri().query(),
            headers: request.headers(),
            header_order,
            transport: self.connection.transport(),
            version: match request.version() {
                Version::HTTP_2 => 20,
                Version::HTTP_10 => 10,
                _ => 11,
            },
            now_ms: self.now_ms,
        };
        let s = &*self.site;
        let identified = s.identifier.identify(&asked, &s.memory.accounts, self.worker.fresh());
        let identity = identified.identity;
        let route = s.site.route(asked.method, asked.path);
        if let Some(finding) = identified.proxy_finding {
            tracing::warn!(site = s.site.name, "{finding}");
        }
        if let Some(seen) = identified.token {
            s.memory.tokens.note(&s.site.name, seen, self.now_ms);
        }
        let kind = identified.kind;
        let visit = Visit {
            asset: kind.asset,
            navigation: kind.navigation,
            bait: s.site.bait.paths.iter().any(|p| p == asked.path),
            robots_refused: s.identifier.robots_refused(&asked, &identity),
            named: Named::by(route.as_ref(), asked.query),
        };
        let ruling = if asked.path.starts_with(own::BASE) {
            s.memory.measures.load().ruling(&identity, self.now_ms)
        } else {
            self.ruling(&identity, route.as_ref())
        };
        let snapshot = s.memory.state.arrive_under(&ruling, &s.site, &identity, route.as_ref(), &visit, self.now_ms);
        let verdict = s.judge.decide(&s.site, &asked, &identity, route.as_ref(), &snapshot, self.now_ms);
        let action = s.carried_out(verdict.action);
        let (route, person) = route.map_or((None, None), |r| (Some(r.index), r.person));
        self.route.set(route);
        Judged { identity, verdict, action, set_cookie: identified.set_cookie, route, person }
    }

    /// Remembers why this request gets a page of ours, for who asks by its number.
    pub fn note(&self, cause: Cause, detail: &dyn std::fmt::Display) {
        let routes = &self.site.site.routes;
        let route = self.route.get().and_then(|i| routes.get(i)).map(|r| r.name.as_str());
        self.site.memory.faults.note(self.reference, self.now_ms, cause, route, detail);
    }

    /// What is asked for below our own addresses is about this route.
    pub fn concerns(&self, route: usize) {
        self.route.set(Some(route));
    }

    /// How long a visitor may be silent within a request.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.connection.pace().stall
    }

    /// `https://HOST` as the visitor reached it; `None` where it did not come by https, as far as can be told.
    #[must_use]
    pub fn https_origin(&self, headers: &HeaderMap) -> Option<String> {
        // What of a `Host` may stand in an address; the rest is somebody's game.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]_".contains(&b);
        let host = self.asked_for.host().to_str().ok().filter(|h| h.bytes().all(plain))?;
        let transport = self.connection.transport();
        let believed = self.site.site.trusted_hops.iter().any(|n| n.contains(&transport.peer));
        let secure = transport.tls || (believed && came_by_https(headers) == Some(true));
        secure.then(|| format!("https://{host}"))
    }

    /// What was decided for everybody about a route.
    #[must_use]
    pub fn everybody(&self, route: usize) -> Everybody {
        let site = &self.site.site;
        self.site.memory.measures.load().for_everybody(site, &site.routes[route], self.now_ms)
    }

    /// An account for the people of one answer.
    #[must_use]
    pub fn account(
        &self,
        judged: Judged,
        route: usize,
        method: &Method,
        status: StatusCode,
        back: &str,
        kind: EntryKind,
    ) -> Account {
        let mut allowance = self.site.judge.allowance(&self.site.site, &judged.identity, self.now_ms);
        // The answer may have told whose account it is; what was decided about that counts from here on.
        let measures = self.site.memory.measures.load();
        allowance.cuts = measures.ruling(&judged.identity, self.now_ms).cuts;
        allowance.everybody = self.everybody(route);
        Account::new(Occasion {
            runtime: Arc::clone(&self.site),
            identity: Arc::new(judged.identity),
            allowance,
            route,
            back: Arc::from(back),
            method: method.clone(),
            status: status.as_u16(),
            reference: self.reference,
            now_ms: self.now_ms,
            mode: self.site.mode(),
            reasons: judged.verdict.reasons.into_vec(),
            nonce: self.worker.fresh(),
            kind,
            action: judged.verdict.action,
        })
    }
}
