//! The site's one secret, split into a key for each purpose, and everything that is named or signed with them.

use crate::doors::{LEVELS, Level, Pseudonym};

/// Sub-keys of a site's 32-byte secret. Names of principals are keyed hashes: without the secret nobody can get from
/// a name in the ledger back to an address, nor test whether an address is the one behind it.
///
/// BLAKE3's key derivation (its paper, section 2.3) separates the purposes, so that a name of one level never equals
/// the name of the same bytes at another.
pub struct Keys {
    levels: [[u8; 32]; LEVELS],
    person: [u8; 32],
    mac: [u8; 32],
    seal: [u8; 32],
    session: [u8; 32],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(secret)")
    }
}

/// Contexts of the key derivation, by level. They are part of the format of the ledger: a changed context is a new name
/// for everybody.
const LEVEL_CONTEXTS: [(Level, &str); LEVELS] = [
    (Level::Address, "hedgerow 2026-11 name of an address"),
    (Level::Network, "hedgerow 2026-11 name of a network"),
    (Level::Session, "hedgerow 2026-11 name of a session"),
    (Level::Account, "hedgerow 2026-11 name of an account"),
    (Level::Client, "hedgerow 2026-11 name of a client"),
    (Level::Licence, "hedgerow 2026-11 name of a licence"),
    (Level::Strangers, "hedgerow 2026-11 name of a class of strangers"),
];

impl Keys {
    /// The secret of one site, from the gateway's.
    #[must_use]
    pub fn site_secret(root: &[u8; 32], site: &str) -> [u8; 32] {
        blake3::derive_key("hedgerow 2026-11 secret of one site", &[&root[..], site.as_bytes()].concat())
    }

    /// Derives all sub-keys from the site's secret.
    #[must_use]
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        let mut levels = [[0u8; 32]; LEVELS];
        for (level, context) in LEVEL_CONTEXTS {
            levels[level as usize] = blake3::derive_key(context, secret);
        }
        Self {
            levels,
            person: blake3::derive_key("hedgerow 2026-11 key of a person in exact sets", secret),
            mac: blake3::derive_key("hedgerow 2026-11 message authentication", secret),
            seal: blake3::derive_key("hedgerow 2026-11 sealing of raw addresses", secret),
            session: blake3::derive_key("hedgerow 2026-11 identifiers in session cookies", secret),
        }
    }

    /// The keyed name of `value` at `level`.
    #[must_use]
    pub fn pseudonym(&self, level: Level, value: &[u8]) -> Pseudonym {
        let hash = blake3::keyed_hash(&self.levels[level as usize], value);
        let mut name = [0u8; 12];
        name.copy_from_slice(&hash.as_bytes()[..12]);
        Pseudonym(name)
    }

    /// The key of a person in exact sets: 64 bits, so that a site of a million people has a chance of about
    /// 3 in 100 million that two of them are counted as one.
    #[must_use]
    pub fn person_key(&self, person: &str) -> u64 {
        let hash = blake3::keyed_hash(&self.person, person.as_bytes());
        let mut key = [0u8; 8];
        key.copy_from_slice(&hash.as_bytes()[..8]);
        u64::from_le_bytes(key)
    }

    /// Authentication code of `data` for one purpose. The purpose is hashed with its length in front, so that no
    /// choice of data for one purpose is a message of another.
    #[must_use]
    pub fn mac(&self, purpose: &str, data: &[u8]) -> [u8; 16] {
        let mut code = [0u8; 16];
        code.copy_from_slice(&self.full_mac(purpose, data).as_bytes()[..16]);
        code
    }

    /// Whether `mac` is the code of `data`, in a time that does not depend on where they differ.
    #[must_use]
    pub fn check_mac(&self, purpose: &str, data: &[u8], mac: &[u8]) -> bool {
        let Ok(given) = <[u8; 16]>::try_from(mac) else {
            return false;
        };
        // blake3::Hash compares in constant time; both sides are widened to a hash so that its comparison is used.
        let (mut a, mut b) = ([0u8; 32], [0u8; 32]);
        a[..16].copy_from_slice(&self.mac(purpose, data));
        b[..16].copy_from_slice(&given);
        blake3::Hash::from_bytes(a) == blake3::Hash::from_bytes(b)
    }

    /// Key under which raw addresses are sealed (section 7 of the design); used by the record room only.
    #[must_use]
    pub fn seal_key(&self) -> &[u8; 32] {
        &self.seal
    }

    /// Key of the block cipher between a session's name and the identifier in its cookie.
    pub(super) fn session_key(&self) -> &[u8; 32] {
        &self.session
    }

    fn full_mac(&self, purpose: &str, data: &[u8]) -> blake3::Hash {
        // What fits two blocks is hashed in one go: the streaming hasher alone is two kilobytes to set up.
        let mut message = [0u8; 128];
        let length = (purpose.len() as u64).to_le_bytes();
        let end = length.len() + purpose.len() + data.len();
        if let Some(place) = message.get_mut(..end) {
            let (head, rest) = place.split_at_mut(length.len());
            head.copy_from_slice(&length);
            rest[..purpose.len()].copy_from_slice(purpose.as_bytes());
            rest[purpose.len()..].copy_from_slice(data);
            return blake3::keyed_hash(&self.mac, place);
        }
        let mut hasher = blake3::Hasher::new_keyed(&self.mac);
        hasher.update(&(purpose.len() as u64).to_le_bytes());
        hasher.update(purpose.as_bytes());
        hasher.update(data);
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_have_another_name_at_every_level_and_under_every_secret() {
        let (a, b) = (Keys::from_secret(&[1; 32]), Keys::from_secret(&[2; 32]));
        let mut seen = std::collections::HashSet::new();
        for keys in [&a, &b] {
            for (level, _) in LEVEL_CONTEXTS {
                assert!(seen.insert(keys.pseudonym(level, b"x")), "{level:?}");
            }
        }
        assert_ne!(a.person_key("7"), b.person_key("7"));
        assert_ne!(a.seal_key(), b.seal_key());
    }

    #[test]
    fn a_code_holds_for_its_purpose_its_data_and_its_length_only() {
        let keys = Keys::from_secret(&[7; 32]);
        let mac = keys.mac("a", b"bc");
        assert!(keys.check_mac("a", b"bc", &mac));
        assert!(!keys.check_mac("ab", b"c", &mac));
        assert!(!keys.check_mac("a", b"bd", &mac));
        assert!(!keys.check_mac("a", b"bc", &mac[..15]));
        assert!(!keys.check_mac("a", b"bc", b""));
    }

    #[test]
    fn short_and_long_messages_are_authenticated_alike() {
        let keys = Keys::from_secret(&[7; 32]);
        for n in [0, 1, 100, 115, 119, 120, 121, 500] {
            let data = vec![9u8; n];
            let mut whole = blake3::Hasher::new_keyed(&keys.mac);
            whole.update(&1u64.to_le_bytes()).update(b"p").update(&data);
            assert_eq!(keys.mac("p", &data), whole.finalize().as_bytes()[..16], "{n}");
        }
    }

    #[test]
    fn the_secret_of_a_site_is_its_own_and_stays_what_it_is_from_release_to_release() {
        let of = |site| Keys::site_secret(&[7; 32], site);
        assert_ne!(of("club"), of("other"));
        assert_ne!(of("club"), Keys::site_secret(&[8; 32], "club"));
        // Every name in every ledger follows from it.
        assert_eq!(of("club")[..4], [197, 133, 250, 27]);
    }

    #[test]
    fn keys_print_nothing_secret() {
        assert_eq!(format!("{:?}", Keys::from_secret(&[7; 32])), "Keys(secret)");
    }
}
