//! Asks `Decide`, once per person and field, and remembers its word for the rest of the response.

use super::Decide;
use crate::policy::FieldSet;

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
    nobody: (FieldSet, FieldSet),
}

fn both(a: FieldSet, b: FieldSet) -> FieldSet {
    FieldSet(a.0 & b.0)
}

impl Chooser {
    pub(super) fn new(decide: Box<dyn Decide>, by_item: bool) -> Self {
        Self { decide, known: Vec::new(), by_item, nobody: (FieldSet::NONE, FieldSet::NONE) }
    }

    /// Whether each item of the body is a person of its own.
    pub(super) fn by_item(&self) -> bool {
        self.by_item
    }

    /// Adds a person of the whole page and decides `fields` now.
    pub(super) fn know(&mut self, person: String, fields: FieldSet) {
        let visible = if fields.is_empty() { fields } else { both(self.decide.decide(&person, fields), fields) };
        self.known.push(Known { person, asked: fields, visible });
    }

    /// Which of `fields` may leave, on a page whose people are known beforehand.
    pub(super) fn of_page(&mut self, fields: FieldSet) -> FieldSet {
        match self.known.as_mut_slice() {
            [] => {
                let new = fields.minus(self.nobody.0);
                if !new.is_empty() {
                    self.nobody.0 = self.nobody.0.union(new);
                    self.nobody.1 = self.nobody.1.union(both(self.decide.unread(new), new));
                }
                both(fields, self.nobody.1)
            }
            [one] => {
                let new = fields.minus(one.asked);
                if !new.is_empty() {
                    one.asked = one.asked.union(new);
                    one.visible = one.visible.union(both(self.decide.decide(&one.person, new), new));
                }
                both(fields, one.visible)
            }
            several => {
                let (mut asked, mut refused) = (FieldSet::NONE, FieldSet::NONE);
                for k in several.iter() {
                    asked = asked.union(k.asked);
                    refused = refused.union(k.asked.minus(k.visible));
                }
                let unnamed = fields.minus(asked);
                let mut visible = both(fields, asked.minus(refused));
                if !unnamed.is_empty() {
                    // The application did not name this field for anybody: whose it is cannot be known.
                    let new = unnamed.minus(self.nobody.0);
                    if !new.is_empty() {
                        self.nobody.0 = self.nobody.0.union(new);
                        self.nobody.1 = self.nobody.1.union(both(self.decide.unread(new), new));
                    }
                    visible = visible.union(both(unnamed, self.nobody.1));
                }
                visible
            }
        }
    }

    /// Which of `fields` of one item may leave.
    pub(super) fn of_item(&mut self, person: Option<&str>, fields: FieldSet) -> FieldSet {
        if fields.is_empty() {
            return fields;
        }
        match person {
            Some(person) => both(self.decide.decide(person, fields), fields),
            None => both(self.decide.unread(fields), fields),
        }
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
