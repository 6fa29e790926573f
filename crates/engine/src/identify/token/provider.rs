//! `ring` under the token library, through the door the library has for that: rustls brings `ring` to the gateway anyway,
//! and each of the library's own backends would be a second implementation of the same cryptography.

use std::sync::LazyLock;

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result, new_error};
use jsonwebtoken::signature::{Error, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, crypto};
use ring::{hmac, signature as signed};

static PROVIDER: CryptoProvider = CryptoProvider {
    // Nothing here ever signs.
    signer_factory: |_, _| Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |algorithm, key| verifier(*algorithm, key),
    key_utils: KeyUtils::new_unimplemented(),
};

/// Put in place before the first signature is looked at, once a process.
static READY: LazyLock<bool> = LazyLock::new(|| PROVIDER.install_default().is_ok());

/// Whether `signature` (base64url) is the key's over `message`. A key of another family than the algorithm's never is
/// asked: a public key is no secret of an HMAC (RFC 8725, section 2.1).
pub(super) fn is_signed(algorithm: Algorithm, key: &DecodingKey, message: &[u8], signature: &str) -> bool {
    *READY && crypto::verify(signature, message, key, algorithm).unwrap_or(false)
}

struct Ring {
    algorithm: Algorithm,
    key: DecodingKey,
}

fn verifier(algorithm: Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if key.family() != algorithm.family() {
        return Err(new_error(ErrorKind::InvalidAlgorithm));
    }
    Ok(Box::new(Ring { algorithm, key: key.clone() }))
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let whole = || self.key.try_get_as_bytes().map_err(|_| Error::new());
        let outcome = match self.algorithm {
            Algorithm::HS256 => hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, whole()?), message, signature),
            Algorithm::HS384 => hmac::verify(&hmac::Key::new(hmac::HMAC_SHA384, whole()?), message, signature),
            Algorithm::HS512 => hmac::verify(&hmac::Key::new(hmac::HMAC_SHA512, whole()?), message, signature),
            Algorithm::ES256 => {
                signed::UnparsedPublicKey::new(&signed::ECDSA_P256_SHA256_FIXED, whole()?).verify(message, signature)
            }
            Algorithm::ES384 => {
                signed::UnparsedPublicKey::new(&signed::ECDSA_P384_SHA384_FIXED, whole()?).verify(message, signature)
            }
            Algorithm::EdDSA => signed::UnparsedPublicKey::new(&signed::ED25519, whole()?).verify(message, signature),
            Algorithm::RS256 => self.rsa(&signed::RSA_PKCS1_2048_8192_SHA256, message, signature),
            Algorithm::RS384 => self.rsa(&signed::RSA_PKCS1_2048_8192_SHA384, message, signature),
            Algorithm::RS512 => self.rsa(&signed::RSA_PKCS1_2048_8192_SHA512, message, signature),
            Algorithm::PS256 => self.rsa(&signed::RSA_PSS_2048_8192_SHA256, message, signature),
            Algorithm::PS384 => self.rsa(&signed::RSA_PSS_2048_8192_SHA384, message, signature),
            Algorithm::PS512 => self.rsa(&signed::RSA_PSS_2048_8192_SHA512, message, signature),
            // The library may come to know more.
            _ => return Err(Error::new()),
        };
        outcome.map_err(|_| Error::new())
    }
}

impl Ring {
    fn rsa(
        &self,
        parameters: &'static signed::RsaParameters,
        message: &[u8],
        signature: &[u8],
    ) -> std::result::Result<(), ring::error::Unspecified> {
        match self.key.kind() {
            DecodingKeyKind::SecretOrDer(der) => {
                signed::UnparsedPublicKey::new(parameters, der).verify(message, signature)
            }
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                signed::RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
        }
    }
}
