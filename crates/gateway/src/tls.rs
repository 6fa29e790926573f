//! TLS towards visitors: certificates by site, read from PEM files and taken up anew when the files change.
//!
//! TLS 1.2 and 1.3 over rustls with the `ring` provider; ALPN `h2` and `http/1.1`; session tickets whose key is made at start and
//! rotated by rustls. Connections under way keep the certificate they began with. A broken new file never replaces a working
//! certificate.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// Largest PEM file read, in bytes.
const LARGEST_FILE: u64 = 1024 * 1024;

/// Where one certificate lies, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Host names it answers for, lower case; `*.example.org` stands for one label. The first certificate of the list also answers
    /// for every other name and for visitors that name none.
    pub names: Vec<String>,
    /// PEM file with the certificate and the intermediate ones behind it.
    pub chain: PathBuf,
    /// PEM file with the private key, not encrypted.
    pub key: PathBuf,
}

/// What is wrong with a certificate or its key, and what to do.
#[derive(Debug, Error)]
pub enum TlsError {
    /// An empty list.
    #[error("a TLS listener needs a certificate and none is set: give it `chain` and `key`, or switch its TLS off")]
    Nothing,
    /// A file cannot be read.
    #[error("cannot read {}: {source}; check that it exists and that the user Hedgerow runs as may read it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file far larger than any certificate.
    #[error("{} is larger than 1 MiB, which no certificate or key is: check the path", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file is damaged.
    #[error("{} is not sound PEM ({what}); copy it again as its issuer gave it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the reader said. Never contains the file's contents.
        what: &'static str,
    },
    /// No certificate in the file.
    #[error(
        "{} has no certificate (`-----BEGIN CERTIFICATE-----`); are `chain` and `key` swapped, or is it DER instead of PEM?",
        path.display()
    )]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// No private key in the file.
    #[error("{} has no private key (`-----BEGIN PRIVATE KEY-----`); are `chain` and `key` swapped?", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The key asks for a passphrase.
    #[error("the private key in {} is encrypted; decrypt it (`openssl pkey -in OLD -out NEW`) and protect the file by its mode", path.display())]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key are of different pairs.
    #[error(
        "the private key in {} does not belong to the first certificate in {}: the site's own certificate comes first in the file, the issuer's behind it",
        key.display(), chain.display()
    )]
    Mismatch {
        /// The certificates.
        chain: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// rustls will not use the pair.
    #[error("certificate {} with key {} cannot be used: {source}; use RSA of 2048 bits or more, ECDSA P-256 or P-384, or Ed25519", chain.display(), key.display())]
    Unusable {
        /// The certificates.
        chain: PathBuf,
        /// The key.
        key: PathBuf,
        /// What rustls said.
        source: rustls::Error,
    },
    /// TLS itself could not be set up.
    #[error("TLS could not be set up: {0}")]
    Setup(rustls::Error),
    /// A reload failed; the old certificate serves on.
    #[error("the new certificate was not taken up and the old one is still served: {0}")]
    KeptOld(Box<TlsError>),
}

/// What a reload did with one certificate whose files had changed.
#[derive(Debug)]
pub struct Reload {
    /// The certificates' file.
    pub chain: PathBuf,
    /// `Ok`: new connections get the new certificate. An error is always [`TlsError::KeptOld`].
    pub outcome: Result<(), TlsError>,
}

/// The certificates of a listener.
#[derive(Debug)]
pub struct Tls {
    certificates: Vec<Certificate>,
    table: Arc<Table>,
    config: Arc<ServerConfig>,
    provider: Arc<CryptoProvider>,
    /// What the files looked like when they were read last.
    stamps: Mutex<Vec<[Stamp; 2]>>,
}

impl Tls {
    /// Reads every certificate and sets TLS up.
    ///
    /// # Errors
    /// [`TlsError`] for the first certificate that cannot be served: at start there is no old one to keep.
    pub fn open(certificates: Vec<Certificate>) -> Result<Self, TlsError> {
        if certificates.is_empty() {
            return Err(TlsError::Nothing);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // Stamps are taken before the files are read: a file replaced in between is read again at the next reload.
        let stamps = certificates.iter().map(stamps_of).collect();
        let keys = certificates.iter().map(|c| load(c, &provider).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
        let table = Arc::new(Table(ArcSwap::from_pointee(Served::new(&certificates, keys))));
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&table) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.ticketer = rustls::crypto::ring::Ticketer::new().map_err(TlsError::Setup)?;
        Ok(Self { certificates, table, config: Arc::new(config), provider, stamps: Mutex::new(stamps) })
    }

    /// Accepts connections with whatever certificates are served at that moment; needs to be taken once only.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    /// Looks at the files and takes up those that changed. One answer for each certificate whose files changed; an error is given
    /// once for each change. Reads files: not for a worker's loop.
    pub fn reload_if_changed(&self) -> Vec<Reload> {
        let mut stamps = self.stamps.lock();
        let served = self.table.0.load_full();
        let mut keys = served.keys.clone();
        let mut reloads = Vec::new();
        for ((certificate, stamp), key) in self.certificates.iter().zip(stamps.iter_mut()).zip(&mut keys) {
            let now = stamps_of(certificate);
            if now == *stamp {
                continue;
            }
            *stamp = now;
            let outcome = match load(certificate, &self.provider) {
                Ok(new) => {
                    *key = Arc::new(new);
                    Ok(())
                }
                Err(error) => Err(TlsError::KeptOld(Box::new(error))),
            };
            reloads.push(Reload { chain: certificate.chain.clone(), outcome });
        }
        if reloads.iter().any(|r| r.outcome.is_ok()) {
            self.table.0.store(Arc::new(Served::new(&self.certificates, keys)));
        }
        reloads
    }
}

/// Times of change in whole and billionth seconds, size, inode: a file moved into place counts as changed even with an old time.
type Stamp = Option<(i64, i64, u64, u64)>;

fn stamps_of(certificate: &Certificate) -> [Stamp; 2] {
    [&certificate.chain, &certificate.key].map(|path| {
        let about = fs::metadata(path).ok()?;
        Some((about.ctime(), about.ctime_nsec(), about.size(), about.ino()))
    })
}

#[derive(Debug)]
struct Table(ArcSwap<Served>);

#[derive(Debug)]
struct Served {
    keys: Vec<Arc<CertifiedKey>>,
    by_name: HashMap<String, Arc<CertifiedKey>>,
}

impl Served {
    fn new(certificates: &[Certificate], keys: Vec<Arc<CertifiedKey>>) -> Self {
        let mut by_name = HashMap::new();
        for (certificate, key) in certificates.iter().zip(&keys) {
            for name in &certificate.names {
                by_name.entry(name.to_ascii_lowercase()).or_insert_with(|| Arc::clone(key));
            }
        }
        Self { keys, by_name }
    }

    fn find(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        let name = name.to_ascii_lowercase();
        self.by_name.get(&name).or_else(|| {
            let (_, parent) = name.split_once('.')?;
            self.by_name.get(&format!("*.{parent}"))
        })
    }
}

impl ResolvesServerCert for Table {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let served = self.0.load();
        hello.server_name().and_then(|name| served.find(name)).or_else(|| served.keys.first()).cloned()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    if fs::metadata(path).map_err(unreadable)?.len() > LARGEST_FILE {
        return Err(TlsError::TooLarge { path: path.to_owned() });
    }
    fs::read(path).map_err(unreadable)
}

fn damaged(path: &Path, error: &pem::Error) -> TlsError {
    // The reader's own words may quote the file, and the file may be a key.
    let what = match error {
        pem::Error::MissingSectionEnd { .. } => "an END line is missing",
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line is malformed",
        pem::Error::Base64Decode(_) => "the text between BEGIN and END is not base64",
        _ => "it cannot be read",
    };
    TlsError::Damaged { path: path.to_owned(), what }
}

fn load(certificate: &Certificate, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let Certificate { chain, key, .. } = certificate;
    let text = read(chain)?;
    let certificates =
        CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>().map_err(|error| damaged(chain, &error))?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate { path: chain.clone() });
    }
    let text = read(key)?;
    let private = match PrivateKeyDer::from_pem_slice(&text) {
        Ok(private) => private,
        Err(_) if is_encrypted(&text) => return Err(TlsError::Encrypted { path: key.clone() }),
        Err(pem::Error::NoItemsFound) => return Err(TlsError::NoKey { path: key.clone() }),
        Err(error) => return Err(damaged(key, &error)),
    };
    CertifiedKey::from_der(certificates, private, provider).map_err(|source| match source {
        rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { chain: chain.clone(), key: key.clone() },
        source => TlsError::Unusable { chain: chain.clone(), key: key.clone(), source },
    })
}

fn is_encrypted(text: &[u8]) -> bool {
    // PKCS#8 (RFC 7468 section 11) and the older form with its headers (RFC 1421).
    [&b"BEGIN ENCRYPTED PRIVATE KEY"[..], b"Proc-Type: 4,ENCRYPTED"]
        .iter()
        .any(|mark| memchr::memmem::find(text, mark).is_some())
}
