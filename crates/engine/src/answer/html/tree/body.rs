//! In the body (HTML, section 13.2.6.4.7).

use super::head::is_head_content;
use super::{Active, Content, Kind, Mode, Name, Node, Placed, Point, Quirks, Space, Start, Step, Token, Tree};

impl Tree {
    pub(super) fn in_body(&mut self, token: Token<'_>) -> Step {
        match token {
            Token::Text { .. } => {
                self.reconstruct();
                Step::Done
            }
            Token::Start(start) => self.body_start(start),
            Token::End(name, kind) => self.body_end(name, kind),
        }
    }

    /// An element whose content is text.
    pub(super) fn push_text(&mut self, start: &Start<'_>) {
        self.push(start);
        self.in_text = true;
        self.outcome.text = Some(text_content(start.kind, start.name));
    }

    fn body_start(&mut self, start: &Start<'_>) -> Step {
        match start.kind {
            Kind::Other | Kind::Span => {
                self.reconstruct();
                self.push(start);
            }
            kind if kind.is_block() => {
                self.close_p_in_button_scope();
                self.push(start);
            }
            Kind::P => {
                self.close_p_in_button_scope();
                self.push(start);
            }
            Kind::Li => {
                self.close_item(&[Kind::Li]);
                self.close_p_in_button_scope();
                self.push(start);
            }
            Kind::Dd | Kind::Dt => {
                self.close_item(&[Kind::Dd, Kind::Dt]);
                self.close_p_in_button_scope();
                self.push(start);
            }
            Kind::A => {
                if self.is_active(start.name) {
                    self.end_open_link(start.name);
                }
                self.reconstruct();
                self.push(start);
                self.remember(start);
            }
            Kind::Nobr => {
                self.reconstruct();
                if self.in_scope(Kind::Nobr) {
                    self.adopt(start.name);
                    self.reconstruct();
                }
                self.push(start);
                self.remember(start);
            }
            kind if kind.is_formatting() => {
                self.reconstruct();
                self.push(start);
                self.remember(start);
            }
            Kind::Area | Kind::Br | Kind::Embed | Kind::Img | Kind::Input | Kind::Keygen | Kind::Wbr => {
                self.reconstruct();
                self.void(start);
            }
            kind if kind.is_heading() => {
                self.close_p_in_button_scope();
                if self.current().is_heading() {
                    self.stack.pop();
                }
                self.push(start);
            }
            kind if is_head_content(kind) => return self.in_head(Token::Start(start)),
            Kind::Param | Kind::Source | Kind::Track => self.void(start),
            Kind::Hr => {
                self.close_p_in_button_scope();
                self.void(start);
            }
            Kind::Html | Kind::Body => self.merge(start),
            Kind::Frameset => self.failure = Some("there is a frameset"),
            Kind::Form => {
                if self.form.is_some() && !self.has_template() {
                    return Step::Done;
                }
                self.close_p_in_button_scope();
                self.push(start);
                if !self.has_template() {
                    self.form = self.stack.last().map(|n| n.id);
                }
            }
            Kind::Plaintext => {
                if self.has_noscript() {
                    // For a browser with scripting what comes after the noscript is read.
                    self.failure = Some("text to the end of the document within a noscript");
                }
                self.close_p_in_button_scope();
                self.push(start);
                self.outcome.text = Some(Content::Plain);
            }
            Kind::Button => {
                if self.in_scope(Kind::Button) {
                    self.imply_end_tags(Kind::Other);
                    self.pop_until(Kind::Button);
                }
                self.reconstruct();
                self.push(start);
            }
            Kind::Applet | Kind::Marquee | Kind::Object => {
                self.reconstruct();
                self.push(start);
                self.formatting.push(Active::Marker);
            }
            Kind::Table => {
                if self.in_button_scope(Kind::P) {
                    match self.quirks {
                        Quirks::No => self.close_p_in_button_scope(),
                        Quirks::Yes => {}
                        // Whether the paragraph goes on depends on a doctype that is not here.
                        Quirks::Unknown => self.doubt(),
                    }
                }
                self.push(start);
                self.mode = Mode::InTable;
            }
            Kind::Textarea | Kind::Iframe | Kind::Noembed => self.push_text(start),
            Kind::Xmp => {
                self.close_p_in_button_scope();
                self.reconstruct();
                self.push_text(start);
            }
            Kind::Noscript => {
                let before = self.reopenings;
                self.reconstruct();
                if self.reopenings > before {
                    // A browser with scripting opens them again later, perhaps elsewhere.
                    self.doubt();
                }
                self.push(start);
                let here = self.within();
                let around = self.noscripts.last().is_some_and(|outer| !self.is_on_stack(outer.id));
                self.noscripts.push(here);
                if around {
                    // For a browser with scripting the one before goes on.
                    self.doubt();
                }
            }
            Kind::Select => {
                self.reconstruct();
                self.push(start);
                self.aside.clear();
                self.mode = Mode::InSelect;
            }
            Kind::Option | Kind::Optgroup => {
                if self.current() == Kind::Option {
                    self.stack.pop();
                }
                self.reconstruct();
                self.push(start);
            }
            Kind::Rb | Kind::Rtc => {
                if self.in_scope(Kind::Ruby) {
                    self.imply_end_tags(Kind::Other);
                }
                self.push(start);
            }
            Kind::Rp | Kind::Rt => {
                if self.in_scope(Kind::Ruby) {
                    self.imply_end_tags(Kind::Rtc);
                }
                self.push(start);
            }
            Kind::Svg | Kind::Math => {
                self.reconstruct();
                let space = if start.kind == Kind::Svg { Space::Svg } else { Space::MathMl };
                self.push_foreign(start, space, Point::No);
            }
            kind if kind.is_table_part() || matches!(kind, Kind::Frame | Kind::Head) => {}
            _ => {
                self.reconstruct();
                self.push(start);
            }
        }
        Step::Done
    }

    /// A second `html` or `body`: its attributes go to the first (sections 13.2.6.4.7, "html" and "body").
    pub(super) fn merge(&mut self, start: &Start<'_>) {
        let open = start.kind == Kind::Html || self.stack.get(1).is_some_and(|n| n.is(Kind::Body));
        if open && !self.has_template() && start.tag.has_attributes() {
            self.outcome.placed = Placed::Merged;
        }
    }

    /// An `li`, `dd` or `dt` ends the one it follows.
    fn close_item(&mut self, kinds: &[Kind]) {
        for i in (0..self.stack.len()).rev() {
            let Some(node) = self.stack.get(i) else { return };
            if node.space == Space::Html && kinds.contains(&node.kind) {
                let kind = node.kind;
                self.imply_end_tags(kind);
                self.pop_until(kind);
                return;
            }
            let passable = node.is(Kind::Address) || node.is(Kind::Div) || node.is(Kind::P);
            if node.is_special() && !passable {
                return;
            }
        }
    }

    fn body_end(&mut self, name: Name, kind: Kind) -> Step {
        match kind {
            kind if kind.is_formatting() => self.adopt(name),
            Kind::P => {
                if !self.in_button_scope(Kind::P) {
                    self.push_implied(Kind::P);
                }
                self.close_p_in_button_scope();
            }
            kind if kind.is_block() || kind == Kind::Button => {
                if self.in_scope(kind) {
                    self.imply_end_tags(Kind::Other);
                    self.pop_until(kind);
                }
            }
            Kind::Li => {
                if self.in_list_scope(Kind::Li) {
                    self.imply_end_tags(Kind::Li);
                    self.pop_until(Kind::Li);
                }
            }
            Kind::Dd | Kind::Dt => {
                if self.in_scope(kind) {
                    self.imply_end_tags(kind);
                    self.pop_until(kind);
                }
            }
            kind if kind.is_heading() => {
                if self.has(|n| n.space == Space::Html && n.kind.is_heading(), Node::ends_scope) {
                    self.imply_end_tags(Kind::Other);
                    while let Some(node) = self.stack.pop() {
                        if node.space == Space::Html && node.kind.is_heading() {
                            break;
                        }
                    }
                }
            }
            Kind::Body | Kind::Html => {
                if self.in_scope(Kind::Body) {
                    self.mode = Mode::AfterBody;
                    if kind == Kind::Html {
                        return Step::Again;
                    }
                }
            }
            Kind::Form if !self.has_template() => {
                let form = self.form.take();
                let Some(at) = form.and_then(|id| self.stack.iter().rposition(|n| n.id == id)) else {
                    return Step::Done;
                };
                if !self.stack.iter().skip(at + 1).any(Node::ends_scope) {
                    self.imply_end_tags(Kind::Other);
                    if self.stack.get(at).is_some_and(|n| n.is(Kind::Form)) {
                        self.take_out(at);
                    }
                }
            }
            Kind::Form => {
                if self.in_scope(Kind::Form) {
                    self.imply_end_tags(Kind::Other);
                    self.pop_until(Kind::Form);
                }
            }
            Kind::Applet | Kind::Marquee | Kind::Object => {
                if self.in_scope(kind) {
                    self.imply_end_tags(Kind::Other);
                    self.pop_until(kind);
                    self.clear_to_marker();
                }
            }
            Kind::Br => {
                self.reconstruct();
                // It is taken for a start tag, and counts.
                if self.selectors.depends()
                    && let Some(parent) = self.stack.last_mut()
                {
                    self.selectors.count(parent.seen.get_or_insert_default(), kind.name());
                }
            }
            Kind::Template => return self.in_head(Token::End(name, kind)),
            Kind::Noscript => {
                let here = self.within();
                let as_before = self.noscripts.pop().is_none_or(|before| before == here);
                if !as_before || (self.current() != Kind::Noscript && self.has_noscript()) {
                    self.doubt();
                }
                self.any_other_end_tag(name);
            }
            _ => self.any_other_end_tag(name),
        }
        Step::Done
    }

    fn has_noscript(&self) -> bool {
        self.stack.iter().any(|n| n.is(Kind::Noscript))
    }

    /// As in the body; what is put in while a table is the current element goes before it.
    pub(super) fn fostered(&mut self, token: Token<'_>) -> Step {
        self.fostering = true;
        let step = self.in_body(token);
        self.fostering = false;
        step
    }

    pub(super) fn after_body(&mut self, token: Token<'_>) -> Step {
        match token {
            Token::Text { space: true } => self.in_body(token),
            Token::Start(start) if start.kind == Kind::Html => {
                self.merge(start);
                Step::Done
            }
            Token::End(_, Kind::Html) => Step::Done,
            _ => {
                self.mode = Mode::InBody;
                Step::Again
            }
        }
    }
}

/// How the content of such an element is read (section 13.2.6.2).
pub(super) fn text_content(kind: Kind, name: Name) -> Content {
    match kind {
        Kind::Script => Content::Script,
        Kind::Plaintext => Content::Plain,
        _ => Content::Text(name),
    }
}
