//! The operator's words, compiled to tables.
//!
//! The brain checks the YAML policy and writes this as one JSON document; the edge reads it and swaps it in whole.
//! Everything here is read-only while requests are served. Unknown keys are an error: a setting that is silently
//! ignored protects nobody.

mod budgets;
mod fields;
mod finding;
mod people;
mod route;
mod site;

pub use budgets::{Budgets, Limits, NewcomerLimit, PostureLimits, PosturePolicy, UnusualPolicy, Window};
pub use fields::{Field, FieldSet, MAX_FIELDS};
pub use people::{FieldSource, JsonPath, PersonSource, Reading, Step};
pub use route::{PathTemplate, Route, RouteKind, RouteMatch};
pub use site::{
    Account, AccountTrust, Bait, Enforcement, Failures, Headers, Ladder, MOST_FAMILIES, Mode, OnFailure, Privacy,
    ProofPolicy, Rule, SecurityTxt, Site, Tls, Token, Upstream,
};

use serde::Deserialize;

/// Everything the edge needs to know, for all sites.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Version of this format; the edge refuses any other than [`FORMAT`].
    pub format: u32,
    /// SHA-256 of the policy as written, in hexadecimal: goes into the ledger with every segment.
    pub id: String,
    /// File with the table of autonomous systems (MMDB or TSV).
    #[serde(default)]
    pub asn_table: Option<String>,
    /// Limits on visitors, as whoever ends their connections reads them; nothing in the engine does.
    #[serde(default)]
    pub limits: serde_json::Map<String, serde_json::Value>,
    /// The sites, by host.
    pub sites: Vec<Site>,
}

/// The format this engine reads.
pub const FORMAT: u32 = 1;

/// Why compiled tables could not be taken; the tables in force stay in force.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not JSON, or not of the shape.
    #[error("the compiled policy cannot be read: {0}; the policy in force stays")]
    Shape(#[from] serde_json::Error),
    /// Another format.
    #[error(
        "the compiled policy has format {0}, this edge reads format {FORMAT}; restart the gateway with the brain's version"
    )]
    Format(u32),
    /// A part that does not hold together.
    #[error("the compiled policy is inconsistent: {0}")]
    Inconsistent(String),
}

impl Policy {
    /// Reads compiled tables and checks that they hold together.
    ///
    /// # Errors
    /// [`PolicyError`] says what is wrong; nothing is taken by halves.
    pub fn from_json(bytes: &[u8]) -> Result<Self, PolicyError> {
        let policy: Self = serde_json::from_slice(bytes)?;
        if policy.format != FORMAT {
            return Err(PolicyError::Format(policy.format));
        }
        for site in &policy.sites {
            site.check().map_err(PolicyError::Inconsistent)?;
        }
        Ok(policy)
    }

    /// The site that serves `host` (without port, lower case): an exact name, else a site with `*`.
    #[must_use]
    pub fn site_index(&self, host: &str) -> Option<usize> {
        self.sites
            .iter()
            .position(|s| s.hosts.iter().any(|h| h == host))
            .or_else(|| self.sites.iter().position(|s| s.hosts.iter().any(|h| h == "*")))
    }
}
