//! What the parser found: items, identifiers and fields, as positions in the document.
//!
//! `lol_html` calls the handlers made here while it parses; they only note positions. Deciding and writing happen
//! afterwards, in the reader, so no handler ever waits for a budget.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use lol_html::html_content::EndTag;
use lol_html::{HandlerResult, send};
use parking_lot::Mutex;
use regex::CaptureLocations;

use crate::answer::plan::{HtmlPlan, Role};
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
}

/// Everything found and not yet written. Items and regions are numbered from the document's start; the first ones
/// are dropped as they are written, so a number is an index plus `first_*`.
#[derive(Debug)]
pub(super) struct Scan {
    plan: Arc<HtmlPlan>,
    by_item: bool,
    pub(super) items: VecDeque<Item>,
    pub(super) first_item: usize,
    /// Numbers of the items that are open now, outermost first.
    pub(super) open: Vec<usize>,
    /// Number of the last open item and position of its tag, if that is an element without content.
    void: Option<(usize, usize)>,
    pub(super) regions: VecDeque<Region>,
    pub(super) first_region: usize,
    /// Fields not decided yet, on a page whose people are known.
    pub(super) undecided: FieldSet,
    /// The region being left out now, and the end tag that ended it.
    pub(super) skipping: Option<(usize, Option<Range<usize>>)>,
    pub(super) failure: Option<AnswerError>,
    /// Room for what the identifier's pattern catches.
    caught: Option<CaptureLocations>,
}

type Shared = Arc<Mutex<Scan>>;
type Element<'r, 't> = send::Element<'r, 't>;

/// Elements that end all SVG and MathML around them (HTML, section 13.2.6.5), but for those without content.
const BREAKOUT: [&str; 40] = [
    "b",
    "big",
    "blockquote",
    "body",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "i",
    "li",
    "listing",
    "menu",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strong",
    "strike",
    "sub",
    "sup",
    "table",
    "tt",
    "u",
    "ul",
    "var",
];

/// Whether the parser is where a browser would be: it leaves one SVG at such an element, a browser leaves all of them.
/// Where it stays inside, it takes `<p class='email'/>` for an element without content, and what follows would leave
/// unmasked.
fn well_placed(el: &Element<'_, '_>) -> Result<(), AnswerError> {
    if !el.can_have_content() && BREAKOUT.contains(&el.tag_name().as_str()) {
        return Err(AnswerError::Ambiguous("an HTML element inside of nested SVG or MathML".to_owned()));
    }
    Ok(())
}

impl Scan {
    pub(super) fn new(plan: Arc<HtmlPlan>, by_item: bool) -> Self {
        Self {
            caught: plan.id.as_ref().map(|(_, pattern, _)| pattern.room()),
            plan,
            by_item,
            items: VecDeque::new(),
            first_item: 0,
            open: Vec::new(),
            void: None,
            regions: VecDeque::new(),
            first_region: 0,
            undecided: FieldSet::NONE,
            skipping: None,
            failure: None,
        }
    }

    fn fail(&mut self, error: AnswerError) -> HandlerResult {
        let text = error.to_string();
        self.failure = Some(error);
        Err(text.into())
    }

    fn read_identifier(&mut self, el: &Element<'_, '_>, number: usize) {
        let Some(item) = number.checked_sub(self.first_item).and_then(|i| self.items.get_mut(i)) else { return };
        if item.person.is_none()
            && let Some((attribute, pattern, _)) = &self.plan.id
            && let Some(value) = el.get_attribute(attribute)
            && let Some(caught) = &mut self.caught
        {
            item.person = pattern.read(&value, caught);
        }
    }

    fn open_item(&mut self, el: &Element<'_, '_>) -> Result<usize, AnswerError> {
        well_placed(el)?;
        if self.first_item + self.items.len() >= MAX_PEOPLE {
            return Err(AnswerError::TooMany { limit: MAX_PEOPLE });
        }
        let number = self.first_item + self.items.len();
        let start = el.source_location().bytes().start;
        self.close_void(Some(start));
        self.items.push_back(Item { start, person: None, fields: FieldSet::NONE, visible: FieldSet::NONE });
        self.open.push(number);
        if !el.can_have_content() {
            self.void = Some((number, start));
        }
        if self.plan.id.as_ref().is_some_and(|(_, _, own)| *own) {
            self.read_identifier(el, number);
        }
        Ok(number)
    }

    /// Notes a field; its number if it was noted. Outside of items a list has no fields.
    fn field(
        &mut self,
        el: &Element<'_, '_>,
        hit: usize,
        field: u8,
        attribute: bool,
    ) -> Result<Option<usize>, AnswerError> {
        if attribute && !self.plan.hits.get(hit).is_some_and(|h| el.has_attribute(&h.attribute)) {
            return Ok(None);
        }
        well_placed(el)?;
        let tag = el.source_location().bytes();
        self.close_void(Some(tag.start));
        let item = if self.by_item {
            let Some(number) = self.open.last().copied() else { return Ok(None) };
            number.checked_sub(self.first_item).and_then(|i| self.items.get_mut(i)).map(|item| {
                item.fields = item.fields.union(FieldSet::of(usize::from(field)));
                number
            })
        } else {
            self.undecided = self.undecided.union(FieldSet::of(usize::from(field)));
            None
        };
        if self.regions.len() >= MAX_REGIONS {
            return Err(AnswerError::TooMany { limit: MAX_REGIONS });
        }
        let ends_here = attribute || !el.can_have_content();
        let number = self.first_region + self.regions.len();
        self.regions.push_back(Region {
            end: ends_here.then_some(tag.end..tag.end),
            tag,
            field,
            item,
            attribute_of: attribute.then_some(hit),
            fate: Fate::Undecided,
        });
        Ok(Some(number))
    }

    fn end_region(&mut self, number: usize, tag: Range<usize>) {
        if let Some(region) = number.checked_sub(self.first_region).and_then(|i| self.regions.get_mut(i)) {
            region.end = Some(tag);
        } else if let Some((skipped, end)) = &mut self.skipping
            && *skipped == number
        {
            *end = Some(tag);
        }
    }

    /// Closes an item that is an element without content, unless the tag at `tag` is still that element's own.
    pub(super) fn close_void(&mut self, tag: Option<usize>) {
        if let Some((number, start)) = self.void
            && tag != Some(start)
        {
            self.void = None;
            self.end_item(number);
        }
    }

    /// How many of the first items are closed, together with all items around and in them.
    pub(super) fn ready(&self) -> usize {
        self.open.first().map_or(self.items.len(), |n| n.saturating_sub(self.first_item).min(self.items.len()))
    }

    fn end_item(&mut self, number: usize) {
        // Items close from the inside out, so it is nearly always the last.
        if self.open.last() == Some(&number) {
            self.open.pop();
        } else {
            self.open.retain(|n| *n != number);
        }
    }
}

/// The handler of one selector of the plan.
pub(super) fn handler(shared: &Shared, hit: usize, role: &Role) -> send::ElementHandler<'static> {
    let shared = Arc::clone(shared);
    match *role {
        Role::Item => Box::new(move |el: &mut Element<'_, '_>| {
            let mut scan = shared.lock();
            let number = match scan.open_item(el) {
                Ok(number) => number,
                Err(e) => return scan.fail(e),
            };
            if el.can_have_content() {
                drop(scan);
                let shared = Arc::clone(&shared);
                el.on_end_tag(Box::new(move |_: &mut EndTag<'_>| {
                    shared.lock().end_item(number);
                    Ok(())
                }))
            } else {
                // The handlers of this very tag that come later (identifier, fields) still belong to the item.
                Ok(())
            }
        }),
        Role::Id => Box::new(move |el: &mut Element<'_, '_>| {
            let mut scan = shared.lock();
            scan.close_void(Some(el.source_location().bytes().start));
            if let Some(number) = scan.open.last().copied() {
                scan.read_identifier(el, number);
            }
            Ok(())
        }),
        Role::Field { field, attribute } => Box::new(move |el: &mut Element<'_, '_>| {
            let mut scan = shared.lock();
            let noted = match scan.field(el, hit, field, attribute) {
                Ok(noted) => noted,
                Err(e) => return scan.fail(e),
            };
            drop(scan);
            match noted {
                Some(number) if !attribute && el.can_have_content() => {
                    let shared = Arc::clone(&shared);
                    el.on_end_tag(Box::new(move |end: &mut EndTag<'_>| {
                        shared.lock().end_region(number, end.source_location().bytes());
                        Ok(())
                    }))
                }
                _ => Ok(()),
            }
        }),
    }
}

/// The handler that refuses a page which announces, by a `meta` element, an encoding that hides markup.
pub(super) fn charset_handler(shared: &Shared) -> send::ElementHandler<'static> {
    let shared = Arc::clone(shared);
    Box::new(move |el: &mut Element<'_, '_>| {
        let label = el.get_attribute("charset").or_else(|| {
            let content = el.get_attribute("content")?;
            let at = content.to_ascii_lowercase().find("charset=")?;
            content.get(at + 8..).map(|l| l.trim_matches([' ', '"', '\'', ';']).to_owned())
        });
        let hidden = label.as_deref().and_then(|l| encoding_rs::Encoding::for_label(l.as_bytes()));
        match hidden {
            // A `meta` element that can be read as ASCII and says UTF-16 is read as UTF-8 (HTML, section 13.2.3.2).
            Some(e) if !e.is_ascii_compatible() && e != encoding_rs::UTF_16LE && e != encoding_rs::UTF_16BE => {
                shared.lock().fail(AnswerError::Encoding(e.name().to_owned()))
            }
            _ => Ok(()),
        }
    })
}
