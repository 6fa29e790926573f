//! The third step: one group of partitions through the engine, in virtual time. Watch mode's rules: every request passes,
//! as it did when the log was written, and the verdict says what the policy would have done.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hashbrown::HashMap;
use hedgerow_engine::doors::{Account, Action, Identity, Level, Pseudonym, Request, Transport, Verdict};
use hedgerow_engine::identify::{Glimpse, Software, VisitKind};
use hedgerow_engine::policy::{RouteMatch, Window};
use hedgerow_engine::state::{State, Visit, behaves_as};
use http::{HeaderMap, HeaderValue};
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use crate::ReplayError;
use crate::actor::{ACTIONS, ALL_ACTIONS, Actor, action_word};
use crate::attachment::Attachment;
use crate::event::{Event, Flags, decode};
use crate::part::{PartWriter, PersonSeen};
use crate::past::Past;
use crate::runs::Merge;

const DAY_MS: u64 = 86_400_000;

/// Longest window of any budget: who stays away longer is forgotten, and comes back as somebody new.
const FORGOTTEN_MS: u64 = Window::Month.seconds() as u64 * 1000;

/// Whether an answer showed what its page shows: it was sent, with a body, or the visitor had it already (304).
#[must_use]
pub fn really_shown(event: &Event<'_>) -> bool {
    event.method.name() != "HEAD" && (matches!(event.status, 200..=203 | 205..=299) || event.status == 304)
}

/// Counts of one day, UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Requests.
    pub requests: u64,
    /// ... for routes that show people.
    pub people_requests: u64,
    /// ... on which the verdict was more than to let it pass.
    pub acted_on: u64,
}

/// Counts of a group, which add up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Requests.
    pub requests: u64,
    /// ... whose path names one person.
    pub requests_people: u64,
    /// ... for lists and searches, of which a log cannot say whom they showed.
    pub requests_lists: u64,
    /// Actors.
    pub actors: u64,
    /// The first and the last request, milliseconds; 0 when there is none.
    pub first_ms: u64,
    /// The last.
    pub last_ms: u64,
    /// Requests by the verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// Requests by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Requests by route.
    pub routes: BTreeMap<String, u64>,
    /// By day, counted from 1970-01-01.
    pub days: BTreeMap<u32, Day>,
    /// Principals the engine had to forget for want of memory.
    pub evicted: u64,
}

impl Totals {
    /// Adds the counts of another group.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.requests_people += other.requests_people;
        self.requests_lists += other.requests_lists;
        self.actors += other.actors;
        self.evicted += other.evicted;
        self.first_ms = if self.first_ms == 0 { other.first_ms } else { self.first_ms.min(other.first_ms.max(1)) };
        self.last_ms = self.last_ms.max(other.last_ms);
        for (mine, theirs) in [
            (&mut self.verdicts, &other.verdicts),
            (&mut self.reasons, &other.reasons),
            (&mut self.routes, &other.routes),
        ] {
            for (k, n) in theirs {
                *mine.entry(k.clone()).or_default() += n;
            }
        }
        for (day, d) in &other.days {
            let mine = self.days.entry(*day).or_default();
            mine.requests += d.requests;
            mine.people_requests += d.people_requests;
            mine.acted_on += d.acted_on;
        }
    }
}

/// People of a group, by numbers of its own.
#[derive(Default)]
struct People {
    numbers: HashMap<Box<str>, u32>,
    seen: Vec<(u64, u32)>,
}

/// Who is asking, worked out once for each combination that names somebody.
type Key = (IpAddr, Software, Option<Pseudonym>);

struct Known {
    identity: Identity,
    actor: u32,
    last_ms: u64,
}

/// One group under way.
struct Replay<'a, W: Write> {
    at: &'a Attachment,
    state: State,
    known: HashMap<Key, Known>,
    numbers: HashMap<(Level, u64), u32>,
    actors: Vec<Option<Box<Actor>>>,
    free: Vec<u32>,
    people: People,
    masked: RoaringBitmap,
    by_day: BTreeMap<u32, RoaringBitmap>,
    totals: Totals,
    verdicts: [u64; ACTIONS],
    routes: Vec<u64>,
    day: u32,
    today: Day,
    matches: Vec<RouteMatch<'a>>,
    transport: Transport,
    headers: HeaderMap,
    out: PartWriter<W>,
}

/// Replays the events of a group in canonical order; actors and people go to `out`.
///
/// # Errors
/// [`ReplayError`], when events cannot be read or `out` not written.
pub fn replay<W: Write>(
    at: &Attachment,
    past: &Past,
    partitions: usize,
    mut events: Merge,
    out: W,
) -> Result<W, ReplayError> {
    let bytes = at.options.state_mb.saturating_mul(partitions) << 20;
    let mut replay = Replay {
        at,
        state: State::of_the_past(bytes, Arc::new(past.postures.clone())),
        known: HashMap::new(),
        numbers: HashMap::new(),
        actors: Vec::new(),
        free: Vec::new(),
        people: People::default(),
        masked: RoaringBitmap::new(),
        by_day: BTreeMap::new(),
        totals: Totals::default(),
        verdicts: [0; ACTIONS],
        routes: vec![0; at.site.routes.len()],
        day: 0,
        today: Day::default(),
        matches: (0..at.site.routes.len())
            .map(|index| RouteMatch { index, route: &at.site.routes[index], person: None })
            .collect(),
        transport: Transport { peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED), tls: true, ja4: None, h2_print: None },
        headers: HeaderMap::new(),
        out: PartWriter::new(out),
    };
    while let Some(bytes) = events.next_event()? {
        let event = decode(bytes).ok_or(ReplayError::Foreign("an event"))?;
        replay.event(&event)?;
    }
    replay.finish()
}

impl<W: Write> Replay<'_, W> {
    fn event(&mut self, event: &Event<'_>) -> Result<(), ReplayError> {
        let day = u32::try_from(event.at_ms / DAY_MS).unwrap_or(0);
        if day != self.day {
            self.next_day(day, event.at_ms)?;
        }
        let index = self.identify(event);
        let verdict = self.judge(event, index);
        let Some(Known { identity, actor, .. }) = self.known.get(&index) else { return Ok(()) };
        let Some(Some(actor)) = self.actors.get_mut(*actor as usize) else { return Ok(()) };
        actor.note(event, &verdict);
        self.verdicts[verdict.action as usize] += 1;
        for reason in &verdict.reasons {
            if !reason.detail.is_empty() || reason.weight > 0 {
                if reason.code.starts_with("signal.") || reason.code.starts_with("rule") {
                    actor.signal(&reason.code, reason.weight, &reason.detail);
                }
            }
            count(&mut self.totals.reasons, &reason.code);
        }
        self.today.requests += 1;
        self.today.acted_on += u64::from(verdict.action > Action::Allow);
        let Some(route) = event.route else { return Ok(()) };
        let route = usize::from(route);
        self.routes[route] += 1;
        self.today.people_requests += 1;
        let Some(person) = event.person else {
            self.totals.requests_lists += 1;
            return Ok(());
        };
        self.totals.requests_people += 1;
        if !really_shown(event) {
            return Ok(());
        }
        let shown = &self.at.routes[route];
        let number = self.people.number(person, self.at, event.at_ms);
        let key = self.people.seen[number as usize].0;
        let allowance = self.at.judge.allowance(&self.at.site, identity, event.at_ms);
        let charged =
            self.state.charge(&self.at.site, identity, &allowance, route, person, key, shown.fields, event.at_ms);
        let mut withheld = matches!(verdict.action, Action::Prove | Action::SignIn | Action::Refuse | Action::Decoy);
        for reason in &charged.reasons {
            withheld |= reason.code.starts_with("budget.");
            if !verdict.reasons.iter().any(|r| r.code == reason.code) {
                count(&mut self.totals.reasons, &reason.code);
            }
        }
        actor.show(number, shown.sensitivities);
        self.by_day.entry(day).or_default().insert(number);
        if withheld {
            actor.mask(number);
            self.masked.insert(number);
        }
        Ok(())
    }

    fn identify(&mut self, event: &Event<'_>) -> Key {
        let key = (event.address, event.software, event.account);
        if let Some(known) = self.known.get_mut(&key) {
            known.last_ms = event.at_ms;
            return key;
        }
        // What a log knows of an account is when it was first seen, as the engine would know it without being told.
        let account = event.account.map(|name| {
            let since = self.numbers.get(&(Level::Account, name.key()));
            let since = since.and_then(|n| self.actors.get(*n as usize)).and_then(|a| a.as_ref());
            Account { name, confirmed: true, since_s: Some(since.map_or(event.at_ms / 1000, |a| a.first_s())) }
        });
        let kind = VisitKind { asset: false, navigation: true, wants_html: false };
        let identity = self.at.identifier.glimpse(&Glimpse {
            address: event.address,
            software: event.software,
            account,
            kind,
            now_s: event.at_ms / 1000,
        });
        let behaves = behaves_as(&identity);
        let actor = match self.numbers.get(&behaves) {
            Some(n) => *n,
            None => {
                let actor = Box::new(Actor::new(&identity, event.at_ms));
                let n = match self.free.pop() {
                    Some(n) => {
                        self.actors[n as usize] = Some(actor);
                        n
                    }
                    None => {
                        self.actors.push(Some(actor));
                        u32::try_from(self.actors.len() - 1).unwrap_or(u32::MAX)
                    }
                };
                self.numbers.insert(behaves, n);
                self.totals.actors += 1;
                n
            }
        };
        self.known.insert(key, Known { identity, actor, last_ms: event.at_ms });
        key
    }

    fn judge(&mut self, event: &Event<'_>, key: Key) -> Verdict {
        let Some(Known { identity, .. }) = self.known.get_mut(&key) else { unreachable!("identified just before") };
        let site = &self.at.site;
        let asset = event.flags.has(Flags::ASSET);
        identity.navigation = !asset;
        let bait = event.flags.has(Flags::BAIT);
        let text = event.text.unwrap_or_default();
        // Only what the path amounts to was kept; a path of the same kind stands in for it where no rule asks for more.
        let path = match (event.text.is_some(), bait) {
            (true, _) => text.path,
            (false, true) => site.bait.paths.first().map_or("/", String::as_str),
            (false, false) if event.flags.has(Flags::OPEN) => "/robots.txt",
            (false, false) => "/",
        };
        if event.text.is_some() {
            self.headers.clear();
            if let Ok(agent) = HeaderValue::from_str(text.agent) {
                self.headers.insert(http::header::USER_AGENT, agent);
            }
        }
        let request = Request {
            method: event.method.name(),
            host: text.host,
            path,
            query: text.query,
            headers: &self.headers,
            header_order: None,
            transport: &self.transport,
            version: 11,
            now_ms: event.at_ms,
        };
        let visit = Visit { asset, navigation: !asset, bait, robots_refused: event.flags.has(Flags::ROBOTS) };
        let route = event.route.and_then(|r| self.matches.get_mut(usize::from(r)));
        let route = route.map(|m| {
            match (event.person, &mut m.person) {
                (Some(person), Some(room)) => {
                    room.clear();
                    room.push_str(person);
                }
                (person, room) => *room = person.map(str::to_owned),
            }
            &*m
        });
        let snapshot = self.state.arrive(site, identity, route, &visit, event.at_ms);
        self.at.judge.decide(site, &request, identity, route, &snapshot, event.at_ms)
    }

    /// The day is over: its counts are put away, and those who were away too long are let go.
    fn next_day(&mut self, day: u32, now_ms: u64) -> Result<(), ReplayError> {
        self.end_day();
        self.day = day;
        if self.totals.first_ms == 0 {
            self.totals.first_ms = now_ms;
        }
        self.known.retain(|_, k| now_ms.saturating_sub(k.last_ms) < FORGOTTEN_MS);
        let (actors, free) = (&mut self.actors, &mut self.free);
        let mut gone: Vec<(u32, Box<Actor>)> = Vec::new();
        self.numbers.retain(|_, n| {
            let place = &mut actors[*n as usize];
            let over = place.as_ref().is_some_and(|a| now_ms.saturating_sub(a.last_ms) >= FORGOTTEN_MS);
            if over && let Some(actor) = place.take() {
                gone.push((*n, actor));
            }
            !over
        });
        // Tables have no order of their own.
        gone.sort_by_key(|(n, a)| (a.last_ms, *n));
        for (n, actor) in gone {
            free.push(n);
            self.out.actor(self.at, &actor)?;
        }
        Ok(())
    }

    fn end_day(&mut self) {
        if self.today != Day::default() {
            self.totals.requests += self.today.requests;
            let today = std::mem::take(&mut self.today);
            self.totals.days.insert(self.day, today);
        }
    }

    fn finish(mut self) -> Result<W, ReplayError> {
        self.end_day();
        let mut last_ms = 0;
        for actor in self.actors.iter().flatten() {
            last_ms = last_ms.max(actor.last_ms);
            self.out.actor(self.at, actor)?;
        }
        self.totals.last_ms = last_ms;
        self.totals.verdicts = ALL_ACTIONS
            .into_iter()
            .zip(self.verdicts)
            .filter(|(_, n)| *n > 0)
            .map(|(a, n)| (action_word(a).to_owned(), n))
            .collect();
        self.totals.routes = self
            .at
            .site
            .routes
            .iter()
            .zip(&self.routes)
            .filter(|(_, n)| **n > 0)
            .map(|(r, n)| (r.name.clone(), *n))
            .collect();
        let seen = &self.people.seen;
        let people = self.people.numbers.iter().map(|(name, number)| PersonSeen {
            name,
            number: *number,
            first_s: seen[*number as usize].1,
        });
        self.out.finish(people.collect(), &self.totals, &self.masked, &self.by_day)
    }
}

impl People {
    fn number(&mut self, person: &str, at: &Attachment, at_ms: u64) -> u32 {
        if let Some(known) = self.numbers.get(person) {
            return *known;
        }
        let number = u32::try_from(self.seen.len()).unwrap_or(u32::MAX);
        self.seen.push((at.keys.person_key(person), u32::try_from(at_ms / 1000).unwrap_or(u32::MAX)));
        self.numbers.insert(person.into(), number);
        number
    }
}

fn count(counts: &mut BTreeMap<String, u64>, code: &str) {
    match counts.get_mut(code) {
        Some(n) => *n += 1,
        None => {
            counts.insert(code.to_owned(), 1);
        }
    }
}
