//! Finds tags in the bytes of a document as HTML, section 13.2.5 does, however they are cut into pieces.
//!
//! Between tags it jumps; within one it walks once, and where the bytes end inside a construct it remembers its place.
//! It keeps positions only. Positions are counted from the document's start.

mod inside;
mod tag;
mod text;

use std::ops::Range;

use memchr::{memchr, memmem};

use self::inside::{InTag, run_of};
use self::tag::Attribute;
pub(in crate::answer) use self::tag::{Tag, TagReader};
use super::names::Name;

/// How an element's content is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// As text up to the end tag of this name (RCDATA and RAWTEXT: what is markup there is the same).
    Text(Name),
    /// As a script, which may hold `<!--` and `<script>` of its own.
    Script,
    /// As text to the end of the document.
    Plain,
}

/// How deep in a script's comments we are (sections 13.2.5.15 to .31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escaped {
    No,
    Once,
    Twice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Data,
    Tag(InTag),
    /// Up to `>`; the start is needed.
    Doctype,
    Comment {
        body: usize,
    },
    /// Up to `>`.
    Bogus,
    /// At a `<![CDATA[`, which is one or not by what the text before it did.
    Section,
    Cdata,
    Content(Content, Escaped),
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    StartTag,
    EndTag,
    Doctype,
    /// What may be a CDATA section begins: whether it is one is asked now.
    Section,
}

/// What the next `<` was met to be.
enum Met {
    /// A tag, read to its end.
    WholeTag,
    /// What may be a CDATA section.
    Section,
    /// Anything else: [`Place`] says how to go on.
    Other,
}

/// What stood between the last tag and here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Text {
    Nothing,
    Space,
    Words,
}

#[derive(Debug)]
pub(super) struct Tokenizer {
    place: Place,
    /// Everything before it is read.
    at: usize,
    /// Start of the tag or doctype being read or found last.
    start: usize,
    end_tag: bool,
    name_end: usize,
    attributes: Vec<Attribute>,
    self_closing: bool,
    /// Text since the last tag.
    pub(super) text: Text,
    /// Whether `<![CDATA[` is one here: only within SVG and MathML.
    pub(super) cdata: bool,
    /// Whether one is told of where it is none, too.
    pub(super) asks: bool,
    /// More attributes than we keep.
    pub(super) overflowed: bool,
}

/// White space of HTML.
pub(in crate::answer) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0C)
}

fn starts_with(bytes: &[u8], word: &[u8]) -> Option<bool> {
    let n = bytes.len().min(word.len());
    if !bytes[..n].eq_ignore_ascii_case(&word[..n]) {
        return Some(false);
    }
    (n == word.len()).then_some(true)
}

impl Tokenizer {
    pub(super) fn new() -> Self {
        Self {
            place: Place::Data,
            at: 0,
            start: 0,
            end_tag: false,
            name_end: 0,
            attributes: Vec::new(),
            self_closing: false,
            text: Text::Nothing,
            cdata: false,
            asks: false,
            overflowed: false,
        }
    }

    /// Up to where the document is understood: what comes after may be part of a tag.
    pub(super) fn understood(&self) -> usize {
        if matches!(self.place, Place::Tag(_) | Place::Doctype) { self.start } else { self.at }
    }

    /// Whether the document would end within a start tag.
    pub(super) fn in_start_tag(&self) -> bool {
        matches!(self.place, Place::Tag(_)) && !self.end_tag
    }

    /// Whether a `<`, or a `]` of a CDATA section, at the end of the document is only text.
    pub(super) fn ends_with_text(&self, arrived: usize) -> bool {
        matches!(self.place, Place::Data | Place::Cdata) && self.at < arrived
    }

    /// The tag or doctype found last.
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.at
    }

    /// Its bytes, where `bytes` begin at `base`.
    pub(super) fn tag<'b>(&self, bytes: &'b [u8], base: usize) -> Tag<'b, '_> {
        let raw = self.start.checked_sub(base).and_then(|s| bytes.get(s..self.at - base)).unwrap_or_default();
        let name_start = if self.end_tag { 2 } else { 1 };
        let name = raw.get(name_start..self.name_end - self.start).unwrap_or_default();
        Tag { raw, name, attributes: &self.attributes, self_closing: self.self_closing }
    }

    /// The content of the start tag found last is read so.
    pub(super) fn enter(&mut self, content: Content) {
        self.place = Place::Content(content, Escaped::No);
    }

    /// Reads on to the end of the next tag or doctype; `None` where the bytes end before it.
    pub(super) fn next(&mut self, bytes: &[u8], base: usize) -> Option<Token> {
        loop {
            let rest = bytes.get(self.at.checked_sub(base)?..)?;
            match self.place {
                Place::Data => match self.data(rest)? {
                    Met::WholeTag => return Some(self.tag_token()),
                    Met::Section => return Some(Token::Section),
                    Met::Other => {}
                },
                Place::Section if self.cdata => {
                    self.at += 9;
                    self.place = Place::Cdata;
                }
                Place::Section => self.place = Place::Bogus,
                Place::Tag(state) => {
                    self.walk(rest, state)?;
                    self.place = Place::Data;
                    return Some(self.tag_token());
                }
                Place::Doctype => {
                    let Some(end) = memchr(b'>', rest) else {
                        self.at += rest.len();
                        return None;
                    };
                    self.at += end + 1;
                    self.place = Place::Data;
                    return Some(Token::Doctype);
                }
                Place::Comment { body } => self.comment(rest, body)?,
                Place::Bogus => {
                    let Some(end) = memchr(b'>', rest) else {
                        self.at += rest.len();
                        return None;
                    };
                    self.at += end + 1;
                    self.place = Place::Data;
                }
                Place::Cdata => {
                    let end = memmem::find(rest, b"]]>");
                    let length = end.unwrap_or(rest.len().saturating_sub(2));
                    // It may leave as it is read, so what it opens again must be told.
                    self.saw(rest.get(..length)?);
                    self.at += length;
                    end?;
                    self.at += 3;
                    self.place = Place::Data;
                }
                Place::Content(content, escaped) => self.content(rest, content, escaped)?,
            }
        }
    }

    fn saw(&mut self, text: &[u8]) {
        if self.text != Text::Words && !text.is_empty() {
            self.text = if text.iter().all(|b| is_space(*b)) { Text::Space } else { Text::Words };
        }
    }

    fn tag_token(&self) -> Token {
        if self.end_tag { Token::EndTag } else { Token::StartTag }
    }

    fn open_tag(&mut self, end_tag: bool) {
        self.place = Place::Tag(InTag::Name);
        self.start = self.at;
        self.end_tag = end_tag;
        self.at += if end_tag { 2 } else { 1 };
        self.attributes.clear();
        self.self_closing = false;
    }

    /// A tag begins where `rest` does. More than half of all tags are nothing but a name, and read in one step.
    #[inline]
    fn meet_tag(&mut self, rest: &[u8], end_tag: bool) -> Met {
        self.open_tag(end_tag);
        let name = self.at - self.start;
        let end = name + run_of(rest.get(name..).unwrap_or_default());
        if rest.get(end) != Some(&b'>') {
            return Met::Other;
        }
        self.place = Place::Data;
        self.name_end = self.start + end;
        self.at = self.start + end + 1;
        Met::WholeTag
    }

    /// To the next `<`, and what it begins. `None` where more bytes are needed.
    #[inline]
    fn data(&mut self, mut rest: &[u8]) -> Option<Met> {
        if rest.first() != Some(&b'<') {
            let open = memchr(b'<', rest);
            let text = rest.get(..open.unwrap_or(rest.len()))?;
            self.saw(text);
            self.at += text.len();
            rest = rest.get(open?..)?;
        }
        match *rest.get(1)? {
            b if b.is_ascii_alphabetic() => return Some(self.meet_tag(rest, false)),
            b'/' => match *rest.get(2)? {
                b if b.is_ascii_alphabetic() => return Some(self.meet_tag(rest, true)),
                b'>' => self.at += 3,
                _ => self.place = Place::Bogus,
            },
            b'!' => {
                let declaration = rest.get(2..)?;
                if starts_with(declaration, b"--")? {
                    self.at += 4;
                    self.place = Place::Comment { body: self.at };
                } else if starts_with(declaration, b"doctype")? {
                    self.start = self.at;
                    self.at += 9;
                    self.place = Place::Doctype;
                } else if (self.cdata || self.asks)
                    && starts_with(declaration, b"[CDATA[")?
                    && declaration.starts_with(b"[CDATA[")
                {
                    self.place = Place::Section;
                    return Some(Met::Section);
                } else {
                    self.place = Place::Bogus;
                }
            }
            b'?' => self.place = Place::Bogus,
            _ => {
                self.at += 1;
                self.text = Text::Words;
            }
        }
        Some(Met::Other)
    }
}
