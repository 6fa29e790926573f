//! The third step: one group of partitions through the engine, in virtual time. Watch mode's rules: every request passes,
//! as it did when the log was written, and the verdict says what the policy would have done.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hashbrown::HashMap;
use hedgerow_engine::doors::{ACTIONS, Account, Action, Identity, Level, Pseudonym, Request, Transport, Verdict};
use hedgerow_engine::identify::{Glimpse, Software, VisitKind};
use hedgerow_engine::policy::{RouteMatch, Window};
use hedgerow_engine::state::{Ask, Named, State, Visit, behaves_as};
use http::{HeaderMap, HeaderValue};
use roaring::RoaringBitmap;

use crate::ReplayError;
use crate::actor::Actor;
use crate::address::keyed_stand_in;
use crate::attachment::Attachment;
use crate::crew::Check;
use crate::event::{Event, Flags, decode};
use crate::part::{PartWriter, PersonSeen};
use crate::past::Past;
use crate::recording::Recording;
use crate::runs::Merge;
use crate::totals::{Day, Totals, count};

const DAY_MS: u64 = 86_400_000;

/// Longest window of any budget: who stays away longer is forgotten, and comes back as somebody new.
const FORGOTTEN_MS: u64 = Window::Month.seconds() as u64 * 1000;

/// Whether an answer showed what its page shows: it was sent, with a body, or the visitor had it already (304).
#[must_use]
pub fn really_shown(event: &Event<'_>) -> bool {
    event.method.name() != "HEAD" && (matches!(event.status, 200..=203 | 205..=299) || event.status == 304)
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
    key: Key,
    identity: Identity,
    actor: u32,
    last_ms: u64,
}

/// One group under way.
struct Replay<'a, W: Write> {
    at: &'a Attachment,
    state: State,
    places: HashMap<Key, u32>,
    known: Vec<Known>,
    numbers: HashMap<(Level, u64), u32>,
    actors: Vec<Option<Box<Actor>>>,
    free: Vec<u32>,
    people: People,
    masked: RoaringBitmap,
    by_day: BTreeMap<u32, RoaringBitmap>,
    shown_today: RoaringBitmap,
    totals: Totals,
    verdicts: [u64; ACTIONS],
    routes: Vec<u64>,
    day: u32,
    today: Day,
    matches: Vec<RouteMatch<'a>>,
    transport: Transport,
    headers: HeaderMap,
    out: PartWriter<W>,
    recording: Option<Recording>,
}

/// Replays the events of a group in canonical order; actors and people go to `out`.
///
/// # Errors
/// [`ReplayError`], when events cannot be read or `out` not written, and what `check` gives.
pub fn replay<W: Write>(
    at: &Attachment,
    past: &Past,
    partitions: usize,
    mut events: Merge,
    recording: Option<Recording>,
    out: W,
    check: &mut Check<'_>,
) -> Result<W, ReplayError> {
    let bytes = at.options.state_bytes(partitions);
    let mut replay = Replay {
        at,
        state: State::of_the_past(bytes, Arc::new(past.postures.clone())),
        places: HashMap::new(),
        known: Vec::new(),
        numbers: HashMap::new(),
        actors: Vec::new(),
        free: Vec::new(),
        people: People::default(),
        masked: RoaringBitmap::new(),
        by_day: BTreeMap::new(),
        shown_today: RoaringBitmap::new(),
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
        recording,
    };
    while let Some(bytes) = events.next_event()? {
        check()?;
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
        let who = self.identify(event);
        let verdict = self.judge(event, who);
        let Known { identity, actor, .. } = &self.known[who];
        let Some(actor) = self.actors[*actor as usize].as_deref_mut() else { return Ok(()) };
        actor.note(event, &verdict);
        if let Some(recording) = &mut self.recording {
            recording.verdict(self.at, event, identity, &verdict)?;
        }
        self.verdicts[verdict.action as usize] += 1;
        for reason in &verdict.reasons {
            if reason.code.starts_with("signal.") || reason.code.starts_with("rule") {
                actor.signal(&reason.code, reason.weight, &reason.detail);
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
        let ask = Ask::of(route, key, shown.fields);
        let charged = self.state.charge(&self.at.site, identity, &allowance, &ask, event.at_ms);
        let mut withheld = matches!(verdict.action, Action::Prove | Action::SignIn | Action::Refuse | Action::Decoy);
        for reason in &charged.reasons {
            withheld |= reason.code.starts_with("budget.");
            if !verdict.reasons.iter().any(|r| r.code == reason.code) {
                count(&mut self.totals.reasons, &reason.code);
            }
        }
        if let Some(recording) = &mut self.recording {
            recording.disclosure(self.at, event, identity, &verdict, (person, shown.fields, &charged))?;
        }
        actor.show(number, shown.sensitivities);
        self.shown_today.insert(number);
        if withheld {
            actor.mask(number);
            self.masked.insert(number);
        }
        Ok(())
    }

    /// Place of whoever asked among those known.
    fn identify(&mut self, event: &Event<'_>) -> usize {
        let key = (event.address, event.software, event.account);
        if let Some(place) = self.places.get(&key) {
            let place = *place as usize;
            self.known[place].last_ms = event.at_ms;
            return place;
        }
        // What a log knows of an account is when it was first seen, as the engine would know it without being told.
        let account = event.account.map(|name| {
            let since = self.numbers.get(&(Level::Account, name.key()));
            let since = since.and_then(|n| self.actors.get(*n as usize)).and_then(|a| a.as_ref());
            Account { name, confirmed: true, since_s: Some(since.map_or(event.at_ms / 1000, |a| a.first_s())) }
        });
        let kind = VisitKind { asset: false, navigation: true, wants_html: false };
        let mut identity = self.at.identifier.glimpse(&Glimpse {
            address: event.address,
            software: event.software,
            account,
            kind,
            now_s: event.at_ms / 1000,
        });
        if let Some(name) = keyed_stand_in(&self.at.keys, event.address) {
            identity.address = name;
        }
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
                let live = self.numbers.len() as u64;
                self.totals.most_live_actors = self.totals.most_live_actors.max(live);
                self.totals.actors += 1;
                n
            }
        };
        self.places.insert(key, u32::try_from(self.known.len()).unwrap_or(u32::MAX));
        self.known.push(Known { key, identity, actor, last_ms: event.at_ms });
        self.known.len() - 1
    }

    fn judge(&mut self, event: &Event<'_>, who: usize) -> Verdict {
        let identity = &mut self.known[who].identity;
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
        let robots_refused = event.flags.has(Flags::ROBOTS);
        let named = Named::by(route, text.query);
        let visit = Visit { asset, navigation: !asset, bait, robots_refused, named };
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
        self.known.retain(|k| now_ms.saturating_sub(k.last_ms) < FORGOTTEN_MS);
        if self.known.len() < self.places.len() {
            self.places.clear();
            let places = self.known.iter().enumerate();
            self.places.extend(places.map(|(i, k)| (k.key, u32::try_from(i).unwrap_or(u32::MAX))));
        }
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
        let shown = std::mem::take(&mut self.shown_today);
        if !shown.is_empty() {
            self.by_day.insert(self.day, shown);
        }
    }

    fn finish(mut self) -> Result<W, ReplayError> {
        self.end_day();
        if let Some(recording) = self.recording.take() {
            recording.finish()?;
        }
        let mut last_ms = 0;
        for actor in self.actors.iter().flatten() {
            last_ms = last_ms.max(actor.last_ms);
            self.out.actor(self.at, actor)?;
        }
        self.totals.last_ms = last_ms;
        self.totals.verdicts = Action::ALL
            .into_iter()
            .zip(self.verdicts)
            .filter(|(_, n)| *n > 0)
            .map(|(a, n)| (a.word().to_owned(), n))
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
