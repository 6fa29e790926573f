//! Before the body, and templates (HTML, sections 13.2.6.4.1 to .6 and .22).

use super::body::text_content;
use super::{Active, Kind, Mode, Name, Placed, Quirks, Step, Token, Tree};

impl Tree {
    pub(super) fn initial(&mut self, token: Token<'_>) -> Step {
        match token {
            Token::Text { space: true } => return Step::Done,
            Token::Start(start) if start.kind == Kind::Html => {
                self.push(start);
                self.mode = Mode::BeforeHead;
                if !self.doctype_was {
                    // A whole document, then.
                    self.quirks = Quirks::Yes;
                }
                return Step::Done;
            }
            Token::End(_, kind) if !ends_head(kind) => return Step::Done,
            _ => {}
        }
        self.push_implied(Kind::Html);
        self.mode = Mode::BeforeHead;
        Step::Again
    }

    pub(super) fn before_head(&mut self, token: Token<'_>) -> Step {
        match token {
            Token::Text { space: true } => return Step::Done,
            Token::Start(start) if start.kind == Kind::Html => {
                self.merge(start);
                return Step::Done;
            }
            Token::Start(start) if start.kind == Kind::Head => {
                self.push(start);
                self.head_was = true;
                self.mode = Mode::InHead;
                return Step::Done;
            }
            Token::End(_, kind) if !ends_head(kind) => return Step::Done,
            _ => {}
        }
        self.push_implied(Kind::Head);
        self.head_was = true;
        self.mode = Mode::InHead;
        Step::Again
    }

    pub(super) fn in_head(&mut self, token: Token<'_>) -> Step {
        match token {
            Token::Text { space: true } => return Step::Done,
            Token::Start(start) => match start.kind {
                Kind::Html => {
                    self.merge(start);
                    return Step::Done;
                }
                kind if is_head_void(kind) => {
                    self.void(start);
                    return Step::Done;
                }
                Kind::Title | Kind::Noframes | Kind::Style | Kind::Script => {
                    self.push_text(start);
                    return Step::Done;
                }
                Kind::Noscript => {
                    // A browser with scripting has text here, one without leaves the head at the first element of
                    // the body. Nothing after it depends on which, if what is opened here is closed here.
                    self.in_head_noscript = true;
                    self.outcome.placed = Placed::Element;
                    self.aside.clear();
                    return Step::Done;
                }
                Kind::Template => {
                    self.push(start);
                    self.formatting.push(Active::Marker);
                    self.mode = Mode::InTemplate;
                    self.templates.push(Mode::InTemplate);
                    return Step::Done;
                }
                Kind::Head => return Step::Done,
                _ => {}
            },
            Token::End(_, Kind::Head) => {
                self.stack.pop();
                self.mode = Mode::AfterHead;
                return Step::Done;
            }
            Token::End(_, Kind::Template) => {
                self.end_template();
                return Step::Done;
            }
            Token::End(_, kind) if !ends_head(kind) => return Step::Done,
            _ => {}
        }
        self.stack.pop();
        self.mode = Mode::AfterHead;
        Step::Again
    }

    fn end_template(&mut self) {
        if !self.stack.iter().any(|n| n.is(Kind::Template)) {
            return;
        }
        while self.current().is_thoroughly_implied() {
            self.stack.pop();
        }
        self.pop_until(Kind::Template);
        self.clear_to_marker();
        self.templates.pop();
        self.reset_mode();
    }

    pub(super) fn after_head(&mut self, token: Token<'_>) -> Step {
        match token {
            Token::Text { space: true } => return Step::Done,
            Token::Start(start) => match start.kind {
                Kind::Html => {
                    self.merge(start);
                    return Step::Done;
                }
                Kind::Body => {
                    self.push(start);
                    self.mode = Mode::InBody;
                    return Step::Done;
                }
                Kind::Frameset => {
                    self.failure = Some("there is a frameset");
                    return Step::Done;
                }
                kind if is_head_content(kind) => return self.in_head(token),
                Kind::Head => return Step::Done,
                _ => {}
            },
            Token::End(_, Kind::Template) => return self.in_head(token),
            Token::End(_, kind) if !matches!(kind, Kind::Body | Kind::Html | Kind::Br) => return Step::Done,
            _ => {}
        }
        self.push_implied(Kind::Body);
        self.mode = Mode::InBody;
        Step::Again
    }

    /// Within a `noscript` of the head.
    pub(super) fn head_noscript(&mut self, token: Token<'_>) {
        match token {
            Token::Text { .. } => {}
            Token::Start(start) => {
                if matches!(start.kind, Kind::Html | Kind::Head | Kind::Body) {
                    // Without scripting it is the page's.
                    self.outcome.placed = Placed::Merged;
                    self.doubt();
                } else if matches!(start.kind, Kind::Svg | Kind::Math) {
                    // What is text in it is not what is text without scripting.
                    self.failure = Some("SVG or MathML in a noscript of the head");
                } else if start.kind.is_text() {
                    self.in_text = true;
                    self.outcome.text = Some(text_content(start.kind, start.name));
                    self.outcome.content = true;
                } else if !start.kind.is_void() {
                    if start.kind == Kind::Table {
                        self.table_aside();
                    }
                    self.set_aside(start.name);
                }
            }
            Token::End(_, Kind::Noscript) => {
                if !self.aside.is_empty() {
                    self.doubt();
                }
                self.in_head_noscript = false;
                self.aside.clear();
            }
            Token::End(name, _) => self.end_aside(name),
        }
    }

    /// A table that only some browsers make: those put rows and sections into it that have no tags.
    pub(super) fn table_aside(&mut self) {
        if self.selectors.depends() {
            self.failure = Some("a table where some browsers have none");
        }
    }

    pub(super) fn set_aside(&mut self, name: Name) {
        self.aside.push(name);
        self.overflowed |= self.aside.len() > super::MAX_DEPTH;
    }

    pub(super) fn end_aside(&mut self, name: Name) {
        if self.aside.last() == Some(&name) {
            self.aside.pop();
        } else {
            self.doubt();
        }
    }

    pub(super) fn in_template(&mut self, token: Token<'_>) -> Step {
        let mode = match token {
            Token::Text { .. } => return self.in_body(token),
            Token::End(_, Kind::Template) => return self.in_head(token),
            Token::End(..) => return Step::Done,
            Token::Start(start) => match start.kind {
                kind if is_head_content(kind) => return self.in_head(token),
                Kind::Caption | Kind::Colgroup | Kind::Tbody | Kind::Tfoot | Kind::Thead => Mode::InTable,
                Kind::Col => Mode::InColumnGroup,
                Kind::Tr => Mode::InTableBody,
                Kind::Td | Kind::Th => Mode::InRow,
                _ => Mode::InBody,
            },
        };
        self.templates.pop();
        self.templates.push(mode);
        self.mode = mode;
        Step::Again
    }
}

/// Elements that belong into the head and are read so elsewhere too.
pub(super) fn is_head_content(kind: Kind) -> bool {
    is_head_void(kind) || matches!(kind, Kind::Noframes | Kind::Script | Kind::Style | Kind::Template | Kind::Title)
}

fn is_head_void(kind: Kind) -> bool {
    matches!(kind, Kind::Base | Kind::Basefont | Kind::Bgsound | Kind::Link | Kind::Meta)
}

/// End tags that open the body when they come too early.
fn ends_head(kind: Kind) -> bool {
    matches!(kind, Kind::Head | Kind::Body | Kind::Html | Kind::Br)
}
