//! Within SVG and MathML (HTML, sections 13.2.6 and 13.2.6.5).

use super::{Kind, Name, Point, Space, Start, Step, Token, Tree};

impl Tree {
    pub(super) fn push_foreign(&mut self, start: &Start<'_>, space: Space, point: Point) {
        self.push_in(start, space, point);
        self.outcome.content = !start.tag.self_closing;
        if start.tag.self_closing {
            self.stack.pop();
        }
    }

    /// Whether the rules of foreign content apply to a start tag of this kind.
    pub(super) fn is_foreign_start(&self, kind: Kind) -> bool {
        let Some(node) = self.stack.last() else { return false };
        match node.point {
            Point::Html => false,
            Point::MathMlText => matches!(kind, Kind::Mglyph | Kind::Malignmark),
            Point::No => !(node.kind == Kind::AnnotationXml && node.space == Space::MathMl && kind == Kind::Svg),
        }
    }

    pub(super) fn is_foreign_token(&self, token: Token<'_>) -> bool {
        match token {
            Token::Start(start) => self.is_foreign_start(start.kind),
            Token::Text { .. } => self.stack.last().is_some_and(|n| n.point == Point::No),
            Token::End(..) => true,
        }
    }

    pub(super) fn foreign(&mut self, token: Token<'_>) -> Step {
        match token {
            Token::Text { .. } => Step::Done,
            Token::Start(start) => {
                let kind = start.kind;
                let font = kind == Kind::Font
                    && [&b"color"[..], b"face", b"size"].iter().any(|a| start.tag.attribute(a).is_some());
                if kind.breaks_out() || font {
                    self.leave_foreign();
                    return self.by_mode(self.mode, token);
                }
                let space = self.stack.last().map_or(Space::Html, |n| n.space);
                self.push_foreign(start, space, point(space, start));
                Step::Done
            }
            Token::End(_, Kind::Br | Kind::P) => {
                self.leave_foreign();
                self.by_mode(self.mode, token)
            }
            Token::End(name, kind) => self.foreign_end(name, kind),
        }
    }

    fn leave_foreign(&mut self) {
        while self.stack.last().is_some_and(|n| n.space != Space::Html && n.point == Point::No) {
            self.stack.pop();
        }
    }

    fn foreign_end(&mut self, name: Name, kind: Kind) -> Step {
        for i in (1..self.stack.len()).rev() {
            let Some(node) = self.stack.get(i) else { break };
            if node.space == Space::Html {
                return self.by_mode(self.mode, Token::End(name, kind));
            }
            if node.name == name {
                self.stack.truncate(i);
                return Step::Done;
            }
        }
        Step::Done
    }
}

fn point(space: Space, start: &Start<'_>) -> Point {
    match (space, start.kind) {
        (Space::Svg, Kind::ForeignObject | Kind::Desc | Kind::Title) => Point::Html,
        (Space::MathMl, Kind::Mi | Kind::Mo | Kind::Mn | Kind::Ms | Kind::Mtext) => Point::MathMlText,
        (Space::MathMl, Kind::AnnotationXml) => {
            let encoding = start.tag.attribute(b"encoding").map(|e| start.reading.value(e));
            let html = encoding.is_some_and(|e| {
                e.eq_ignore_ascii_case(b"text/html") || e.eq_ignore_ascii_case(b"application/xhtml+xml")
            });
            if html { Point::Html } else { Point::No }
        }
        _ => Point::No,
    }
}
