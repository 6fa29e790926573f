//! The people map: how to read people and their fields from an answer.

use serde::Deserialize;

/// How the people of a route are read. The application's own response header, where it is sent, comes before this.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PersonSource {
    /// The `{person}` of the path template.
    Path,
    /// Each element that matches `item` is one person; the identifier is in `attribute` of the element itself, or of
    /// the first descendant that matches `id`, and `pattern`'s first group is the identifier.
    Html {
        /// CSS selector of the element that holds one person.
        item: String,
        /// CSS selector of the descendant with the identifier; absent = the item itself.
        id: Option<String>,
        /// Attribute with the identifier.
        attribute: String,
        /// Regular expression whose first group is the identifier.
        pattern: String,
    },
    /// Each value at `item` is one person; the identifier is at `id` below it.
    Json {
        /// Where a person is, e.g. `$.results[*]`; `$` for a document that is one person.
        item: JsonPath,
        /// Where the identifier is, below the item, e.g. `$.id`.
        id: JsonPath,
    },
    /// Only the application's header says.
    Header,
}

/// Where one field is, in an answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FieldSource {
    /// Elements that match, inside the item (or anywhere, for a route whose person is in the path).
    Html {
        /// CSS selector.
        selector: String,
        /// Only this attribute holds the field (`src` of a picture); absent = the whole element does.
        attribute: Option<String>,
    },
    /// Values at this path below the item.
    Json {
        /// e.g. `$.contact.email`.
        path: JsonPath,
    },
}

/// One field of a route: which field, and where.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Index into `site.fields`.
    pub field: usize,
    /// All places that hold it.
    pub at: Vec<FieldSource>,
}

/// A JSON path of the small kind we read: names, `[*]`, `[n]`. Compiled to its steps by the policy compiler.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct JsonPath(pub Vec<Step>);

/// One step of a [`JsonPath`].
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Member of an object.
    Name(String),
    /// Element of an array.
    Index(usize),
    /// Every element of an array.
    Each,
}
