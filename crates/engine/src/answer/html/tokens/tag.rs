//! The parts of a tag.

use super::Tokenizer;

/// An attribute, as offsets from the tag's `<`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attribute {
    pub(super) name: (u32, u32),
    pub(super) value: (u32, u32),
}

/// A tag's parts.
#[derive(Debug, Clone, Copy)]
pub(in crate::answer) struct Tag<'b, 't> {
    pub(super) raw: &'b [u8],
    pub(in crate::answer) name: &'b [u8],
    pub(super) attributes: &'t [Attribute],
    pub(in crate::answer) self_closing: bool,
}

impl<'b> Tag<'b, '_> {
    /// The tag of an element that has none.
    pub(in crate::answer) fn nothing() -> Self {
        Self { raw: &[], name: &[], attributes: &[], self_closing: false }
    }

    /// Names and raw values of all attributes; of two with the same name the first counts.
    pub(in crate::answer) fn attributes(&self) -> impl Iterator<Item = (&'b [u8], &'b [u8])> {
        let part = |(start, end): (u32, u32)| self.raw.get(start as usize..end as usize).unwrap_or_default();
        self.attributes.iter().map(move |a| (part(a.name), part(a.value)))
    }

    /// Names of all attributes, and each as it is written: name, equals sign, quotes and value.
    pub(in crate::answer) fn written(&self) -> impl Iterator<Item = (&'b [u8], &'b [u8])> {
        let raw = self.raw;
        let part = |start: u32, end: usize| raw.get(start as usize..end).unwrap_or_default();
        self.attributes.iter().map(move |a| {
            let (start, end) = (a.value.0 as usize, a.value.1 as usize);
            // A value that begins where its name ends is none.
            let opened = start.checked_sub(1).filter(|_| a.value.0 > a.name.1).and_then(|i| raw.get(i));
            let quote = opened.filter(|b| matches!(b, b'"' | b'\''));
            let closed = quote.is_some() && raw.get(end) == quote;
            (part(a.name.0, a.name.1 as usize), part(a.name.0, end + usize::from(closed)))
        })
    }

    /// The raw value of the attribute of this lower-case name.
    pub(in crate::answer) fn attribute(&self, name: &[u8]) -> Option<&'b [u8]> {
        self.attributes().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }

    /// How many attributes there are, those of the same name too.
    pub(in crate::answer) fn count(&self) -> usize {
        self.attributes.len()
    }

    pub(in crate::answer) fn has_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }
}

/// One whole tag, taken apart by itself.
pub(in crate::answer) struct TagReader<'b> {
    tokens: Tokenizer,
    raw: &'b [u8],
}

impl<'b> TagReader<'b> {
    pub(in crate::answer) fn of(raw: &'b [u8]) -> Self {
        let mut tokens = Tokenizer::new();
        tokens.next(raw, 0);
        Self { tokens, raw }
    }

    pub(in crate::answer) fn tag(&self) -> Tag<'b, '_> {
        self.tokens.tag(self.raw, 0)
    }
}
