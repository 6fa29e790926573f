//! TLS from the first byte: tap, acceptor, reload.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use hedgerow_gateway::tap::hello;
use hedgerow_gateway::tap::ja4::ja4;
use hedgerow_gateway::tap::prefixed::Prefixed;
use hedgerow_gateway::tls::{Certificate, Tls, TlsError};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::{TlsConnector, client, server};

/// Writes a new pair to `name.pem` and `name.key`.
fn write_pair(dir: &Path, name: &str, host: &str) -> CertificateDer<'static> {
    let pair = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
    fs::write(dir.join(format!("{name}.pem")), pair.cert.pem()).unwrap();
    fs::write(dir.join(format!("{name}.key")), pair.signing_key.serialize_pem()).unwrap();
    pair.cert.der().clone()
}

fn certificate(dir: &Path, name: &str, hosts: &[&str]) -> Certificate {
    Certificate {
        names: hosts.iter().map(|h| (*h).to_owned()).collect(),
        chain: dir.join(format!("{name}.pem")),
        key: dir.join(format!("{name}.key")),
    }
}

fn connector(trusted: &[&CertificateDer<'static>]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for root in trusted {
        roots.add((*root).clone()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

type Pair = (client::TlsStream<DuplexStream>, server::TlsStream<Prefixed<DuplexStream>>, String);

async fn connect(tls: &Tls, connector: &TlsConnector, host: &str) -> std::io::Result<Pair> {
    let (visitor, mut socket) = tokio::io::duplex(700);
    let host = ServerName::try_from(host.to_owned()).unwrap();
    let accepting = async {
        let (hello, bytes) = hello::read(&mut socket).await.unwrap();
        let print = ja4(&hello);
        let stream = tls.acceptor().accept(Prefixed::new(bytes, socket)).await?;
        Ok::<_, std::io::Error>((stream, print))
    };
    let (visitor, accepted) = tokio::join!(connector.connect(host, visitor), accepting);
    let (stream, print) = accepted?;
    Ok((visitor?, stream, print))
}

fn served(visitor: &client::TlsStream<DuplexStream>) -> CertificateDer<'static> {
    visitor.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

async fn echo(pair: &mut Pair) {
    pair.0.write_all(b"hello").await.unwrap();
    pair.0.flush().await.unwrap();
    let mut word = [0; 5];
    pair.1.read_exact(&mut word).await.unwrap();
    pair.1.write_all(&word).await.unwrap();
    pair.1.flush().await.unwrap();
    pair.0.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"hello");
}

#[tokio::test(flavor = "current_thread")]
async fn a_visitor_is_printed_and_served_the_certificate_of_the_site_it_names() {
    let dir = TempDir::new().unwrap();
    let one = write_pair(dir.path(), "one", "one.example");
    let two = write_pair(dir.path(), "two", "*.two.example");
    let list = vec![
        certificate(dir.path(), "one", &["one.example"]),
        certificate(dir.path(), "two", &["two.example", "*.two.example"]),
    ];
    let tls = Tls::open(list).unwrap();
    let connector = connector(&[&one, &two]);
    let mut first = connect(&tls, &connector, "one.example").await.unwrap();
    assert_eq!(served(&first.0), one);
    assert_eq!(first.0.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert!(first.2.starts_with("t13d") && first.2.contains("h2_") && first.2.len() == 36, "{}", first.2);
    echo(&mut first).await;
    let second = connect(&tls, &connector, "www.two.example").await.unwrap();
    assert_eq!(served(&second.0), two);
    assert_eq!(second.2, first.2);
}

#[tokio::test(flavor = "current_thread")]
async fn a_changed_certificate_is_taken_up_and_connections_under_way_live_on() {
    let dir = TempDir::new().unwrap();
    let old = write_pair(dir.path(), "one", "one.example");
    let tls = Tls::open(vec![certificate(dir.path(), "one", &[])]).unwrap();
    let mut under_way = connect(&tls, &connector(&[&old]), "one.example").await.unwrap();
    assert!(tls.reload_if_changed().is_empty());

    let new = write_pair(dir.path(), "one", "one.example");
    let reloads = tls.reload_if_changed();
    assert!(matches!(&reloads[..], [r] if r.outcome.is_ok()), "{reloads:?}");
    assert!(tls.reload_if_changed().is_empty());
    echo(&mut under_way).await;
    assert_eq!(served(&connect(&tls, &connector(&[&new]), "one.example").await.unwrap().0), new);
    assert!(connect(&tls, &connector(&[&old]), "one.example").await.is_err());
}

#[tokio::test(flavor = "current_thread")]
async fn a_broken_new_certificate_leaves_the_old_one_served_and_says_so_once() {
    let dir = TempDir::new().unwrap();
    let old = write_pair(dir.path(), "one", "one.example");
    let tls = Tls::open(vec![certificate(dir.path(), "one", &[])]).unwrap();
    write_pair(dir.path(), "other", "one.example");
    let breaks: [&dyn Fn(); 3] = [
        &|| fs::write(dir.path().join("one.pem"), "nonsense").unwrap(),
        &|| assert!(fs::copy(dir.path().join("other.pem"), dir.path().join("one.pem")).unwrap() > 0),
        &|| fs::remove_file(dir.path().join("one.pem")).unwrap(),
    ];
    for break_it in breaks {
        break_it();
        let reloads = tls.reload_if_changed();
        assert!(matches!(&reloads[..], [r] if matches!(r.outcome, Err(TlsError::KeptOld(_)))), "{reloads:?}");
        assert!(reloads[0].outcome.as_ref().unwrap_err().to_string().contains("old one is still served"));
        assert!(tls.reload_if_changed().is_empty());
        assert_eq!(served(&connect(&tls, &connector(&[&old]), "one.example").await.unwrap().0), old);
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_name() {
    let dir = TempDir::new().unwrap();
    let path = |name: &str| dir.path().join(name);
    write_pair(dir.path(), "a", "a.example");
    write_pair(dir.path(), "b", "b.example");
    let pem = fs::read_to_string(path("a.pem")).unwrap();
    fs::write(path("cut.pem"), &pem[..pem.len() / 2]).unwrap();
    fs::write(path("noise.pem"), "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n").unwrap();
    let sealed = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    fs::write(path("sealed.key"), sealed).unwrap();
    let open = |chain: &str, key: &str| {
        let certificate = Certificate { names: vec![], chain: path(chain), key: path(key) };
        Tls::open(vec![certificate]).unwrap_err()
    };
    assert!(matches!(Tls::open(vec![]), Err(TlsError::Nothing)));
    assert!(matches!(open("gone.pem", "a.key"), TlsError::Unreadable { path: p, .. } if p == path("gone.pem")));
    assert!(matches!(open("a.key", "a.pem"), TlsError::NoCertificate { path: p } if p == path("a.key")));
    assert!(matches!(open("a.pem", "b.pem"), TlsError::NoKey { path: p } if p == path("b.pem")));
    assert!(matches!(open("cut.pem", "a.key"), TlsError::Damaged { path: p, .. } if p == path("cut.pem")));
    assert!(matches!(open("noise.pem", "a.key"), TlsError::Damaged { path: p, .. } if p == path("noise.pem")));
    assert!(matches!(open("a.pem", "sealed.key"), TlsError::Encrypted { path: p } if p == path("sealed.key")));
    let mismatch = open("a.pem", "b.key");
    assert!(matches!(mismatch, TlsError::Mismatch { .. }));
    assert!(mismatch.to_string().contains("b.key") && mismatch.to_string().contains("does not belong"));
}
