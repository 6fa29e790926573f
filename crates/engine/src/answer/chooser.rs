//! Asks `Decide`, once per person and field, and remembers its word for the rest of the response.

use smallvec::SmallVec;

use super::Decide;
use crate::policy::FieldSet;

/// So many items of a list are asked for at once.
const AT_ONCE: usize = 64;

/// A person of the page and what was decided.
struct Known {
    person: String,
    asked: FieldSet,
    visible: FieldSet,
}

/// The people of a response that are known before its body, and the one who decides.
pub(super) struct Chooser {
    decide: Box<dyn Decide>,
    known: Vec<Known>,
    by_item: bool,
    /// Fields asked for anybody known, and refused for anybody known.
    asked: FieldSet,
    refused: FieldSet,
    /// Fields asked for nobody in particular, and those of them that may leave.
    nobody: (FieldSet, FieldSet),
    all_visible: bool,
}

fn both(a: FieldSet, b: FieldSet) -> FieldSet {
    FieldSet(a.0 & b.0)
}

impl Chooser {
    pub(super) fn new(decide: Box<dyn Decide>, by_item: bool) -> Self {
        let none = FieldSet::NONE;
        Self { decide, known: Vec::new(), by_item, asked: none, refused: none, nobody: (none, none), all_visible: true }
    }

    /// Whether each item of the body is a person of its own.
    pub(super) fn by_item(&self) -> bool {
        self.by_item
    }

    /// Whether everything asked for so far may leave.
    pub(super) fn all_visible(&self) -> bool {
        self.all_visible
    }

    fn ask(&mut self, person: Option<&str>, fields: FieldSet) -> FieldSet {
        if fields.is_empty() {
            return fields;
        }
        let said = match person {
            Some(person) => self.decide.decide(person, fields),
            None => self.decide.unread(fields),
        };
        self.heard(said, fields)
    }

    /// What of `fields` may leave by what was said; anything else that was said is ignored.
    fn heard(&mut self, said: FieldSet, fields: FieldSet) -> FieldSet {
        let visible = both(said, fields);
        self.all_visible &= visible == fields;
        visible
    }

    fn ask_for_nobody(&mut self, fields: FieldSet) -> FieldSet {
        let new = fields.minus(self.nobody.0);
        let visible = self.ask(None, new);
        self.nobody = (self.nobody.0.union(new), self.nobody.1.union(visible));
        both(fields, self.nobody.1)
    }

    /// Adds a person of the whole page and decides `fields` now.
    pub(super) fn know(&mut self, person: String, fields: FieldSet) {
        let visible = self.ask(Some(&person), fields);
        self.asked = self.asked.union(fields);
        self.refused = self.refused.union(fields.minus(visible));
        self.known.push(Known { person, asked: fields, visible });
    }

    /// Which of `fields` may leave, on a page whose people are known beforehand.
    pub(super) fn of_page(&mut self, fields: FieldSet) -> FieldSet {
        match self.known.len() {
            0 => self.ask_for_nobody(fields),
            1 => {
                let Some(mut one) = self.known.pop() else { return FieldSet::NONE };
                let new = fields.minus(one.asked);
                let visible = self.ask(Some(&one.person), new);
                one.asked = one.asked.union(new);
                one.visible = one.visible.union(visible);
                let visible = both(fields, one.visible);
                self.known.push(one);
                visible
            }
            _ => {
                // A field the application named for nobody: whose it is cannot be known.
                let unnamed = self.ask_for_nobody(fields.minus(self.asked));
                both(fields, self.asked.minus(self.refused)).union(unnamed)
            }
        }
    }

    /// Which fields of each item may leave.
    pub(super) fn of_items<'p>(
        &mut self,
        items: impl Iterator<Item = (Option<&'p str>, FieldSet)>,
    ) -> SmallVec<[FieldSet; AT_ONCE]> {
        let items: SmallVec<[_; AT_ONCE]> = items.collect();
        let mut all = SmallVec::with_capacity(items.len());
        let (mut named, mut visible) = (Vec::new(), Vec::new());
        for some in items.chunks(AT_ONCE) {
            named.clear();
            named.extend(some.iter().filter(|(_, f)| !f.is_empty()).filter_map(|(person, f)| Some(((*person)?, *f))));
            visible.clear();
            self.decide.decide_all(&named, &mut visible);
            let mut visible = visible.iter();
            all.extend(some.iter().map(|(person, fields)| {
                if person.is_none() || fields.is_empty() {
                    return self.ask(None, *fields);
                }
                // Of whom nothing is said nothing leaves.
                self.heard(visible.next().copied().unwrap_or(FieldSet::NONE), *fields)
            }));
        }
        all
    }

    /// The link in the mask of one field; `person` is the item's, else the page's only one.
    pub(super) fn link(&mut self, person: Option<&str>, field: usize) -> Option<String> {
        let person = match (person, self.known.as_slice()) {
            (Some(p), _) => p,
            (None, [one]) if !self.by_item => one.person.as_str(),
            _ => return None,
        };
        self.decide.reveal_link(person, FieldSet::of(field))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Shows the first few people it is asked about.
    struct First {
        people: usize,
        shown: Vec<String>,
    }

    impl Decide for First {
        fn decide(&mut self, person: &str, fields: FieldSet) -> FieldSet {
            if self.shown.iter().any(|p| p == person) {
                return fields;
            }
            if self.shown.len() == self.people {
                return FieldSet::NONE;
            }
            self.shown.push(person.to_owned());
            fields
        }

        fn reveal_link(&mut self, _: &str, _: FieldSet) -> Option<String> {
            None
        }
    }

    proptest! {
        #[test]
        fn people_asked_for_together_are_decided_in_their_order(
            items in proptest::collection::vec((proptest::option::of(0u8..90), 0u64..4), 0..200), people in 0usize..60,
        ) {
            let items: Vec<_> = items.into_iter().map(|(p, f)| (p.map(|p| p.to_string()), FieldSet(f))).collect();
            let mut one_by_one = First { people, shown: Vec::new() };
            let wanted: Vec<FieldSet> = items
                .iter()
                .map(|(person, fields)| match person {
                    Some(person) if !fields.is_empty() => one_by_one.decide(person, *fields),
                    _ => FieldSet::NONE,
                })
                .collect();
            let mut chooser = Chooser::new(Box::new(First { people, shown: Vec::new() }), true);
            let visible = chooser.of_items(items.iter().map(|(person, fields)| (person.as_deref(), *fields)));
            prop_assert_eq!(visible.as_slice(), wanted.as_slice());
            prop_assert_eq!(chooser.all_visible(), items.iter().zip(&wanted).all(|((_, fields), seen)| fields == seen));
        }
    }
}
