//! The keys with which the application's tokens are checked, from the operator's file: public keys as PEM, a JWK or a JWK
//! Set (RFC 7517), or the secret of an HMAC.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

use super::provider;

/// Largest file that is read, in bytes.
pub const MOST_BYTES: usize = 256 * 1024;
/// Most keys of a file. A token that does not say which key signed it is tried with each that fits.
pub const MOST_KEYS: usize = 16;

/// Why the keys of a file cannot be used. Never quotes the file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenKeysError {
    /// No file, or none that may be read.
    #[error("it cannot be read: {0}; check that it exists and that the user Hedgerow runs as may read it")]
    Unreadable(String),
    /// No algorithms, or secrets and public keys together.
    #[error(
        "`algorithms` mixes HS256, HS384 or HS512, which are for a secret, with those for a public key: whoever knows \
         the public key could then sign; keep the kind your application signs with"
    )]
    Mixed,
    /// A file far larger than keys are.
    #[error("it is larger than 256 KiB, which no file of keys is: check the path")]
    TooLarge,
    /// Nothing of what is known.
    #[error("it holds no key: a public key as PEM (`-----BEGIN PUBLIC KEY-----`), a JWK or a JWK Set is needed")]
    NoKey,
    /// JSON that is no JWK and no JWK Set.
    #[error("it is not a JWK Set: {0}; a JWK Set is {{\"keys\": [...]}} as the application publishes it")]
    NotKeys(String),
    /// PEM or a JWK that cannot be read.
    #[error("key {0} of the file is damaged, or of a kind that is not known; RSA, EC (P-256, P-384) and Ed25519 are")]
    Damaged(usize),
    /// A private key.
    #[error(
        "key {0} of the file is a private key, which Hedgerow must not have: give the public one (`openssl pkey -in \
         PRIVATE -pubout -out PUBLIC`), and make a new pair if others could read this file"
    )]
    Private(usize),
    /// A certificate.
    #[error("key {0} of the file is a certificate; give the public key in it (`openssl x509 -in FILE -pubkey -noout`)")]
    Certificate(usize),
    /// RSA below 2,048 bits.
    #[error("key {0} of the file is an RSA key of fewer than 2,048 bits, which is not safe (RFC 7518, section 3.3)")]
    Weak(usize),
    /// PEM where a secret should be.
    #[error(
        "it holds a key as PEM, and `algorithms` says it is the secret of an HMAC: whoever knows the public key could \
         then sign; name the algorithm of the key, such as RS256"
    )]
    PemAsSecret,
    /// A secret that can be guessed.
    #[error("the secret has {0} bytes; this algorithm needs at least {1} (RFC 7518, section 3.2)")]
    ShortSecret(usize, usize),
    /// More keys than anybody rotates.
    #[error("it holds more than 16 keys; leave out those that no longer sign")]
    TooMany,
    /// Keys, but none that can be used.
    #[error("none of its keys is for {wanted}; it holds: {found}")]
    NoneFits {
        /// The policy's algorithms.
        wanted: String,
        /// The kinds of keys.
        found: String,
    },
}

/// One key, and what it may be used for.
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) key: DecodingKey,
}

/// The keys of one site's tokens.
pub struct TokenKeys {
    keys: Vec<Key>,
    /// Hash of the file: what was found out with other keys no longer counts.
    print: [u8; 8],
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenKeys({} keys)", self.keys.len())
    }
}

impl TokenKeys {
    /// Reads the operator's file at `path` for the algorithms of the policy.
    ///
    /// # Errors
    /// [`TokenKeysError`] says what to do; it does not name the file.
    pub fn open(path: &Path, algorithms: &[Algorithm]) -> Result<Self, TokenKeysError> {
        let mut file = Vec::new();
        // One byte more than is allowed shows that there are more.
        let read = File::open(path).and_then(|f| f.take(MOST_BYTES as u64 + 1).read_to_end(&mut file));
        read.map_err(|e| TokenKeysError::Unreadable(e.to_string()))?;
        Self::read(&file, algorithms)
    }

    /// Reads the operator's file for the algorithms of the policy.
    ///
    /// # Errors
    /// [`TokenKeysError`] says what to do; it does not name the file.
    pub fn read(file: &[u8], algorithms: &[Algorithm]) -> Result<Self, TokenKeysError> {
        if file.len() > MOST_BYTES {
            return Err(TokenKeysError::TooLarge);
        }
        let secret = algorithms.iter().any(|a| a.family() == AlgorithmFamily::Hmac);
        if secret && algorithms.iter().any(|a| a.family() != AlgorithmFamily::Hmac) {
            return Err(TokenKeysError::Mixed);
        }
        let text = file.trim_ascii();
        let pem = std::str::from_utf8(text).ok().filter(|t| t.contains("-----BEGIN "));
        let found = match (text.first(), pem) {
            (Some(b'{'), _) => of_jwks(text)?,
            (_, Some(_)) if secret => return Err(TokenKeysError::PemAsSecret),
            (_, Some(pem)) => of_pem(pem)?,
            _ if secret => vec![Found::secret(secret_line(file))],
            _ => return Err(TokenKeysError::NoKey),
        };
        if found.len() > MOST_KEYS {
            return Err(TokenKeysError::TooMany);
        }
        let mut keys = Vec::new();
        let mut kinds: Vec<&str> = Vec::new();
        for f in found {
            if !kinds.contains(&f.kind) {
                kinds.push(f.kind);
            }
            let fitting: Vec<_> = algorithms.iter().copied().filter(|a| f.fits(*a)).collect();
            if fitting.is_empty() {
                continue;
            }
            if let (Ok(bytes), true) = (f.key.try_get_as_bytes(), secret) {
                let least = fitting.iter().map(|a| secret_bytes(*a)).max().unwrap_or(0);
                if bytes.len() < least {
                    return Err(TokenKeysError::ShortSecret(bytes.len(), least));
                }
            }
            keys.push(Key { id: f.id, algorithms: fitting, key: f.key });
        }
        if keys.is_empty() {
            let wanted = algorithms.iter().map(|a| format!("{a:?}")).collect::<Vec<_>>().join(", ");
            let found = if kinds.is_empty() { "no key for signatures".to_owned() } else { kinds.join(", ") };
            return Err(TokenKeysError::NoneFits { wanted, found });
        }
        let mut print = [0u8; 8];
        print.copy_from_slice(&blake3::hash(file).as_bytes()[..8]);
        Ok(Self { keys, print })
    }

    /// Hash of the file.
    pub(super) fn print(&self) -> [u8; 8] {
        self.print
    }

    /// The keys to try for a token: those of its `kid`, else those that have none; all, where it names none.
    pub(super) fn for_token<'k>(&'k self, algorithm: Algorithm, id: Option<&str>) -> impl Iterator<Item = &'k Key> {
        let known = id.filter(|id| self.keys.iter().any(|k| k.id.as_deref() == Some(id))).map(str::to_owned);
        let named = id.is_some();
        self.keys.iter().filter(move |k| {
            let of_it = match (&known, named) {
                (Some(id), _) => k.id.as_ref() == Some(id),
                (None, true) => k.id.is_none(),
                (None, false) => true,
            };
            of_it && k.algorithms.contains(&algorithm)
        })
    }
}

impl Key {
    /// Whether it signed `message`.
    pub(super) fn signed(&self, algorithm: Algorithm, message: &[u8], signature: &str) -> bool {
        provider::is_signed(algorithm, &self.key, message, signature)
    }
}

/// A key as the file has it.
struct Found {
    id: Option<String>,
    kind: &'static str,
    /// The one algorithm the file says it is for.
    only: Option<Algorithm>,
    key: DecodingKey,
}

impl Found {
    fn secret(bytes: &[u8]) -> Self {
        Self { id: None, kind: "a secret", only: None, key: DecodingKey::from_secret(bytes) }
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        // Each curve has its own algorithm (RFC 7518, section 3.4).
        let of_curve = match self.kind {
            P256 => algorithm == Algorithm::ES256,
            P384 => algorithm == Algorithm::ES384,
            _ => true,
        };
        of_curve && self.key.family() == algorithm.family() && self.only.is_none_or(|only| only == algorithm)
    }

    /// Says what kind of key it is, and refuses what can never verify anything.
    fn checked(mut self, n: usize) -> Result<Self, TokenKeysError> {
        let damaged = || TokenKeysError::Damaged(n);
        if let DecodingKeyKind::RsaModulusExponent { n: modulus, e } = self.key.kind() {
            // Some libraries write a zero byte in front, which RFC 7518, section 6.3.1.1, forbids.
            let modulus = &modulus[modulus.iter().take_while(|b| **b == 0).count()..];
            if modulus.len() < 256 {
                return Err(TokenKeysError::Weak(n));
            }
            self.key = DecodingKey::from_rsa_raw_components(modulus, e);
            return Ok(self);
        }
        let length = self.key.try_get_as_bytes().map_err(|_| damaged())?.len();
        match (self.key.family(), length) {
            // A key of 2,048 bits takes 268 bytes and more as DER, one of 1,024 bits 140. `ring` refuses the odd ones between.
            (AlgorithmFamily::Rsa, ..264) => return Err(TokenKeysError::Weak(n)),
            (AlgorithmFamily::Ec, 65) if self.kind != P384 => self.kind = P256,
            (AlgorithmFamily::Ec, 97) if self.kind != P256 => self.kind = P384,
            (AlgorithmFamily::Ed, 32) | (AlgorithmFamily::Rsa | AlgorithmFamily::Hmac, _) => {}
            _ => return Err(damaged()),
        }
        Ok(self)
    }
}

const RSA: &str = "RSA";
/// Of a curve that the length tells.
const EC: &str = "EC";
const P256: &str = "EC P-256";
const P384: &str = "EC P-384";
const ED25519: &str = "Ed25519";

fn of_pem(text: &str) -> Result<Vec<Found>, TokenKeysError> {
    let mut found = Vec::new();
    for (n, (at, _)) in (1..).zip(text.match_indices("-----BEGIN ").take(MOST_KEYS + 1)) {
        let block = &text[at..];
        let label = block["-----BEGIN ".len()..].split("-----").next().unwrap_or_default();
        if label.ends_with("PRIVATE KEY") {
            return Err(TokenKeysError::Private(n));
        }
        let end = block.find("-----END ").map(|e| e + block[e..].find('\n').unwrap_or(block.len() - e));
        let block = &block.as_bytes()[..end.ok_or(TokenKeysError::Damaged(n))?];
        let key = match label {
            "CERTIFICATE" => return Err(TokenKeysError::Certificate(n)),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => DecodingKey::from_rsa_pem(block)
                .map(|k| (RSA, k))
                .or_else(|_| DecodingKey::from_ec_pem(block).map(|k| (EC, k)))
                .or_else(|_| DecodingKey::from_ed_pem(block).map(|k| (ED25519, k))),
            _ => return Err(TokenKeysError::Damaged(n)),
        };
        let (kind, key) = key.map_err(|_| TokenKeysError::Damaged(n))?;
        found.push(Found { id: None, kind, only: None, key }.checked(n)?);
    }
    Ok(found)
}

fn of_jwks(text: &[u8]) -> Result<Vec<Found>, TokenKeysError> {
    let mut file: Value = serde_json::from_slice(text).map_err(|e| TokenKeysError::NotKeys(at(&e)))?;
    let listed = match file.get_mut("keys").map(Value::take) {
        Some(Value::Array(keys)) => keys,
        None if file.get("kty").is_some() => vec![file],
        _ => return Err(TokenKeysError::NotKeys("it has no list `keys`".to_owned())),
    };
    let mut found = Vec::new();
    for (n, listed) in (1..).zip(listed) {
        if let Some(key) = of_jwk(&listed, n)? {
            found.push(key.checked(n)?);
        }
    }
    Ok(found)
}

/// Where JSON is damaged; not what stands there.
fn at(error: &serde_json::Error) -> String {
    format!("line {}, column {} is not JSON", error.line(), error.column())
}

/// A key for signatures; `None` for any other, which sets hold as well (RFC 7517, sections 4.2, 4.3 and 5).
fn of_jwk(listed: &Value, n: usize) -> Result<Option<Found>, TokenKeysError> {
    let kind = listed.get("kty").and_then(Value::as_str).ok_or(TokenKeysError::Damaged(n))?;
    if !matches!(kind, "RSA" | "EC" | "OKP" | "oct") {
        return Ok(None);
    }
    if kind != "oct" && listed.get("d").is_some() {
        return Err(TokenKeysError::Private(n));
    }
    let jwk = Jwk::deserialize(listed).map_err(|_| TokenKeysError::Damaged(n))?;
    let for_signatures = jwk.common.public_key_use.as_ref().is_none_or(|u| *u == PublicKeyUse::Signature)
        && jwk.common.key_operations.as_ref().is_none_or(|o| o.contains(&KeyOperations::Verify));
    let kind = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => RSA,
        AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P256 => P256,
        AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P384 => P384,
        AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 => ED25519,
        AlgorithmParameters::OctetKey(_) => "a secret",
        // Curves that are not known here, such as P-521 or X25519.
        _ => return Ok(None),
    };
    let only = match jwk.common.key_algorithm {
        None => None,
        // One that is not for signatures, or not known.
        Some(said) => match Algorithm::try_from(said) {
            Ok(algorithm) => Some(algorithm),
            Err(_) => return Ok(None),
        },
    };
    if !for_signatures {
        return Ok(None);
    }
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| TokenKeysError::Damaged(n))?;
    Ok(Some(Found { id: jwk.common.key_id, kind, only, key }))
}

/// The file without the end of its last line, which editors add.
fn secret_line(file: &[u8]) -> &[u8] {
    let line = file.strip_suffix(b"\n").unwrap_or(file);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Least bytes of a secret: as many as the hash has (RFC 7518, section 3.2).
fn secret_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HS384 => 48,
        Algorithm::HS512 => 64,
        _ => 32,
    }
}

#[cfg(test)]
mod tests;
