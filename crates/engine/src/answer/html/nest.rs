//! What is open by the tags alone: each end tag closes the last element of its name and all that was opened since.
//!
//! Fields and people reach as far as this says. It needs no context, so it is right for a fragment of a table too, and
//! an element that was never closed reaches to the end of what it stands in: a mask covers too much rather than too
//! little. Where a browser would go on with an element that was closed here, the [`super::tree`] knows.

use std::ops::Range;

use memchr::memmem;

use super::names::{Kind, Name};
use crate::answer::AnswerError;
use crate::answer::selector::Seen;

/// Most elements open at the same time.
const MAX_DEPTH: usize = 8192;

/// What is to be told when an element is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A person, by number.
    Item(usize),
    /// A field, by number.
    Region(usize),
}

/// An element of interest that is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    depth: usize,
    pub(super) what: What,
    /// Number of its start tag.
    pub(super) origin: u32,
    /// For one that a browser may ignore: how many elements were open then.
    pub(super) ignored_at: Option<usize>,
}

#[derive(Debug)]
struct Open {
    name: Name,
    seen: Option<Box<Seen>>,
}

#[derive(Debug, Default)]
pub(super) struct Nest {
    open: Vec<Open>,
    /// How many open elements there are for each of 64 groups of names: most stray end tags are told by it.
    counts: Vec<u16>,
    marks: Vec<Mark>,
    /// Depth and start of the content of each open `noscript`.
    noscripts: Vec<(usize, usize)>,
    /// Start of the content of the first `noscript` that another end tag closed. A browser with scripting takes all for
    /// text until `</noscript>`, so for one it is still open.
    cut_off: Option<usize>,
    /// Whether there was one: what is open has differed between browsers with scripting and without ever since.
    differs: bool,
    root: Seen,
}

fn group(name: Name) -> usize {
    name.bloom().trailing_zeros() as usize
}

impl Nest {
    pub(super) fn new() -> Self {
        Self { counts: vec![0; 64], ..Self::default() }
    }

    /// What the next element stands in.
    pub(super) fn parent(&mut self) -> &mut Seen {
        match self.open.last_mut() {
            None => &mut self.root,
            Some(open) => open.seen.get_or_insert_default(),
        }
    }

    /// Opens an element whose start tag ends at `end`.
    #[inline]
    pub(super) fn push(
        &mut self,
        name: Name,
        kind: Kind,
        end: usize,
        seen: Option<Box<Seen>>,
    ) -> Result<(), AnswerError> {
        if self.open.len() >= MAX_DEPTH && !self.close_sibling(kind) {
            return Err(AnswerError::Memory);
        }
        if kind == Kind::Noscript {
            self.noscripts.push((self.open.len(), end));
        }
        if let Some(count) = self.counts.get_mut(group(name)) {
            *count += 1;
        }
        self.open.push(Open { name, seen });
        Ok(())
    }

    /// Closes an element whose end tag was left out before a sibling, if nothing that would be closed is of interest.
    /// Only where too much is open: so far such an element is taken to reach to the end of what it stands in.
    fn close_sibling(&mut self, kind: Kind) -> bool {
        let least = self.marks.last().map_or(0, |m| m.depth + 1).max(self.noscripts.last().map_or(0, |(d, _)| d + 1));
        for at in (least..self.open.len()).rev() {
            let Some(kind_here) = self.open.get(at).map(|o| o.name.kind()) else { return false };
            if !may_lack_end_tag(kind_here) {
                return false;
            }
            if ends_before(kind_here, kind) {
                self.close_from(at);
                return true;
            }
        }
        false
    }

    fn close_from(&mut self, at: usize) {
        while self.open.len() > at {
            let Some(open) = self.open.pop() else { break };
            if let Some(count) = self.counts.get_mut(group(open.name)) {
                *count -= 1;
            }
        }
    }

    /// Tells of the element opened last when it is closed.
    pub(super) fn mark(&mut self, what: What, origin: u32, ignored_at: Option<usize>) {
        self.marks.push(Mark { depth: self.open.len().saturating_sub(1), what, origin, ignored_at });
    }

    /// An end tag. What it closed is told by [`Nest::closed`].
    #[inline]
    pub(super) fn close(&mut self, name: Name) {
        if self.counts.get(group(name)).is_none_or(|c| *c == 0) {
            return;
        }
        let Some(at) = self.open.iter().rposition(|o| o.name == name) else { return };
        self.close_from(at);
        while let Some((_, start)) = self.noscripts.pop_if(|(depth, _)| *depth >= at) {
            if name != Kind::Noscript.name() {
                self.cut_off = Some(self.cut_off.map_or(start, |first| first.min(start)));
                self.differs = true;
            }
        }
    }

    /// What is closed and has not been told, the innermost first.
    #[inline]
    pub(super) fn closed(&mut self) -> Option<Mark> {
        let open = self.open.len();
        self.marks.pop_if(|m| m.depth >= open)
    }

    /// Start of the outermost `noscript` that is open, for any browser: nothing from there on may leave yet.
    pub(super) fn noscript(&self) -> Option<usize> {
        self.noscripts.first().map(|(_, start)| *start).into_iter().chain(self.cut_off).min()
    }

    /// Whether an end tag has closed a `noscript` that is not its own. To a browser with scripting it was text: what it
    /// closed is open there, what was opened before the `</noscript>` is not, and later end tags close other elements.
    pub(super) fn differs(&self) -> bool {
        self.differs
    }

    /// An end tag of `noscript` that ends one for a browser with scripting too.
    pub(super) fn end_cut_off(&mut self) {
        self.cut_off = None;
    }
}

/// Elements whose end tag is often left out (HTML, section 13.1.2.4).
fn may_lack_end_tag(kind: Kind) -> bool {
    use Kind::{Dd, Dt, Li, Option, P, Td, Th, Tr};
    matches!(kind, Dd | Dt | Li | Option | P | Td | Th | Tr)
}

/// Whether an element of the second kind ends one of the first that it follows.
fn ends_before(open: Kind, next: Kind) -> bool {
    let cell = |k| matches!(k, Kind::Td | Kind::Th);
    let term = |k| matches!(k, Kind::Dd | Kind::Dt);
    open == next || (cell(open) && cell(next)) || (term(open) && term(next))
}

/// Whether a browser with scripting, which takes the content of a `noscript` for text, would end it earlier.
pub(super) fn ends_early(content: &[u8]) -> bool {
    memmem::find_iter(content, b"</")
        .any(|at| content.get(at + 2..at + 10).is_some_and(|name| name.eq_ignore_ascii_case(b"noscript")))
}

/// What stands in a document, from the position `base` on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) base: usize,
}

impl<'b> Bytes<'b> {
    /// Only what has not left can be asked for.
    pub(super) fn get(self, range: Range<usize>) -> Result<&'b [u8], AnswerError> {
        let start = range.start.checked_sub(self.base).ok_or(AnswerError::LostPlace)?;
        let end = range.end.checked_sub(self.base).ok_or(AnswerError::LostPlace)?;
        self.bytes.get(start..end).ok_or(AnswerError::LostPlace)
    }
}
