//! What was found in the document and has not left: people and fields, as positions.

use std::collections::VecDeque;
use std::ops::Range;

use super::ambiguous;
use crate::answer::{AnswerError, MAX_PEOPLE};
use crate::policy::FieldSet;

/// Most fields found and not yet written; a page of [`MAX_PEOPLE`] people with eight fields each fits.
const MAX_REGIONS: usize = MAX_PEOPLE * 8;

/// One person of a list.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) start: usize,
    pub(super) person: Option<String>,
    pub(super) fields: FieldSet,
    pub(super) visible: FieldSet,
}

/// A person whose element is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenItem {
    pub(super) number: usize,
    pub(super) origin: u32,
}

/// What becomes of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Undecided,
    Visible,
    Masked,
}

/// An element that holds a field, or whose attribute does.
#[derive(Debug)]
pub(super) struct Region {
    /// The start tag.
    pub(super) tag: Range<usize>,
    /// The end tag that closed it (not necessarily its own); empty at the end of the start tag for void elements.
    pub(super) end: Option<Range<usize>>,
    pub(super) field: u8,
    /// Number of the item it is in.
    pub(super) item: Option<usize>,
    /// Number of the hit, for its attribute; `None` = the whole element.
    pub(super) attribute_of: Option<usize>,
    pub(super) fate: Fate,
    /// Number of its start tag.
    pub(super) origin: u32,
    /// For a browser the element may go on behind its end.
    pub(super) unsure: bool,
}

/// Everything found and not yet written. Items and regions are numbered from the document's start; the first ones
/// are dropped as they are written, so a number is an index plus `first_*`.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) items: VecDeque<Item>,
    pub(super) first_item: usize,
    /// The items that are open now, outermost first.
    pub(super) open: Vec<OpenItem>,
    pub(super) regions: VecDeque<Region>,
    pub(super) first_region: usize,
    /// Fields not decided yet, on a page whose people are known.
    pub(super) undecided: FieldSet,
    /// The region being left out now, and the end tag that ended it.
    pub(super) skipping: Option<(usize, Option<Range<usize>>)>,
    /// Start tags of the elements that were masked as a whole and may yet turn out not to have ended, ascending.
    masked: Vec<u32>,
}

pub(super) fn goes_on() -> AnswerError {
    ambiguous("for a browser a masked element goes on behind the tag that seems to end it")
}

impl Found {
    pub(super) fn new() -> Self {
        Self {
            items: VecDeque::new(),
            first_item: 0,
            open: Vec::new(),
            regions: VecDeque::new(),
            first_region: 0,
            undecided: FieldSet::NONE,
            skipping: None,
            masked: Vec::new(),
        }
    }

    pub(super) fn item(&mut self, number: usize) -> Option<&mut Item> {
        number.checked_sub(self.first_item).and_then(|i| self.items.get_mut(i))
    }

    /// Number of the person whose element starts at `start`.
    pub(super) fn open_item(&mut self, start: usize, origin: u32) -> Result<usize, AnswerError> {
        let number = self.first_item + self.items.len();
        if number >= MAX_PEOPLE {
            return Err(AnswerError::TooMany { limit: MAX_PEOPLE });
        }
        self.items.push_back(Item { start, person: None, fields: FieldSet::NONE, visible: FieldSet::NONE });
        self.open.push(OpenItem { number, origin });
        Ok(number)
    }

    pub(super) fn end_item(&mut self, number: usize) {
        // Items close from the inside out, so it is nearly always the last.
        if self.open.last().is_some_and(|o| o.number == number) {
            self.open.pop();
        } else {
            self.open.retain(|o| o.number != number);
        }
    }

    /// Number of the field.
    pub(super) fn add(&mut self, region: Region) -> Result<usize, AnswerError> {
        if self.regions.len() >= MAX_REGIONS {
            return Err(AnswerError::TooMany { limit: MAX_REGIONS });
        }
        self.regions.push_back(region);
        Ok(self.first_region + self.regions.len() - 1)
    }

    pub(super) fn end_region(&mut self, number: usize, tag: Range<usize>) {
        if let Some(region) = number.checked_sub(self.first_region).and_then(|i| self.regions.get_mut(i)) {
            region.end = Some(tag);
        } else if let Some((skipped, end)) = &mut self.skipping
            && *skipped == number
        {
            *end = Some(tag);
        }
    }

    /// The element of this start tag may go on for a browser. An error if it has been masked.
    pub(super) fn doubt(&mut self, origin: u32) -> Result<(), AnswerError> {
        if self.masked.binary_search(&origin).is_ok() {
            return Err(goes_on());
        }
        let first = self.regions.partition_point(|r| r.origin < origin);
        for region in self.regions.iter_mut().skip(first).take_while(|r| r.origin == origin) {
            region.unsure = true;
        }
        Ok(())
    }

    /// Takes the first region out.
    pub(super) fn pop_region(&mut self) -> Result<Option<(usize, Region)>, AnswerError> {
        let Some(region) = self.regions.pop_front() else { return Ok(None) };
        let number = self.first_region;
        self.first_region += 1;
        if region.fate == Fate::Masked && region.attribute_of.is_none() {
            if region.unsure {
                return Err(goes_on());
            }
            if region.end != Some(region.tag.end..region.tag.end) && self.masked.last() != Some(&region.origin) {
                self.masked.push(region.origin);
            }
        }
        Ok(Some((number, region)))
    }

    /// How many of the first items are closed, together with all items around and in them.
    pub(super) fn ready(&self) -> usize {
        self.open.first().map_or(self.items.len(), |o| o.number.saturating_sub(self.first_item).min(self.items.len()))
    }
}
