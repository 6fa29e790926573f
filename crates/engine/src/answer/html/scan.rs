//! Goes through the document once and notes where people, identifiers and fields are.
//!
//! Only positions are noted. Deciding and writing happen afterwards, in the reader.

use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::ambiguous;
use super::found::Found;
use super::names::{Kind, Name};
use super::nest::{Bytes, Nest, What, ends_early};
use super::notes::{Element, Notes};
use super::tokens::{Tag, Text, Token, Tokenizer};
use super::tree::{Placed, Start, Tree};
use crate::answer::AnswerError;
use crate::answer::identifier::decode_references;
use crate::answer::plan::HtmlPlan;
use crate::answer::selector::Reading;

/// One document, as far as it has come.
#[derive(Debug)]
pub(super) struct Scan {
    tokenizer: Tokenizer,
    tree: Tree,
    nest: Nest,
    notes: Notes,
    /// Whether the document may announce its encoding itself.
    announces: bool,
    /// Whether there was a tag that begins SVG or MathML.
    foreign_was: bool,
    /// Whether there was what may hold HTML in it, where browsers disagreed.
    torn: bool,
    /// Number of the last start tag.
    origin: u32,
    candidates: Vec<u16>,
    hits: Vec<u16>,
}

fn foreign_or_not() -> AnswerError {
    ambiguous("browsers may disagree about what is part of SVG or MathML")
}

/// Whether a start tag makes another element in SVG or MathML than elsewhere: of another name, with markup in it instead of
/// text, or, for one that the map names, with an end elsewhere.
fn differs_in_foreign(kind: Kind, self_closing: bool, named: bool) -> bool {
    let ends_elsewhere = self_closing || (kind.is_void() && !kind.breaks_out());
    kind == Kind::Image || kind.is_text() || (named && ends_elsewhere)
}

impl Scan {
    pub(super) fn new(plan: Arc<HtmlPlan>, by_item: bool, encoding: Option<&'static Encoding>) -> Self {
        Self {
            tokenizer: Tokenizer::new(),
            tree: Tree::new(Arc::clone(&plan.selectors)),
            nest: Nest::new(),
            notes: Notes::new(plan, by_item, encoding.unwrap_or(UTF_8)),
            announces: encoding.is_none(),
            foreign_was: false,
            torn: false,
            origin: 0,
            candidates: Vec::new(),
            hits: Vec::new(),
        }
    }

    pub(super) fn found(&mut self) -> &mut Found {
        &mut self.notes.found
    }

    /// Up to where the document is understood for good.
    pub(super) fn understood(&self) -> usize {
        let understood = self.tokenizer.understood();
        self.nest.noscript().map_or(understood, |start| start.min(understood))
    }

    /// Reads on in what there is of the document.
    pub(super) fn read(&mut self, bytes: Bytes<'_>) -> Result<(), AnswerError> {
        while let Some(token) = self.tokenizer.next(bytes.bytes, bytes.base) {
            if self.tokenizer.text != Text::Nothing {
                self.tell_text()?;
            }
            match token {
                Token::StartTag => self.start_tag(bytes)?,
                Token::EndTag => self.end_tag(bytes)?,
                // What the text before it opened again is known now, and so is whether we are in SVG or MathML.
                Token::Section if self.may_be_foreign() => return Err(foreign_or_not()),
                Token::Section => {}
                Token::Doctype => self.tree.doctype(bytes.get(self.tokenizer.range())?),
            }
            self.tokenizer.asks = self.may_be_foreign();
        }
        // What came of a text may leave, so what it opens again must be known now.
        self.tell_text()
    }

    /// The document is complete. Of a tag without its end no browser makes an element, and whatever stands in its
    /// attributes could never be masked.
    pub(super) fn end(&mut self, bytes: Bytes<'_>) -> Result<(), AnswerError> {
        if self.tokenizer.in_start_tag() {
            return Err(ambiguous("the document ends within a tag"));
        }
        if let Some(start) = self.nest.noscript()
            && ends_early(bytes.get(start..bytes.base + bytes.bytes.len())?)
        {
            return Err(ambiguous("a noscript element ends twice"));
        }
        if self.tokenizer.ends_with_text(bytes.base + bytes.bytes.len()) {
            self.tokenizer.text = Text::Words;
        }
        self.tell_text()?;
        self.notes.found.open.clear();
        Ok(())
    }

    /// Whether some browsers may be in SVG or MathML where others are not: what is markup to the ones is text to the others.
    fn may_be_foreign(&self) -> bool {
        self.differs() && (self.torn || self.tree.html_in_foreign)
    }

    /// Whether browsers may disagree about what is open.
    fn differs(&self) -> bool {
        self.tree.uncertain || self.nest.differs()
    }

    fn tell_text(&mut self) -> Result<(), AnswerError> {
        match std::mem::replace(&mut self.tokenizer.text, Text::Nothing) {
            Text::Nothing => Ok(()),
            text => {
                self.tree.text(text == Text::Space);
                self.tokenizer.cdata = self.tree.in_foreign();
                self.heed_tree()
            }
        }
    }

    /// What the tree has to say after a token.
    #[inline]
    fn heed_tree(&mut self) -> Result<(), AnswerError> {
        if self.tree.overflowed {
            return Err(AnswerError::Memory);
        }
        if let Some(why) = self.tree.failure {
            return Err(ambiguous(why));
        }
        while let Some(origin) = self.tree.reopened.pop() {
            self.notes.found.doubt(origin)?;
        }
        Ok(())
    }

    fn start_tag(&mut self, bytes: Bytes<'_>) -> Result<(), AnswerError> {
        if self.tokenizer.overflowed {
            return Err(AnswerError::Memory);
        }
        let Some(origin) = self.origin.checked_add(1) else { return Err(AnswerError::Memory) };
        self.origin = origin;
        let tag = self.tokenizer.tag(bytes.bytes, bytes.base);
        let mut name = Name::of(tag.name);
        let mut kind = name.kind();
        let written = kind;
        if kind == Kind::Image && !self.tree.makes_foreign(kind) {
            // HTML, section 13.2.6.4.7: "Don't ask."
            (name, kind) = (Kind::Img.name(), Kind::Img);
        }
        if self.announces && kind == Kind::Meta {
            check_charset(&tag)?;
        }
        let plan = &*self.notes.plan;
        let encoding = Some(self.notes.encoding).filter(|e| *e != UTF_8 && plan.selectors.beyond_ascii());
        let reading = Reading { fold: self.tree.folds(), encoding };
        plan.selectors.candidates(&tag, name, reading, &mut self.candidates);
        let height = self.tree.height();
        let start = Start { tag: &tag, name, kind, origin, candidates: &self.candidates, reading };
        let aside = self.tree.is_aside();
        let mut outcome = self.tree.start(&start);
        if matches!(kind, Kind::Html | Kind::Head | Kind::Body) && outcome.placed != Placed::Element {
            // There is no second one, in a fragment either.
            outcome.content = false;
        }
        self.foreign_was |= matches!(kind, Kind::Svg | Kind::Math);
        // Only HTML within SVG or MathML can be open for some browsers when their end comes: any other SVG ends for all.
        if self.foreign_was && kind.may_hold_html() {
            self.torn |= aside || self.differs() || self.nest.noscript().is_some();
        }
        if self.may_be_foreign() && differs_in_foreign(written, tag.self_closing, !self.candidates.is_empty()) {
            return Err(foreign_or_not());
        }

        self.hits.clear();
        let mut seen = None;
        if plan.selectors.depends() {
            let (what, around) = ((&tag, name, reading), (self.nest.parent(), aside));
            seen = Some(Box::new(plan.selectors.place(&self.candidates, what, around, &mut self.hits)));
            self.hits.extend_from_slice(&self.tree.hits);
        } else {
            plan.selectors.hits(&self.candidates, &mut self.hits);
        }
        let range = self.tokenizer.range();
        if outcome.content {
            self.nest.push(name, kind, range.end, seen)?;
        }
        if !self.hits.is_empty() {
            self.hits.sort_unstable();
            self.hits.dedup();
            let element = Element { tag, range, origin, outcome, height };
            for hit in &self.hits {
                self.notes.hit(usize::from(*hit), &element, &mut self.nest, &mut self.tree)?;
            }
            if !outcome.content {
                // A person that is an element without content holds what its own tag does.
                while let Some(open) = self.notes.found.open.last().copied().filter(|o| o.origin == origin) {
                    self.notes.found.end_item(open.number);
                }
            }
        }
        if let Some(content) = outcome.text {
            self.tokenizer.enter(content);
        }
        self.tokenizer.cdata = self.tree.in_foreign();
        self.heed_tree()
    }

    fn end_tag(&mut self, bytes: Bytes<'_>) -> Result<(), AnswerError> {
        let tag = self.tokenizer.tag(bytes.bytes, bytes.base);
        let name = Name::of(tag.name);
        let kind = name.kind();
        let range = self.tokenizer.range();
        if kind == Kind::Noscript
            && let Some(start) = self.nest.noscript()
            && ends_early(bytes.get(start..range.start)?)
        {
            return Err(ambiguous("a noscript element ends twice"));
        }
        self.tree.end(name, kind);
        self.tokenizer.cdata = self.tree.in_foreign();
        self.heed_tree()?;
        if matches!(kind, Kind::Body | Kind::Html) {
            // Neither ends anything: what comes after is still in the body.
            return Ok(());
        }
        self.nest.close(name);
        if kind == Kind::Noscript {
            self.nest.end_cut_off();
        }
        self.notes.item_unsure |= self.nest.differs();
        while let Some(mark) = self.nest.closed() {
            match mark.what {
                What::Item(number) => {
                    if self.tree.may_lose_content(mark.origin) {
                        // Decided now and shown, a field could turn out to be another person's.
                        return Err(ambiguous("for a browser a person's element goes on, and may be split"));
                    }
                    self.notes.found.end_item(number);
                }
                What::Region(number) => {
                    self.notes.found.end_region(number, range.clone());
                    let goes_on = match mark.ignored_at {
                        None => self.tree.is_open(mark.origin),
                        Some(height) => self.tree.has_barrier_above(height),
                    };
                    if goes_on || self.differs() {
                        self.notes.found.doubt(mark.origin)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Refuses a page which announces, by a `meta` element, an encoding that hides markup.
fn check_charset(tag: &Tag<'_, '_>) -> Result<(), AnswerError> {
    let text = |v: &[u8]| decode_references(&String::from_utf8_lossy(v)).into_owned();
    let label = tag.attribute(b"charset").map(text).or_else(|| {
        let content = text(tag.attribute(b"content")?).to_ascii_lowercase();
        let at = content.find("charset=")?;
        content.get(at + 8..).map(|l| l.trim_matches([' ', '"', '\'', ';']).to_owned())
    });
    match label.as_deref().and_then(|l| Encoding::for_label(l.as_bytes())) {
        // A `meta` element that can be read as ASCII and says UTF-16 is read as UTF-8 (HTML, section 13.2.3.2).
        Some(e) if !e.is_ascii_compatible() && e != UTF_16LE && e != UTF_16BE => {
            Err(AnswerError::Encoding(e.name().to_owned()))
        }
        _ => Ok(()),
    }
}
