//! Masks JSON.
//!
//! The document is held until it is complete and has been checked from the first byte to the last ([`document`]):
//! nothing leaves of one that turns out to be broken, because nobody can say what a lenient parser would read in it.
//! Then masked values become `null`, and every other byte leaves as it came. A member that occurs twice is masked twice.

mod document;
mod text;

use std::sync::Arc;

use super::AnswerError;
use super::chooser::Chooser;
use super::plan::{JsonPlan, Plan};

pub(super) struct JsonReader {
    plan: Arc<JsonPlan>,
    chooser: Chooser,
    limit: usize,
    body: Vec<u8>,
    stopped: bool,
}

impl JsonReader {
    pub(super) fn new(plan: &Plan, chooser: Chooser) -> Result<Self, AnswerError> {
        let json = plan.json.as_ref().ok_or(AnswerError::Media { found: "JSON" })?;
        Ok(Self { plan: Arc::clone(json), chooser, limit: plan.max_body_bytes, body: Vec::new(), stopped: false })
    }

    pub(super) fn write(&mut self, chunk: &[u8]) -> Result<(), AnswerError> {
        if self.stopped {
            return Err(AnswerError::Stopped);
        }
        let room = self.limit.saturating_sub(self.body.len());
        self.body.extend_from_slice(chunk);
        if chunk.len() > room {
            self.stopped = true;
            return Err(AnswerError::TooLarge { limit: self.limit });
        }
        Ok(())
    }

    /// A body that is there from its first byte to its last.
    pub(super) fn whole(&mut self, body: Vec<u8>, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        if self.stopped || !self.body.is_empty() {
            return Err(AnswerError::Stopped);
        }
        self.body = body;
        if self.body.len() > self.limit {
            self.stopped = true;
            return Err(AnswerError::TooLarge { limit: self.limit });
        }
        self.end(out)
    }

    /// What came and has not left, if nothing had to be masked so far.
    pub(super) fn give_back(&mut self) -> Option<Vec<u8>> {
        self.stopped = true;
        self.chooser.all_visible().then(|| std::mem::take(&mut self.body))
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        if std::mem::replace(&mut self.stopped, true) {
            return Err(AnswerError::Stopped);
        }
        let found = document::read(&self.body, &self.plan, self.chooser.by_item())?;
        let items = found.items.iter();
        let visible = if self.chooser.by_item() {
            self.chooser.of_items(items.map(|item| (item.person(), item.fields)))
        } else {
            items.map(|item| self.chooser.of_page(item.fields)).collect()
        };
        let mut masked: Vec<_> = found
            .values
            .iter()
            .filter(|v| !visible.get(v.item).is_some_and(|set| set.has(usize::from(v.field))))
            .map(|v| v.span.clone())
            .collect();
        if masked.is_empty() && out.is_empty() {
            *out = std::mem::take(&mut self.body);
            return Ok(());
        }
        masked.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        out.reserve(self.body.len());
        let mut at = 0;
        for span in masked {
            // A value inside one that is masked already.
            if span.start < at {
                continue;
            }
            out.extend_from_slice(self.body.get(at..span.start).ok_or(AnswerError::LostPlace)?);
            out.extend_from_slice(b"null");
            at = span.end;
        }
        out.extend_from_slice(self.body.get(at..).ok_or(AnswerError::LostPlace)?);
        self.body = Vec::new();
        Ok(())
    }
}
