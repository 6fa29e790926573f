//! A request that may pass: to the site, and its answer back to the visitor, recorded.

use std::time::Duration;

use hedgerow_engine::record::EntryKind;
use http::header::{HOST, MAX_FORWARDS, SET_COOKIE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, request, uri};
use hyper::body::Incoming;

use crate::body::{Body, Passing};
use crate::counters::Counters;
use crate::faults::Cause;
use crate::forward::{ForwardError, Returning, VisitorBody, forward};
use crate::path::{Judged, Passage, via};
use crate::{answering, form, headers, respond, security_txt, upgrade};

/// Longest silence in a tunnel or an event stream.
pub const TUNNEL_IDLE: Duration = Duration::from_secs(3600);

impl Passage {
    /// Forward, answer, record.
    pub(crate) async fn pass(&self, judged: Box<Judged>, mut request: Box<Request<Incoming>>) -> Response<Body> {
        let mut upgrade_to =
            headers::upgrade_wanted(request.headers()).filter(|_| request.version() == Version::HTTP_11);
        if upgrade_to.is_some() && self.site.site.upstream.http2 {
            // HTTP/2 knows no upgrades (RFC 9113, section 8.6). Others may be passed over; a websocket without one is none.
            if upgrade_to.take().is_some_and(|u| u.as_bytes().eq_ignore_ascii_case(b"websocket")) {
                let detail = &"`upstream.http2` is set";
                return respond::failure(self, Cause::NoWebsockets, detail, judged.identity.wants_html);
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
        let to_site = |body| self.to_site(&judged, &asked, body, upgrade_to.as_ref());
        let again = || to_site(VisitorBody::nothing());
        let pool = self.worker.pool(&self.site);
        let timeout = Duration::from_secs_f64(up.answer_timeout_s.clamp(0.05, 86_400.0));
        // A block, so that the request is not carried along once it is handed over.
        let sending = {
            let Some(mut first) = to_site(VisitorBody::of(body, self.connection.pace())) else {
                let detail = &"its target cannot be written";
                return respond::failure(self, Cause::Malformed, detail, judged.identity.wants_html);
            };
            let proven = judged.identity.session.is_some_and(|s| s.returned && s.proven_until_s > 0);
            if form::may_hold_ours(first.headers(), proven) {
                let body = std::mem::replace(first.body_mut(), VisitorBody::nothing());
                match Box::pin(form::for_site(body, first.headers_mut())).await {
                    Ok(body) => *first.body_mut() = body,
                    Err(e) => return respond::failure(self, Cause::VisitorBrokeOff, &e, judged.identity.wants_html),
                }
            }
            forward(&pool, first, &again, timeout)
        };
        let (answer, returning) = match sending.await {
            Ok(x) => x,
            Err(e) => return self.site_failed(&e, &judged),
        };
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return self.tunnel(judged, &asked, answer, wanted);
        }
        self.answer(judged, &asked, answer, returning).await
    }

    /// What the site has switched to goes back and forth unread.
    fn tunnel(
        &self,
        judged: Box<Judged>,
        asked: &request::Parts,
        mut answer: Response<Incoming>,
        wanted: Option<upgrade::Wanted>,
    ) -> Response<Body> {
        let Some(wanted) = wanted else {
            // Nobody asked for it (RFC 9110, 15.2.2): the site is wrong.
            let detail = &"it switched protocols, and nobody had asked it to";
            return respond::failure(self, Cause::SiteBrokeOff, detail, judged.identity.wants_html);
        };
        if let Some(route) = judged.route {
            let (status, back) = (answer.status(), asked.uri.path());
            let account = self.account(*judged, route, &asked.method, status, back, EntryKind::Disclosure);
            if let Some(instead) = answering::tunnel(self, &account, answer.headers()) {
                return instead;
            }
        }
        self.connection.upgraded();
        wanted.join(&mut answer, TUNNEL_IDLE, self.connection.admitted());
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() =
            headers::for_visitor(answer.headers(), &self.site.private, via(answer.version()), true);
        response
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
        mut judged: Box<Judged>,
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
                let account = self.account(*judged, route, &asked.method, parts.status, back, EntryKind::Disclosure);
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
}
