//! From lines to events: the first of the three steps. It knows the policy's routes, and remembers user agents, paths and
//! accounts it has met, because a log repeats itself.

use hashbrown::HashMap;
use hedgerow_engine::doors::Pseudonym;
use hedgerow_engine::identify::{Software, visit_by_path};
use hedgerow_engine::judge::always_open;
use hedgerow_engine::state::{is_stranger, standing_in};

use crate::ReplayError;
use crate::address::{self, Written};
use crate::attachment::Attachment;
use crate::event::{Event, Flags, MAX_PERSON, Method, Text};
use crate::formats::moment::WEB_MS;
use crate::formats::{Read, Reader};
use crate::line::{Agent, Line, Skip};
use crate::past::Sighting;
use crate::prints::{Printing, Prints};
use crate::runs::{Batches, SIGHTINGS};
use crate::source::lines::{Cut, Lines};
use crate::source::{self, Range};
use crate::tally::Tally;

/// Entries a memory of texts may have before it is emptied and begun anew.
const MOST_REMEMBERED: usize = 1 << 16;

/// Texts longer than this are read anew each time.
const LONGEST_REMEMBERED: usize = 1024;

/// What a path amounts to, with a method.
#[derive(Debug, Clone)]
struct PathFacts {
    route: Option<u16>,
    flags: Flags,
    person: Option<Box<str>>,
    person_key: u64,
    overlong: bool,
}

/// What rules may ask for, as text.
struct Told {
    host: String,
    path: String,
    query: Option<String>,
    agent: String,
}

impl Told {
    fn of(line: &Line<'_>, path: &[u8], query: Option<&[u8]>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            host: line.host.as_deref().map(text).unwrap_or_default().to_ascii_lowercase(),
            path: text(path),
            query: query.map(text),
            agent: if let Agent::Said(a) = &line.agent { text(a) } else { String::new() },
        }
    }

    fn text(&self) -> Text<'_> {
        Text { host: &self.host, path: &self.path, query: self.query.as_deref(), agent: &self.agent }
    }
}

/// A memory that is emptied when it is full.
struct Remembered<T>(HashMap<Box<[u8]>, T>);

impl<T> Remembered<T> {
    fn new() -> Self {
        Self(HashMap::new())
    }

    fn keep(&mut self, key: &[u8], value: T) {
        if key.len() <= LONGEST_REMEMBERED {
            if self.0.len() >= MOST_REMEMBERED {
                self.0.clear();
            }
            self.0.insert(key.into(), value);
        }
    }
}

/// Turns lines into events.
pub struct Parser<'a> {
    at: &'a Attachment,
    batches: Batches,
    /// Counts so far.
    pub tally: Tally,
    agents: Remembered<Software>,
    paths: Remembered<PathFacts>,
    accounts: Remembered<Pseudonym>,
    key: Vec<u8>,
    robots: bool,
    rules: bool,
}

impl<'a> Parser<'a> {
    /// A parser for a site.
    #[must_use]
    pub fn new(at: &'a Attachment) -> Self {
        Self {
            at,
            batches: Batches::new(),
            tally: Tally::default(),
            agents: Remembered::new(),
            paths: Remembered::new(),
            accounts: Remembered::new(),
            key: Vec::new(),
            robots: at.site.robots.as_deref().is_some_and(|r| !r.is_empty()),
            rules: !at.site.rules.is_empty(),
        }
    }

    /// The events so far, unsorted.
    pub fn take(&mut self) -> Batches {
        std::mem::take(&mut self.batches)
    }

    /// Bytes of events so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.batches.bytes()
    }

    /// Reads a range of a file. `each` is called now and then with the number of bytes read since the last time; it may
    /// take the events.
    ///
    /// A file that breaks off gives what was readable; how it broke off is returned, with the prints of its lines.
    ///
    /// # Errors
    /// [`ReplayError::Io`] when the file cannot be opened, and what `each` gives.
    pub fn range(
        &mut self,
        range: &Range,
        mut each: impl FnMut(&mut Self, u64) -> Result<(), ReplayError>,
    ) -> Result<(Prints, Option<std::io::Error>), ReplayError> {
        let fail = |source| ReplayError::Io { path: range.path.clone(), act: "read", source };
        let source = source::open(range).map_err(fail)?;
        let length = range.end.saturating_sub(range.start);
        let mut lines = Lines::new(source.from);
        let mut reader = Reader::new(self.at.choice.clone());
        let whole = source.before == 0;
        let mut printing = Printing::new(whole);
        let mut told = 0;
        let mut since = 0u32;
        // The end of a line that began in the range before. Where that line is longer than this range, none begins here.
        if !whole && !lines.pass_line(length.saturating_add(source.before)) {
            each(self, lines.consumed())?;
            return Ok((printing.finish(), lines.failure()));
        }
        loop {
            let before = lines.consumed() - source.before.min(lines.consumed());
            if before >= length {
                break;
            }
            match lines.next_line() {
                None => break,
                Some(Cut::Line(line)) => {
                    printing.line(line);
                    self.line(&mut reader, line);
                }
                Some(Cut::TooLong(head)) => {
                    self.tally.lines += 1;
                    self.tally.skip(Skip::TooLong, head);
                }
                Some(Cut::Unended(line)) => {
                    printing.line(line);
                    let line = line.to_vec();
                    match lines.failure() {
                        None => self.line(&mut reader, &line),
                        Some(broken) => {
                            self.tally.lines += 1;
                            self.tally.skip(Skip::CutOff, &line);
                            each(self, lines.consumed() - told)?;
                            return Ok((printing.finish(), Some(broken)));
                        }
                    }
                }
            }
            since += 1;
            if since == 4096 {
                since = 0;
                each(self, lines.consumed() - told)?;
                told = lines.consumed();
            }
        }
        each(self, lines.consumed() - told)?;
        Ok((printing.finish(), lines.failure()))
    }

    /// Reads one line.
    pub fn line(&mut self, reader: &mut Reader, line: &[u8]) {
        match reader.read(line) {
            Read::Nothing => {}
            Read::Skipped(why) => {
                self.tally.lines += 1;
                self.tally.skip(why, line);
            }
            Read::Request(found, request) => {
                self.tally.lines += 1;
                match self.request(&request) {
                    Ok(()) => {
                        self.tally.read += 1;
                        *self.tally.formats.entry(found).or_default() += 1;
                    }
                    Err(why) => self.tally.skip(why, line),
                }
            }
        }
    }

    fn request(&mut self, line: &Line<'_>) -> Result<(), Skip> {
        if line.at_ms < WEB_MS {
            return Err(Skip::BeforeTheWeb);
        }
        if line.at_ms > self.at.latest_ms {
            return Err(Skip::InTheFuture);
        }
        let address = match address::read(&line.address).ok_or(Skip::NoAddress)? {
            Written::Address(peer) => match &line.forwarded_for {
                Some(hops) => self.at.identifier.address_behind(peer, hops),
                None => peer,
            },
            Written::Name(stand_in) => {
                self.tally.named_addresses += 1;
                stand_in
            }
        };
        let software = self.software(&line.agent);
        let account = line.user.as_deref().map(|user| self.account(user));
        let (path, query) = match memchr::memchr(b'?', &line.target) {
            Some(at) => (&line.target[..at], Some(&line.target[at + 1..])),
            None => (&line.target[..], None),
        };
        let method = Method::of(std::str::from_utf8(&line.method).unwrap_or(""));
        self.key.clear();
        self.key.extend_from_slice(&line.method);
        self.key.push(b' ');
        self.key.extend_from_slice(path);
        let made;
        let facts = match self.paths.0.get(self.key.as_slice()) {
            Some(known) => known,
            None => {
                made = path_facts(self.at, &line.method, path);
                self.paths.keep(&self.key, made.clone());
                &made
            }
        };
        let mut flags = facts.flags;
        if self.robots {
            let lane = self.at.identifier.lane_of(address, software, line.at_ms / 1000);
            let (path, query) = (String::from_utf8_lossy(path), query.map(String::from_utf8_lossy));
            let refused = self.at.identifier.robots_refuse(lane, software, &path, query.as_deref());
            flags = flags.with(Flags::ROBOTS, refused);
        }
        self.tally.assets += u64::from(flags.has(Flags::ASSET));
        self.tally.overlong_people += u64::from(facts.overlong);
        let told;
        let text = if self.rules {
            told = Told::of(line, path, query);
            Some(told.text())
        } else {
            None
        };
        let event = Event {
            at_ms: line.at_ms,
            address,
            software,
            route: facts.route,
            status: line.status,
            method,
            flags,
            account,
            person: facts.person.as_deref(),
            text,
        };
        let partition = event.partition();
        event.put(self.batches.of(partition));
        if let Some(account) = account {
            self.batches.member(account, partition);
        }
        if let (Some(route), Some(_)) = (facts.route, &facts.person)
            && account.is_none()
            && crate::partition::really_shown(&event)
        {
            let lane = self.at.identifier.lane_of(address, software, line.at_ms / 1000);
            if is_stranger(standing_in(lane)) {
                let sighting = Sighting {
                    at_s: u32::try_from(line.at_ms / 1000).unwrap_or(u32::MAX),
                    family: self.at.families[usize::from(route)],
                    sensitivities: self.at.routes[usize::from(route)].sensitivities,
                    person_key: facts.person_key,
                };
                sighting.put(self.batches.of(SIGHTINGS));
            }
        }
        Ok(())
    }

    fn software(&mut self, agent: &Agent<'_>) -> Software {
        let said: &[u8] = match agent {
            Agent::Unlogged => return Software::UNSEEN,
            Agent::Absent => b"",
            // Whoever reads user agents reads no more of them.
            Agent::Said(a) => &a[..a.len().min(LONGEST_REMEMBERED)],
        };
        if let Some(known) = self.agents.0.get(said) {
            return *known;
        }
        let software = Software::read(said);
        self.agents.keep(said, software);
        software
    }

    fn account(&mut self, user: &[u8]) -> Pseudonym {
        let user = &user[..user.len().min(256)];
        if let Some(known) = self.accounts.0.get(user) {
            return *known;
        }
        let name = self.at.identifier.account_name(user);
        self.accounts.keep(user, name);
        name
    }
}

fn path_facts(at: &Attachment, method: &[u8], path: &[u8]) -> PathFacts {
    let (path, method) = (String::from_utf8_lossy(path), String::from_utf8_lossy(method));
    let route = at.site.route(&method, &path);
    let index = route.as_ref().and_then(|r| u16::try_from(r.index).ok());
    let person = route.and_then(|r| r.person);
    let overlong = person.as_ref().is_some_and(|p| p.len() > MAX_PERSON);
    let person = person.filter(|p| !p.is_empty() && p.len() <= MAX_PERSON);
    let flags = Flags::default()
        .with(Flags::ASSET, index.is_none() && visit_by_path(&path).asset)
        .with(Flags::OPEN, index.is_none() && always_open(&path))
        .with(Flags::BAIT, at.site.bait.paths.iter().any(|p| *p == *path));
    PathFacts {
        route: index,
        flags,
        person_key: person.as_deref().map_or(0, |p| at.keys.person_key(p)),
        person: person.map(String::into_boxed_str),
        overlong,
    }
}
