//! In a `select`, where the rules changed in 2025.
//!
//! By the older ones (which most parsers have) only options, groups, rules, scripts and templates make elements; by the
//! newer ones nearly all do. Both have the same open elements after the `select` when what is opened in it is closed in
//! it. Where it is not, the tree is uncertain. Elements whose content would be text for the newer rules only cannot be
//! read.

use super::{Kind, Mode, Name, Start, Step, Token, Tree};

impl Tree {
    pub(super) fn in_select(&mut self, token: Token<'_>) -> Step {
        match token {
            Token::Text { .. } => Step::Done,
            Token::Start(start) => self.select_start(start),
            Token::End(name, kind) => self.select_end(name, kind),
        }
    }

    fn select_start(&mut self, start: &Start<'_>) -> Step {
        match start.kind {
            Kind::Option => {
                if self.current() == Kind::Option {
                    self.stack.pop();
                }
                self.push(start);
            }
            Kind::Optgroup | Kind::Hr => {
                if self.current() == Kind::Option {
                    self.stack.pop();
                }
                if self.current() == Kind::Optgroup {
                    self.stack.pop();
                }
                if start.kind == Kind::Hr { self.void(start) } else { self.push(start) }
            }
            Kind::Html | Kind::Body => self.merge(start),
            Kind::Head => {}
            Kind::Script | Kind::Template | Kind::Select | Kind::Input | Kind::Keygen | Kind::Textarea
                if self.is_foreign_aside() =>
            {
                // By the newer rules it is one of SVG or MathML, whose content is neither text nor a template's.
                self.failure =
                    Some("an element of SVG or MathML within a select whose content only some browsers read");
            }
            Kind::Script | Kind::Template => return self.in_head(Token::Start(start)),
            Kind::Select => {
                self.end_select();
                self.doubt();
            }
            Kind::Input | Kind::Keygen | Kind::Textarea => {
                self.end_select();
                self.doubt();
                return Step::Again;
            }
            kind if kind.is_table_part() || kind == Kind::Table => {
                self.table_aside();
                self.doubt();
                if self.is_in_table() {
                    self.end_select();
                    return Step::Again;
                }
            }
            kind if kind.is_text() => {
                self.failure = Some("text of its own kind within a select");
            }
            kind => {
                if kind.is_formatting() && !start.candidates.is_empty() {
                    // By the newer rules any block after it may close it, and it goes on within.
                    self.failure = Some("a formatting element that the map names within a select");
                }
                if matches!(kind, Kind::Svg | Kind::Math) {
                    // Which elements have content depends on it.
                    self.doubt();
                }
                if !kind.is_void() && !start.tag.self_closing {
                    self.set_aside(start.name);
                }
            }
        }
        Step::Done
    }

    fn select_end(&mut self, name: Name, kind: Kind) -> Step {
        match kind {
            Kind::Optgroup => {
                let below = self.stack.len().checked_sub(2).and_then(|i| self.stack.get(i));
                if self.current() == Kind::Option && below.is_some_and(|n| n.is(Kind::Optgroup)) {
                    self.stack.pop();
                }
                if self.current() == Kind::Optgroup {
                    self.stack.pop();
                }
                if !self.aside.is_empty() {
                    self.doubt();
                }
            }
            Kind::Option => {
                if self.current() == Kind::Option {
                    self.stack.pop();
                }
                if !self.aside.is_empty() {
                    self.doubt();
                }
            }
            Kind::Select => self.end_select(),
            Kind::Template => return self.in_head(Token::End(name, kind)),
            kind if kind.is_table_part() || kind == Kind::Table => {
                self.doubt();
                if self.in_table_scope(kind) && self.is_in_table() {
                    self.end_select();
                    return Step::Again;
                }
            }
            _ => self.end_aside(name),
        }
        Step::Done
    }

    fn is_foreign_aside(&self) -> bool {
        self.aside.iter().any(|n| matches!(n.kind(), Kind::Svg | Kind::Math))
    }

    /// Whether the rules are those of a `select` in a table.
    fn is_in_table(&self) -> bool {
        self.stack.iter().rev().take_while(|n| !n.is(Kind::Template)).any(|n| n.is(Kind::Table))
    }

    fn end_select(&mut self) {
        if !self.aside.is_empty() {
            self.doubt();
            self.aside.clear();
        }
        if self.stack.iter().any(|n| n.is(Kind::Select)) {
            self.pop_until(Kind::Select);
        }
        self.reset_mode();
        if self.mode == Mode::InSelect {
            self.doubt();
        }
    }
}
