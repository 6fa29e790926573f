//! Masks HTML while it streams.
//!
//! [`scan`] finds positions only. The bytes are kept here until what depends on them is decided: on a page of one
//! person until the end of the piece in which a field begins, in a list until the outermost open item is closed,
//! because the identifier may come after the fields. Then they leave as they came, or masked.
//!
//! An element is what lies between its start tag and the tag that closes it, as [`nest`] sees it, which closes
//! elements by end tags only: an unclosed `<td>` reaches to the end of its row, and a mask covers too much. What a
//! browser has open is followed beside it, in [`tree`]. Where a browser would go on with a masked element, or has a
//! field in another person's element, the page is an error.
//!
//! * [`names`]: tags, and what HTML says of each.
//! * [`tokens`]: where tags begin and end.
//! * [`notes`]: whose the elements are that the map names.
//! * [`found`]: people and fields on their way out.

#[cfg(test)]
mod against_lol_html;
mod found;
mod names;
mod nest;
mod notes;
mod scan;
mod tokens;
mod tree;

use std::ops::Range;
use std::sync::Arc;

use encoding_rs::Encoding;

use self::found::{Fate, Found, Region};
use self::nest::Bytes;
use self::scan::Scan;
use super::AnswerError;
use super::chooser::Chooser;
use super::mask::{self, Label, Note};
use super::plan::{HtmlPlan, Plan};
use crate::policy::FieldSet;

pub(super) use self::names::Name;
pub(super) use self::tokens::{Tag, TagReader, is_space};

/// Most bytes of a list that wait for their item to be closed.
const MAX_HELD_BYTES: usize = 1 << 20;

pub(super) struct HtmlReader {
    plan: Arc<HtmlPlan>,
    labels: Arc<[Label]>,
    scan: Scan,
    stopped: bool,
    chooser: Chooser,
    limit: usize,
    /// Bytes that came and have not left; the first is at `cursor`.
    raw: Vec<u8>,
    cursor: usize,
    /// How the element being left out ends.
    closing: Option<mask::Closing>,
    first_bytes: [u8; 2],
}

fn ambiguous(why: &str) -> AnswerError {
    AnswerError::Ambiguous(why.to_owned())
}

fn encoding(charset: Option<&str>) -> Result<Option<&'static Encoding>, AnswerError> {
    // A label nobody knows is ignored, as browsers do.
    match charset.and_then(|label| Encoding::for_label(label.as_bytes())) {
        Some(found) if !found.is_ascii_compatible() => Err(AnswerError::Encoding(found.name().to_owned())),
        found => Ok(found),
    }
}

impl HtmlReader {
    pub(super) fn new(plan: &Plan, charset: Option<&str>, chooser: Chooser) -> Result<Self, AnswerError> {
        let html = plan.html.as_ref().ok_or(AnswerError::Media { found: "HTML" })?;
        Ok(Self {
            plan: Arc::clone(html),
            labels: Arc::clone(&plan.labels),
            scan: Scan::new(Arc::clone(html), chooser.by_item(), encoding(charset)?),
            stopped: false,
            chooser,
            limit: plan.max_body_bytes,
            raw: Vec::new(),
            cursor: 0,
            closing: None,
            first_bytes: [0; 2],
        })
    }

    pub(super) fn write(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), AnswerError> {
        self.step(out, |reader, out| reader.take(chunk, out))
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        let done = self.step(out, |reader, out| {
            reader.scan.end(Bytes { bytes: &reader.raw, base: reader.cursor })?;
            reader.settle(true, out)
        });
        self.stopped = true;
        done
    }

    /// A body that is there from its first byte to its last. It leaves as it came where nothing is masked.
    pub(super) fn whole(&mut self, body: Vec<u8>, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        if self.cursor + self.raw.len() > 0 {
            return Err(AnswerError::Stopped);
        }
        let done = self.step(out, |reader, out| reader.take_whole(body, out));
        self.stopped = true;
        done
    }

    fn take_whole(&mut self, body: Vec<u8>, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        let (length, first) = (body.len(), [0, 1].map(|i| body.get(i).copied()));
        self.raw = body;
        if length > self.limit {
            return Err(AnswerError::TooLarge { limit: self.limit });
        }
        if let [Some(a), Some(b)] = first {
            self.refuse_utf16(&[a, b], 0)?;
        }
        let bytes = Bytes { bytes: &self.raw, base: self.cursor };
        let read = self.scan.read(bytes);
        // Those before a place that cannot be read are asked for, as those of an answer that came in pieces are.
        decide(&mut self.chooser, self.scan.found());
        read?;
        self.frontier(false)?;
        self.scan.end(Bytes { bytes: &self.raw, base: self.cursor })?;
        let found = self.scan.found();
        decide(&mut self.chooser, found);
        if out.is_empty() && found.regions.iter().all(|r| r.fate == Fate::Visible) {
            *out = std::mem::take(&mut self.raw);
            self.cursor = length;
            return Ok(());
        }
        out.reserve(length + length / 8);
        self.settle(true, out)
    }

    /// What came and has not left, if nothing had to be masked so far.
    pub(super) fn give_back(&mut self) -> Option<Vec<u8>> {
        self.stopped = true;
        self.chooser.all_visible().then(|| std::mem::take(&mut self.raw))
    }

    /// On an error nothing leaves, and nothing can be read any more.
    fn step(
        &mut self,
        out: &mut Vec<u8>,
        act: impl FnOnce(&mut Self, &mut Vec<u8>) -> Result<(), AnswerError>,
    ) -> Result<(), AnswerError> {
        if self.stopped {
            return Err(AnswerError::Stopped);
        }
        let (before, cursor) = (out.len(), self.cursor);
        let done = act(self, out);
        if done.is_err() {
            self.stopped = true;
            self.cursor = cursor;
            out.truncate(before);
        }
        done
    }

    fn take(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), AnswerError> {
        let arrived = self.cursor + self.raw.len();
        self.raw.extend_from_slice(chunk);
        if chunk.len() > self.limit.saturating_sub(arrived) {
            return Err(AnswerError::TooLarge { limit: self.limit });
        }
        self.refuse_utf16(chunk, arrived)?;
        self.scan.read(Bytes { bytes: &self.raw, base: self.cursor })?;
        self.settle(false, out)
    }

    /// A byte order mark of UTF-16 overrides every other word on the encoding (Encoding Standard, section 6).
    fn refuse_utf16(&mut self, chunk: &[u8], arrived: usize) -> Result<(), AnswerError> {
        if arrived < 2 {
            for (place, b) in self.first_bytes.iter_mut().skip(arrived).zip(chunk) {
                *place = *b;
            }
            if self.first_bytes == [0xFE, 0xFF] || self.first_bytes == [0xFF, 0xFE] {
                return Err(AnswerError::Encoding("UTF-16".to_owned()));
            }
        }
        Ok(())
    }

    /// Decides, then writes what may leave.
    fn settle(&mut self, last: bool, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        let frontier = self.frontier(last)?;
        decide(&mut self.chooser, self.scan.found());
        let start = self.cursor;
        self.emit(frontier, last, out)?;
        let gone = self.cursor - start;
        if gone >= self.raw.len() {
            self.raw.clear()
        } else {
            drop(self.raw.drain(..gone))
        }
        let found = self.scan.found();
        let written = found.ready();
        found.items.drain(..written);
        found.first_item += written;
        Ok(())
    }

    /// Up to where everything can be decided.
    fn frontier(&mut self, last: bool) -> Result<usize, AnswerError> {
        let arrived = self.cursor + self.raw.len();
        let understood = if last { arrived } else { self.scan.understood() };
        if understood > arrived {
            return Err(AnswerError::LostPlace);
        }
        let found = self.scan.found();
        let frontier = match found.open.first().map(|o| o.number) {
            Some(number) => found.item(number).map(|i| i.start).ok_or(AnswerError::LostPlace)?.min(understood),
            None => understood,
        };
        if understood.saturating_sub(frontier) > MAX_HELD_BYTES {
            return Err(AnswerError::ItemTooLarge { limit: MAX_HELD_BYTES });
        }
        Ok(frontier)
    }

    /// Writes everything before `frontier`; the regions there are all decided.
    fn emit(&mut self, frontier: usize, last: bool, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        let bytes = Bytes { bytes: &self.raw, base: self.cursor };
        let mut cursor = self.cursor;
        let found = self.scan.found();
        loop {
            if let Some((_, end)) = &mut found.skipping {
                let Some(tag) = end.take_if(|t| t.start <= frontier) else {
                    cursor = frontier.max(cursor);
                    // What is in it goes with it, but must be known to end in it.
                    while found.regions.front().is_some_and(|r| r.tag.start < frontier) {
                        found.pop_region()?;
                    }
                    if last {
                        found.skipping = None;
                    }
                    break;
                };
                found.skipping = None;
                cursor = tag.start.max(cursor);
                if let Some(closing) = self.closing.take() {
                    let own = bytes.get(tag.clone())?;
                    if closing.is_own(own) {
                        if closing.kept {
                            out.extend_from_slice(own);
                        }
                        cursor = cursor.max(tag.end);
                    }
                }
            }
            let Some(region) = found.regions.front().filter(|r| r.tag.start < frontier) else {
                out.extend_from_slice(bytes.get(cursor..frontier.max(cursor))?);
                cursor = frontier.max(cursor);
                break;
            };
            if region.fate == Fate::Undecided {
                return Err(AnswerError::LostPlace);
            }
            if region.fate == Fate::Visible || region.tag.start < cursor {
                found.pop_region()?;
                continue;
            }
            let tag = region.tag.clone();
            out.extend_from_slice(bytes.get(cursor..tag.start)?);
            cursor = tag.end;
            let raw_tag = bytes.get(tag.clone())?;
            let masking = Masking { plan: &self.plan, labels: &self.labels, chooser: &mut self.chooser };
            self.closing = masking.mask(found, raw_tag, &tag, out)?;
        }
        self.cursor = cursor;
        Ok(())
    }
}

/// Decides every field of a page with known people, and every item before the first that is still open: in the
/// order of the document, and not before the whole group of nested items is closed, so that the way the body
/// was cut into pieces never changes who is shown when a budget runs out.
fn decide(chooser: &mut Chooser, found: &mut Found) {
    if !chooser.by_item() {
        let undecided = std::mem::replace(&mut found.undecided, FieldSet::NONE);
        if !undecided.is_empty() {
            let visible = chooser.of_page(undecided);
            for region in found.regions.iter_mut().filter(|r| r.fate == Fate::Undecided) {
                region.fate = if visible.has(usize::from(region.field)) { Fate::Visible } else { Fate::Masked };
            }
        }
        return;
    }
    let ready = found.ready();
    if ready == 0 {
        // Most pieces of a long item: nothing is gone through for them.
        return;
    }
    let visible = chooser.of_items(found.items.iter().take(ready).map(|i| (i.person.as_deref(), i.fields)));
    for (item, visible) in found.items.iter_mut().zip(visible) {
        item.visible = visible;
    }
    let (first, items) = (found.first_item, &found.items);
    for region in found.regions.iter_mut().filter(|r| r.fate == Fate::Undecided) {
        let Some(index) = region.item.and_then(|n| n.checked_sub(first)).filter(|i| *i < ready) else { continue };
        let visible = items.get(index).is_some_and(|i| i.visible.has(usize::from(region.field)));
        region.fate = if visible { Fate::Visible } else { Fate::Masked };
    }
}

/// What a mask is made of.
struct Masking<'r> {
    plan: &'r HtmlPlan,
    labels: &'r [Label],
    chooser: &'r mut Chooser,
}

impl Masking<'_> {
    /// Masks the element whose start tag is at `tag`: as a whole if one masked region says so, else its attributes.
    /// Returns how it ends, if it has content to leave out.
    fn mask(
        self,
        found: &mut Found,
        raw_tag: &[u8],
        tag: &Range<usize>,
        out: &mut Vec<u8>,
    ) -> Result<Option<mask::Closing>, AnswerError> {
        let mut whole: Option<(usize, Region)> = None;
        let mut attributes: Vec<&str> = Vec::new();
        while found.regions.front().is_some_and(|r| r.tag.start == tag.start) {
            let Some((number, region)) = found.pop_region()? else { break };
            if region.fate != Fate::Masked {
                continue;
            }
            match region.attribute_of {
                Some(hit) => attributes.extend(self.plan.hits.get(hit).map(|h| h.attribute.as_str())),
                None if whole.is_none() => whole = Some((number, region)),
                None => {}
            }
        }
        let Some((number, region)) = whole else {
            mask::without_attributes(raw_tag, &attributes, out);
            return Ok(None);
        };
        let person = region
            .item
            .and_then(|n| n.checked_sub(found.first_item))
            .and_then(|i| found.items.get(i))
            .map(|i| &i.person);
        let person = person.and_then(|p| p.as_deref());
        let field = usize::from(region.field);
        let mut link = None;
        let shape = mask::shape(raw_tag);
        if shape.takes_markup() && (region.item.is_none() || person.is_some()) {
            link = self.chooser.link(person, field);
        }
        let label = self.labels.get(field).ok_or(AnswerError::LostPlace)?;
        let closing = shape.open(raw_tag, &Note { label, link: link.as_deref() }, out);
        if region.end == Some(tag.end..tag.end) {
            return Ok(None);
        }
        found.skipping = Some((number, region.end));
        Ok(Some(closing))
    }
}
