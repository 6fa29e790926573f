//! The formats of access logs: each reads one line by itself, and says in which format it found it.

mod clf;
mod escapes;
pub mod moment;

use crate::line::{Line, Skip};
use moment::LastCommon;
use serde::{Deserialize, Serialize};

/// Why a format that was asked for cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FormatError {
    /// No such name.
    #[error(
        "there is no format `{0}`; give auto, common, combined, nginx, nginx:LOG_FORMAT, apache:LOG_FORMAT, caddy, traefik, alb, cloudfront or iis"
    )]
    Unknown(String),
    /// A format string that cannot be read back.
    #[error("the format `{format}` cannot be read back: {why}")]
    Template {
        /// As given.
        format: String,
        /// What is wrong, and what to do.
        why: String,
    },
}

/// In which format a line was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Common log format.
    Common,
    /// Combined: with referer and user agent. nginx's default.
    Combined,
    /// Combined, and further columns.
    CombinedAndMore,
    /// Combined behind a virtual host.
    VhostCombined,
}

/// What a line is.
#[derive(Debug)]
pub enum Read<'l> {
    /// A request.
    Request(Found, Line<'l>),
    /// A line of the format itself, or an empty one: no request is missing.
    Nothing,
    /// Not readable.
    Skipped(Skip),
}

/// Formats to be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// All that are known.
    Auto,
    /// The common log format and its relatives.
    Clf,
}

impl Choice {
    /// Reads a format's name as the operator writes it.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        match text {
            "auto" => Ok(Self::Auto),
            "common" | "combined" | "nginx" | "apache" | "traefik-common" => Ok(Self::Clf),
            _ => Err(FormatError::Unknown(text.to_owned())),
        }
    }
}

/// Reads the lines of one file, in order.
#[derive(Debug)]
pub struct Reader {
    choice: Choice,
    clock: LastCommon,
}

impl Reader {
    /// A reader at the beginning of a file.
    #[must_use]
    pub fn new(choice: Choice) -> Self {
        Self { choice, clock: LastCommon::default() }
    }

    /// Reads a line, without its newline.
    pub fn read<'l>(&mut self, line: &'l [u8]) -> Read<'l> {
        if line.is_empty() {
            return Read::Nothing;
        }
        let found = match &self.choice {
            Choice::Auto | Choice::Clf => clf::read(line, &mut self.clock),
        };
        match found {
            Ok((found, line)) => Read::Request(found, line),
            Err(skip) => Read::Skipped(skip),
        }
    }
}
