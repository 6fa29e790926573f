//! What becomes of the elements that the map names: whose they are, and what is noted of them.

use std::ops::Range;
use std::sync::Arc;

use encoding_rs::Encoding;
use regex::CaptureLocations;

use super::ambiguous;
use super::found::{Fate, Found, Region};
use super::nest::{Nest, What};
use super::tokens::Tag;
use super::tree::{Outcome, Placed, Tree};
use crate::answer::AnswerError;
use crate::answer::plan::{HtmlPlan, Role};
use crate::policy::FieldSet;

/// Where people and fields are, and what is needed to tell.
#[derive(Debug)]
pub(super) struct Notes {
    pub(super) plan: Arc<HtmlPlan>,
    by_item: bool,
    pub(super) encoding: &'static Encoding,
    pub(super) found: Found,
    caught: Option<CaptureLocations>,
    /// Browsers with scripting and without may disagree about what is open.
    pub(super) item_unsure: bool,
}

/// An element that hits parts of the map.
pub(super) struct Element<'a> {
    pub(super) tag: Tag<'a, 'a>,
    pub(super) range: Range<usize>,
    pub(super) origin: u32,
    pub(super) outcome: Outcome,
    /// Elements open before it.
    pub(super) height: usize,
}

impl Element<'_> {
    fn ignored_at(&self) -> Option<usize> {
        (self.outcome.placed == Placed::Ignored).then_some(self.height)
    }
}

impl Notes {
    pub(super) fn new(plan: Arc<HtmlPlan>, by_item: bool, encoding: &'static Encoding) -> Self {
        let caught = plan.id.as_ref().and_then(|(_, pattern, _)| pattern.room());
        Self { plan, by_item, encoding, found: Found::new(), caught, item_unsure: false }
    }

    /// Notes what an element is that hits a part of the map.
    pub(super) fn hit(
        &mut self,
        hit: usize,
        el: &Element<'_>,
        nest: &mut Nest,
        tree: &mut Tree,
    ) -> Result<(), AnswerError> {
        match self.plan.hits.get(hit).map(|h| &h.role) {
            Some(Role::Item) => {
                let number = self.found.open_item(el.range.start, el.origin)?;
                tree.mark_item(el.origin);
                if el.outcome.content {
                    nest.mark(What::Item(number), el.origin, el.ignored_at());
                }
                if self.plan.id.as_ref().is_some_and(|(_, _, own)| *own) {
                    self.read_identifier(&el.tag, number);
                }
                Ok(())
            }
            // Outside of people an identifier is nobody's, as the links of a footer are, wherever browsers have it.
            Some(Role::Id) if self.found.open.is_empty() && tree.innermost_item().is_none() => Ok(()),
            Some(Role::Id) => {
                if let Some(number) = self.item_around(el, tree)? {
                    self.read_identifier(&el.tag, number);
                }
                Ok(())
            }
            Some(Role::Field { field, attribute }) => self.field(hit, (*field, *attribute), el, nest, tree),
            None => Ok(()),
        }
    }

    /// Number of the innermost person around an element. An error where a browser has, or may have, another one there,
    /// or one where there seems to be none.
    fn item_around(&self, el: &Element<'_>, tree: &Tree) -> Result<Option<usize>, AnswerError> {
        let here = self.found.open.last();
        if tree.lost_item {
            return Err(ambiguous("a person's element ends within others that are in it"));
        }
        if tree.uncertain || tree.in_head_noscript || self.item_unsure {
            return Err(ambiguous("browsers may disagree about which person a field is part of"));
        }
        if let Some(there) = tree.innermost_item()
            && !here.is_some_and(|h| h.origin == el.origin || h.origin == there)
        {
            return Err(ambiguous("for a browser a field is part of another person's element"));
        }
        Ok(here.map(|o| o.number))
    }

    fn read_identifier(&mut self, tag: &Tag<'_, '_>, number: usize) {
        let Some(item) = self.found.item(number) else { return };
        if item.person.is_none()
            && let Some((attribute, pattern, _)) = &self.plan.id
            && let Some(value) = tag.attribute(attribute.as_bytes())
        {
            let value = self.encoding.decode_without_bom_handling(value).0;
            item.person = pattern.read(&value, &mut self.caught);
        }
    }

    /// Notes a field. Outside of items a list has no fields.
    fn field(
        &mut self,
        hit: usize,
        (field, attribute): (u8, bool),
        el: &Element<'_>,
        nest: &mut Nest,
        tree: &Tree,
    ) -> Result<(), AnswerError> {
        let named = |h: &crate::answer::plan::Hit| el.tag.attribute(h.attribute.as_bytes()).is_some();
        if attribute && !self.plan.hits.get(hit).is_some_and(named) {
            return Ok(());
        }
        let mut item = None;
        if self.by_item {
            let Some(number) = self.item_around(el, tree)? else { return Ok(()) };
            if let Some(item) = self.found.item(number) {
                item.fields = item.fields.union(FieldSet::of(usize::from(field)));
            }
            item = Some(number);
        } else {
            self.found.undecided = self.found.undecided.union(FieldSet::of(usize::from(field)));
        }
        let ends_here = attribute || !el.outcome.content;
        let number = self.found.add(Region {
            end: ends_here.then_some(el.range.end..el.range.end),
            tag: el.range.clone(),
            field,
            item,
            attribute_of: attribute.then_some(hit),
            fate: Fate::Undecided,
            origin: el.origin,
            unsure: el.outcome.placed == Placed::Merged,
        })?;
        if !ends_here {
            nest.mark(What::Region(number), el.origin, el.ignored_at());
        }
        Ok(())
    }
}
