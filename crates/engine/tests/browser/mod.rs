//! What a browser makes of a page, by html5ever: the values that its tree has in the fields of a person.
//!
//! Used by `answer_browser.rs` and by the fuzz target `html_mask`. Every value of a page is a word of its own, `w17q`.
#![allow(dead_code, reason = "each user uses its part")]

pub mod markup;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use html5ever::tendril::TendrilSink;
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Node, NodeData, RcDom};

/// An element on the way to a value: its tag, classes, attributes, and its place among the elements of its parent.
#[derive(Clone)]
pub struct Step {
    pub tag: String,
    pub attributes: BTreeMap<String, String>,
    /// From 1; among all, and among those of the same tag.
    pub place: (usize, usize),
}

impl Step {
    pub fn has(&self, class: &str) -> bool {
        self.attributes.get("class").is_some_and(|c| c.split_ascii_whitespace().any(|c| c == class))
    }
}

/// All words of a page with the elements around each, outermost first.
pub fn words(page: &str, scripting: bool) -> Vec<(String, Vec<Step>)> {
    let tree_builder = TreeBuilderOpts { scripting_enabled: scripting, ..TreeBuilderOpts::default() };
    let options = ParseOpts { tree_builder, ..ParseOpts::default() };
    let dom = parse_document(RcDom::default(), options).one(page);
    let mut found = Vec::new();
    let mut todo: Vec<(Rc<Node>, Vec<Step>)> = vec![(dom.document.clone(), Vec::new())];
    while let Some((node, around)) = todo.pop() {
        let mut note = |text: &str, around: &[Step]| {
            found.extend(words_of(text).into_iter().map(|w| (w, around.to_vec())));
        };
        let mut here = around.clone();
        match &node.data {
            NodeData::Text { contents } => note(&contents.borrow(), &around),
            NodeData::Comment { contents } => note(contents, &around),
            NodeData::Element { name, attrs, template_contents, .. } => {
                let attributes = RefCell::borrow(attrs);
                let place = place(&node);
                here.push(Step {
                    tag: name.local.to_string(),
                    attributes: attributes.iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect(),
                    place,
                });
                for a in attributes.iter() {
                    note(&a.value, &here);
                }
                if let Some(inside) = template_contents.borrow().as_ref() {
                    todo.extend(inside.children.borrow().iter().map(|c| (Rc::clone(c), here.clone())));
                }
            }
            _ => {}
        }
        todo.extend(node.children.borrow().iter().map(|c| (Rc::clone(c), here.clone())));
    }
    found
}

/// The words that an element which `fits` holds, in a browser with or without scripting.
pub fn held(page: &str, fits: impl Fn(&[Step]) -> bool) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for scripting in [false, true] {
        let found = words(page, scripting).into_iter();
        all.extend(found.filter(|(_, around)| (1..=around.len()).any(|n| fits(&around[..n]))).map(|(word, _)| word));
    }
    all
}

/// Whether the innermost of these elements has the class `email`.
pub fn is_email(around: &[Step]) -> bool {
    around.last().is_some_and(|e| e.has("email"))
}

/// Whether the innermost is a field of somebody in a list other than `shown`.
pub fn of_somebody_else(around: &[Step], shown: Option<&String>) -> bool {
    let field = around.last().is_some_and(|e| e.has("name") || e.has("email"));
    let owner = around.iter().rev().find(|e| e.has("member")).and_then(|e| e.attributes.get("data-id"));
    field && owner.is_some_and(|o| Some(o) != shown)
}

fn place(node: &Rc<Node>) -> (usize, usize) {
    let parent = node.parent.take();
    let above = parent.as_ref().and_then(std::rc::Weak::upgrade);
    node.parent.set(parent);
    let Some(above) = above else { return (1, 1) };
    let name = |n: &Node| match &n.data {
        NodeData::Element { name, .. } => Some(name.local.clone()),
        _ => None,
    };
    let own = name(node);
    let (mut all, mut same) = (0, 0);
    for sibling in above.children.borrow().iter() {
        all += usize::from(name(sibling).is_some());
        same += usize::from(name(sibling) == own);
        if Rc::ptr_eq(sibling, node) {
            break;
        }
    }
    (all, same)
}

/// The words `w17q` in a text.
pub fn words_of(text: &str) -> Vec<String> {
    let word = |t: &&str| {
        t.strip_prefix('w')
            .and_then(|t| t.strip_suffix('q'))
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(word).map(str::to_owned).collect()
}
