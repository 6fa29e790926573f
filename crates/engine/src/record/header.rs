//! The first line of every segment: what the bits of its entries mean, and which chain it continues.

use serde::{Deserialize, Serialize};

/// Version of the segment's format.
pub const FORMAT: u32 = 1;

/// What a segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentHeader {
    /// [`FORMAT`].
    pub format: u32,
    /// Name of the site.
    pub site: String,
    /// Policy in force, by the hash of its text.
    pub policy: String,
    /// The site's fields: bit `i` of an entry's sets is `fields[i]`.
    pub fields: Vec<String>,
    /// Who writes: 16 hexadecimal digits, one per process.
    pub writer: String,
    /// Number of the segment in its writer's chain, from 1.
    pub number: u64,
    /// Number of the last entry before it.
    pub after: u64,
    /// Hash of the last line of the writer's segment before; zeros for the first.
    pub previous: String,
    /// When it was begun, milliseconds since the Unix epoch.
    pub begun_ms: u64,
    /// Where its entries come from when it is not a gateway that was there: `log`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl SegmentHeader {
    /// A header for a site under a policy; the ledger fills in the chain.
    #[must_use]
    pub fn new(site: &str, policy: &str, fields: Vec<String>) -> Self {
        Self {
            format: FORMAT,
            site: site.to_owned(),
            policy: policy.to_owned(),
            fields,
            writer: String::new(),
            number: 0,
            after: 0,
            previous: String::new(),
            begun_ms: 0,
            source: None,
        }
    }

    /// Name of its file: sorts by time.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{:013}-{}-{:06}.seg", self.begun_ms, self.writer, self.number)
    }
}
