//! End tags of formatting elements: the adoption agency (HTML, section 13.2.6.4.7).

use super::stack::is_table;
use super::{Active, Kind, Name, Node, Space, Tree};

impl Tree {
    fn last_active(&self, name: Name) -> Option<usize> {
        for (i, active) in self.formatting.iter().enumerate().rev() {
            match active {
                Active::Marker => return None,
                Active::Element(e) if e.name == name => return Some(i),
                Active::Element(_) => {}
            }
        }
        None
    }

    fn active_id(&self, at: usize) -> Option<u32> {
        match self.formatting.get(at) {
            Some(Active::Element(e)) => Some(e.id),
            _ => None,
        }
    }

    fn place_in_list(&self, id: u32) -> Option<usize> {
        self.formatting.iter().rposition(|a| matches!(a, Active::Element(e) if e.id == id))
    }

    /// Whether an `a` (a `nobr`) is remembered since the last marker.
    pub(super) fn is_active(&self, name: Name) -> bool {
        self.last_active(name).is_some()
    }

    /// What a start tag `a` does to one that is still open.
    pub(super) fn end_open_link(&mut self, name: Name) {
        let Some(id) = self.last_active(name).and_then(|i| self.active_id(i)) else { return };
        self.adopt(name);
        if let Some(i) = self.place_in_list(id) {
            self.formatting.remove(i);
        }
        if let Some(i) = self.stack.iter().rposition(|n| n.id == id) {
            self.take_out(i);
        }
    }

    /// The end tag of a formatting element, or of anything the body's rules do not name.
    pub(super) fn adopt(&mut self, name: Name) {
        if let Some(node) = self.stack.last().filter(|n| n.name == name && n.space == Space::Html)
            && self.place_in_list(node.id).is_none()
        {
            self.stack.pop();
            return;
        }
        if self.uncertain && self.formatting.iter().any(|a| matches!(a, Active::Element(e) if e.item)) {
            self.failure = Some("a person's element is split, or is not");
        }
        for _ in 0..8 {
            let Some((in_list, id)) = self.last_active(name).and_then(|i| Some((i, self.active_id(i)?))) else {
                self.any_other_end_tag(name);
                return;
            };
            let Some(at) = self.stack.iter().rposition(|n| n.id == id) else {
                self.formatting.remove(in_list);
                return;
            };
            if self.stack.iter().skip(at + 1).any(Node::ends_scope) {
                return;
            }
            let Some(block) = self.stack.iter().skip(at + 1).position(Node::is_special).map(|i| at + 1 + i) else {
                self.stack.truncate(at);
                self.formatting.remove(in_list);
                return;
            };
            self.split(id, at, block);
        }
    }

    /// Steps 4.9 to 4.19: the formatting element at `at` ends, and goes on within the block at `block`.
    fn split(&mut self, id: u32, at: usize, block: usize) {
        let Some(block_id) = self.stack.get(block).map(|n| n.id) else { return };
        if self.stack.get(at).is_some_and(|n| self.last_dependent > n.origin) {
            // What is in the block gets another parent, and some of it may have left.
            self.failure = Some("elements that the map names by their place are moved");
        }
        if self.stack.iter().take(block).skip(at).any(|n| n.item) {
            self.failure = Some("a person's element is split");
        }
        let mut bookmark: Option<u32> = None;
        let mut last_is_block = true;
        let mut i = block;
        let mut count = 0usize;
        while i > at + 1 {
            i -= 1;
            count += 1;
            let Some(node_id) = self.stack.get(i).map(|n| n.id) else { return };
            let mut in_list = self.place_in_list(node_id);
            if count > 3
                && let Some(place) = in_list
            {
                self.formatting.remove(place);
                in_list = None;
            }
            let Some(active) = in_list.and_then(|place| self.formatting.get(place).copied()) else {
                self.stack.remove(i);
                continue;
            };
            let Some((mut node, copy)) = self.copy(active) else { return };
            if let (Some(place), Active::Element(new)) = (in_list, copy) {
                if let Some(entry) = self.formatting.get_mut(place) {
                    *entry = copy;
                }
                if last_is_block {
                    bookmark = Some(new.id);
                }
            }
            last_is_block = false;
            if let Some(old) = self.stack.get_mut(i) {
                node.seen = old.seen.take();
                *old = node;
            }
        }
        let Some(in_list) = self.place_in_list(id) else { return };
        let Some((mut node, copy)) = self.formatting.get(in_list).copied().and_then(|a| self.copy(a)) else { return };
        match bookmark.and_then(|b| self.place_in_list(b)) {
            None => {
                if let Some(entry) = self.formatting.get_mut(in_list) {
                    *entry = copy;
                }
            }
            Some(after) => {
                self.formatting.insert(after + 1, copy);
                self.formatting.remove(if in_list > after { in_list + 1 } else { in_list });
            }
        }
        if let Some(found) = self.stack.iter().rposition(|n| n.id == id) {
            self.stack.remove(found);
            // What was in it goes to what it was in: before a table, where that is one.
            let around = found.checked_sub(1).and_then(|i| self.stack.get(i));
            let fostered = self.fostering && around.is_some_and(|n| n.space == Space::Html && is_table(n.kind));
            if let Some(moved) = self.stack.get_mut(found) {
                moved.fostered = fostered;
            }
        }
        let Some(block) = self.stack.iter().rposition(|n| n.id == block_id) else { return };
        if let Some(seen) = self.stack.get_mut(block).and_then(|n| n.seen.as_mut()) {
            node.seen = Some(seen.clone());
            seen.holds_only(node.name);
        }
        self.stack.insert(block + 1, node);
    }

    pub(super) fn any_other_end_tag(&mut self, name: Name) {
        for i in (0..self.stack.len()).rev() {
            let Some(node) = self.stack.get(i) else { return };
            if node.name == name && node.space == Space::Html {
                let kind = node.kind;
                let id = node.id;
                self.imply_end_tags(if kind.is_implied() { kind } else { Kind::Other });
                if let Some(found) = self.stack.iter().rposition(|n| n.id == id) {
                    self.stack.truncate(found);
                }
                return;
            }
            if node.is_special() {
                return;
            }
        }
    }
}
