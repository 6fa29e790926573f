//! What one actor did: counts that a report and the search for groups need. An actor is the principal that behaves, as the
//! engine has it: the account, else the software at an address.

use std::collections::BTreeMap;

use hedgerow_engine::doors::{ACTIONS, Action, Identity, Lane, Sensitivity, SensitivitySet, Verdict};
use hedgerow_engine::policy::Site;
use roaring::RoaringBitmap;
use serde::Serialize;
use smallvec::SmallVec;

use crate::attachment::Shown;
use crate::event::{Event, Flags};

/// A longer pause is a new visit, and no pace.
const VISIT_PAUSE_MS: u64 = 30 * 60 * 1000;

/// Identifiers this far apart follow each other, as the engine's signal `enumeration` has it.
const NEAR: u64 = 50;

/// A signal or rule of which an actor gave evidence.
#[derive(Debug, Serialize)]
struct Noted {
    code: String,
    points: u16,
    requests: u64,
    /// As last seen.
    detail: String,
}

/// Counts of one actor.
#[derive(Debug)]
pub struct Actor {
    address: String,
    network: String,
    client: String,
    account: Option<String>,
    agent: Option<String>,
    lane: Lane,
    asn: Option<u32>,
    first_ms: u64,
    /// When it was last seen.
    pub last_ms: u64,
    requests: u64,
    pages: u64,
    routes: SmallVec<[(u16, u64); 2]>,
    verdicts: [u64; ACTIONS],
    first_of: [u32; ACTIONS],
    signals: Vec<Noted>,
    /// People it was really shown, by the sensitivities of the route; local numbers.
    shown: SmallVec<[(u8, RoaringBitmap); 1]>,
    masked: RoaringBitmap,
    last_page_ms: u64,
    gaps: u64,
    gap_ms: u64,
    gap_ms_squared: u128,
    hours: [u32; 24],
    statuses: [u64; 6],
    last_number: u64,
    steps: u64,
    near_steps: u64,
}

/// An actor as the report has it, but for what only the whole log tells.
#[derive(Serialize)]
struct Told<'a> {
    address: &'a str,
    network: &'a str,
    client: &'a str,
    account: Option<&'a str>,
    agent: Option<&'a str>,
    lane: Lane,
    asn: Option<u32>,
    first_s: u64,
    last_s: u64,
    requests: u64,
    pages: u64,
    people: u64,
    people_by_sensitivity: BTreeMap<&'static str, u64>,
    routes: BTreeMap<&'a str, u64>,
    verdicts: BTreeMap<&'static str, u64>,
    /// When each step of the ladder was first reached, Unix seconds.
    first_of: BTreeMap<&'static str, u32>,
    masked_people: u64,
    signals: &'a [Noted],
    gap_mean_s: Option<f64>,
    gap_cv: Option<f64>,
    hours: [u32; 24],
    statuses: BTreeMap<&'static str, u64>,
    template: Option<&'a str>,
    sequential_share: Option<f64>,
}

impl Actor {
    /// An actor at its first request.
    #[must_use]
    pub fn new(id: &Identity, at_ms: u64) -> Self {
        Self {
            address: id.address.hex(),
            network: id.network.hex(),
            client: id.client.hex(),
            account: id.account.map(|a| a.name.hex()),
            agent: id.agent.clone(),
            lane: id.lane,
            asn: id.asn,
            first_ms: at_ms,
            last_ms: at_ms,
            requests: 0,
            pages: 0,
            routes: SmallVec::new(),
            verdicts: [0; ACTIONS],
            first_of: [0; ACTIONS],
            signals: Vec::new(),
            shown: SmallVec::new(),
            masked: RoaringBitmap::new(),
            last_page_ms: 0,
            gaps: 0,
            gap_ms: 0,
            gap_ms_squared: 0,
            hours: [0; 24],
            statuses: [0; 6],
            last_number: 0,
            steps: 0,
            near_steps: 0,
        }
    }

    /// When it was first seen, Unix seconds.
    #[must_use]
    pub fn first_s(&self) -> u64 {
        self.first_ms / 1000
    }

    /// Notes a request and the verdict on it.
    pub fn note(&mut self, event: &Event<'_>, verdict: &Verdict) {
        self.requests += 1;
        self.last_ms = event.at_ms;
        if let Some(hour) = self.hours.get_mut(usize::try_from(event.at_ms / 3_600_000 % 24).unwrap_or(0)) {
            *hour += 1;
        }
        if let Some(class) = self.statuses.get_mut(usize::from(event.status / 100).min(5)) {
            *class += 1;
        }
        self.verdicts[verdict.action as usize] += 1;
        let first = &mut self.first_of[verdict.action as usize];
        if *first == 0 {
            *first = u32::try_from(event.at_ms / 1000).unwrap_or(u32::MAX);
        }
        if !event.flags.has(Flags::ASSET) {
            self.page(event.at_ms);
        }
        if let Some(route) = event.route {
            match self.routes.iter_mut().find(|(r, _)| *r == route) {
                Some((_, n)) => *n += 1,
                None => self.routes.push((route, 1)),
            }
        }
        if let Some(number) = event.person.and_then(|p| p.parse::<u64>().ok()) {
            if self.last_number != 0 && number != self.last_number {
                self.steps += 1;
                self.near_steps += u64::from(number.abs_diff(self.last_number) <= NEAR);
            }
            self.last_number = number;
        }
    }

    fn page(&mut self, at_ms: u64) {
        let gap = at_ms.saturating_sub(self.last_page_ms);
        if self.pages > 0 && gap < VISIT_PAUSE_MS {
            self.gaps += 1;
            self.gap_ms += gap;
            self.gap_ms_squared += u128::from(gap) * u128::from(gap);
        }
        self.pages += 1;
        self.last_page_ms = at_ms;
    }

    /// Notes a signal or rule of a verdict.
    pub fn signal(&mut self, code: &str, points: u16, detail: &str) {
        match self.signals.iter_mut().find(|s| s.code == code) {
            Some(s) => {
                s.requests += 1;
                s.points = points;
                s.detail.clear();
                s.detail.push_str(detail);
            }
            None => self.signals.push(Noted { code: code.to_owned(), points, requests: 1, detail: detail.to_owned() }),
        }
    }

    /// Somebody was really shown to it.
    pub fn show(&mut self, person: u32, sensitivities: SensitivitySet) {
        match self.shown.iter_mut().find(|(s, _)| *s == sensitivities.0) {
            Some((_, people)) => {
                people.insert(person);
            }
            None => self.shown.push((sensitivities.0, RoaringBitmap::from_iter([person]))),
        }
    }

    /// Somebody would have been masked or withheld.
    pub fn mask(&mut self, person: u32) {
        self.masked.insert(person);
    }

    /// All people it was shown.
    #[must_use]
    pub fn people(&self) -> RoaringBitmap {
        self.shown.iter().fold(RoaringBitmap::new(), |all, (_, people)| all | people)
    }

    /// As JSON, without what only the whole log tells.
    ///
    /// # Errors
    /// None that occur: every key is text.
    pub fn json(&self, site: &Site, routes: &[Shown], people: &RoaringBitmap) -> serde_json::Result<Vec<u8>> {
        debug_assert_eq!(site.routes.len(), routes.len());
        let by_sensitivity = Sensitivity::ALL.into_iter().filter_map(|s| {
            let of = self.shown.iter().filter(|(set, _)| SensitivitySet(*set).has(s));
            let union = of.fold(RoaringBitmap::new(), |all, (_, people)| all | people);
            (!union.is_empty()).then(|| (sensitivity_word(s), union.len()))
        });
        let name = |r: u16| site.routes.get(usize::from(r)).map_or("", |r| r.name.as_str());
        const CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];
        let (gap_mean_s, gap_cv) = self.pace();
        let each = |counts: [u64; ACTIONS]| {
            Action::ALL.into_iter().zip(counts).filter(|(_, n)| *n > 0).map(|(a, n)| (a.word(), n)).collect()
        };
        serde_json::to_vec(&Told {
            address: &self.address,
            network: &self.network,
            client: &self.client,
            account: self.account.as_deref(),
            agent: self.agent.as_deref(),
            lane: self.lane,
            asn: self.asn,
            first_s: self.first_s(),
            last_s: self.last_ms / 1000,
            requests: self.requests,
            pages: self.pages,
            people: people.len(),
            people_by_sensitivity: by_sensitivity.collect(),
            routes: self.routes.iter().map(|(r, n)| (name(*r), *n)).collect(),
            verdicts: each(self.verdicts),
            first_of: Action::ALL
                .into_iter()
                .zip(self.first_of)
                .filter(|(_, s)| *s > 0)
                .map(|(a, s)| (a.word(), s))
                .collect(),
            masked_people: self.masked.len(),
            signals: &self.signals,
            gap_mean_s,
            gap_cv,
            hours: self.hours,
            statuses: CLASSES.into_iter().zip(self.statuses).filter(|(_, n)| *n > 0).collect(),
            // The most used; of equals the first in the people map.
            template: self
                .routes
                .iter()
                .max_by_key(|(r, n)| (*n, std::cmp::Reverse(*r)))
                .and_then(|(r, _)| site.routes.get(usize::from(*r)))
                .map(|r| r.path.as_str()),
            sequential_share: (self.steps > 0).then(|| share(self.near_steps, self.steps)),
        })
    }

    /// Mean of the gaps between pages within a visit, seconds, and their coefficient of variation.
    #[expect(clippy::cast_precision_loss, reason = "sums of milliseconds, for a mean")]
    fn pace(&self) -> (Option<f64>, Option<f64>) {
        if self.gaps == 0 {
            return (None, None);
        }
        let n = self.gaps as f64;
        let mean = self.gap_ms as f64 / n;
        // Sums are whole numbers, so that the variance does not depend on the order of adding.
        let squares = self.gap_ms_squared * u128::from(self.gaps);
        let variance = squares.saturating_sub(u128::from(self.gap_ms) * u128::from(self.gap_ms)) as f64 / (n * n);
        let cv = (self.gaps > 1 && mean > 0.0).then(|| rounded(variance.sqrt() / mean));
        (Some(rounded(mean / 1000.0)), cv)
    }
}

/// The word of a sensitivity.
#[must_use]
pub fn sensitivity_word(s: Sensitivity) -> &'static str {
    match s {
        Sensitivity::Basic => "basic",
        Sensitivity::Personal => "personal",
        Sensitivity::Contact => "contact",
        Sensitivity::Special => "special",
    }
}

/// A part of a whole, to a thousandth.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts, for a share")]
pub fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { rounded(part as f64 / of as f64) }
}

fn rounded(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}
