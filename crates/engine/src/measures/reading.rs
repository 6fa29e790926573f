//! The file of measures: bounded, checked as a whole, taken as a whole or not at all.

use std::collections::HashSet;

use hashbrown::HashMap;
use serde::Deserialize;

use super::{About, Act, LEVELS, Measure, Measures};
use crate::doors::Level;
use crate::state::Posture;

/// The format this engine reads.
pub const FORMAT: u32 = 1;
/// Most measures of all sites together.
pub const MOST: usize = 10_000;
/// Most measures for everybody of one site: each request for a route that shows people goes through all of them.
pub const MOST_OF_EVERYBODY: usize = 256;
/// Longest file, bytes.
pub const MOST_BYTES: usize = 8 << 20;
/// Longest life of a measure, seconds: 366 days. What is to last longer is a rule of the policy.
pub const LONGEST_LIFE_S: u64 = 366 * 86_400;

const LONGEST_ID: usize = 64;
/// Longest name of a route or a field: as long as the policy lets one be.
const LONGEST_NAME: usize = 200;
const LONGEST_WORDS: usize = 2_000;

/// Why a file of measures is not taken.
#[derive(Debug, thiserror::Error)]
pub enum MeasuresError {
    /// Too long.
    #[error("the measures are longer than {MOST_BYTES} bytes; let old ones go")]
    TooLong,
    /// Not JSON, or not of the shape.
    #[error("the measures cannot be read: {0}; write them with `hedgerow measure`")]
    Shape(#[from] serde_json::Error),
    /// Another format.
    #[error("the measures have format {0}, this gateway reads format {FORMAT}; restart it with the same version")]
    Format(u32),
    /// Too many.
    #[error("there are {0} measures, at most {MOST} fit; let old ones go, or block a whole network")]
    TooMany(usize),
    /// One that cannot be.
    #[error("measure `{id}`: {why}")]
    Wrong {
        /// Its identifier.
        id: String,
        /// What is wrong with it, and what to write.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    measures: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    site: String,
    act: Act,
    /// The principal; absent where it is for everybody.
    #[serde(default)]
    level: Option<Level>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    factor: Option<u32>,
    /// For everybody: on which route, which field, how tense.
    #[serde(default)]
    route: Option<String>,
    #[serde(default)]
    field: Option<String>,
    #[serde(default)]
    posture: Option<Posture>,
    from_s: u64,
    until_s: u64,
    /// Who decided, and why: for people, not for the engine.
    #[serde(default)]
    by: String,
    #[serde(default)]
    why: String,
}

/// The measures of all sites.
#[derive(Debug, Default)]
pub struct Book {
    sites: HashMap<String, Measures>,
}

impl Book {
    /// Reads the file.
    ///
    /// # Errors
    /// [`MeasuresError`] names the measure that cannot be; nothing is taken by halves.
    pub fn from_json(bytes: &[u8]) -> Result<Self, MeasuresError> {
        if bytes.len() > MOST_BYTES {
            return Err(MeasuresError::TooLong);
        }
        let written: Written = serde_json::from_slice(bytes)?;
        if written.format != FORMAT {
            return Err(MeasuresError::Format(written.format));
        }
        if written.measures.len() > MOST {
            return Err(MeasuresError::TooMany(written.measures.len()));
        }
        let mut ids = HashSet::new();
        let mut lines: HashMap<String, (Vec<(u64, Measure)>, usize)> = HashMap::new();
        for line in written.measures {
            let id = shown(&line.id);
            let wrong = |why: String| MeasuresError::Wrong { id: id.clone(), why };
            if !ids.insert(line.id.clone()) {
                return Err(wrong("two have this identifier; give each its own".to_owned()));
            }
            let site = line.site.clone();
            let measure = line.checked().map_err(wrong)?;
            let (all, for_everybody) = lines.entry(site).or_default();
            *for_everybody += usize::from(measure.1.act.of_everybody());
            if *for_everybody > MOST_OF_EVERYBODY {
                return Err(wrong(format!(
                    "a site has at most {MOST_OF_EVERYBODY} measures for everybody; end some, or change the policy"
                )));
            }
            all.push(measure);
        }
        Ok(Self { sites: lines.into_iter().map(|(site, (all, _))| (site, Measures::new(all))).collect() })
    }

    /// Takes the measures of a site out; none when nothing was decided there.
    pub fn take(&mut self, site: &str) -> Measures {
        self.sites.remove(site).unwrap_or_default()
    }

    /// Sites that were not taken out, and how many measures each has.
    #[must_use]
    pub fn left(&self) -> Vec<(&str, usize)> {
        let mut left: Vec<_> = self.sites.iter().map(|(s, m)| (s.as_str(), m.all().len())).collect();
        left.sort_unstable();
        left
    }
}

impl Line {
    fn checked(self) -> Result<(u64, Measure), String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if self.id.is_empty() || self.id.len() > LONGEST_ID || !self.id.bytes().all(plain) {
            return Err(format!("an identifier has 1 to {LONGEST_ID} letters, digits, `-` and `_`"));
        }
        if self.site.is_empty() || self.site.len() > LONGEST_ID || !self.site.bytes().all(plain) {
            return Err(format!("`site` is the name of a site: letters, digits, `-` and `_`, at most {LONGEST_ID}"));
        }
        if self.by.len() > LONGEST_WORDS || self.why.len() > LONGEST_WORDS {
            return Err(format!("`by` and `why` have at most {LONGEST_WORDS} bytes"));
        }
        if self.until_s <= self.from_s || self.until_s - self.from_s > LONGEST_LIFE_S {
            return Err(format!("it must end after it begins, and within {} days", LONGEST_LIFE_S / 86_400));
        }
        let factor = match (self.act, self.factor) {
            (Act::Budget, Some(f @ 2..=100)) => u8::try_from(f).unwrap_or(100),
            (Act::Budget, _) => {
                return Err("a `budget` needs a `factor` from 2 to 100: what budgets are divided by".to_owned());
            }
            (_, None) => 1,
            (_, Some(_)) => return Err("only a `budget` has a `factor`".to_owned()),
        };
        let (key, about) = self.about()?;
        let Self { id, act, from_s, until_s, .. } = self;
        let (hits, last_ms) = Default::default();
        Ok((key, Measure { id, about, act, factor, from_s, until_s, hits, last_ms }))
    }

    /// Whom it is about, and the key of the principal.
    fn about(&self) -> Result<(u64, About), String> {
        if self.act.of_everybody() {
            return self.everybody().map(|about| (0, about));
        }
        if self.route.is_some() || self.field.is_some() || self.posture.is_some() {
            return Err("only `posture`, `mask` and `close` have a route, a field or a posture".to_owned());
        }
        let level = self
            .level
            .filter(|l| LEVELS.contains(l))
            .ok_or("nothing can be decided at this level; write account, session, address, network or client")?;
        let name = self.name.clone().unwrap_or_default();
        let key = key_of(&name)
            .ok_or("a name has 24 lower-case hexadecimal digits as in the ledger, or the first 16 as in the status")?;
        Ok((key, About::Principal { level, name }))
    }

    fn everybody(&self) -> Result<About, String> {
        if self.level.is_some() || self.name.is_some() {
            return Err("`posture`, `mask` and `close` are for everybody: they have no level and no name".to_owned());
        }
        let named = |n: &Option<String>| n.as_deref().is_none_or(|n| (1..=LONGEST_NAME).contains(&n.len()));
        if !named(&self.route) || !named(&self.field) {
            return Err(format!("a route and a field are named as in the people map, in 1 to {LONGEST_NAME} bytes"));
        }
        let whole = match self.act {
            Act::Posture => self.field.is_none() && self.posture.is_some_and(|p| p > Posture::Calm),
            Act::Mask => self.field.is_some() && self.posture.is_none(),
            _ => self.route.is_some() && self.field.is_none() && self.posture.is_none(),
        };
        if !whole {
            return Err(
                "`posture` has a `posture` of raised or high, `mask` a `field`, `close` a `route`; the first two may \
                 have a `route`, and nothing else belongs to them"
                    .to_owned(),
            );
        }
        let (route, field, posture) = (self.route.clone(), self.field.clone(), self.posture);
        Ok(About::Everybody { route, field, posture })
    }
}

/// The key of a keyed name: its first sixteen digits, as the state has it.
#[must_use]
pub(crate) fn key_of(name: &str) -> Option<u64> {
    let digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if !matches!(name.len(), 16 | 24) || !name.bytes().all(digit) {
        return None;
    }
    u64::from_str_radix(&name[..16], 16).ok().map(u64::swap_bytes)
}

/// An identifier in a message: short, and nothing that a terminal would obey.
fn shown(id: &str) -> String {
    id.chars().take(LONGEST_ID).map(|c| if c.is_control() { '?' } else { c }).collect()
}
