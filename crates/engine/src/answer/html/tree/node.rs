//! What the stack of open elements and the list of active formatting elements hold.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashSet};

use super::super::names::{Kind, Name};
use super::super::tokens::Tag;
use crate::answer::selector::Seen;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Html,
    Svg,
    MathMl,
}

/// Where HTML may stand within SVG and MathML (section 13.2.6, "integration points").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    No,
    Html,
    MathMlText,
}

/// An open element.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: Name,
    pub(super) kind: Kind,
    pub(super) space: Space,
    pub(super) point: Point,
    /// Number of the start tag it was made for; 0 for one without a tag.
    pub(super) origin: u32,
    /// No other node has it.
    pub(super) id: u32,
    /// Whether it is one person.
    pub(super) item: bool,
    /// Whether it went before the table that was the current element.
    pub(super) fostered: bool,
    pub(super) seen: Option<Box<Seen>>,
}

/// An entry of the list of active formatting elements.
#[derive(Debug, Clone, Copy)]
pub(super) enum Active {
    Marker,
    Element(Formatting),
}

/// The attributes of a formatting element, to be compared with those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attributes {
    /// Of names and values, in any order.
    pub(super) hash: u64,
    /// Whether others that are written otherwise are others.
    pub(super) plain: bool,
}

/// So few attributes are looked through for one of the same name.
const FEW: usize = 8;

impl Attributes {
    pub(super) fn of(tag: &Tag<'_, '_>, hashing: &DefaultHashBuilder) -> Self {
        let mut all = Self { hash: 0, plain: true };
        // Of two with the same name the first counts.
        if tag.count() <= FEW {
            for (i, (name, value)) in tag.attributes().enumerate() {
                if !tag.attributes().take(i).any(|(before, _)| before.eq_ignore_ascii_case(name)) {
                    all.add(name, value, hashing);
                }
            }
            return all;
        }
        let mut names = HashSet::new();
        for (name, value) in tag.attributes() {
            if names.insert(name.to_ascii_lowercase()) {
                all.add(name, value, hashing);
            }
        }
        all
    }

    fn add(&mut self, name: &[u8], value: &[u8], hashing: &DefaultHashBuilder) {
        let mut hasher = hashing.build_hasher();
        for b in name {
            hasher.write_u8(b.to_ascii_lowercase());
        }
        // Only the first byte of a name may be one.
        hasher.write_u8(b'=');
        hasher.write(value);
        self.hash = self.hash.wrapping_add(hasher.finish());
        // References, line ends and bytes that mean nothing may be written in several ways.
        let odd = |b: &u8| matches!(b, b'&' | b'\r' | 0);
        self.plain &= [name, value].iter().all(|part| !part.iter().any(odd) && str::from_utf8(part).is_ok());
    }
}

/// An active formatting element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Formatting {
    pub(super) name: Name,
    pub(super) kind: Kind,
    pub(super) origin: u32,
    pub(super) id: u32,
    pub(super) attributes: Attributes,
    pub(super) item: bool,
    /// Whether it may hit the map by its surroundings.
    pub(super) dependent: bool,
    /// For one that may hit the map: the person it is in.
    pub(super) owner: Option<Option<u32>>,
}

/// What is open at the start of an element, to be compared with what is at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Within {
    /// The element.
    pub(super) id: u32,
    /// How many are open with it.
    pub(super) height: usize,
    /// A hash of the active formatting elements.
    pub(super) formatting: u64,
}

impl Node {
    /// An HTML element of this kind.
    #[inline]
    pub(super) fn is(&self, kind: Kind) -> bool {
        self.kind == kind && self.space == Space::Html
    }

    pub(super) fn is_special(&self) -> bool {
        match self.space {
            Space::Html => self.kind.is_special(),
            Space::Svg => self.point != Point::No,
            Space::MathMl => self.point != Point::No || self.kind == Kind::AnnotationXml,
        }
    }

    pub(super) fn ends_scope(&self) -> bool {
        match self.space {
            Space::Html => self.kind.ends_scope(),
            _ => self.is_special(),
        }
    }
}
