//! Masks HTML while it streams.
//!
//! The parser is used for positions only ([`scan`]). The bytes are kept here until what depends on them is decided:
//! on a page of one person until the end of the piece in which a field begins, in a list until the outermost open
//! item is closed, because the identifier may come after the fields. Then they leave as they came, or masked.
//!
//! An element is what lies between its start tag and the tag that closes it, as the parser's stack sees it. It closes
//! elements by end tags only: an unclosed `<td>` reaches to the end of its row, and a mask covers too much. Where a
//! browser would end a masked element later than the stack does ([`nesting`]), the page is an error.

mod nesting;
pub(super) mod noscript;
mod scan;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use encoding_rs::Encoding;
use lol_html::errors::RewritingError;
use lol_html::{AsciiCompatibleEncoding, MemorySettings, OutputSink, send};
use parking_lot::Mutex;

use self::noscript::Veil;
use self::scan::{Fate, Region, Scan};
use super::AnswerError;
use super::chooser::Chooser;
use super::mask::{self, Label, Note};
use super::plan::{HtmlPlan, Plan};
use crate::policy::FieldSet;

/// Most bytes of a list that wait for their item to be closed.
const MAX_HELD_BYTES: usize = 1 << 20;

/// Memory of the parser beyond the document itself: its stack of open elements.
const PARSER_BYTES: usize = 256 * 1024;

/// Counts what the parser has read for good. Nothing is ever changed in it, so what it prints is what it read.
struct Progress(Arc<AtomicUsize>);

impl OutputSink for Progress {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        // One writer: a plain load and store, no locked addition.
        self.0.store(self.0.load(Relaxed) + chunk.len(), Relaxed);
    }
}

pub(super) struct HtmlReader {
    plan: Arc<HtmlPlan>,
    labels: Arc<[Label]>,
    parser: Option<send::HtmlRewriter<'static, Progress>>,
    parsed: Arc<AtomicUsize>,
    scan: Arc<Mutex<Scan>>,
    veil: Veil,
    chooser: Chooser,
    limit: usize,
    /// Bytes that came and have not left; the first is at `cursor`.
    raw: Vec<u8>,
    cursor: usize,
    /// How the element being left out ends, and what it held.
    closing: Option<mask::Closing>,
    inside: Vec<u8>,
    first_bytes: Vec<u8>,
}

fn encoding(charset: Option<&str>) -> Result<Option<AsciiCompatibleEncoding>, AnswerError> {
    // A label nobody knows is ignored, as browsers do.
    let Some(found) = charset.and_then(|label| Encoding::for_label(label.as_bytes())) else { return Ok(None) };
    AsciiCompatibleEncoding::new(found).map(Some).ok_or_else(|| AnswerError::Encoding(found.name().to_owned()))
}

impl HtmlReader {
    pub(super) fn new(plan: &Plan, charset: Option<&str>, chooser: Chooser) -> Result<Self, AnswerError> {
        let html = plan.html.as_ref().ok_or(AnswerError::Media { found: "HTML" })?;
        let encoding = encoding(charset)?;
        let scan = Arc::new(Mutex::new(Scan::new(Arc::clone(html), chooser.by_item())));
        let parsed = Arc::new(AtomicUsize::new(0));
        let memory = MemorySettings::new()
            .with_preallocated_parsing_buffer_size(0)
            .with_max_allowed_memory_usage(plan.max_body_bytes.saturating_add(PARSER_BYTES));
        let mut settings = send::Settings::new_send()
            .with_memory_settings(memory)
            .with_encoding(encoding.unwrap_or_else(AsciiCompatibleEncoding::utf_8))
            .with_strict(true);
        if encoding.is_none() {
            settings = settings.append_element_content_handler((
                Cow::Borrowed(&html.charset),
                send::ElementContentHandlers::default().element(scan::charset_handler(&scan)),
            ));
        }
        for (i, hit) in html.hits.iter().enumerate() {
            settings = settings.append_element_content_handler((
                Cow::Borrowed(&hit.selector),
                send::ElementContentHandlers::default().element(scan::handler(&scan, i, &hit.role)),
            ));
        }
        let parser = send::HtmlRewriter::new(settings, Progress(Arc::clone(&parsed)));
        Ok(Self {
            plan: Arc::clone(html),
            labels: Arc::clone(&plan.labels),
            parser: Some(parser),
            parsed,
            scan,
            veil: Veil::default(),
            chooser,
            limit: plan.max_body_bytes,
            raw: Vec::new(),
            cursor: 0,
            closing: None,
            inside: Vec::new(),
            first_bytes: Vec::new(),
        })
    }

    pub(super) fn write(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), AnswerError> {
        if self.parser.is_none() {
            return Err(AnswerError::Stopped);
        }
        let (before, cursor) = (out.len(), self.cursor);
        let done = self.take(chunk, out);
        if done.is_err() {
            self.parser = None;
            self.cursor = cursor;
            out.truncate(before);
        }
        done
    }

    /// What came and has not left, if nothing had to be masked so far.
    pub(super) fn give_back(&mut self) -> Option<Vec<u8>> {
        self.parser = None;
        self.chooser.all_visible().then(|| std::mem::take(&mut self.raw))
    }

    fn take(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), AnswerError> {
        let room = self.limit.saturating_sub(self.cursor + self.raw.len());
        self.raw.extend_from_slice(chunk);
        if chunk.len() > room {
            return Err(AnswerError::TooLarge { limit: self.limit });
        }
        self.refuse_utf16(chunk)?;
        let seen = self.veil.next(chunk);
        let parser = self.parser.as_mut().ok_or(AnswerError::Stopped)?;
        let result = parser.write(&seen);
        self.settle(result, false, out)
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        let (before, cursor) = (out.len(), self.cursor);
        let mut parser = self.parser.take().ok_or(AnswerError::Stopped)?;
        let tail = self.veil.end();
        let result = if tail.is_empty() { Ok(()) } else { parser.write(&tail) };
        if result.is_ok() && self.ends_within_a_tag() {
            return Err(AnswerError::Ambiguous("the document ends within a tag".to_owned()));
        }
        let result = result.and_then(|()| parser.end());
        let done = self.settle(result, true, out);
        if done.is_err() {
            self.cursor = cursor;
            out.truncate(before);
        }
        done
    }

    /// What the parser still holds when the document is over. Of a tag without its end no selector is told, so whatever
    /// stands in its attributes could never be masked.
    fn ends_within_a_tag(&self) -> bool {
        let held = self.parsed.load(Relaxed).checked_sub(self.cursor).and_then(|at| self.raw.get(at..));
        held.is_some_and(|h| h.first() == Some(&b'<') && h.get(1).is_some_and(u8::is_ascii_alphabetic))
    }

    /// A byte order mark of UTF-16 overrides every other word on the encoding (Encoding Standard, section 6).
    fn refuse_utf16(&mut self, chunk: &[u8]) -> Result<(), AnswerError> {
        if self.first_bytes.len() < 2 {
            self.first_bytes.extend(chunk.iter().take(2 - self.first_bytes.len()));
            if self.first_bytes == [0xFE, 0xFF] || self.first_bytes == [0xFF, 0xFE] {
                return Err(AnswerError::Encoding("UTF-16".to_owned()));
            }
        }
        Ok(())
    }

    /// After the parser: decide, then write what may leave.
    fn settle(&mut self, result: Result<(), RewritingError>, last: bool, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        let shared = Arc::clone(&self.scan);
        let mut scan = shared.lock();
        if let Err(e) = result {
            return Err(scan.failure.take().unwrap_or_else(|| match e {
                RewritingError::MemoryLimitExceeded(_) => AnswerError::Memory,
                e => AnswerError::Ambiguous(e.to_string()),
            }));
        }
        let parsed = self.parsed.load(Relaxed);
        let arrived = self.cursor + self.raw.len();
        if parsed > arrived || (last && parsed != arrived) {
            return Err(AnswerError::LostPlace);
        }
        scan.close_void(None);
        if last {
            scan.open.clear();
        }
        let frontier = match scan.open.first() {
            Some(number) => {
                let start = number.checked_sub(scan.first_item).and_then(|i| scan.items.get(i)).map(|i| i.start);
                start.ok_or(AnswerError::LostPlace)?
            }
            None => parsed,
        };
        if parsed.saturating_sub(frontier) > MAX_HELD_BYTES {
            return Err(AnswerError::ItemTooLarge { limit: MAX_HELD_BYTES });
        }
        self.decide(&mut scan);
        let start = self.cursor;
        self.emit(&mut scan, frontier, last, out)?;
        let gone = self.cursor - start;
        if gone >= self.raw.len() {
            self.raw.clear()
        } else {
            drop(self.raw.drain(..gone))
        }
        let written = scan.ready();
        scan.items.drain(..written);
        scan.first_item += written;
        Ok(())
    }

    /// Decides every field of a page with known people, and every item before the first that is still open: in the
    /// order of the document, and not before the whole group of nested items is closed, so that the way the body
    /// was cut into pieces never changes who is shown when a budget runs out.
    fn decide(&mut self, scan: &mut Scan) {
        if !self.chooser.by_item() {
            if scan.undecided.is_empty() && scan.regions.is_empty() {
                return;
            }
            let undecided = std::mem::take(&mut scan.undecided);
            if !undecided.is_empty() {
                self.chooser.of_page(undecided);
            }
            for region in scan.regions.iter_mut().filter(|r| r.fate == Fate::Undecided) {
                let field = FieldSet::of(usize::from(region.field));
                region.fate = if self.chooser.of_page(field).is_empty() { Fate::Masked } else { Fate::Visible };
            }
            return;
        }
        let ready = scan.ready();
        for item in scan.items.iter_mut().take(ready) {
            item.visible = self.chooser.of_item(item.person.as_deref(), item.fields);
        }
        let (first, items) = (scan.first_item, &scan.items);
        for region in scan.regions.iter_mut().filter(|r| r.fate == Fate::Undecided) {
            let Some(index) = region.item.and_then(|n| n.checked_sub(first)).filter(|i| *i < ready) else { continue };
            let visible = items.get(index).is_some_and(|i| i.visible.has(usize::from(region.field)));
            region.fate = if visible { Fate::Visible } else { Fate::Masked };
        }
    }

    /// Bytes of the document, by position; only what has not left can be asked for.
    fn bytes(raw: &[u8], base: usize, range: Range<usize>) -> Result<&[u8], AnswerError> {
        let start = range.start.checked_sub(base).ok_or(AnswerError::LostPlace)?;
        let end = range.end.checked_sub(base).ok_or(AnswerError::LostPlace)?;
        raw.get(start..end).ok_or(AnswerError::LostPlace)
    }

    /// Writes everything before `frontier`; the regions there are all decided.
    fn emit(&mut self, scan: &mut Scan, frontier: usize, last: bool, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        let base = self.cursor;
        loop {
            if let Some((_, end)) = &mut scan.skipping {
                let Some(tag) = end.take() else {
                    let frontier = frontier.max(self.cursor);
                    self.inside.extend_from_slice(Self::bytes(&self.raw, base, self.cursor..frontier)?);
                    self.cursor = frontier;
                    if last {
                        scan.skipping = None;
                    }
                    return Ok(());
                };
                scan.skipping = None;
                let end = tag.start.max(self.cursor);
                self.inside.extend_from_slice(Self::bytes(&self.raw, base, self.cursor..end)?);
                self.cursor = end;
                let inside = std::mem::take(&mut self.inside);
                if let Some(closing) = self.closing.take() {
                    let own = Self::bytes(&self.raw, base, tag.clone())?;
                    if !nesting::ends_there(&closing.name, &inside, own) {
                        let why = "an element inside a masked one is not closed before it";
                        return Err(AnswerError::Ambiguous(why.to_owned()));
                    }
                    if closing.is_own(own) {
                        if closing.kept {
                            out.extend_from_slice(own);
                        }
                        self.cursor = self.cursor.max(tag.end);
                    }
                }
            }
            let Some(region) = scan.regions.front().filter(|r| r.tag.start < frontier) else { break };
            if region.fate == Fate::Undecided {
                return Err(AnswerError::LostPlace);
            }
            if region.fate == Fate::Visible || region.tag.start < self.cursor {
                scan.regions.pop_front();
                scan.first_region += 1;
                continue;
            }
            let tag = region.tag.clone();
            out.extend_from_slice(Self::bytes(&self.raw, base, self.cursor..tag.start)?);
            self.cursor = tag.end;
            self.mask(scan, base, &tag, out)?;
        }
        out.extend_from_slice(Self::bytes(&self.raw, base, self.cursor..frontier.max(self.cursor))?);
        self.cursor = frontier.max(self.cursor);
        Ok(())
    }

    /// Masks the element whose start tag is at `tag`: as a whole if one masked region says so, else its attributes.
    fn mask(&mut self, scan: &mut Scan, base: usize, tag: &Range<usize>, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        let mut whole: Option<(usize, Region)> = None;
        let mut attributes: Vec<&str> = Vec::new();
        while scan.regions.front().is_some_and(|r| r.tag.start == tag.start) {
            let Some(region) = scan.regions.pop_front() else { break };
            let number = scan.first_region;
            scan.first_region += 1;
            if region.fate != Fate::Masked {
                continue;
            }
            match region.attribute_of {
                Some(hit) => attributes.extend(self.plan.hits.get(hit).map(|h| h.attribute.as_str())),
                None if whole.is_none() => whole = Some((number, region)),
                None => {}
            }
        }
        let raw_tag = Self::bytes(&self.raw, base, tag.clone())?;
        let Some((number, region)) = whole else {
            mask::without_attributes(raw_tag, &attributes, out);
            return Ok(());
        };
        let person = region
            .item
            .and_then(|n| n.checked_sub(scan.first_item))
            .and_then(|i| scan.items.get(i))
            .and_then(|i| i.person.as_deref());
        let field = usize::from(region.field);
        let mut link = None;
        let shape = mask::shape(raw_tag);
        if shape.takes_markup() && (region.item.is_none() || person.is_some()) {
            link = self.chooser.link(person, field);
        }
        let label = self.labels.get(field).ok_or(AnswerError::LostPlace)?;
        let closing = shape.open(raw_tag, &Note { label, link: link.as_deref() }, out);
        let has_content = region.end.as_ref().is_none_or(|e| *e != (tag.end..tag.end));
        if has_content {
            self.closing = Some(closing);
            scan.skipping = Some((number, region.end));
        }
        Ok(())
    }
}
