//! What stands where a masked field stood.
//!
//! The value must be gone wherever the element could hold it: all of its content and all of its attributes except
//! a few that place it in the page ([`SAFE_ATTRIBUTES`]). Elements that give the page its shape keep their tag; others
//! (links, pictures, inputs) are replaced, because without their attributes they would be broken or misleading.

use std::fmt::Write as _;

use super::html::{Tag, TagReader, is_space};

/// Attributes a masked element keeps.
const SAFE_ATTRIBUTES: [&[u8]; 5] = [b"class", b"role", b"lang", b"dir", b"itemprop"];

/// Attributes that hold the same picture as `src` does; they go with it.
const SAME_AS_SRC: [&[u8]; 5] = [b"srcset", b"data-src", b"data-srcset", b"data-original", b"lowsrc"];

/// The text of every mask.
const HIDDEN: &str = "hidden";

/// A field's name, ready to be put into markup.
#[derive(Debug)]
pub(super) struct Label(Box<str>);

impl Label {
    pub(super) fn new(name: &str) -> Self {
        Self(escape(name).into())
    }
}

/// What a mask says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note<'a> {
    pub(super) label: &'a Label,
    pub(super) link: Option<&'a str>,
}

/// Text for element content and quoted attributes, in ASCII, so that it is right in every encoding this room reads.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            ' '..='~' => out.push(c),
            c => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
        }
    }
    out
}

impl Note<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<span class=\"hedgerow-masked\">");
        out.extend_from_slice(HIDDEN.as_bytes());
        if let Some(link) = self.link {
            out.extend_from_slice(b" <a class=\"hedgerow-reveal\" href=\"");
            out.extend_from_slice(escape(link).as_bytes());
            out.extend_from_slice(b"\" rel=\"nofollow\">Show ");
            out.extend_from_slice(self.label.0.as_bytes());
            out.extend_from_slice(b"</a>");
        }
        out.extend_from_slice(b"</span>");
    }
}

/// What is done with a masked element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The tag stays; inside, these two strings go around the note.
    Keep(&'static str, &'static str),
    /// The tag stays, with this text in it and no markup.
    Text(&'static str),
    /// The element is replaced by the note.
    Replace,
    /// The element goes, and nothing takes its place: no text may stand there.
    Drop,
}

/// The shape for the element of a start tag.
pub(super) fn shape(raw_tag: &[u8]) -> Shape {
    let reader = TagReader::of(raw_tag);
    let tag = reader.tag();
    let mut name = [0u8; 12];
    let Some(lower) = name.get_mut(..tag.name.len()) else { return Shape::Replace };
    lower.copy_from_slice(tag.name);
    lower.make_ascii_lowercase();
    match &*lower {
        b"tr" => Shape::Keep("<td>", "</td>"),
        b"table" | b"tbody" | b"thead" | b"tfoot" => Shape::Keep("<tr><td>", "</td></tr>"),
        b"ul" | b"ol" | b"menu" => Shape::Keep("<li>", "</li>"),
        b"dl" => Shape::Keep("<dd>", "</dd>"),
        b"html" | b"body" | b"main" | b"div" | b"p" | b"section" | b"article" | b"aside" | b"header" | b"footer"
        | b"nav" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"td" | b"th" | b"li" | b"dd" | b"dt" | b"span"
        | b"figure" | b"figcaption" | b"blockquote" | b"caption" | b"legend" | b"label" | b"strong" | b"em" | b"b"
        | b"i" | b"small" | b"summary" | b"details" | b"pre" | b"code" | b"q" | b"cite" => Shape::Keep("", ""),
        b"title" | b"textarea" | b"option" => Shape::Text(HIDDEN),
        // Only a data block needs to stay parseable; an emptied script or style does nothing.
        b"script" if is_data_block(&tag) => Shape::Text("{}"),
        b"script" | b"style" => Shape::Text(""),
        b"head" | b"meta" | b"link" | b"source" | b"track" | b"base" | b"param" | b"area" | b"col" | b"colgroup"
        | b"optgroup" | b"frame" | b"template" => Shape::Drop,
        _ => Shape::Replace,
    }
}

/// How a masked element ends.
#[derive(Debug)]
pub(super) struct Closing {
    /// The element's name.
    pub(super) name: Box<[u8]>,
    /// Whether the element's own end tag stays, as its start tag did.
    pub(super) kept: bool,
}

impl Closing {
    /// Whether `end_tag` is the element's own end tag, and not the one of an element around it.
    pub(super) fn is_own(&self, end_tag: &[u8]) -> bool {
        let Some(rest) = end_tag.strip_prefix(b"</") else { return false };
        rest.get(..self.name.len()).is_some_and(|n| n.eq_ignore_ascii_case(&self.name))
            && !rest.get(self.name.len()).is_some_and(|b| !is_space(*b) && *b != b'/' && *b != b'>')
    }
}

impl Shape {
    /// Whether a link can stand in the mask.
    pub(super) fn takes_markup(self) -> bool {
        matches!(self, Self::Keep(..) | Self::Replace)
    }

    /// Writes the mask: everything but the element's own end tag. What is returned is needed to recognise that tag.
    pub(super) fn open(self, raw_tag: &[u8], note: &Note<'_>, out: &mut Vec<u8>) -> Closing {
        let reader = TagReader::of(raw_tag);
        let tag = reader.tag();
        match self {
            Self::Keep(before, after) => {
                write_safe(&tag, out);
                out.extend_from_slice(before.as_bytes());
                note.write(out);
                out.extend_from_slice(after.as_bytes());
            }
            Self::Text(text) => {
                write_safe(&tag, out);
                out.extend_from_slice(text.as_bytes());
            }
            Self::Replace => note.write(out),
            Self::Drop => {}
        }
        Closing { name: tag.name.into(), kept: matches!(self, Self::Keep(..) | Self::Text(_)) }
    }
}

/// Writes a start tag without some of its attributes (lower-case names; every occurrence goes).
pub(super) fn without_attributes(raw_tag: &[u8], gone: &[&str], out: &mut Vec<u8>) {
    let reader = TagReader::of(raw_tag);
    let tag = reader.tag();
    let src = gone.contains(&"src");
    let goes = |name: &[u8]| {
        gone.iter().any(|g| name.eq_ignore_ascii_case(g.as_bytes()))
            || (src && SAME_AS_SRC.iter().any(|s| name.eq_ignore_ascii_case(s)))
    };
    out.push(b'<');
    out.extend_from_slice(tag.name);
    let mut has_alt = false;
    for (name, written) in tag.written() {
        has_alt |= name.eq_ignore_ascii_case(b"alt");
        if !goes(name) {
            out.push(b' ');
            out.extend_from_slice(written);
        }
    }
    if tag.name.eq_ignore_ascii_case(b"meta") && gone.contains(&"content") {
        out.extend_from_slice(b" content=\"\"");
    }
    if src && tag.name.eq_ignore_ascii_case(b"img") && !has_alt {
        out.extend_from_slice(b" alt=\"\"");
    }
    out.extend_from_slice(if tag.self_closing { b" />" } else { b">" });
}

/// A script whose type says that it is data, and not a program.
fn is_data_block(tag: &Tag<'_, '_>) -> bool {
    tag.attribute(b"type").is_some_and(|kind| kind.to_ascii_lowercase().ends_with(b"json"))
}

/// Writes a tag with its safe attributes. A data block keeps that it is one, else its `{}` would be a program.
fn write_safe(tag: &Tag<'_, '_>, out: &mut Vec<u8>) {
    out.push(b'<');
    out.extend_from_slice(tag.name);
    for (name, written) in tag.written() {
        if SAFE_ATTRIBUTES.iter().any(|s| name.eq_ignore_ascii_case(s)) {
            out.push(b' ');
            out.extend_from_slice(written);
        }
    }
    if tag.name.eq_ignore_ascii_case(b"script") && is_data_block(tag) {
        out.extend_from_slice(b" type=\"application/ld+json\"");
    }
    out.push(b'>');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(tag: &str) -> String {
        let mut out = Vec::new();
        let label = Label::new("e<mail");
        shape(tag.as_bytes()).open(tag.as_bytes(), &Note { label: &label, link: Some("/r?a=1&b=\"") }, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_masked_element_keeps_only_what_places_it() {
        let out = masked("<TD class='x y' title=\"a@b.example\" data-v=a@b.example lang=en>");
        assert!(out.starts_with("<TD class='x y' lang=en><span class=\"hedgerow-masked\">hidden <a "), "{out}");
        assert!(out.contains("href=\"/r?a=1&amp;b=&quot;\""));
        assert!(out.contains("Show e&lt;mail</a>"));
        assert!(!out.contains("example"));
        assert!(masked("<a href=mailto:x>").starts_with("<span class=\"hedgerow-masked\">"));
        assert_eq!(masked("<meta content=x>"), "");
        assert_eq!(masked("<title>"), "<title>hidden");
        let data = masked("<script type='application/ld+json' id=x>");
        assert_eq!(data, "<script type=\"application/ld+json\">{}");
        assert_eq!(masked("<script src=x>"), "<script>");
    }

    #[test]
    fn an_attribute_is_taken_out_wherever_it_stands() {
        let strip = |tag: &str, gone: &[&str]| {
            let mut out = Vec::new();
            without_attributes(tag.as_bytes(), gone, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(strip("<img SRC = 'a b' class=x srcset=\"a 2x\" src=c/>", &["src"]), "<img class=x alt=\"\">");
        assert_eq!(strip("<img alt src=c />", &["src"]), "<img alt />");
        assert_eq!(strip("<meta name=a content=\"x>y\">", &["content"]), "<meta name=a content=\"\">");
        assert_eq!(strip("<a/b=1/c>", &["c"]), "<a b=1/c>");
        assert_eq!(strip("<a =x=1 href>", &["href"]), "<a =x=1>");
    }
}
