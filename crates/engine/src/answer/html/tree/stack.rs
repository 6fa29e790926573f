//! The stack of open elements (HTML, section 13.2.4.2) and what is done with it everywhere.

use std::sync::Arc;

use super::node::{Attributes, Within};
use super::{Active, Formatting, MAX_FORMATTING, Mode, Node, Placed, Point, Space, Start, Tree};
use crate::answer::html::names::{Kind, Name};
use crate::answer::html::tokens::Tag;
use crate::answer::selector::{Reading, Seen};

impl Tree {
    pub(super) fn current(&self) -> Kind {
        self.stack.last().filter(|n| n.space == Space::Html).map_or(Kind::Other, |n| n.kind)
    }

    pub(super) fn new_id(&mut self) -> u32 {
        self.next_id = self.next_id.wrapping_add(1);
        self.next_id
    }

    /// Puts an HTML element for the tag on the stack.
    pub(super) fn push(&mut self, start: &Start<'_>) {
        self.push_in(start, Space::Html, Point::No);
    }

    pub(super) fn push_in(&mut self, start: &Start<'_>, space: Space, point: Point) {
        self.outcome.placed = Placed::Element;
        let seen = self.surroundings(start.candidates, start.tag, start.name, start.reading);
        let (id, fostered) = (self.new_id(), self.fosters());
        let Start { name, kind, origin, .. } = *start;
        self.put(Node { name, kind, space, point, origin, id, item: false, fostered, seen });
    }

    fn put(&mut self, node: Node) {
        self.html_in_foreign |= node.space == Space::Html && self.in_foreign();
        self.stack.push(node);
    }

    /// An element without content.
    pub(super) fn void(&mut self, start: &Start<'_>) {
        self.outcome.placed = Placed::Element;
        self.outcome.content = false;
        self.void_fostered = self.fosters();
        let _ = self.surroundings(start.candidates, start.tag, start.name, start.reading);
    }

    /// An element that no tag stands for.
    pub(super) fn push_implied(&mut self, kind: Kind) {
        let tag = Tag::nothing();
        let (name, reading) = (kind.name(), Reading { fold: true, encoding: None });
        let selectors = Arc::clone(&self.selectors);
        let mut candidates = Vec::new();
        selectors.candidates(&tag, name, reading, &mut candidates);
        let before = self.hits.len();
        let seen = self.surroundings(&candidates, &tag, name, reading);
        if !self.selectors.depends() {
            selectors.hits(&candidates, &mut self.hits);
        }
        // The paragraph that a stray `</p>` makes holds nothing.
        if self.hits.len() > before && kind != Kind::P {
            self.hits.truncate(before);
            self.failure = Some("an element that the map names is there without a tag");
        }
        let (id, fostered) = (self.new_id(), self.fosters());
        let (space, point) = (Space::Html, Point::No);
        self.put(Node { name, kind, space, point, origin: 0, id, item: false, fostered, seen });
    }

    /// The hits of an element that is put in here, where they depend on the surroundings, and what it will be to
    /// those in it.
    fn surroundings(
        &mut self,
        candidates: &[u16],
        tag: &Tag<'_, '_>,
        name: Name,
        reading: Reading,
    ) -> Option<Box<Seen>> {
        if !self.selectors.depends() {
            return None;
        }
        let selectors = Arc::clone(&self.selectors);
        let mut parents = vec![self.stack.len().checked_sub(1)];
        if self.fosters() {
            if self.selectors.counts() {
                // It goes before a table that was counted before it.
                self.failure = Some("an element is put before a table, and the map counts them");
            }
            // What is in it is looked at from both places.
            parents.push(self.foster_parent(self.stack.len()));
        }
        let mut all: Option<Seen> = None;
        for parent in parents {
            let parent = match parent.and_then(|i| self.stack.get_mut(i)) {
                None => &mut self.root,
                Some(node) => node.seen.get_or_insert_default(),
            };
            let seen = selectors.place(candidates, (tag, name, reading), (parent, false), &mut self.hits);
            all = Some(match all {
                None => seen,
                Some(other) => other.or(seen),
            });
        }
        all.map(Box::new)
    }

    /// Whether what is put in now goes before the table that is the current element (section 13.2.6.1).
    pub(super) fn fosters(&self) -> bool {
        self.fostering && is_table(self.current())
    }

    /// Where it goes then, for a table among so many open elements.
    pub(super) fn foster_parent(&self, among: usize) -> Option<usize> {
        let open = self.stack.get(..among)?;
        let at = open.iter().rposition(|n| n.is(Kind::Table) || n.is(Kind::Template))?;
        if open.get(at)?.is(Kind::Template) { Some(at) } else { at.checked_sub(1) }
    }

    /// Whether an element that `wanted` says yes to is open before any that ends the look for it.
    pub(super) fn has(&self, wanted: impl Fn(&Node) -> bool, ends: impl Fn(&Node) -> bool) -> bool {
        for node in self.stack.iter().rev() {
            if wanted(node) {
                return true;
            }
            if ends(node) {
                return false;
            }
        }
        false
    }

    pub(super) fn in_scope(&self, kind: Kind) -> bool {
        self.has(|n| n.is(kind), Node::ends_scope)
    }

    pub(super) fn in_button_scope(&self, kind: Kind) -> bool {
        self.has(|n| n.is(kind), |n| n.ends_scope() || n.is(Kind::Button))
    }

    pub(super) fn in_list_scope(&self, kind: Kind) -> bool {
        self.has(|n| n.is(kind), |n| n.ends_scope() || n.is(Kind::Ol) || n.is(Kind::Ul))
    }

    pub(super) fn in_table_scope(&self, kind: Kind) -> bool {
        self.has(|n| n.is(kind), ends_table_scope)
    }

    pub(super) fn pop_until(&mut self, kind: Kind) {
        while let Some(node) = self.stack.pop() {
            if node.is(kind) {
                return;
            }
        }
    }

    /// Pops down to one of these, or a template, or the root.
    pub(super) fn clear_to(&mut self, kinds: &[Kind]) {
        while self.stack.len() > 1 {
            let kind = self.current();
            if kinds.contains(&kind) || matches!(kind, Kind::Template | Kind::Html) {
                return;
            }
            self.stack.pop();
        }
    }

    /// Section 13.2.6.3.
    pub(super) fn imply_end_tags(&mut self, except: Kind) {
        while self.current().is_implied() && self.current() != except {
            self.stack.pop();
        }
    }

    pub(super) fn close_p_in_button_scope(&mut self) {
        if self.in_button_scope(Kind::P) {
            self.imply_end_tags(Kind::P);
            self.pop_until(Kind::P);
        }
    }

    /// Takes a node out of the middle; what is in it stays in it.
    pub(super) fn take_out(&mut self, at: usize) {
        let node = self.stack.remove(at);
        if let Some(next) = self.stack.get_mut(at) {
            // It stays where the one around it was put.
            next.fostered |= node.fostered;
        }
        if let Some(above) = self.stack.get(at).map(|n| n.id) {
            self.lost_item |= node.item;
            let also: Vec<u32> = self.handed.iter().filter(|(_, h)| *h == node.id).map(|(o, _)| *o).collect();
            self.handed.extend(also.into_iter().chain([node.origin]).map(|o| (o, above)));
            if self.handed.len() > 64 {
                let stack = &self.stack;
                self.handed.retain(|(_, holder)| stack.iter().any(|n| n.id == *holder));
            }
        }
    }

    /// Section 13.2.4.3, "clear the list up to the last marker".
    pub(super) fn clear_to_marker(&mut self) {
        while let Some(Active::Element(_)) = self.formatting.pop() {}
    }

    /// What is open now, by the current element.
    pub(super) fn within(&self) -> Within {
        let formatting = self.formatting.iter().fold(0xCBF2_9CE4_8422_2325u64, |hash, active| {
            let id = if let Active::Element(e) = active { e.id } else { 0 };
            (hash ^ u64::from(id)).wrapping_mul(0x0100_0000_01B3)
        });
        Within { id: self.stack.last().map_or(0, |n| n.id), height: self.stack.len(), formatting }
    }

    /// Remembers the element just pushed.
    pub(super) fn remember(&mut self, start: &Start<'_>) {
        let Some(id) = self.stack.last().map(|n| n.id) else { return };
        let attributes = Attributes::of(start.tag, &self.hashing);
        self.forget_third(start.name, attributes);
        if self.formatting.len() >= MAX_FORMATTING {
            // More than browsers let be open at the same time.
            self.doubt();
            self.formatting.remove(0);
        }
        let dependent = self.selectors.depends() && self.selectors.any_depends(start.candidates);
        let owner = (!start.candidates.is_empty()).then(|| self.innermost_item());
        let Start { name, kind, origin, .. } = *start;
        let element = Formatting { name, kind, origin, id, attributes, item: false, dependent, owner };
        self.formatting.push(Active::Element(element));
    }

    /// Section 13.2.4.3: of three elements since the last marker that have the name and the attributes of a fourth the
    /// earliest is forgotten.
    fn forget_third(&mut self, name: Name, attributes: Attributes) {
        let (mut same, mut alike, mut earliest) = (0, 0, None);
        for (i, active) in self.formatting.iter().enumerate().rev() {
            match active {
                Active::Marker => break,
                Active::Element(e) if e.name != name => {}
                Active::Element(e) if e.attributes.hash == attributes.hash => {
                    same += 1;
                    earliest = Some(i);
                }
                Active::Element(e) => alike += usize::from(!(e.attributes.plain && attributes.plain)),
            }
        }
        if same + alike >= 3 && alike > 0 {
            self.doubt();
        }
        if same >= 3
            && let Some(i) = earliest
        {
            self.formatting.remove(i);
        }
    }

    /// A copy of a formatting element, with an id of its own; not yet on the stack.
    pub(super) fn copy(&mut self, active: Active) -> Option<(Node, Active)> {
        let Active::Element(old) = active else { return None };
        if old.dependent {
            self.failure = Some("a formatting element that the map names by its place is split");
        }
        if !old.item && old.owner.is_some_and(|owner| owner != self.innermost_item()) {
            self.failure = Some("a formatting element that the map names goes on in another person's element");
        }
        let id = self.new_id();
        // The copy stands where its candidates hit nothing new: see `dependent`. What is around it is.
        let around = self.stack.last().filter(|_| self.selectors.depends());
        let seen = around.and_then(|n| n.seen.as_ref()).map(|seen| Box::new(seen.inside()));
        let fostered = self.fosters();
        let Formatting { name, kind, origin, item, .. } = old;
        let node = Node { name, kind, space: Space::Html, point: Point::No, origin, id, item, fostered, seen };
        Some((node, Active::Element(Formatting { id, ..old })))
    }

    /// Opens formatting elements again that were closed by the end of what they stood in.
    #[inline]
    pub(super) fn reconstruct(&mut self) {
        match self.formatting.last() {
            None | Some(Active::Marker) => {}
            Some(Active::Element(e)) if self.is_on_stack(e.id) => {}
            Some(_) => self.reconstruct_all(),
        }
    }

    pub(super) fn is_on_stack(&self, id: u32) -> bool {
        self.stack.iter().rev().any(|n| n.id == id)
    }

    fn reconstruct_all(&mut self) {
        let open = |a: &Active| match a {
            Active::Marker => true,
            Active::Element(e) => self.is_on_stack(e.id),
        };
        let first = self.formatting.iter().rposition(open).map_or(0, |i| i + 1);
        for i in first..self.formatting.len() {
            let Some(active) = self.formatting.get(i).copied() else { return };
            let Some((node, copy)) = self.copy(active) else { return };
            if self.selectors.depends()
                && let Some(parent) = self.stack.last_mut()
            {
                self.selectors.count(parent.seen.get_or_insert_default(), node.name);
            }
            self.reopened.push(node.origin);
            self.reopenings += 1;
            self.put(node);
            if let Some(place) = self.formatting.get_mut(i) {
                *place = copy;
            }
        }
        self.overflowed |= self.stack.len() > super::MAX_DEPTH || self.reopenings > super::MAX_REOPENED;
    }

    /// Section 13.2.4.1, "reset the insertion mode appropriately".
    pub(super) fn reset_mode(&mut self) {
        for (i, node) in self.stack.iter().enumerate().rev() {
            if node.space != Space::Html {
                continue;
            }
            self.mode = match node.kind {
                Kind::Select => Mode::InSelect,
                Kind::Td | Kind::Th if i > 0 => Mode::InCell,
                Kind::Tr => Mode::InRow,
                Kind::Tbody | Kind::Thead | Kind::Tfoot => Mode::InTableBody,
                Kind::Caption => Mode::InCaption,
                Kind::Colgroup => Mode::InColumnGroup,
                Kind::Table => Mode::InTable,
                Kind::Template => self.templates.last().copied().unwrap_or(Mode::InBody),
                Kind::Head if i > 0 => Mode::InHead,
                Kind::Body => Mode::InBody,
                Kind::Html => {
                    if self.head_was {
                        Mode::AfterHead
                    } else {
                        Mode::BeforeHead
                    }
                }
                _ => continue,
            };
            return;
        }
        self.mode = Mode::InBody;
    }

    pub(super) fn has_template(&self) -> bool {
        !self.templates.is_empty()
    }
}

pub(super) fn ends_table_scope(node: &Node) -> bool {
    node.is(Kind::Table) || node.is(Kind::Template) || node.is(Kind::Html)
}

pub(super) fn is_table(kind: Kind) -> bool {
    matches!(kind, Kind::Table | Kind::Tbody | Kind::Thead | Kind::Tfoot | Kind::Tr)
}
