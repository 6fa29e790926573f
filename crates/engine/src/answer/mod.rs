//! The answer room: which people, and which of their fields, a response body shows, and what of it may leave.
//!
//! In comes the body of one response, piece by piece, with a [`Plan`] (the route's line of the people map, compiled
//! once) and a [`Decide`], which knows the budgets. Out goes the same body with the fields that may not be shown
//! masked. Everything that is not masked leaves byte for byte as the site wrote it. `Decide` is always asked before
//! a byte that depends on its word is put out; a body that cannot be read to the end is an error, and never leaves
//! half masked.
//!
//! * HTML is read for positions only; the bytes themselves are cut and joined in [`html`], and never printed anew.
//!   [`selector`] says which elements the map names.
//! * JSON is held whole, checked against RFC 8259, and cut in [`json`].
//! * [`named`] reads the application's own word, which comes before both.
//! * [`coding`] opens and closes content codings around all this.
//!
//! The room must never count anything itself, keep a clock, or remember a person after the response.

mod chooser;
pub mod coding;
mod error;
mod html;
mod identifier;
mod json;
mod mask;
mod named;
mod plan;
mod selector;

use crate::policy::{FieldSet, Site};

pub use error::AnswerError;
pub use named::{NamedPerson, named_people};
pub use plan::Plan;
pub use selector::check_selector;

/// Longest identifier of a person, in bytes. A longer one is treated as one that cannot be read.
pub const MAX_PERSON_BYTES: usize = 128;

/// Most people one response may show; more is [`AnswerError::TooMany`].
pub const MAX_PEOPLE: usize = 20_000;

/// Who says what may be shown. The gateway answers with the budgets; a test with what it likes.
pub trait Decide: Send {
    /// Which of `fields` of `person` may leave. Whatever else the answer holds is ignored. Asked for each field of a
    /// person before its bytes leave; may be asked again for the same person when the page shows them again.
    fn decide(&mut self, person: &str, fields: FieldSet) -> FieldSet;

    /// As [`Decide::decide`] for each of several people, in their order: adds a word for each to `visible`. For whoever can
    /// get ready for all of them at once.
    fn decide_all(&mut self, people: &[(&str, FieldSet)], visible: &mut Vec<FieldSet>) {
        visible.extend(people.iter().map(|(person, fields)| self.decide(person, *fields)));
    }

    /// A link that reveals one masked field of one person, put into the mask; `None` for a mask without a link.
    fn reveal_link(&mut self, person: &str, fields: FieldSet) -> Option<String>;

    /// Which of `fields` may leave although it could not be read whose they are. The default shows none; watch mode
    /// shows all. Called so that the operator learns of it: the map of that route needs a look.
    fn unread(&mut self, fields: FieldSet) -> FieldSet {
        let _ = fields;
        FieldSet::NONE
    }
}

/// What kind of document the body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Media {
    /// `text/html`.
    Html {
        /// The `charset` parameter, if there is one.
        charset: Option<String>,
    },
    /// `application/json` and everything that ends in `+json`.
    Json,
}

impl Media {
    /// The kind of document a `Content-Type` announces (RFC 9110, section 8.3.1); `None` for one this room does not read.
    #[must_use]
    pub fn of_content_type(value: &str) -> Option<Self> {
        let (essence, parameters) = value.split_once(';').unwrap_or((value, ""));
        let essence = essence.trim().to_ascii_lowercase();
        if essence == "text/html" {
            let charset = parameters.split(';').find_map(|p| {
                let (name, value) = p.split_once('=')?;
                name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
            });
            return Some(Self::Html { charset });
        }
        let json = essence == "application/json" || essence == "text/json" || essence.ends_with("+json");
        json.then_some(Self::Json)
    }
}

/// Reads one response body.
pub struct Reader {
    kind: Kind,
}

enum Kind {
    Html(Box<html::HtmlReader>),
    Json(Box<json::JsonReader>),
}

impl Reader {
    /// A reader for one response of the plan's route. `person` is the one in the path (or the only one the
    /// application named), for routes whose people are not read from the body.
    ///
    /// # Errors
    /// [`AnswerError::Media`] when the route says nothing about such documents, [`AnswerError::Encoding`] for a
    /// character encoding that cannot be read safely, [`AnswerError::Plan`] for a plan of another site.
    pub fn new(
        plan: &Plan,
        site: &Site,
        media: Media,
        person: Option<String>,
        decide: Box<dyn Decide>,
    ) -> Result<Self, AnswerError> {
        let mut chooser = chooser::Chooser::new(decide, plan.by_item());
        if let Some(person) = person.filter(|p| identifier::fits(p)) {
            chooser.know(person, FieldSet::NONE);
        }
        Self::with_chooser(plan, site, media, chooser)
    }

    /// A reader for a response whose people the application named. They are decided here, before anything is read:
    /// each with the fields named for it, or with all fields of the route. On a route that reads its people item by
    /// item the body is still masked by item. On any other route with several people nothing says whose a span is:
    /// a field leaves only if it was named for somebody and is visible for everybody it was named for.
    ///
    /// # Errors
    /// As [`Reader::new`].
    pub fn for_named(
        plan: &Plan,
        site: &Site,
        media: Media,
        people: Vec<NamedPerson>,
        decide: Box<dyn Decide>,
    ) -> Result<Self, AnswerError> {
        let mut chooser = chooser::Chooser::new(decide, plan.by_item());
        for named in people {
            let fields = named.field_set(site).unwrap_or_else(|| plan.declared());
            chooser.know(named.person, fields);
        }
        Self::with_chooser(plan, site, media, chooser)
    }

    fn with_chooser(plan: &Plan, site: &Site, media: Media, chooser: chooser::Chooser) -> Result<Self, AnswerError> {
        plan.check(site)?;
        let kind = match media {
            Media::Html { charset } => Kind::Html(Box::new(html::HtmlReader::new(plan, charset.as_deref(), chooser)?)),
            Media::Json => Kind::Json(Box::new(json::JsonReader::new(plan, chooser)?)),
        };
        Ok(Self { kind })
    }

    /// Takes the next piece of the body and appends to `out` what may leave by now. On an error nothing is appended.
    ///
    /// # Errors
    /// Any but the errors of [`Reader::new`]; after one, every further call is [`AnswerError::Stopped`].
    pub fn write(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), AnswerError> {
        match &mut self.kind {
            Kind::Html(r) => r.write(chunk, out),
            Kind::Json(r) => r.write(chunk),
        }
    }

    /// The body is complete: appends the rest to `out`. Nothing can be read after it.
    ///
    /// # Errors
    /// As [`Reader::write`].
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        match &mut self.kind {
            Kind::Html(r) => r.end(out),
            Kind::Json(r) => r.end(out),
        }
    }

    /// A body that is there from its first byte to its last, instead of any number of [`Reader::write`] and [`Reader::end`]:
    /// where nothing is masked and `out` is empty, the bytes leave where they are.
    ///
    /// # Errors
    /// As [`Reader::write`].
    pub fn whole(&mut self, body: Vec<u8>, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        match &mut self.kind {
            Kind::Html(r) => r.whole(body, out),
            Kind::Json(r) => r.whole(body, out),
        }
    }

    /// After an error: the bytes that were taken and never put out, the last piece included, for a route whose
    /// declared failure is to let the answer pass (and for watch mode). `None` if anything had to be masked so far:
    /// then no further byte of this answer may leave. Ends the reader.
    pub fn give_back(&mut self) -> Option<Vec<u8>> {
        match &mut self.kind {
            Kind::Html(r) => r.give_back(),
            Kind::Json(r) => r.give_back(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_document_is_what_the_header_says() {
        let html = |charset: Option<&str>| Some(Media::Html { charset: charset.map(str::to_owned) });
        assert_eq!(Media::of_content_type("text/html"), html(None));
        assert_eq!(Media::of_content_type("Text/HTML; x=1; Charset=\"UTF-8\""), html(Some("UTF-8")));
        assert_eq!(Media::of_content_type("application/problem+json; charset=utf-8"), Some(Media::Json));
        assert_eq!(Media::of_content_type("application/json"), Some(Media::Json));
        assert_eq!(Media::of_content_type("application/xhtml+xml"), None);
        assert_eq!(Media::of_content_type("image/png"), None);
    }

    #[test]
    fn a_reader_can_move_between_threads() {
        fn is_send<T: Send>() {}
        is_send::<Reader>();
    }
}
