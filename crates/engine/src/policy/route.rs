//! Routes: path templates, and which route a path belongs to.

use serde::Deserialize;

use super::people::{PersonSource, Reading};
use super::site::OnFailure;

/// What a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    /// One person.
    Profile,
    /// Several people.
    List,
    /// Several people, found by words.
    Search,
    /// Data for programs.
    Api,
    /// Many people as a file.
    Export,
    /// Anything else.
    Other,
}

/// One line of the people map.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Short name, unique in the site: goes into the ledger.
    pub name: String,
    /// `/members/{person}`; `{name}` matches one segment, `{name...}` (last) matches the rest.
    pub path: PathTemplate,
    /// Methods; empty = all.
    #[serde(default)]
    pub methods: Vec<String>,
    /// What it is for.
    pub kind: RouteKind,
    /// Routes of one family share one posture. Budgets are for the whole site.
    pub family: String,
    /// How its people are read.
    pub person: PersonSource,
    /// Its fields, and where.
    #[serde(default)]
    pub fields: Vec<Reading>,
    /// What happens when the answer cannot be read.
    pub on_unreadable: OnFailure,
    /// Longest answer that is read, in bytes; beyond it `on_unreadable` applies.
    pub max_body_bytes: usize,
}

/// A compiled path template.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct PathTemplate {
    text: String,
    parts: Vec<Part>,
    rest: bool,
}

#[derive(Debug, Clone)]
enum Part {
    Literal(String),
    /// Literal before, name, literal after: `user-{person}.html`.
    Param(String, String, String),
}

/// A route and what its template caught.
#[derive(Debug, Clone)]
pub struct RouteMatch<'a> {
    /// Index into `site.routes`.
    pub index: usize,
    /// The route.
    pub route: &'a Route,
    /// The `{person}` of the template, percent-decoded.
    pub person: Option<String>,
}

impl TryFrom<String> for PathTemplate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let body = text.strip_prefix('/').ok_or_else(|| format!("the path `{text}` must begin with `/`"))?;
        let mut parts = Vec::new();
        let mut rest = false;
        for seg in body.split('/') {
            if rest {
                return Err(format!("in `{text}`, `{{...}}` must be the last part"));
            }
            match (seg.find('{'), seg.find('}')) {
                (None, None) => parts.push(Part::Literal(seg.to_owned())),
                (Some(a), Some(b)) if a < b && !seg[b + 1..].contains('{') => {
                    let name = &seg[a + 1..b];
                    if let Some(n) = name.strip_suffix("...") {
                        if n.is_empty() || a != 0 || b + 1 != seg.len() {
                            return Err(format!("in `{text}`, `{{{name}}}` must stand alone between slashes"));
                        }
                        rest = true;
                    }
                    if name.is_empty() {
                        return Err(format!("in `{text}`, `{{}}` needs a name"));
                    }
                    let name = name.trim_end_matches("...").to_owned();
                    parts.push(Part::Param(seg[..a].to_owned(), name, seg[b + 1..].to_owned()));
                }
                _ => {
                    return Err(format!("in `{text}`, the part `{seg}` has unmatched or several braces"));
                }
            }
        }
        Ok(Self { text, parts, rest })
    }
}

impl PathTemplate {
    /// The template as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `path` fits, and the raw `{person}` it holds: `None` does not fit, `Some(None)` fits without a person.
    /// A trailing slash is ignored, as most sites do; a person is never the empty string.
    #[must_use]
    pub fn matches<'p>(&self, path: &'p str) -> Option<Option<&'p str>> {
        self.fits(path, |literal, segment| literal == segment)
    }

    /// [`PathTemplate::matches`], with the letters of literal parts in any case and their `;` parameters ignored.
    #[must_use]
    pub fn matches_any_case<'p>(&self, path: &'p str) -> Option<Option<&'p str>> {
        self.fits(path, |literal, segment| segment.split(';').next().is_some_and(|s| literal.eq_ignore_ascii_case(s)))
    }

    fn fits<'p>(&self, path: &'p str, same: fn(&str, &str) -> bool) -> Option<Option<&'p str>> {
        let body = path.strip_prefix('/')?;
        let body = if body.len() > 1 { body.strip_suffix('/').unwrap_or(body) } else { body };
        let mut segs = body.split('/');
        let mut person = None;
        let mut used = 0;
        for (i, part) in self.parts.iter().enumerate() {
            let last = i + 1 == self.parts.len();
            if last && self.rest {
                let tail = body.get(used..).filter(|t| !t.is_empty())?;
                if let Part::Param(_, name, _) = part
                    && name == "person"
                {
                    person = Some(tail);
                }
                return Some(person);
            }
            let seg = segs.next()?;
            used += seg.len() + 1;
            match part {
                Part::Literal(l) if same(l, seg) => {}
                Part::Literal(l) if l.is_empty() && last && seg.is_empty() => {}
                Part::Literal(_) => return None,
                Part::Param(before, name, after) => {
                    let v = seg.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
                    if v.is_empty() {
                        return None;
                    }
                    if name == "person" {
                        person = Some(v);
                    }
                }
            }
        }
        if segs.next().is_some() { None } else { Some(person) }
    }

    /// Literal parts count for more than parameters when two templates fit: the more literal one wins.
    #[must_use]
    pub fn literalness(&self) -> usize {
        self.parts.iter().filter(|p| matches!(p, Part::Literal(_))).count() * 2 + usize::from(!self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(s: &str) -> PathTemplate {
        PathTemplate::try_from(s.to_owned()).unwrap()
    }

    #[test]
    fn a_template_catches_its_person() {
        assert_eq!(t("/members/{person}").matches("/members/42"), Some(Some("42")));
        assert_eq!(t("/members/{person}").matches("/members/42/"), Some(Some("42")));
        assert_eq!(t("/members/{person}").matches("/members/"), None);
        assert_eq!(t("/members/{person}").matches("/members/42/edit"), None);
        assert_eq!(t("/u/user-{person}.html").matches("/u/user-a.html"), Some(Some("a")));
        assert_eq!(t("/files/{person...}").matches("/files/a/b"), Some(Some("a/b")));
        assert_eq!(t("/").matches("/"), Some(None));
        assert_eq!(t("/members").matches("/members"), Some(None));
        assert_eq!(t("/members").matches("/memberships"), None);
    }

    #[test]
    fn a_wrong_template_says_what_is_wrong() {
        for bad in ["members", "/a/{x", "/a/{}", "/a/{x...}/b", "/a/b{x...}"] {
            assert!(PathTemplate::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
