//! The guard under hyper's own server, and against httparse.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hedgerow_gateway::tap::guard::{Guard, GuardError, GuardHandle, Limits};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::smuggling::{corpus, follow, wire};

/// What the service saw: method, target, length of the body, or `None` where the body failed; and the names of the headers.
type Served = (String, String, Option<u64>, Option<String>);
type Seen = Arc<Mutex<Vec<Served>>>;

async fn serve(stream: DuplexStream, seen: Seen, handles: impl FnOnce(GuardHandle)) -> hyper::Result<()> {
    let (guard, handle) = Guard::new(stream, Limits::default());
    handles(handle.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let (seen, names) = (Arc::clone(&seen), handle.heads().pop());
        async move {
            let (method, target) = (request.method().to_string(), request.uri().to_string());
            let length = request.into_body().collect().await.ok().map(|b| b.to_bytes().len() as u64);
            seen.lock().unwrap().push((method, target, length, names));
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"served"))))
        }
    });
    hyper::server::conn::http1::Builder::new()
        .half_close(true)
        .max_headers(128)
        .serve_connection(TokioIo::new(guard), service)
        .await
}

/// Sends `bytes` in pieces of `cut`; what the visitor got back, what the service saw, why the guard refused.
fn talk(bytes: &[u8], cut: usize) -> (String, Vec<Served>, Option<GuardError>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (mut visitor, server) = tokio::io::duplex(cut.max(1));
        let seen = Seen::default();
        let mut handle = None;
        let serving = serve(server, Arc::clone(&seen), |h| handle = Some(h));
        let mut answer = Vec::new();
        let talking = async {
            let (mut read, mut write) = tokio::io::split(&mut visitor);
            let writing = async {
                // A refused connection is closed before everything is sent.
                let _ = write.write_all(bytes).await;
                let _ = write.shutdown().await;
            };
            let reading = read.read_to_end(&mut answer);
            let ((), _) = tokio::join!(writing, reading);
        };
        let (_, ()) = tokio::join!(serving, talking);
        let requests = std::mem::take(&mut *seen.lock().unwrap());
        (String::from_utf8_lossy(&answer).into_owned(), requests, handle.unwrap().refusal())
    })
}

#[test]
fn hyper_serves_what_the_guard_accepts_with_header_names_in_order() {
    let text =
        "POST /a HTTP/1.1|Host: a|content-LENGTH: 3|X-B: 1||abcGET /b HTTP/1.1|accept: */*|Host: a|Connection: close||";
    for cut in [1, 3, 64, 100_000] {
        let (answer, seen, refusal) = talk(&wire(text), cut);
        assert_eq!(refusal, None);
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
        assert_eq!(
            seen,
            [
                ("POST".into(), "/a".into(), Some(3), Some("Host,content-LENGTH,X-B".into())),
                ("GET".into(), "/b".into(), Some(0), Some("accept,Host,Connection".into())),
            ]
        );
    }
}

#[test]
fn a_refused_head_is_answered_400_and_never_served() {
    for (text, reason) in corpus() {
        let bytes = wire(text);
        let (answer, seen, refusal) = talk(&bytes, 5000);
        assert_eq!(refusal, Some(reason), "{text:?}");
        let (accepted, _) = follow(&bytes, 5000);
        let whole = seen.iter().filter(|(.., length, _)| length.is_some()).count();
        let expected = if text.contains("chunked||") && !accepted.is_empty() { 0 } else { accepted.len() };
        assert_eq!(whole, expected, "{text:?}");
        if accepted.is_empty() {
            assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{text:?}: {answer}");
            assert!(answer.contains("connection: close\r\n"), "{answer}");
        }
    }
}

#[test]
fn a_head_over_its_limits_is_answered_431() {
    let many = wire(&format!("GET / HTTP/1.1|Host: a|{}|", "a: b|".repeat(200)));
    let long = wire(&format!("GET / HTTP/1.1|Host: a|a: {}||", "b".repeat(40_000)));
    for bytes in [many, long] {
        let (answer, seen, _) = talk(&bytes, 100_000);
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        assert!(answer.contains("connection: close\r\n") && seen.is_empty());
    }
}

#[test]
fn responses_in_flight_are_finished_before_a_refusal_is_answered() {
    let text =
        "GET /a HTTP/1.1|Host: a||GET /b HTTP/1.1|Host: a||GET /c HTTP/1.1|Host: a|Host: b||GET /d HTTP/1.1|Host: a||";
    for cut in [1, 40, 5000] {
        let (answer, seen, refusal) = talk(&wire(text), cut);
        assert_eq!(seen.len(), 2);
        assert_eq!(refusal, Some(GuardError::HostRepeated));
        assert_eq!(answer.matches("served").count(), 2, "{answer}");
        let refused = answer.find("HTTP/1.1 400").unwrap();
        assert!(refused > answer.rfind("served").unwrap(), "{answer}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_slow_response_in_flight_is_not_cut_off_by_a_refusal_behind_it() {
    let (mut visitor, server) = tokio::io::duplex(5000);
    let (guard, handle) = Guard::new(server, Limits::default());
    let release = Arc::new(tokio::sync::Notify::new());
    let gate = Arc::clone(&release);
    let service = service_fn(move |_: Request<Incoming>| {
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"slow"))))
        }
    });
    let serving = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(guard), service);
    let talking = async {
        visitor.write_all(&wire("GET / HTTP/1.1|Host: a||GET / HTTP/1.1\nHost: a||")).await.unwrap();
        while handle.refusal().is_none() {
            tokio::task::yield_now().await;
        }
        release.notify_one();
        let mut answer = String::new();
        visitor.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (_, answer) = tokio::join!(serving, talking);
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("slow"), "{answer}");
    assert!(answer.contains("HTTP/1.1 400 Bad Request"), "{answer}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_body_flows_before_it_is_whole() {
    for text in
        ["POST / HTTP/1.1|Host: a|Content-Length: 10||abc", "POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||A|abc"]
    {
        let (mut visitor, server) = tokio::io::duplex(5000);
        let (mut guard, _) = Guard::new(server, Limits::default());
        let bytes = wire(text);
        visitor.write_all(&bytes).await.unwrap();
        let mut got = vec![0; bytes.len()];
        guard.read_exact(&mut got).await.unwrap();
        assert_eq!(got, bytes);
        visitor.write_all(b"d").await.unwrap();
        assert_eq!(guard.read_u8().await.unwrap(), b'd');
    }
}

#[tokio::test(flavor = "current_thread")]
async fn after_an_upgrade_and_in_http2_everything_passes() {
    let (mut visitor, server) = tokio::io::duplex(5000);
    let (mut guard, handle) = Guard::new(server, Limits::default());
    let head = wire("GET /ws HTTP/1.1|Host: a|Connection: Upgrade|Upgrade: websocket||");
    visitor.write_all(&head).await.unwrap();
    let mut got = vec![0; head.len()];
    guard.read_exact(&mut got).await.unwrap();
    handle.passthrough();
    visitor.write_all(b"\x81\0\nGET").await.unwrap();
    let mut raw = [0; 6];
    guard.read_exact(&mut raw).await.unwrap();
    assert_eq!(&raw, b"\x81\0\nGET");

    let (mut visitor, server) = tokio::io::duplex(5000);
    let (mut guard, _) = Guard::new(server, Limits::default());
    visitor.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04").await.unwrap();
    let mut raw = [0; 28];
    guard.read_exact(&mut raw).await.unwrap();
    assert_eq!(raw[24..], [0, 0, 0, 4]);
}

#[tokio::test(flavor = "current_thread")]
async fn an_upgraded_connection_speaks_through_the_guard() {
    let (mut visitor, server) = tokio::io::duplex(5000);
    let (guard, handle) = Guard::new(server, Limits::default());
    let service = service_fn(move |mut request: Request<Incoming>| {
        let handle = handle.clone();
        async move {
            handle.passthrough();
            tokio::spawn(async move {
                let mut raw = TokioIo::new(hyper::upgrade::on(&mut request).await.unwrap());
                let mut word = [0; 4];
                raw.read_exact(&mut word).await.unwrap();
                raw.write_all(&word).await.unwrap();
            });
            let mut answer = Response::new(Full::<Bytes>::default());
            *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            answer.headers_mut().insert("upgrade", "x".parse().unwrap());
            Ok::<_, Infallible>(answer)
        }
    });
    let server = hyper::server::conn::http1::Builder::new();
    let serving = tokio::spawn(server.serve_connection(TokioIo::new(guard), service).with_upgrades());
    visitor.write_all(&wire("GET / HTTP/1.1|Host: a|Connection: upgrade|Upgrade: x||")).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(visitor.read_u8().await.unwrap());
    }
    visitor.write_all(b"\n\0\xff!").await.unwrap();
    let mut word = [0; 4];
    visitor.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"\n\0\xff!");
    serving.await.unwrap().unwrap();
}

fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "GET",
        "POST",
        " ",
        " ",
        "/",
        "/a?b=c",
        "http://a/",
        " HTTP/1.1",
        " HTTP/1.0",
        "|",
        "|",
        "|",
        "Host: a|",
        "Host: a|",
        "Content-Length: 3|",
        "Content-Length: 0|",
        "Transfer-Encoding: chunked|",
        "abc",
        "3|abc|",
        "0||",
        "0|X: y||",
        "1;x|a|",
        "Connection: close|",
        "X: y|",
        "X : y|",
        "\n",
        "\r",
        "\0",
        "\t",
        ":",
        ",",
        "#",
        "*",
        "GET / HTTP/1.1|Host: a||",
        "é",
    ];
    prop_oneof![8 => proptest::sample::select(fixed.to_vec()).prop_map(str::to_owned), 1 => "[ -~]{1,3}"]
}

fn hostile() -> impl Strategy<Value = String> {
    let framings = ["", "Content-Length: 3|", "Transfer-Encoding: chunked|", "Content-Length: 00|", "X: y|"];
    let head = (proptest::sample::select(vec!["GET", "POST", "M-X"]), proptest::sample::select(framings.to_vec()));
    (head, proptest::collection::vec(piece(), 0..8), any::<bool>()).prop_map(|((method, framing), pieces, sound)| {
        let rest = pieces.concat();
        if sound {
            format!("{method} /x HTTP/1.1|Host: a|{framing}|{rest}")
        } else {
            format!("{method} /x HTTP/1.1|{rest}|")
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_the_guard_accepts_hyper_reads_the_same_way(text in hostile(), cut in 1usize..60) {
        let bytes = wire(&text);
        let (accepted, outcome) = follow(&bytes, cut);
        let (_, seen, refusal) = talk(&bytes, cut);
        // hyper may stop earlier (`Connection: close`), never differently.
        if seen.len() == accepted.len() {
            prop_assert_eq!(refusal, outcome.err());
        }
        prop_assert!(seen.len() <= accepted.len());
        for ((method, target, length), (m, t, n, names)) in accepted.iter().zip(&seen) {
            prop_assert_eq!((method, target), (m, t));
            if let Some(n) = n {
                prop_assert_eq!(length, n);
            }
            prop_assert!(names.is_some());
        }
        if let (Some((method, target, _)), Some(end)) = (accepted.first(), bytes.windows(4).position(|w| w == b"\r\n\r\n")) {
            let mut headers = [httparse::EMPTY_HEADER; 128];
            let mut parsed = httparse::Request::new(&mut headers);
            let status = parsed.parse(&bytes[..end + 4]);
            prop_assert!(matches!(status, Ok(httparse::Status::Complete(n)) if n == end + 4), "{:?} {:?}", status, text);
            prop_assert_eq!((parsed.method, parsed.path), (Some(method.as_str()), Some(target.as_str())));
        }
    }

    #[test]
    fn every_target_the_guard_passes_is_one_the_http_crate_reads(
        start in proptest::sample::select(vec!["", "/", "/?", "http://", "http://a:", "https://a", "http://[::", "http://a/"]),
        rest in "[a1:/?#@%.~*\\[\\]\"{}<>|^`_-]{0,8}|[ -~]{0,4}",
    ) {
        let target = format!("{start}{rest}");
        let (accepted, _) = follow(format!("GET {target} HTTP/1.0\r\n\r\n").as_bytes(), 5000);
        if let [(_, passed, _)] = &accepted[..] {
            prop_assert!(passed.parse::<http::Uri>().is_ok(), "{}", passed);
        }
    }
}
