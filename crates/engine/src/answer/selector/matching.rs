//! Whether an element fits, told from its tag and from what was noted of the elements around it.

use std::borrow::Cow;

use encoding_rs::Encoding;
use hashbrown::HashMap;

use super::{Comparison, Joint, Part, Selectors, Test};
use crate::answer::html::{Name, Tag, is_space};
use crate::answer::identifier::decode_references;

/// How the values of a page are read.
#[derive(Debug, Clone, Copy)]
pub(in crate::answer) struct Reading {
    /// Classes and ids are compared without regard to case, as in quirks mode (HTML, section 4.16.3).
    pub(in crate::answer) fold: bool,
    /// The page's encoding, where it matters.
    pub(in crate::answer) encoding: Option<&'static Encoding>,
}

/// What is known of an open element, for the elements in it.
#[derive(Debug, Clone, Default)]
pub(in crate::answer) struct Seen {
    own: u128,
    above: u128,
    children: u32,
    of_type: HashMap<Name, u32>,
}

pub(super) fn class_bloom(class: &[u8]) -> u64 {
    let first = class.first().map_or(0, u8::to_ascii_lowercase);
    let last = class.last().map_or(0, u8::to_ascii_lowercase);
    1 << ((usize::from(first) * 7 + usize::from(last) * 3 + class.len()) & 63)
}

/// What stands between white space.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| is_space(*b))
}

impl Reading {
    fn same(self, a: &[u8], b: &[u8]) -> bool {
        if self.fold { a.eq_ignore_ascii_case(b) } else { a == b }
    }

    /// An attribute's value, decoded.
    pub(in crate::answer) fn value<'v>(self, raw: &'v [u8]) -> Cow<'v, [u8]> {
        if self.encoding.is_none() && !raw.contains(&b'&') {
            return Cow::Borrowed(raw);
        }
        let decoded = match self.encoding {
            Some(encoding) if !raw.is_ascii() => match encoding.decode_without_bom_handling(raw).0 {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            },
            _ => Cow::Borrowed(raw),
        };
        if !decoded.contains(&b'&') {
            return decoded;
        }
        let text = String::from_utf8_lossy(&decoded).into_owned();
        Cow::Owned(decode_references(&text).into_owned().into_bytes())
    }
}

impl Test {
    fn holds(&self, tag: &Tag<'_, '_>, name: Name, reading: Reading, place: Option<&Position>) -> bool {
        match self {
            Self::Tag(wanted) => *wanted == name,
            Self::Id(id) => tag.attribute(b"id").is_some_and(|v| reading.same(&reading.value(v), id)),
            Self::Class(class) => {
                tag.attribute(b"class").is_some_and(|v| words(&reading.value(v)).any(|c| reading.same(c, class)))
            }
            Self::Attribute { name, comparison, value, fold } => tag
                .attribute(name)
                .is_some_and(|v| *comparison == Comparison::Any || comparison.holds(&reading.value(v), value, *fold)),
            Self::Not(list) => !list.iter().any(|c| c.iter().all(|t| t.holds(tag, name, reading, place))),
            Self::Nth { of_type, a, b } => place.is_some_and(|p| {
                let index = i64::from(if *of_type { p.of_type } else { p.child });
                let (a, b) = (i64::from(*a), i64::from(*b));
                if a == 0 { index == b } else { (index - b) % a == 0 && (index - b) / a >= 0 }
            }),
        }
    }
}

impl Comparison {
    fn holds(self, found: &[u8], wanted: &[u8], fold: bool) -> bool {
        let same = |a: &[u8], b: &[u8]| if fold { a.eq_ignore_ascii_case(b) } else { a == b };
        let n = wanted.len();
        match self {
            Self::Any => true,
            Self::Is => same(found, wanted),
            Self::Word => n > 0 && words(found).any(|w| same(w, wanted)),
            Self::Dash => found.get(..n).is_some_and(|f| same(f, wanted)) && found.get(n).is_none_or(|b| *b == b'-'),
            Self::Starts => n > 0 && found.get(..n).is_some_and(|f| same(f, wanted)),
            Self::Ends => n > 0 && found.len().checked_sub(n).is_some_and(|at| same(&found[at..], wanted)),
            Self::Holds => n > 0 && found.windows(n).any(|w| same(w, wanted)),
        }
    }
}

/// An element's place among its siblings, from 1.
struct Position {
    child: u32,
    of_type: u32,
}

impl Seen {
    /// What is known of an element that may stand in either of two places.
    pub(in crate::answer) fn or(self, other: Self) -> Self {
        Self { own: self.own | other.own, above: self.above | other.above, ..self }
    }

    /// All that is in it went into one new child.
    pub(in crate::answer) fn holds_only(&mut self, child: Name) {
        self.children = 1;
        self.of_type = HashMap::from([(child, 1)]);
    }

    /// What is known of a new element in it that fits no part.
    pub(in crate::answer) fn inside(&self) -> Self {
        Self { above: self.above, ..Self::default() }
    }

    /// Counts a child, and, if asked to, those of its name; its place.
    fn count(&mut self, name: Name, by_type: bool) -> Position {
        self.children = self.children.saturating_add(1);
        let mut of_type = 0;
        if by_type {
            let same = self.of_type.entry(name).or_default();
            *same = same.saturating_add(1);
            of_type = *same;
        }
        Position { child: self.children, of_type }
    }
}

impl Selectors {
    /// Numbers of the parts that the tag alone fits, in ascending order, into `out`.
    #[inline]
    pub(in crate::answer) fn candidates(&self, tag: &Tag<'_, '_>, name: Name, reading: Reading, out: &mut Vec<u16>) {
        out.clear();
        out.extend_from_slice(&self.by_nothing);
        if self.tags & name.bloom() != 0 {
            out.extend(self.by_tag.iter().filter(|(n, _)| *n == name).map(|(_, part)| *part));
        }
        if tag.has_attributes() {
            let (mut class, mut id) = (self.by_class.is_empty(), self.by_id.is_empty());
            for (attribute, value) in tag.attributes() {
                // Of two with the same name the first counts.
                if !class && attribute.len() == 5 && attribute.eq_ignore_ascii_case(b"class") {
                    class = true;
                    self.classes_of(value, reading, out);
                } else if !id && attribute.len() == 2 && attribute.eq_ignore_ascii_case(b"id") {
                    id = true;
                    let value = reading.value(value);
                    out.extend(self.by_id.iter().filter(|(id, _)| reading.same(id, &value)).map(|(_, part)| *part));
                }
                // `[class]` and `[id]` are filed here too.
                let named = |n: &[u8]| n.len() == attribute.len() && n.eq_ignore_ascii_case(attribute);
                out.extend(self.by_attribute.iter().filter(|(n, _)| named(n)).map(|(_, part)| *part));
            }
        }
        if out.is_empty() {
            return;
        }
        if out.len() > 1 {
            out.sort_unstable();
            out.dedup();
        }
        out.retain(|part| {
            let part = self.parts.get(usize::from(*part));
            part.is_some_and(|p| p.own.iter().all(|t| t.holds(tag, name, reading, None)))
        });
    }

    fn classes_of(&self, value: &[u8], reading: Reading, out: &mut Vec<u16>) {
        for class in words(&reading.value(value)).filter(|c| !c.is_empty()) {
            if self.classes & class_bloom(class) != 0 {
                let fits = |c: &[u8]| reading.same(c, class);
                out.extend(self.by_class.iter().filter(|(c, _)| fits(c)).map(|(_, part)| *part));
            }
        }
    }

    /// One more child that no tag stands for.
    pub(in crate::answer) fn count(&self, parent: &mut Seen, name: Name) {
        if self.counts {
            parent.count(name, self.types.hold(name));
        }
    }

    /// The hits of candidates whose surroundings do not matter.
    pub(in crate::answer) fn hits(&self, candidates: &[u16], out: &mut Vec<u16>) {
        out.extend(candidates.iter().filter_map(|c| self.parts.get(usize::from(*c)).and_then(|p| p.hit)));
    }

    /// Whether the surroundings of one of these candidates matter.
    pub(in crate::answer) fn any_depends(&self, candidates: &[u16]) -> bool {
        candidates.iter().any(|c| {
            self.parts.get(usize::from(*c)).is_some_and(|p| p.left.is_some() || p.bit.is_some() || !p.place.is_empty())
        })
    }

    /// The hits of an element within `parent`, and what is known of it for the elements in it. Where it cannot be told
    /// which elements there are (`loose`), a child may be any descendant, and any place is right.
    pub(in crate::answer) fn place(
        &self,
        candidates: &[u16],
        (tag, name, reading): (&Tag<'_, '_>, Name, Reading),
        (parent, loose): (&mut Seen, bool),
        out: &mut Vec<u16>,
    ) -> Seen {
        let place = self.counts.then(|| parent.count(name, self.types.hold(name)));
        let mut own = 0u128;
        let parts = candidates.iter().filter_map(|c| self.parts.get(usize::from(*c)));
        for Part { place: wanted, left, bit, hit, .. } in parts {
            let joined = match left {
                None => true,
                Some((left, Joint::Child)) if !loose => parent.own >> left & 1 == 1,
                Some((left, _)) => parent.above >> left & 1 == 1,
            };
            if joined && (loose || wanted.iter().all(|t| t.holds(tag, name, reading, place.as_ref()))) {
                own |= bit.map_or(0, |b| 1 << b);
                out.extend(*hit);
            }
        }
        Seen { own, above: parent.above | own, children: 0, of_type: HashMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_types_that_are_asked_for_are_counted() {
        for (text, types) in [
            ("td:nth-of-type(2)", 1),
            ("b:not(:first-of-type)", 0),
            ("p:first-child", 0),
            ("div td:nth-of-type(2), tr:first-of-type", 2),
            (".x:nth-of-type(2)", 102),
        ] {
            let mut all = Selectors::default();
            all.add(text, 0).unwrap();
            let reading = Reading { fold: false, encoding: None };
            let mut parent = Seen::default();
            for name in ["td", "tr"].into_iter().map(str::to_owned).chain((0..100).map(|n| format!("x-{n}"))) {
                let what = (&Tag::nothing(), Name::of(name.as_bytes()), reading);
                all.place(&[], what, (&mut parent, false), &mut Vec::new());
            }
            assert_eq!((parent.of_type.len(), parent.children), (types, 102), "{text}");
        }
    }
}
