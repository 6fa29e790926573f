//! What the stack of open elements and the list of active formatting elements hold.

use std::hash::{DefaultHasher, Hash, Hasher};

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

impl Attributes {
    pub(super) fn of(tag: &Tag<'_, '_>) -> Self {
        let mut all: Vec<(Vec<u8>, &[u8])> = tag.attributes().map(|(n, v)| (n.to_ascii_lowercase(), v)).collect();
        // Of two with the same name the first counts.
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.dedup_by(|b, a| a.0 == b.0);
        let mut hasher = DefaultHasher::new();
        all.hash(&mut hasher);
        // References, line ends and bytes that mean nothing may be written in several ways.
        let odd = |b: &u8| matches!(b, b'&' | b'\r' | 0);
        let plain = |part: &[u8]| !part.iter().any(odd) && str::from_utf8(part).is_ok();
        let plain = all.iter().all(|(name, value)| plain(name) && plain(value));
        Self { hash: hasher.finish(), plain }
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
