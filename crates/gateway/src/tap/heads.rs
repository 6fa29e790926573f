//! Names of the header fields of each HTTP/1 request, in the order and case they came: what hyper does not keep.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

/// Most heads remembered at once. Pipelining further ahead loses the order of the heads beyond, never the pairing.
const REMEMBERED: usize = 16;
/// Longest list of names kept, in bytes.
const LONGEST: usize = 4 * 1024;

/// One connection's heads not yet asked for. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Heads(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    noted: u64,
    popped: u64,
    names: VecDeque<(u64, String)>,
}

impl Heads {
    /// Notes the next head that went to the HTTP server. A list of names over 4 KiB is not kept.
    pub(super) fn note(&self, names: String) {
        let mut waiting = self.0.lock();
        let number = waiting.noted;
        waiting.noted += 1;
        if waiting.names.len() < REMEMBERED && names.len() <= LONGEST {
            waiting.names.push_back((number, names));
        }
    }

    /// Names of the next request's header fields, joined by `,`. To be called exactly once for each request, in order; `None`
    /// where they were not kept.
    #[must_use]
    pub fn pop(&self) -> Option<String> {
        let mut waiting = self.0.lock();
        let wanted = waiting.popped;
        waiting.popped += 1;
        match waiting.names.front() {
            Some((number, _)) if *number == wanted => waiting.names.pop_front().map(|(_, names)| names),
            _ => None,
        }
    }
}
