//! In tables (HTML, sections 13.2.6.4.9 to .15).

use super::stack::{ends_table_scope, is_table};
use super::{Active, Kind, Mode, Placed, Space, Start, Step, Token, Tree};

const SECTIONS: [Kind; 3] = [Kind::Tbody, Kind::Thead, Kind::Tfoot];

impl Tree {
    pub(super) fn in_table(&mut self, token: Token<'_>) -> Step {
        match token {
            // Whether the spaces of a table hold nothing else is told for each run of text, and so it is here.
            Token::Text { space: true } if is_table(self.current()) || self.current() == Kind::Template => Step::Done,
            Token::Text { .. } => self.fostered(token),
            Token::Start(start) => match start.kind {
                Kind::Caption => {
                    self.clear_to(&[Kind::Table]);
                    self.formatting.push(Active::Marker);
                    self.push(start);
                    self.mode = Mode::InCaption;
                    Step::Done
                }
                Kind::Colgroup => {
                    self.clear_to(&[Kind::Table]);
                    self.push(start);
                    self.mode = Mode::InColumnGroup;
                    Step::Done
                }
                Kind::Col => {
                    self.clear_to(&[Kind::Table]);
                    self.push_implied(Kind::Colgroup);
                    self.mode = Mode::InColumnGroup;
                    Step::Again
                }
                Kind::Tbody | Kind::Tfoot | Kind::Thead => {
                    self.clear_to(&[Kind::Table]);
                    self.push(start);
                    self.mode = Mode::InTableBody;
                    Step::Done
                }
                Kind::Td | Kind::Th | Kind::Tr => {
                    self.clear_to(&[Kind::Table]);
                    self.push_implied(Kind::Tbody);
                    self.mode = Mode::InTableBody;
                    Step::Again
                }
                Kind::Table => {
                    if !self.in_table_scope(Kind::Table) {
                        return Step::Done;
                    }
                    self.pop_until(Kind::Table);
                    self.reset_mode();
                    Step::Again
                }
                Kind::Style | Kind::Script | Kind::Template => self.in_head(token),
                Kind::Input if is_hidden(start) => {
                    self.void(start);
                    Step::Done
                }
                Kind::Form => {
                    if !self.has_template() && self.form.is_none() {
                        self.push(start);
                        self.form = self.stack.pop().map(|n| n.id);
                    }
                    Step::Done
                }
                _ => self.fostered(token),
            },
            Token::End(_, Kind::Table) => {
                if self.in_table_scope(Kind::Table) {
                    self.pop_until(Kind::Table);
                    self.reset_mode();
                }
                Step::Done
            }
            Token::End(_, kind) if kind.is_table_part() || matches!(kind, Kind::Body | Kind::Html) => Step::Done,
            Token::End(_, Kind::Template) => self.in_head(token),
            Token::End(..) => self.fostered(token),
        }
    }

    pub(super) fn in_caption(&mut self, token: Token<'_>) -> Step {
        let (ends, again) = match token {
            Token::Start(start) => (start.kind.is_table_part(), true),
            Token::End(_, Kind::Table) => (true, true),
            Token::End(_, Kind::Caption) => (true, false),
            Token::End(_, kind) if kind.is_table_part() || matches!(kind, Kind::Body | Kind::Html) => {
                return Step::Done;
            }
            _ => (false, false),
        };
        if !ends {
            return self.in_body(token);
        }
        if !self.in_table_scope(Kind::Caption) {
            return Step::Done;
        }
        self.imply_end_tags(Kind::Other);
        self.pop_until(Kind::Caption);
        self.clear_to_marker();
        self.mode = Mode::InTable;
        if again { Step::Again } else { Step::Done }
    }

    pub(super) fn in_column_group(&mut self, token: Token<'_>) -> Step {
        match token {
            Token::Text { space: true } => return Step::Done,
            Token::Start(start) => match start.kind {
                Kind::Html => {
                    self.merge(start);
                    return Step::Done;
                }
                Kind::Col => {
                    self.void(start);
                    return Step::Done;
                }
                Kind::Template => return self.in_head(token),
                _ => {}
            },
            Token::End(_, Kind::Template) => return self.in_head(token),
            Token::End(_, Kind::Col) => return Step::Done,
            _ => {}
        }
        if self.current() != Kind::Colgroup {
            return Step::Done;
        }
        self.stack.pop();
        self.mode = Mode::InTable;
        if matches!(token, Token::End(_, Kind::Colgroup)) { Step::Done } else { Step::Again }
    }

    pub(super) fn in_table_body(&mut self, token: Token<'_>) -> Step {
        let leaves = match token {
            Token::Start(start) => match start.kind {
                Kind::Tr => {
                    self.clear_to(&SECTIONS);
                    self.push(start);
                    self.mode = Mode::InRow;
                    return Step::Done;
                }
                Kind::Th | Kind::Td => {
                    self.clear_to(&SECTIONS);
                    self.push_implied(Kind::Tr);
                    self.mode = Mode::InRow;
                    return Step::Again;
                }
                Kind::Caption | Kind::Col | Kind::Colgroup | Kind::Tbody | Kind::Tfoot | Kind::Thead => true,
                _ => false,
            },
            Token::End(_, kind) if SECTIONS.contains(&kind) => {
                if self.in_table_scope(kind) {
                    self.clear_to(&SECTIONS);
                    self.stack.pop();
                    self.mode = Mode::InTable;
                }
                return Step::Done;
            }
            Token::End(_, Kind::Table) => true,
            Token::End(_, kind) if kind.is_table_part() || matches!(kind, Kind::Body | Kind::Html) => {
                return Step::Done;
            }
            _ => false,
        };
        if !leaves {
            return self.in_table(token);
        }
        if !self.has(|n| n.space == Space::Html && SECTIONS.contains(&n.kind), ends_table_scope) {
            return Step::Done;
        }
        self.clear_to(&SECTIONS);
        self.stack.pop();
        self.mode = Mode::InTable;
        Step::Again
    }

    pub(super) fn in_row(&mut self, token: Token<'_>) -> Step {
        let again = match token {
            Token::Start(start) => match start.kind {
                Kind::Th | Kind::Td => {
                    self.clear_to(&[Kind::Tr]);
                    self.push(start);
                    self.mode = Mode::InCell;
                    self.formatting.push(Active::Marker);
                    return Step::Done;
                }
                kind if kind.is_table_part() => true,
                _ => return self.in_table(token),
            },
            Token::End(_, Kind::Tr) => false,
            Token::End(_, Kind::Table) => true,
            Token::End(_, kind) if SECTIONS.contains(&kind) => {
                if !self.in_table_scope(kind) {
                    return Step::Done;
                }
                true
            }
            Token::End(_, kind) if kind.is_table_part() || matches!(kind, Kind::Body | Kind::Html) => {
                return Step::Done;
            }
            _ => return self.in_table(token),
        };
        if !self.in_table_scope(Kind::Tr) {
            return Step::Done;
        }
        self.clear_to(&[Kind::Tr]);
        self.stack.pop();
        self.mode = Mode::InTableBody;
        if again { Step::Again } else { Step::Done }
    }

    pub(super) fn in_cell(&mut self, token: Token<'_>) -> Step {
        match token {
            Token::End(_, kind @ (Kind::Td | Kind::Th)) => {
                if self.in_table_scope(kind) {
                    self.imply_end_tags(Kind::Other);
                    self.pop_until(kind);
                    self.clear_to_marker();
                    self.mode = Mode::InRow;
                }
                Step::Done
            }
            Token::Start(start) if start.kind.is_table_part() => {
                if !(self.in_table_scope(Kind::Td) || self.in_table_scope(Kind::Th)) {
                    self.outcome.placed = Placed::Ignored;
                    return Step::Done;
                }
                self.close_cell();
                Step::Again
            }
            Token::End(_, Kind::Body | Kind::Caption | Kind::Col | Kind::Colgroup | Kind::Html) => Step::Done,
            Token::End(_, kind @ (Kind::Table | Kind::Tbody | Kind::Tfoot | Kind::Thead | Kind::Tr)) => {
                if !self.in_table_scope(kind) {
                    return Step::Done;
                }
                self.close_cell();
                Step::Again
            }
            _ => self.in_body(token),
        }
    }

    fn close_cell(&mut self) {
        self.imply_end_tags(Kind::Other);
        while let Some(node) = self.stack.pop() {
            if node.is(Kind::Td) || node.is(Kind::Th) {
                break;
            }
        }
        self.clear_to_marker();
        self.mode = Mode::InRow;
    }
}

/// Whether an `input` is not shown, and so may stand between the rows of a table.
fn is_hidden(start: &Start<'_>) -> bool {
    start.tag.attribute(b"type").is_some_and(|t| start.reading.value(t).eq_ignore_ascii_case(b"hidden"))
}
