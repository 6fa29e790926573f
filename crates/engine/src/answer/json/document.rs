//! Reads a JSON document once: checks it against RFC 8259 and notes where people and their fields are.

use std::ops::Range;

use smallvec::SmallVec;

use super::text::{Cursor, unescape};
use crate::answer::identifier::fits;
use crate::answer::plan::{JsonPlan, Target};
use crate::answer::{AnswerError, MAX_PEOPLE};
use crate::policy::{FieldSet, Step};

/// Deepest nesting read. Documents made by people and programs stay below 30; deeper is an attack on a parser.
const MAX_DEPTH: usize = 128;

/// Most values of fields in one document.
const MAX_VALUES: usize = MAX_PEOPLE * 8;

/// The identifier of an item.
#[derive(Debug, PartialEq, Eq)]
enum Person {
    Missing,
    Is(String),
    /// Two that differ, or one that is no identifier: which one a reader of the document takes is anybody's guess.
    Unclear,
}

/// One person of the document.
#[derive(Debug)]
pub(super) struct Item {
    person: Person,
    pub(super) fields: FieldSet,
}

impl Item {
    pub(super) fn person(&self) -> Option<&str> {
        match &self.person {
            Person::Is(p) => Some(p),
            Person::Missing | Person::Unclear => None,
        }
    }
}

/// The value of a field.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) span: Range<usize>,
    pub(super) field: u8,
    pub(super) item: usize,
}

/// What a document holds, in its order.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) items: Vec<Item>,
    pub(super) values: Vec<Value>,
}

/// A path that fits so far: which, how many of its steps, and for which item.
#[derive(Debug, Clone, Copy)]
struct Lead {
    path: usize,
    step: usize,
    item: usize,
}

type Leads = SmallVec<[Lead; 12]>;

struct Walk<'d, 'p> {
    cursor: Cursor<'d>,
    plan: &'p JsonPlan,
    found: Found,
}

/// Reads `body`. A byte order mark at its start is passed over, as RFC 8259, section 8.1, allows.
pub(super) fn read(body: &[u8], plan: &JsonPlan, by_item: bool) -> Result<Found, AnswerError> {
    let text = std::str::from_utf8(body)
        .map_err(|e| AnswerError::Malformed { at: e.valid_up_to(), why: "the document is not UTF-8" })?;
    let at = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let mut walk = Walk { cursor: Cursor { text, at }, plan, found: Found::default() };
    let mut leads = Leads::new();
    if by_item {
        let items = plan.paths.iter().enumerate().filter(|(_, (target, _))| *target == Target::Item);
        leads.extend(items.map(|(path, _)| Lead { path, step: 0, item: 0 }));
    } else {
        walk.begin_item(&mut leads)?;
    }
    walk.cursor.spaces();
    walk.value(&leads, 0)?;
    walk.cursor.spaces();
    if walk.cursor.peek().is_some() {
        return Err(walk.cursor.wrong("something follows the document"));
    }
    Ok(walk.found)
}

impl<'p> Walk<'_, 'p> {
    fn begin_item(&mut self, leads: &mut Leads) -> Result<(), AnswerError> {
        if self.found.items.len() >= MAX_PEOPLE {
            return Err(AnswerError::TooMany { limit: MAX_PEOPLE });
        }
        let item = self.found.items.len();
        self.found.items.push(Item { person: Person::Missing, fields: FieldSet::NONE });
        let below = self.plan.paths.iter().enumerate().filter(|(_, (target, _))| *target != Target::Item);
        leads.extend(below.map(|(path, _)| Lead { path, step: 0, item }));
        Ok(())
    }

    fn next_step(&self, lead: Lead) -> Option<&'p Step> {
        self.plan.paths.get(lead.path).and_then(|(_, steps)| steps.get(lead.step))
    }

    /// One value, with the paths that lead to it or through it.
    fn value(&mut self, leads: &[Lead], depth: usize) -> Result<(), AnswerError> {
        if depth > MAX_DEPTH {
            return Err(self.cursor.wrong("it is nested too deeply"));
        }
        let mut through = Leads::new();
        let mut ids: SmallVec<[usize; 1]> = SmallVec::new();
        let mut fields: SmallVec<[(u8, usize); 2]> = SmallVec::new();
        let mut waiting: Leads = Leads::from_slice(leads);
        while let Some(lead) = waiting.pop() {
            if self.next_step(lead).is_some() {
                through.push(lead);
                continue;
            }
            match self.plan.paths.get(lead.path).map(|(target, _)| *target) {
                Some(Target::Item) => self.begin_item(&mut waiting)?,
                Some(Target::Id) => ids.push(lead.item),
                Some(Target::Field(field)) => fields.push((field, lead.item)),
                None => {}
            }
        }
        let start = self.cursor.at;
        let identifier = match self.cursor.peek() {
            Some(b'{') => self.object(&through, depth).map(|()| None)?,
            Some(b'[') => self.array(&through, depth).map(|()| None)?,
            Some(b'"') => {
                let inside = self.cursor.string()?;
                (!ids.is_empty()).then(|| unescape(inside).into_owned())
            }
            Some(b'-' | b'0'..=b'9') => {
                self.cursor.number()?;
                let text = self.cursor.text.get(start..self.cursor.at).unwrap_or_default();
                (!ids.is_empty()).then(|| text.to_owned())
            }
            Some(b't') => self.cursor.literal("true").map(|()| None)?,
            Some(b'f') => self.cursor.literal("false").map(|()| None)?,
            Some(b'n') => {
                self.cursor.literal("null")?;
                // Null shows nothing of anybody.
                fields.clear();
                None
            }
            _ => return Err(self.cursor.wrong("a value is missing")),
        };
        for item in ids {
            self.identify(item, identifier.as_deref());
        }
        for (field, item) in fields {
            self.note(Value { span: start..self.cursor.at, field, item })?;
        }
        Ok(())
    }

    fn identify(&mut self, item: usize, person: Option<&str>) {
        let Some(item) = self.found.items.get_mut(item) else { return };
        let person = match person.filter(|p| fits(p)) {
            Some(p) => Person::Is(p.to_owned()),
            None => Person::Unclear,
        };
        if item.person == Person::Missing {
            item.person = person;
        } else if item.person != person {
            item.person = Person::Unclear;
        }
    }

    fn note(&mut self, value: Value) -> Result<(), AnswerError> {
        if self.found.values.len() >= MAX_VALUES {
            return Err(AnswerError::TooMany { limit: MAX_VALUES });
        }
        if let Some(item) = self.found.items.get_mut(value.item) {
            item.fields = item.fields.union(FieldSet::of(usize::from(value.field)));
        }
        self.found.values.push(value);
        Ok(())
    }

    fn object(&mut self, leads: &[Lead], depth: usize) -> Result<(), AnswerError> {
        self.cursor.at += 1;
        self.cursor.spaces();
        if self.cursor.peek() == Some(b'}') {
            self.cursor.at += 1;
            return Ok(());
        }
        loop {
            let key = self.cursor.string()?;
            self.cursor.spaces();
            self.cursor.expect(b':', "a colon is missing")?;
            self.cursor.spaces();
            let mut below = Leads::new();
            if !leads.is_empty() {
                let key = unescape(key);
                for lead in leads {
                    if matches!(self.next_step(*lead), Some(Step::Name(name)) if *name == key) {
                        below.push(Lead { step: lead.step + 1, ..*lead });
                    }
                }
            }
            self.value(&below, depth + 1)?;
            self.cursor.spaces();
            match self.cursor.peek() {
                Some(b',') => {
                    self.cursor.at += 1;
                    self.cursor.spaces();
                }
                Some(b'}') => {
                    self.cursor.at += 1;
                    return Ok(());
                }
                _ => return Err(self.cursor.wrong("a comma or `}` is missing")),
            }
        }
    }

    fn array(&mut self, leads: &[Lead], depth: usize) -> Result<(), AnswerError> {
        self.cursor.at += 1;
        self.cursor.spaces();
        if self.cursor.peek() == Some(b']') {
            self.cursor.at += 1;
            return Ok(());
        }
        let mut index = 0;
        loop {
            let mut below = Leads::new();
            for lead in leads {
                let fits = match self.next_step(*lead) {
                    Some(Step::Each) => true,
                    Some(Step::Index(i)) => *i == index,
                    _ => false,
                };
                if fits {
                    below.push(Lead { step: lead.step + 1, ..*lead });
                }
            }
            self.value(&below, depth + 1)?;
            index += 1;
            self.cursor.spaces();
            match self.cursor.peek() {
                Some(b',') => {
                    self.cursor.at += 1;
                    self.cursor.spaces();
                }
                Some(b']') => {
                    self.cursor.at += 1;
                    return Ok(());
                }
                _ => return Err(self.cursor.wrong("a comma or `]` is missing")),
            }
        }
    }
}
