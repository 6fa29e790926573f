//! To whom a request is laid: the principal that behaves.

use crate::doors::{Identity, Level, Pseudonym};

/// Key of the principal that behaves, as the tables have it: equal for two identities exactly if their requests are laid
/// to the same one.
///
/// It is the innermost one that is one visitor. Without account and session it is the software at the address, so that a
/// program and a newcomer's browser behind one address are told apart.
#[must_use]
pub fn behaves_as(id: &Identity) -> (Level, u64) {
    match (id.account, id.session.filter(|s| s.returned)) {
        (Some(a), _) => (Level::Account, a.name.key()),
        (None, Some(s)) => (Level::Session, s.name.key()),
        (None, None) => (Level::Address, unnamed(id)),
    }
}

/// Key of whoever comes from this address with this software and brings no cookie of ours.
pub(super) fn unnamed(id: &Identity) -> u64 {
    unnamed_key(id.address, id.client)
}

/// Key of the software at an address.
pub(super) fn unnamed_key(address: Pseudonym, client: Pseudonym) -> u64 {
    address.key() ^ client.key().rotate_left(17)
}
