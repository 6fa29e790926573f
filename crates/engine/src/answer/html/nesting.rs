//! Whether a browser ends an element where the parser's stack does.
//!
//! The stack closes an element at the first end tag of its name, or of an element around it. A browser ignores an end
//! tag when certain elements are still open inside (HTML, section 13.2.6.4.7): in `<span><p>a</span>b` the `b` is still
//! in the span. A mask that ended too early would leave the rest of the value in the page, so such markup is an error
//! where something is masked. Only masked elements are checked: this costs nothing on pages that are wholly visible.

use memchr::memchr;
use memchr::memmem;

/// Elements of the category "special" that can have content.
const SPECIAL: [&str; 70] = [
    "address",
    "applet",
    "article",
    "aside",
    "blockquote",
    "body",
    "button",
    "caption",
    "center",
    "colgroup",
    "dd",
    "details",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "html",
    "iframe",
    "li",
    "listing",
    "main",
    "marquee",
    "menu",
    "nav",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "ol",
    "p",
    "plaintext",
    "pre",
    "script",
    "search",
    "section",
    "select",
    "style",
    "summary",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
    "xmp",
    "foreignobject",
    "desc",
    "annotation-xml",
    "mi",
    "mtext",
];

/// Formatting elements: their end tag takes them out of the stack whatever is open inside.
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// Elements that no end tag of an element around them reaches through.
const SCOPE: [&str; 13] = [
    "applet",
    "caption",
    "html",
    "table",
    "td",
    "th",
    "marquee",
    "object",
    "template",
    "select",
    "foreignobject",
    "desc",
    "annotation-xml",
];

/// End tags that reach through cells.
const TABLE: [&str; 8] = ["table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"];

/// Elements whose content is text.
const TEXT: [&str; 7] = ["script", "style", "textarea", "title", "xmp", "iframe", "noembed"];

fn among(list: &[&'static str], name: &[u8]) -> Option<&'static str> {
    list.iter().find(|n| n.as_bytes().eq_ignore_ascii_case(name)).copied()
}

/// The name of the tag whose `<` (and `/`) have been read.
fn name(tag: &[u8]) -> &[u8] {
    let end = tag.iter().position(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0C | b'/' | b'>'));
    tag.get(..end.unwrap_or(tag.len())).unwrap_or_default()
}

/// Whether the element `own`, with this content, ends at `end_tag` for a browser too.
pub(super) fn ends_there(own: &[u8], content: &[u8], end_tag: &[u8]) -> bool {
    let closing = name(end_tag.get(2..).unwrap_or_default());
    let is_own = closing.eq_ignore_ascii_case(own);
    let mut open = open_at_end(content);
    if !is_own && let Some(own) = among(&SPECIAL, own) {
        open.insert(0, own);
    }
    let formatting = among(&FORMATTING, closing).is_some();
    if among(&SPECIAL, closing).is_none() && !(formatting && is_own) {
        return open.is_empty();
    }
    let through_cells = among(&TABLE, closing).is_some();
    !open.iter().any(|n| if through_cells { matches!(*n, "table" | "template") } else { SCOPE.contains(n) })
}

/// The special elements that are open at the end of a piece of markup, outermost first.
fn open_at_end(content: &[u8]) -> Vec<&'static str> {
    let mut open: Vec<&'static str> = Vec::new();
    let mut rest = content;
    while let Some(at) = memchr(b'<', rest) {
        rest = rest.get(at + 1..).unwrap_or_default();
        if let Some(comment) = rest.strip_prefix(b"!--") {
            rest = memmem::find(comment, b"-->").and_then(|end| comment.get(end + 3..)).unwrap_or_default();
            continue;
        }
        let (end_tag, tag) = rest.strip_prefix(b"/").map_or((false, rest), |t| (true, t));
        if !tag.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        let found = among(&SPECIAL, name(tag));
        rest = after_tag(tag);
        let Some(found) = found else { continue };
        if end_tag {
            if let Some(i) = open.iter().rposition(|n| *n == found) {
                open.truncate(i);
            }
            continue;
        }
        if let Some(text) = among(&TEXT, found.as_bytes()) {
            rest = after_text(rest, text);
            continue;
        }
        let closes = match found {
            "li" => open.last() == Some(&"li"),
            "dd" | "dt" => matches!(open.last(), Some(&("dd" | "dt"))),
            "td" | "th" => matches!(open.last(), Some(&("td" | "th"))),
            "button" | "select" => false,
            _ => open.last() == Some(&"p"),
        };
        if closes {
            open.pop();
        }
        if found == "tr" && matches!(open.last(), Some(&("td" | "th"))) {
            open.pop();
        }
        if found == "tr" && open.last() == Some(&"tr") {
            open.pop();
        }
        open.push(found);
    }
    open
}

/// What follows the `>` of a tag; a `>` in a quoted value is not it.
fn after_tag(tag: &[u8]) -> &[u8] {
    let mut quote: Option<u8> = None;
    let mut after_equals = false;
    for (i, b) in tag.iter().enumerate() {
        match (quote, *b) {
            (Some(q), b) if b == q => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return tag.get(i + 1..).unwrap_or_default(),
            (None, b'"' | b'\'') if after_equals => quote = Some(*b),
            (None, _) => {}
        }
        if !b.is_ascii_whitespace() {
            after_equals = quote.is_none() && *b == b'=';
        }
    }
    &[]
}

/// What follows the end tag of an element whose content is text.
fn after_text<'t>(content: &'t [u8], element: &str) -> &'t [u8] {
    let mut rest = content;
    while let Some(at) = memmem::find(rest, b"</") {
        rest = rest.get(at + 2..).unwrap_or_default();
        if name(rest).eq_ignore_ascii_case(element.as_bytes()) {
            return after_tag(rest);
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_tag_that_a_browser_ignores_is_noticed() {
        let same = |own: &str, content: &str, end: &str| ends_there(own.as_bytes(), content.as_bytes(), end.as_bytes());
        assert!(same("span", "a <b>c</b> <p title='>'>d</p><img>", "</span>"));
        assert!(same("SPAN", "<!-- <p> --><script>'<div>'</script><ul><li>a<li>b</ul>", "</Span >"));
        assert!(same("div", "<p>a<p>b", "</div>"));
        assert!(same("a", "<div>", "</a>"));
        assert!(same("td", "<b>a", "</tr>"));
        assert!(same("span", "a", "</li>"));
        assert!(same("p", "a", "</div>"));
        assert!(!same("span", "<p>a", "</span>"));
        assert!(!same("x-card", "<div>a<p>b</p>", "</x-card>"));
        assert!(!same("div", "<table><tr><td>a", "</div>"));
        assert!(!same("p", "a", "</label>"));
        assert!(!same("p", "a", "</b>"));
        assert!(!same("td", "<table><tr>", "</td>"));
    }
}
