//! The path of a request: identify, judge, forward, answer, record, in that order, once.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hedgerow_engine::doors::{Action, Identity, Reference, Request as Asked, Verdict};
use hedgerow_engine::identify::visit;
use hedgerow_engine::policy::Mode;
use hedgerow_engine::record::EntryKind;
use hedgerow_engine::state::Visit;
use http::header::{HOST, SET_COOKIE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;

use crate::body::{Body, Passing};
use crate::counters::Counters;
use crate::disclose::{Account, Occasion};
use crate::forward::{ForwardError, Returning, VisitorBody, forward};
use crate::serve::Connection;
use crate::sites::SiteRuntime;
use crate::worker::Worker;
use crate::{answering, disclose, form, headers, own, respond, upgrade};

/// Longest silence in a tunnel or an event stream.
pub const TUNNEL_IDLE: Duration = Duration::from_secs(3600);

/// Serves one request. Never fails: whatever goes wrong becomes an answer.
pub async fn serve(worker: Rc<Worker>, connection: Rc<Connection>, request: Request<Incoming>) -> Response<Body> {
    let tables = worker.shared.tables.load_full();
    if hosts_disagree(&request) {
        return respond::plain(StatusCode::BAD_REQUEST, "The request names two different hosts.");
    }
    let Some(host) = host_of(&request) else {
        return respond::plain(StatusCode::BAD_REQUEST, "The request names no host.");
    };
    let Some(site) = tables.site(&bare_host(&host)) else {
        return respond::plain(StatusCode::MISDIRECTED_REQUEST, "No site answers here under that name.");
    };
    Passage::new(worker, connection, Arc::clone(site), host, &request).run(request).await
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
fn bare_host(host: &HeaderValue) -> String {
    let text = host.to_str().unwrap_or("");
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => text.split(':').next().unwrap_or(""),
    };
    bare.trim_end_matches('.').to_ascii_lowercase()
}

/// The request's cookies alone.
fn cookies_of(headers: &http::HeaderMap) -> http::HeaderMap {
    let mut cookies = http::HeaderMap::new();
    for value in headers.get_all(http::header::COOKIE) {
        cookies.append(http::header::COOKIE, value.clone());
    }
    cookies
}

/// One request on its way.
pub struct Passage {
    /// The worker it runs on.
    pub worker: Rc<Worker>,
    /// The connection it came on.
    pub connection: Rc<Connection>,
    /// The site it is for.
    pub site: Arc<SiteRuntime>,
    /// `Host` as sent.
    pub host: HeaderValue,
    /// The clock.
    pub now_ms: u64,
    /// Its reference.
    pub reference: Reference,
    /// `Via` for the version the visitor speaks.
    pub via: &'static str,
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
        host: HeaderValue,
        request: &Request<Incoming>,
    ) -> Self {
        let now_ms = worker.shared.clock.at(request.headers());
        let reference = worker.reference();
        let via = match request.version() {
            Version::HTTP_2 => "2.0 hedgerow",
            Version::HTTP_10 => "1.0 hedgerow",
            _ => "1.1 hedgerow",
        };
        Self { worker, connection, site, host, now_ms, reference, via }
    }

    async fn run(self, request: Request<Incoming>) -> Response<Body> {
        let counters = &self.site.memory.counters;
        Counters::add(&counters.requests, 1);
        let judged = self.judge(&request);
        if request.uri().path().starts_with(own::BASE) {
            return own::serve(&self, judged, request).await;
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
            action => respond::verdict(&self, &judged, action, request).await,
        }
    }

    /// Identify and judge.
    fn judge(&self, request: &Request<Incoming>) -> Judged {
        let heads = self.connection.pop_head();
        let host = bare_host(&self.host);
        let asked = Asked {
            method: request.method().as_str(),
            host: &host,
            path: request.uri().path(),
            query: request.uri().query(),
            headers: request.headers(),
            header_order: heads.as_deref(),
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
        let kind = visit(&asked);
        let visit = Visit {
            asset: kind.asset,
            navigation: kind.navigation,
            bait: s.site.bait.paths.iter().any(|p| p == asked.path),
            robots_refused: s.identifier.robots_refused(&asked, &identity),
        };
        let snapshot = s.memory.state.arrive(&s.site, &identity, route.as_ref(), &visit, self.now_ms);
        let verdict = s.judge.decide(&s.site, &asked, &identity, route.as_ref(), &snapshot, self.now_ms);
        let action = match s.mode() {
            Mode::Enforce => verdict.action,
            Mode::Watch => Action::Allow,
        };
        let (route, person) = route.map_or((None, None), |r| (Some(r.index), r.person));
        Judged { identity, verdict, action, set_cookie: identified.set_cookie, route, person }
    }

    /// Forward, answer, record.
    async fn pass(&self, judged: Judged, mut request: Request<Incoming>) -> Response<Body> {
        let upgrade_to = headers::upgrade_wanted(request.headers()).filter(|_| request.version() == Version::HTTP_11);
        let wanted = upgrade_to.as_ref().map(|_| upgrade::Wanted::take(&mut request));
        let method = request.method().clone();
        let accepts = answering::Accepts::of(&request);
        // Only the cookies are asked about once the site has answered; a copy of all headers costs a microsecond.
        let asked_headers = cookies_of(request.headers());
        let path_and_query = request.uri().path_and_query().cloned();
        let to_site = match self.to_site(&judged, request, upgrade_to.as_ref()) {
            Ok(r) => r,
            Err(answer) => return *answer,
        };
        let proven = judged.identity.session.is_some_and(|s| s.returned && s.proven_until_s > 0);
        let to_site = if form::may_hold_ours(to_site.headers(), proven) {
            let (mut parts, body) = to_site.into_parts();
            match form::for_site(body, &mut parts.headers).await {
                Ok(body) => Request::from_parts(parts, body),
                Err(_) => return respond::failure(self, StatusCode::BAD_REQUEST, judged.identity.wants_html),
            }
        } else {
            to_site
        };
        let up = &self.site.site.upstream;
        let timeout = Duration::from_secs_f64(up.answer_timeout_s.clamp(0.05, 86_400.0));
        let (mut answer, returning) = match forward(&self.worker.pool(&self.site), to_site, timeout).await {
            Ok(x) => x,
            Err(e) => return self.site_failed(&e, &judged),
        };
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return match wanted {
                Some(w) => {
                    self.connection.upgraded();
                    w.join(&mut answer, TUNNEL_IDLE);
                    let mut response = Response::new(Body::Empty);
                    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
                    *response.headers_mut() =
                        headers::for_visitor(answer.headers(), &self.site.private, self.via, true);
                    response
                }
                // Nobody asked for it (RFC 9110, 15.2.2): the site is wrong.
                None => respond::failure(self, StatusCode::BAD_GATEWAY, judged.identity.wants_html),
            };
        }
        self.answer(
            judged,
            &method,
            &asked_headers,
            path_and_query.as_ref().map_or("/", |p| p.as_str()),
            &accepts,
            answer,
            returning,
        )
        .await
    }

    /// The request as the site gets it.
    fn to_site(
        &self,
        judged: &Judged,
        request: Request<Incoming>,
        upgrade: Option<&HeaderValue>,
    ) -> Result<Request<VisitorBody>, Box<Response<Body>>> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
        let up = &self.site.site.upstream;
        let uri = if up.http2 {
            Uri::builder().scheme(up.scheme.as_str()).authority(self.host.as_bytes()).path_and_query(path).build()
        } else {
            Uri::builder().path_and_query(path).build()
        }
        .map_err(|_| Box::new(respond::failure(self, StatusCode::BAD_REQUEST, judged.identity.wants_html)))?;
        let hop = headers::Hop {
            peer: self.connection.transport().peer,
            peer_trusted: self.site.site.trusted_hops.iter().any(|n| n.contains(&self.connection.transport().peer)),
            scheme: if self.connection.transport().tls { "https" } else { "http" },
            host: &self.host,
            host_override: self.site.host_override.as_ref(),
            via: self.via,
            private: &self.site.private,
        };
        let mut to = headers::for_site(&parts.headers, &hop, upgrade);
        if judged.route.is_some() {
            answering::ask_readable(&mut to);
        }
        if up.http2 {
            to.remove(HOST);
        }
        let stall = Duration::from_secs_f64(self.worker.limits().stall_timeout_s.clamp(0.05, 86_400.0));
        let mut out = Request::new(VisitorBody::of(body, stall));
        *out.method_mut() = parts.method;
        *out.uri_mut() = uri;
        *out.version_mut() = if up.http2 { Version::HTTP_2 } else { Version::HTTP_11 };
        *out.headers_mut() = to;
        Ok(out)
    }

    fn site_failed(&self, error: &ForwardError, judged: &Judged) -> Response<Body> {
        Counters::add(&self.site.memory.counters.site_failures, 1);
        tracing::warn!(site = self.site.site.name, reference = %self.reference, error = %error, "the site did not answer");
        respond::failure(self, error.status(), judged.identity.wants_html)
    }

    #[expect(clippy::too_many_arguments, reason = "the one place where the request's and the answer's halves meet")]
    async fn answer(
        &self,
        mut judged: Judged,
        method: &Method,
        asked: &http::HeaderMap,
        back: &str,
        accepts: &answering::Accepts,
        answer: Response<Incoming>,
        returning: Returning,
    ) -> Response<Body> {
        let (parts, incoming) = answer.into_parts();
        let s = &*self.site;
        s.identifier.confirm(&mut judged.identity, asked, &parts.headers, &s.memory.accounts, self.now_ms);
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
        let to = headers::for_visitor(&parts.headers, &s.private, self.via, false);
        let set_cookie = judged.set_cookie.take();
        let mut response = match judged.route {
            None => respond::passing(parts.status, to, passing),
            Some(route) => {
                let person = judged.person.take();
                let account = self.account(judged, route, method, parts.status, back, EntryKind::Disclosure);
                answering::people(self, (account, person), method, &parts, to, passing, accepts).await
            }
        };
        if let Some(c) = set_cookie.and_then(|c| HeaderValue::try_from(c).ok()) {
            response.headers_mut().append(SET_COOKIE, c);
        }
        response
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
        let allowance = self.site.judge.allowance(&self.site.site, &judged.identity, self.now_ms);
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
