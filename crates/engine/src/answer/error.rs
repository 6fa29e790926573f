//! What can go wrong in the answer room, in the operator's words.

/// Why an answer could not be read. The route's `on_unreadable` applies; a visitor sees none of this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// A selector of the people map that the reader does not know.
    #[error(
        "route `{route}`: the selector `{selector}` cannot be used ({why}); write it with tags, classes, attributes, `>` and spaces"
    )]
    Selector {
        /// The route's name.
        route: String,
        /// As written.
        selector: String,
        /// The selector parser's word.
        why: String,
    },
    /// A pattern of the people map that is no regular expression.
    #[error("route `{route}`: the pattern for identifiers cannot be used: {why}")]
    Pattern {
        /// The route's name.
        route: String,
        /// The expression parser's word.
        why: String,
    },
    /// The plan and the site do not belong together.
    #[error("the plan of this route was compiled for another policy; compile it again")]
    Plan,
    /// A kind of document the route says nothing about.
    #[error(
        "the answer is {found}, and the people map of this route has no source for that; add one or correct the route"
    )]
    Media {
        /// `HTML` or `JSON`.
        found: &'static str,
    },
    /// A character encoding that does not keep ASCII bytes, so that markup cannot be told from text.
    #[error("the answer's character encoding `{0}` cannot be read safely; let the site send UTF-8")]
    Encoding(String),
    /// Longer than the route allows.
    #[error("the answer is longer than the {limit} bytes this route reads; raise `max_body_bytes` if that is usual")]
    TooLarge {
        /// The route's limit.
        limit: usize,
    },
    /// One item of a list is longer than what is held back for its identifier.
    #[error("one item of the list is longer than {limit} bytes, or is never closed; check the `item` selector")]
    ItemTooLarge {
        /// The limit.
        limit: usize,
    },
    /// More people than one response may show.
    #[error("the answer shows more than {limit} people or fields of people; split it into pages")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The parser's memory is used up (deep nesting, an endless tag).
    #[error("the markup needs more memory than the reader may use; it is nested very deeply or has a very long tag")]
    Memory,
    /// Markup that browsers may read in two ways.
    #[error("the markup can be read in two ways ({0}); correct the page")]
    Ambiguous(String),
    /// Not JSON.
    #[error("the answer is not valid JSON at byte {at}: {why}")]
    Malformed {
        /// Offset in the body.
        at: usize,
        /// What was expected.
        why: &'static str,
    },
    /// The application's header that names people cannot be read.
    #[error(
        "the header that names the people cannot be read: {0}; send an RFC 9651 list such as `\"42\";fields=\"name email\"`"
    )]
    Header(String),
    /// A content coding that is broken or cut short.
    #[error("the answer's {coding} coding is broken: {why}")]
    Coding {
        /// `gzip`, `br`, ...
        coding: &'static str,
        /// The decoder's word.
        why: String,
    },
    /// A content coding that unpacks to more than is reasonable.
    #[error("the answer's {coding} coding unpacks to more than {limit} bytes; it may be a decompression bomb")]
    Bomb {
        /// `gzip`, `br`, ...
        coding: &'static str,
        /// How much was allowed at that point.
        limit: u64,
    },
    /// Reading had already failed.
    #[error("the answer could not be read before; nothing more of it is shown")]
    Stopped,
    /// Positions that do not add up: a defect of ours, reported instead of guessed around.
    #[error("the reader lost its place in the answer; please report this page's markup")]
    LostPlace,
}
