//! The formats of access logs: each reads one line by itself, and says in which format it found it.

mod alb;
mod apache;
mod clf;
mod escapes;
mod json;
pub mod moment;
mod nginx;
mod table;
mod template;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::line::{Line, Skip};
use moment::LastCommon;
use table::Columns;
pub use template::Template;

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
    /// A format the operator gave.
    Custom,
    /// Caddy's JSON.
    Caddy,
    /// Traefik's JSON.
    Traefik,
    /// JSON under the usual names.
    Json,
    /// AWS application load balancer, or a classic one.
    Alb,
    /// Amazon CloudFront.
    CloudFront,
    /// IIS, W3C extended.
    Iis,
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
    /// All that are known. Which one a line is of is told by the line alone (a table's by its `#Fields`), so that a file may
    /// hold several and be cut anywhere.
    Auto,
    /// The common log format and its relatives.
    Clf,
    /// JSON.
    Json,
    /// AWS load balancers.
    Alb,
    /// A table that names its columns.
    Table,
    /// The operator's own.
    Custom(Arc<Template>),
}

impl Choice {
    /// Reads a format's name as the operator writes it.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let (name, own) = text.split_once(':').map_or((text, None), |(name, own)| (name, Some(own)));
        let custom = |compiled: Result<Template, String>| {
            compiled
                .map(|t| Self::Custom(Arc::new(t)))
                .map_err(|why| FormatError::Template { format: text.to_owned(), why })
        };
        match (name.trim(), own) {
            ("auto", None) => Ok(Self::Auto),
            ("common" | "combined" | "nginx" | "apache", None) => Ok(Self::Clf),
            ("nginx", Some(format)) => custom(nginx::compile(format)),
            ("apache", Some(format)) => custom(apache::compile(format)),
            ("caddy" | "traefik" | "json", None) => Ok(Self::Json),
            ("alb" | "elb", None) => Ok(Self::Alb),
            ("cloudfront" | "iis" | "w3c", None) => Ok(Self::Table),
            _ => Err(FormatError::Unknown(text.to_owned())),
        }
    }
}

/// Reads the lines of one file, in order.
#[derive(Debug)]
pub struct Reader {
    choice: Choice,
    clock: LastCommon,
    columns: Columns,
}

impl Reader {
    /// A reader at the beginning of a file.
    #[must_use]
    pub fn new(choice: Choice) -> Self {
        Self { choice, clock: LastCommon::default(), columns: Columns::default() }
    }

    /// Reads a line, without its newline.
    pub fn read<'l>(&mut self, line: &'l [u8]) -> Read<'l> {
        // A mark of the byte order, at the beginning of files that a Windows program touched.
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let Some(first) = line.first() else { return Read::Nothing };
        let table = matches!(self.choice, Choice::Auto | Choice::Table);
        if *first == b'#' && table {
            self.columns.directive(line);
            return Read::Nothing;
        }
        let found = match &self.choice {
            Choice::Clf => clf::read(line, &mut self.clock),
            Choice::Json => json::read(line),
            Choice::Alb => alb::read(line),
            Choice::Table => self.columns.read(line),
            Choice::Custom(t) => t.read(line, &mut self.clock).map(|l| (Found::Custom, l)),
            Choice::Auto if *first == b'{' => json::read(line),
            Choice::Auto if alb::looks_like(line) => alb::read(line),
            Choice::Auto if table::looks_like(line) => self.columns.read(line),
            Choice::Auto => clf::read(line, &mut self.clock),
        };
        match found {
            Ok((found, line)) => Read::Request(found, line),
            Err(Skip::UnknownFormat) if line.iter().take(512).any(|b| matches!(b, 0..=8 | 14..=31)) => {
                Read::Skipped(Skip::Garbage)
            }
            Err(skip) => Read::Skipped(skip),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_may_hold_every_format() {
        let mut reader = Reader::new(Choice::Auto);
        let mut found = Vec::new();
        for line in [
            r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 -"#,
            r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1 "-" "x""#,
            r#"{"ts":971211336,"request":{"remote_ip":"192.0.2.7","method":"GET","uri":"/"},"status":200}"#,
            r#"{"StartUTC":"2000-10-10T20:55:36Z","ClientHost":"192.0.2.7","RequestMethod":"GET","RequestPath":"/","DownstreamStatus":200}"#,
            r#"http 2000-10-10T20:55:36.186641Z app/x 192.0.2.7:2817 10.0.0.1:80 0 0 0 200 200 34 366 "GET http://x:80/ HTTP/1.1" "curl""#,
            "#Version: 1.0",
            "#Fields: date time c-ip cs-uri-stem sc-status",
            "2000-10-10 20:55:36 192.0.2.7 / 200",
            "",
        ] {
            match reader.read(line.as_bytes()) {
                Read::Request(f, l) => {
                    assert_eq!((l.at_ms / 1000, l.status), (971_211_336, 200), "{line}");
                    found.push(f);
                }
                Read::Nothing => {}
                Read::Skipped(why) => panic!("{line}: {why:?}"),
            }
        }
        use Found::{Alb, Caddy, Combined, Common, Iis, Traefik};
        assert_eq!(found, [Common, Combined, Caddy, Traefik, Alb, Iis]);
    }

    #[test]
    fn garbage_is_told_from_another_format() {
        let skipped = |line: &[u8]| match Reader::new(Choice::Auto).read(line) {
            Read::Skipped(why) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(skipped(b"\x00\x01\x02"), Skip::Garbage);
        assert_eq!(skipped(b"Nov 26 17:57:27 host sshd[1]: hello"), Skip::UnknownFormat);
        assert_eq!(skipped(b"2000-10-10 20:55:36 192.0.2.7 / 200"), Skip::NoColumns);
    }

    #[test]
    fn a_format_is_named_as_the_operator_knows_it() {
        for known in [
            "auto",
            "combined",
            "caddy",
            "alb",
            "cloudfront",
            "iis",
            "nginx:$remote_addr [$time_local] \"$request\" $status",
        ] {
            assert!(Choice::parse(known).is_ok(), "{known}");
        }
        assert_eq!(Choice::parse("x"), Err(FormatError::Unknown("x".to_owned())));
        assert!(Choice::parse("apache:%h").unwrap_err().to_string().contains("the time"));
    }
}
