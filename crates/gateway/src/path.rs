//! The path of a request: identify, judge, forward, answer, record, in that order, once.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hedgerow_engine::doors::{Action, Identity, Reference, Request as Asked, Verdict};
use hedgerow_engine::identify::came_by_https;
use hedgerow_engine::measures::Everybody;
use hedgerow_engine::record::EntryKind;
use hedgerow_engine::state::{Named, Visit};
use http::header::{HOST, MAX_FORWARDS, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, request, uri};
use hyper::body::Incoming;

use crate::body::{Body, Passing};
use crate::counters::Counters;
use crate::disclose::{Account, Occasion};
use crate::faults::Cause;
use crate::forward::{ForwardError, Returning, VisitorBody, forward};
use crate::serve::{AskedFor, Connection};
use crate::sites::SiteRuntime;
use crate::worker::Worker;
use crate::{answering, disclose, form, headers, own, respond, security_txt, upgrade};

/// Longest silence in a tunnel or an event stream.
pub const TUNNEL_IDLE: Duration = Duration::from_secs(3600);

/// To whoever asks for a websocket where none can be had.
const NO_WEBSOCKETS: &str = "This site is reached by HTTP/2, and there are no websockets by that.";

/// Serves one request. Never fails: whatever goes wrong becomes an answer.
pub async fn serve(worker: Rc<Worker>, connection: Rc<Connection>, request: Request<Incoming>) -> Response<Body> {
    // Before anything is refused: each request has one, and the next must not get it.
    let heads = connection.pop_head();
    if hosts_disagree(&request) {
        return respond::plain(StatusCode::BAD_REQUEST, "The request names two different hosts.");
    }
    let Some(host) = host_of(&request) else {
        return respond::plain(StatusCode::BAD_REQUEST, "The request names no host.");
    };
    let asked_for = connection.asked_for(&host);
    let Some(site) = worker.shared.tables.load().site(&asked_for.bare).cloned() else {
        return respond::plain(StatusCode::MISDIRECTED_REQUEST, "No site answers here under that name.");
    };
    Passage::new(worker, connection, site, asked_for, &request).run(request, heads.as_deref()).await
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
fn via(version: Version) -> &'static str {
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
    fn new(
        worker: Rc<Worker>,
        connection: Rc<Connection>,
        site: Arc<SiteRuntime>,
        asked_for: Rc<AskedFor>,
        request: &Request<Incoming>,
    ) -> Self {
        let now_ms = worker.shared.clock.at(request.headers());
        let reference = worker.reference();
        let via = via(request.version());
        Self { worker, connection, site, asked_for, now_ms, reference, via, route: Cell::new(None) }
    }

    async fn run(self, request: Request<Incoming>, header_order: Option<&str>) -> Response<Body> {
        let counters = &self.site.memory.counters;
        Counters::add(&counters.requests, 1);
        let judged = self.judge(&request, header_order);
        if request.uri().path().starts_with(own::BASE) {
            // Boxed, as is whatever most requests never come to: each request would carry the room for it.
            return Box::pin(own::serve(&self, judged, request)).await;
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
        match judged.action {
            Action::Allow | Action::Mask => self.pass(judged, request).await,
            Action::Slow => {
                tokio::time::sleep(Duration::from_millis(u64::from(self.site.site.ladder.slow_ms))).await;
                self.pass(judged, request).await
            }
            action => Box::pin(respond::verdict(&self, &judged, action, request)).await,
        }
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
        let kind = identified.kind;
        let visit = Visit {
            asset: kind.asset,
            navigation: kind.navigation,
            bait: s.site.bait.paths.iter().any(|p| p == asked.path),
            robots_refused: s.identifier.robots_refused(&asked, &identity),
            named: Named::by(route.as_ref(), asked.query),
        };
        let measures = s.memory.measures.load();
        let ruling = if measures.is_empty() || asked.path.starts_with(own::BASE) {
            measures.ruling(&identity, self.now_ms)
        } else {
            let everybody = route.as_ref().map(|r| measures.meet_everybody(&s.site, r.route, self.now_ms));
            measures.meet(&identity, self.now_ms).and(everybody.unwrap_or_default())
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

    /// How long a visitor may be silent within a request.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.worker.limits().stall()
    }

    /// Forward, answer, record.
    async fn pass(&self, judged: Judged, mut request: Request<Incoming>) -> Response<Body> {
        let mut upgrade_to =
            headers::upgrade_wanted(request.headers()).filter(|_| request.version() == Version::HTTP_11);
        if upgrade_to.is_some() && self.site.site.upstream.http2 {
            // HTTP/2 knows no upgrades (RFC 9113, section 8.6). Others may be passed over; a websocket without one is none.
            if upgrade_to.take().is_some_and(|u| u.as_bytes().eq_ignore_ascii_case(b"websocket")) {
                return respond::plain(StatusCode::NOT_IMPLEMENTED, NO_WEBSOCKETS);
            }
        }
        if *request.method() == Method::OPTIONS
            && let Some(left) = headers::steps_left(request.headers())
        {
            let Some(further) = left.checked_sub(1) else { return respond::options() };
            request.headers_mut().insert(MAX_FORWARDS, HeaderValue::from(further));
        }
        let wanted = upgrade_to.as_ref().map(|_| upgrade::Wanted::take(&mut request));
        let (asked, body) = request.into_parts();
        let up = &self.site.site.upstream;
        let stall = self.patience();
        let to_site = |body| self.to_site(&judged, &asked, body, upgrade_to.as_ref());
        let Some(first) = to_site(VisitorBody::of(body, stall)) else {
            let detail = &"its target cannot be written";
            return respond::failure(self, Cause::Malformed, detail, judged.identity.wants_html);
        };
        let proven = judged.identity.session.is_some_and(|s| s.returned && s.proven_until_s > 0);
        let first = if form::may_hold_ours(first.headers(), proven) {
            let (mut parts, body) = first.into_parts();
            match form::for_site(body, &mut parts.headers).await {
                Ok(body) => Request::from_parts(parts, body),
                Err(e) => return respond::failure(self, Cause::VisitorBrokeOff, &e, judged.identity.wants_html),
            }
        } else {
            first
        };
        let again = || to_site(VisitorBody::nothing());
        let timeout = Duration::from_secs_f64(up.answer_timeout_s.clamp(0.05, 86_400.0));
        let (mut answer, returning) = match forward(&self.worker.pool(&self.site), first, &again, timeout).await {
            Ok(x) => x,
            Err(e) => return self.site_failed(&e, &judged),
        };
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return match wanted {
                Some(w) => {
                    if let Some(route) = judged.route {
                        let (status, back) = (answer.status(), asked.uri.path());
                        let kind = EntryKind::Disclosure;
                        let account = self.account(judged, route, &asked.method, status, back, kind);
                        if let Some(instead) = answering::tunnel(self, &account, answer.headers()) {
                            return instead;
                        }
                    }
                    self.connection.upgraded();
                    w.join(&mut answer, TUNNEL_IDLE, self.connection.admitted());
                    let mut response = Response::new(Body::Empty);
                    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
                    *response.headers_mut() =
                        headers::for_visitor(answer.headers(), &self.site.private, via(answer.version()), true);
                    response
                }
                // Nobody asked for it (RFC 9110, 15.2.2): the site is wrong.
                None => {
                    let detail = &"it switched protocols, and nobody had asked it to";
                    respond::failure(self, Cause::SiteBrokeOff, detail, judged.identity.wants_html)
                }
            };
        }
        self.answer(judged, &asked, answer, returning).await
    }

    /// The request as the site gets it; `None` where its target is none that can be written.
    fn to_site(
        &self,
        judged: &Judged,
        asked: &request::Parts,
        body: VisitorBody,
        upgrade: Option<&HeaderValue>,
    ) -> Option<Request<VisitorBody>> {
        let up = &self.site.site.upstream;
        let mut target = uri::Parts::default();
        if up.http2 {
            target.scheme = up.scheme.parse().ok();
            let host = self.site.host_override.as_ref().unwrap_or(self.asked_for.host());
            target.authority = Some(host.as_bytes().try_into().ok()?);
        }
        target.path_and_query = match asked.uri.path_and_query() {
            Some(p) => Some(p.clone()),
            None => Some(uri::PathAndQuery::from_static("/")),
        };
        let peer = &self.connection.transport().peer;
        let hop = headers::Hop {
            side: &self.asked_for.side,
            peer_trusted: self.site.site.trusted_hops.iter().any(|n| n.contains(peer)),
            host_override: self.site.host_override.as_ref(),
            via: self.via,
            private: &self.site.private,
        };
        let mut to = headers::for_site(&asked.headers, &hop, upgrade);
        if judged.route.is_some() {
            answering::ask_readable(&mut to);
        }
        if up.http2 {
            to.remove(HOST);
        }
        let mut out = Request::new(body);
        *out.method_mut() = asked.method.clone();
        *out.uri_mut() = Uri::from_parts(target).ok()?;
        *out.version_mut() = if up.http2 { Version::HTTP_2 } else { Version::HTTP_11 };
        *out.headers_mut() = to;
        Some(out)
    }

    fn site_failed(&self, error: &ForwardError, judged: &Judged) -> Response<Body> {
        Counters::add(&self.site.memory.counters.site_failures, 1);
        tracing::warn!(site = self.site.site.name, reference = %self.reference, error = %error, "the site did not answer");
        respond::failure(self, error.into(), error, judged.identity.wants_html)
    }

    async fn answer(
        &self,
        mut judged: Judged,
        asked: &request::Parts,
        answer: Response<Incoming>,
        returning: Returning,
    ) -> Response<Body> {
        let (mut parts, incoming) = answer.into_parts();
        let s = &*self.site;
        s.identifier.confirm(&mut judged.identity, &asked.headers, &parts.headers, &s.memory.accounts, self.now_ms);
        let event_stream = parts
            .headers
            .get(http::header::CONTENT_TYPE)
            .is_some_and(|t| t.as_bytes().starts_with(b"text/event-stream"));
        let silence = if event_stream {
            TUNNEL_IDLE
        } else {
            Duration::from_secs_f64(s.site.upstream.idle_timeout_s.clamp(0.05, 86_400.0))
        };
        let passing = Passing::new(incoming, returning, Some(silence));
        let set_cookie = judged.set_cookie.take();
        let mut response = match judged.route {
            None => {
                if asked.uri.path() == security_txt::PATH
                    && let Some(file) = security_txt::when_missing(self, &asked.headers, parts.status)
                {
                    return file;
                }
                headers::trim_for_visitor(&mut parts.headers, &s.private, via(parts.version), false);
                respond::passing(parts.status, parts.headers, passing)
            }
            Some(route) => {
                let to = headers::for_visitor(&parts.headers, &s.private, via(parts.version), false);
                let person = judged.person.take();
                let back = asked.uri.path_and_query().map_or("/", |p| p.as_str());
                let account = self.account(judged, route, &asked.method, parts.status, back, EntryKind::Disclosure);
                let accepts = answering::Accepts::of(asked);
                let people = answering::people(self, (account, person), &asked.method, &parts, to, passing, &accepts);
                Box::pin(people).await
            }
        };
        if let Some(c) = set_cookie.and_then(|c| HeaderValue::try_from(c).ok()) {
            response.headers_mut().append(SET_COOKIE, c);
        }
        response
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
