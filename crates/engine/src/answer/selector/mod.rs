//! The selectors of a route, compiled together: which parts of the map an element hits.
//!
//! The language is CSS with tags, `*`, classes, ids, attributes, `:not()`, `:first-child`, `:nth-child()`,
//! `:first-of-type`, `:nth-of-type()`, joined by spaces and `>`, in lists. What follows an element in the document
//! cannot be asked for: an answer is read once.

mod matching;
mod parse;

use self::parse::{Complex, Compound};
use crate::answer::html::Name;

pub(super) use self::matching::{Reading, Seen};

/// Most compounds to the left of a space or `>` in the selectors of one route.
const MAX_ANCESTORS: usize = 128;

/// How a compound is joined to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    Within,
    Child,
}

/// How an attribute's value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Any,
    Is,
    Word,
    Dash,
    Starts,
    Ends,
    Holds,
}

/// One simple selector.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Tag(Name),
    Id(Box<[u8]>),
    Class(Box<[u8]>),
    Attribute {
        name: Box<[u8]>,
        comparison: Comparison,
        value: Box<[u8]>,
        fold: bool,
    },
    Not(Vec<Compound>),
    /// `an + b`, counting all siblings or those of the same type.
    Nth {
        of_type: bool,
        a: i32,
        b: i32,
    },
}

/// One compound of one selector.
#[derive(Debug)]
struct Part {
    /// What the element's own tag must be besides what the part is filed under.
    own: Compound,
    /// What its place among its siblings must be.
    place: Compound,
    /// The part on its left: its bit among the ancestors, and how it is joined.
    left: Option<(u32, Joint)>,
    /// Its own bit, if there is a part on its right.
    bit: Option<u32>,
    /// What an element that fits is; `None` for a part that only stands left of others.
    hit: Option<u16>,
}

/// Names of elements whose place among those of the same name is asked for.
#[derive(Debug, Default)]
struct Types {
    names: Vec<Name>,
    /// A selector asks for it without a tag.
    all: bool,
}

impl Types {
    fn add(&mut self, own: &Compound, place: &Compound) {
        if !place.iter().any(Test::asks_for_type) {
            return;
        }
        match own.iter().find_map(|t| if let Test::Tag(name) = t { Some(*name) } else { None }) {
            Some(name) => self.names.push(name),
            None => self.all = true,
        }
    }

    fn hold(&self, name: Name) -> bool {
        self.all || self.names.contains(&name)
    }
}

/// All selectors of a route.
#[derive(Debug, Default)]
pub(super) struct Selectors {
    parts: Vec<Part>,
    by_tag: Vec<(Name, u16)>,
    by_class: Vec<(Box<[u8]>, u16)>,
    by_id: Vec<(Box<[u8]>, u16)>,
    by_attribute: Vec<(Box<[u8]>, u16)>,
    by_nothing: Vec<u16>,
    tags: u64,
    classes: u64,
    ancestors: usize,
    /// Whether an element's surroundings matter, and not only its tag.
    depends: bool,
    counts: bool,
    types: Types,
    beyond_ascii: bool,
}

impl Selectors {
    /// Adds a list of selectors, each of which means `hit`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn add(&mut self, text: &str, hit: u16) -> Result<(), String> {
        self.beyond_ascii |= !text.is_ascii();
        for complex in parse::list(text)? {
            self.add_one(complex, hit)?;
        }
        Ok(())
    }

    fn add_one(&mut self, complex: Complex, hit: u16) -> Result<(), String> {
        let last = complex.len().saturating_sub(1);
        let mut left = None;
        for (i, (joint, compound)) in complex.into_iter().enumerate() {
            let number = u16::try_from(self.parts.len()).map_err(|_| "there are too many selectors".to_owned())?;
            let (place, mut own): (Compound, Compound) = compound.into_iter().partition(Test::asks_for_place);
            self.counts |= !place.is_empty();
            self.types.add(&own, &place);
            self.depends |= !place.is_empty() || last > 0;
            let mut bit = None;
            if i < last {
                if self.ancestors >= MAX_ANCESTORS {
                    return Err(format!(
                        "the route's selectors have more than {MAX_ANCESTORS} parts that stand left of others"
                    ));
                }
                bit = u32::try_from(self.ancestors).ok();
                self.ancestors += 1;
            }
            self.file(&mut own, number);
            let hit = (i == last).then_some(hit);
            self.parts.push(Part { own, place, left: left.map(|l| (l, joint)), bit, hit });
            left = bit;
        }
        Ok(())
    }

    /// Files a part where the rarest of its tests is looked up, and takes that test out where looking it up is the whole of
    /// it.
    fn file(&mut self, own: &mut Compound, number: u16) {
        let rarity = |t: &Test| match t {
            Test::Id(_) => 0,
            Test::Class(_) => 1,
            Test::Attribute { .. } => 2,
            Test::Tag(_) => 3,
            Test::Not(_) | Test::Nth { .. } => 4,
        };
        let Some((at, rarest)) = own.iter().enumerate().min_by_key(|(_, t)| rarity(t)) else {
            self.by_nothing.push(number);
            return;
        };
        match rarest {
            Test::Id(id) => self.by_id.push((id.clone(), number)),
            Test::Class(class) => {
                self.classes |= matching::class_bloom(class);
                self.by_class.push((class.clone(), number));
            }
            Test::Tag(name) => {
                self.tags |= name.bloom();
                self.by_tag.push((*name, number));
            }
            // Its value is still to be looked at.
            Test::Attribute { name, .. } => return self.by_attribute.push((name.clone(), number)),
            Test::Not(_) | Test::Nth { .. } => return self.by_nothing.push(number),
        }
        own.remove(at);
    }

    /// Whether an element's surroundings matter, and not only its tag.
    pub(super) fn depends(&self) -> bool {
        self.depends
    }

    /// Whether an element's place among its siblings matters.
    pub(super) fn counts(&self) -> bool {
        self.counts
    }

    /// Whether a selector has bytes beyond ASCII, so that values must be read in the page's encoding.
    pub(super) fn beyond_ascii(&self) -> bool {
        self.beyond_ascii
    }
}

impl Test {
    fn asks_for_place(&self) -> bool {
        match self {
            Self::Nth { .. } => true,
            Self::Not(list) => list.iter().flatten().any(Self::asks_for_place),
            _ => false,
        }
    }

    fn asks_for_type(&self) -> bool {
        match self {
            Self::Nth { of_type, .. } => *of_type,
            Self::Not(list) => list.iter().flatten().any(Self::asks_for_type),
            _ => false,
        }
    }
}

/// Whether a CSS selector can be used in a people map.
///
/// # Errors
/// What is wrong with it.
pub fn check_selector(text: &str) -> Result<(), String> {
    parse::list(text).map(drop)
}
