//! The parts of a tag.

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
    pub(in crate::answer::html) name: &'b [u8],
    pub(super) attributes: &'t [Attribute],
    pub(in crate::answer::html) self_closing: bool,
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

    /// The raw value of the attribute of this lower-case name.
    pub(in crate::answer) fn attribute(&self, name: &[u8]) -> Option<&'b [u8]> {
        self.attributes().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }

    pub(in crate::answer) fn has_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }
}
