//! What a browser would have open: the tree construction rules of HTML, section 13.2.6, without the tree.
//!
//! Kept are the stack of open elements, the list of active formatting elements and the insertion mode; nothing is
//! built. So it is known of each tag whether it makes an element, whether that has content and how the content is
//! read, and of each element whether it is still open, even where markup is so broken that elements outlive the end
//! tags that seem to close them.
//!
//! Scripting is off, as for the people in `noscript`. Where a browser with scripting, or one with the newer rules for
//! `select`, would go another way, the tree says that it is [`Tree::uncertain`].

mod adoption;
mod body;
mod doctype;
mod foreign;
mod head;
mod node;
mod select;
mod stack;
mod tables;

use std::sync::Arc;

use hashbrown::DefaultHashBuilder;

use self::node::{Active, Formatting, Node, Point, Space};
use super::names::{Kind, Name};
use super::tokens::{Content, Tag};
use crate::answer::selector::{Reading, Seen, Selectors};

/// Most elements open at the same time (browsers stop at 512), and most formatting elements remembered: both are
/// walked through for a tag, so they bound the work that a page can ask for too.
const MAX_DEPTH: usize = 1024;
const MAX_FORMATTING: usize = 512;

/// Most elements opened again in one document, each of which is looked for among those that are open.
const MAX_REOPENED: usize = 1 << 21;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Initial,
    BeforeHead,
    InHead,
    AfterHead,
    InBody,
    InTable,
    InCaption,
    InColumnGroup,
    InTableBody,
    InRow,
    InCell,
    InSelect,
    InTemplate,
    AfterBody,
}

/// A start tag.
pub(super) struct Start<'a> {
    pub(super) tag: &'a Tag<'a, 'a>,
    pub(super) name: Name,
    pub(super) kind: Kind,
    pub(super) origin: u32,
    /// Parts of the route's selectors that the tag fits.
    pub(super) candidates: &'a [u16],
    pub(super) reading: Reading,
}

#[derive(Clone, Copy)]
enum Token<'a> {
    Start(&'a Start<'a>),
    End(Name, Kind),
    Text { space: bool },
}

/// What a rule did with a token.
#[derive(PartialEq, Eq)]
enum Step {
    Done,
    /// The rules of the mode now set apply to it.
    Again,
}

/// What became of a start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    /// It made an element.
    Element,
    /// It is ignored here; in a fragment that is put elsewhere it may not be.
    Ignored,
    /// Its attributes were given to an element that is open already.
    Merged,
}

/// What follows from a start tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) placed: Placed,
    /// Whether content may follow.
    pub(super) content: bool,
    pub(super) text: Option<Content>,
}

/// How the document treats tables in paragraphs, and the case of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quirks {
    /// No doctype: a fragment, perhaps, of a document of either mode. Or a doctype that is written badly.
    Unknown,
    Yes,
    No,
}

#[derive(Debug)]
pub(super) struct Tree {
    selectors: Arc<Selectors>,
    stack: Vec<Node>,
    formatting: Vec<Active>,
    mode: Mode,
    templates: Vec<Mode>,
    /// Id of the form that controls belong to.
    form: Option<u32>,
    head_was: bool,
    doctype_was: bool,
    quirks: Quirks,
    fostering: bool,
    in_text: bool,
    /// Whether the start tag was of an element without content that went before the table around it.
    void_fostered: bool,
    next_id: u32,
    root: Seen,
    /// Of attributes; no page knows its key.
    hashing: DefaultHashBuilder,
    outcome: Outcome,
    /// Elements taken out from under others that are still in them: origin, and id of the one that holds it open.
    handed: Vec<(u32, u32)>,
    /// Elements in a `noscript` of the head or in a `select` that only some browsers make.
    aside: Vec<Name>,
    /// In a `noscript` of the head, whose elements only some browsers make, and not here.
    pub(super) in_head_noscript: bool,
    /// What was open at each open `noscript`.
    noscripts: Vec<node::Within>,
    /// The last start tag that may hit the map by its surroundings.
    last_dependent: u32,
    /// A person's element was closed while others that are in it went on.
    pub(super) lost_item: bool,
    /// Hits of the start tag, where they depend on the surroundings.
    pub(super) hits: Vec<u16>,
    /// Origins of elements that were closed and are open again.
    pub(super) reopened: Vec<u32>,
    /// How many there were.
    reopenings: usize,
    /// An HTML element was put into SVG or MathML.
    pub(super) html_in_foreign: bool,
    /// Browsers may disagree from here on about which elements are open.
    pub(super) uncertain: bool,
    /// The document cannot be read any further.
    pub(super) failure: Option<&'static str>,
    /// Too many elements are open.
    pub(super) overflowed: bool,
}

impl Tree {
    pub(super) fn new(selectors: Arc<Selectors>) -> Self {
        Self {
            selectors,
            stack: Vec::with_capacity(32),
            formatting: Vec::new(),
            mode: Mode::Initial,
            templates: Vec::new(),
            form: None,
            head_was: false,
            doctype_was: false,
            quirks: Quirks::Unknown,
            fostering: false,
            in_text: false,
            void_fostered: false,
            next_id: 0,
            root: Seen::default(),
            hashing: DefaultHashBuilder::default(),
            outcome: Outcome { placed: Placed::Ignored, content: false, text: None },
            handed: Vec::new(),
            aside: Vec::new(),
            in_head_noscript: false,
            noscripts: Vec::new(),
            last_dependent: 0,
            lost_item: false,
            hits: Vec::new(),
            reopened: Vec::new(),
            reopenings: 0,
            html_in_foreign: false,
            uncertain: false,
            failure: None,
            overflowed: false,
        }
    }

    /// Whether classes and ids may be compared without regard to case.
    pub(super) fn folds(&self) -> bool {
        self.quirks != Quirks::No
    }

    /// Whether `<![CDATA[` is one here.
    pub(super) fn in_foreign(&self) -> bool {
        self.stack.last().is_some_and(|n| n.space != Space::Html)
    }

    /// Whether a start tag of this kind would make an element of SVG or MathML here.
    pub(super) fn makes_foreign(&self, kind: Kind) -> bool {
        self.in_foreign() && self.is_foreign_start(kind)
    }

    /// A doctype, from `<!` to `>`.
    pub(super) fn doctype(&mut self, raw: &[u8]) {
        // A second one is ignored.
        if self.mode != Mode::Initial || self.doctype_was {
            return;
        }
        self.doctype_was = true;
        self.quirks = doctype::mode(raw);
    }

    /// Text between tags.
    #[inline]
    pub(super) fn text(&mut self, space: bool) {
        // Nothing to open and nothing to open again: most text.
        if !(self.in_text || (self.mode == Mode::InBody && self.formatting.is_empty())) {
            self.run(Token::Text { space });
        }
    }

    /// A start tag.
    pub(super) fn start(&mut self, start: &Start<'_>) -> Outcome {
        self.outcome = Outcome { placed: Placed::Ignored, content: !start.kind.is_void(), text: None };
        self.hits.clear();
        self.void_fostered = false;
        if self.selectors.depends() && self.selectors.any_depends(start.candidates) {
            self.last_dependent = start.origin;
        }
        self.run(Token::Start(start));
        if self.stack.len() > MAX_DEPTH || self.handed.len() > MAX_DEPTH || self.noscripts.len() > MAX_DEPTH {
            self.overflowed = true;
        }
        self.outcome
    }

    /// An end tag.
    pub(super) fn end(&mut self, name: Name, kind: Kind) {
        if self.in_text {
            self.in_text = false;
            if self.in_head_noscript || self.stack.last().is_none_or(|n| n.name != name) {
                return;
            }
            self.stack.pop();
            return;
        }
        self.run(Token::End(name, kind));
    }

    fn run(&mut self, token: Token<'_>) {
        if self.in_head_noscript {
            self.head_noscript(token);
            return;
        }
        // Each reprocessing leaves a mode for good; the longest way is from a cell to the body.
        for _ in 0..16 {
            let step = if self.in_foreign() && self.is_foreign_token(token) {
                self.foreign(token)
            } else {
                self.by_mode(self.mode, token)
            };
            if step == Step::Done {
                return;
            }
        }
        self.uncertain = true;
    }

    fn by_mode(&mut self, mode: Mode, token: Token<'_>) -> Step {
        match mode {
            Mode::InBody => self.in_body(token),
            Mode::Initial => self.initial(token),
            Mode::BeforeHead => self.before_head(token),
            Mode::InHead => self.in_head(token),
            Mode::AfterHead => self.after_head(token),
            Mode::InTable => self.in_table(token),
            Mode::InCaption => self.in_caption(token),
            Mode::InColumnGroup => self.in_column_group(token),
            Mode::InTableBody => self.in_table_body(token),
            Mode::InRow => self.in_row(token),
            Mode::InCell => self.in_cell(token),
            Mode::InSelect => self.in_select(token),
            Mode::InTemplate => self.in_template(token),
            Mode::AfterBody => self.after_body(token),
        }
    }

    /// Browsers may disagree from here on.
    fn doubt(&mut self) {
        if self.is_aside() && self.selectors.depends() {
            self.failure = Some("elements are left open where only some browsers make them");
        }
        if !self.uncertain {
            self.uncertain = true;
            let origins = self.formatting.iter().filter_map(|a| match a {
                Active::Element(e) => Some(e.origin),
                Active::Marker => None,
            });
            self.reopened.extend(origins);
        }
    }

    /// Whether the element of this start tag, or a copy of it, is open.
    pub(super) fn is_open(&self, origin: u32) -> bool {
        let here = |node: &Node| node.origin == origin;
        if self.stack.iter().rev().any(here) {
            return true;
        }
        self.handed.iter().any(|(o, holder)| *o == origin && self.stack.iter().any(|n| n.id == *holder))
    }

    /// The element of this start tag is one person.
    pub(super) fn mark_item(&mut self, origin: u32) {
        if let Some(node) = self.stack.last_mut().filter(|n| n.origin == origin) {
            node.item = true;
            if node.is_special() && self.within_named_formatting(origin) {
                // Its end tag would put a copy of it into this person's element, around what may have left by then.
                self.failure = Some("a person's element starts within a formatting element that the map names");
            }
        }
        if let Some(Active::Element(e)) = self.formatting.last_mut()
            && e.origin == origin
        {
            e.item = true;
        }
    }

    /// The formatting elements that an end tag of theirs may still split.
    fn splittable(&self) -> impl Iterator<Item = &node::Formatting> {
        self.formatting.iter().rev().map_while(|active| match active {
            Active::Marker => None,
            Active::Element(e) => Some(e),
        })
    }

    /// Whether a formatting element that may hit the map, other than the one of this start tag, may still be split.
    fn within_named_formatting(&self, origin: u32) -> bool {
        self.splittable().any(|e| e.owner.is_some() && e.origin != origin && self.is_on_stack(e.id))
    }

    /// Whether the element of this start tag is open, and what stands in it may yet be moved out of it.
    pub(super) fn may_lose_content(&self, origin: u32) -> bool {
        let Some(at) = self.stack.iter().rposition(|n| n.origin == origin) else { return false };
        self.splittable().any(|e| self.stack.iter().take(at + 1).any(|n| n.id == e.id))
    }

    /// Origin of the innermost person around the last start tag.
    pub(super) fn innermost_item(&self) -> Option<u32> {
        let mut among = self.stack.len();
        if self.void_fostered {
            among = self.foster_parent(among)? + 1;
        }
        while let Some(i) = among.checked_sub(1) {
            let node = self.stack.get(i)?;
            if node.item {
                return Some(node.origin);
            }
            among = if node.fostered { self.foster_parent(i)? + 1 } else { i };
        }
        None
    }

    /// Whether elements are read past now, which some browsers make and others do not.
    pub(super) fn is_aside(&self) -> bool {
        self.in_head_noscript || self.mode == Mode::InSelect
    }

    /// Elements open now.
    pub(super) fn height(&self) -> usize {
        self.stack.len()
    }

    /// Whether a table or template is open that was not when so many elements were.
    pub(super) fn has_barrier_above(&self, height: usize) -> bool {
        self.stack.iter().skip(height).any(|n| n.is(Kind::Table) || n.is(Kind::Template))
    }
}
