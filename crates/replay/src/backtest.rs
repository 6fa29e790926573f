//! Recorded traffic under another policy: the ledger's own entries, judged and charged again.
//!
//! Names are keyed already, so who asked is what the entry says; the signals that were seen then are weighed as the other
//! policy weighs them, and none is drawn from the ledger itself, because requests that showed nobody are not in it. So a
//! signal that weighed nothing when the entry was written cannot be told, nor can whom a refused request would have shown.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use hedgerow_engine::doors::{
    Account, Action, AddressSource, Evidence, Identity, Lane, Level, Pseudonym, Request, Session, Standing, Transport,
};
use hedgerow_engine::judge::signals;
use hedgerow_engine::policy::{FieldSet, RouteMatch};
use hedgerow_engine::record::{Entry, EntryKind, Item, RecordError, SegmentHeader, read};
use hedgerow_engine::state::{Ask, State, Timeline, TimelineMaker, Visit, behaves_as, is_stranger};
use http::HeaderMap;
use serde::Serialize;

use crate::ReplayError;
use crate::attachment::Attachment;
use crate::crew::Check;
use crate::event::PARTITIONS;
use crate::ledger_order::{InOrder, Sorting};
use crate::totals::count;

/// What one policy did, or would have done.
#[derive(Debug, Default, Serialize)]
pub struct Effect {
    /// Requests by the verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// Requests by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Distinct people of whom something was masked or withheld, for want of budget or by the verdict.
    pub people_masked: usize,
    /// Distinct principals to whom that happened.
    pub principals_affected: usize,
    /// ... of those, visitors and members of whom no signal was ever recorded: people, as far as anybody can tell.
    pub likely_people_affected: usize,
}

/// What changes between two policies.
#[derive(Debug, Default, Serialize)]
pub struct Difference {
    /// People masked only under the other policy.
    pub people_masked_only_then: usize,
    /// ... only under the policy in force.
    pub people_masked_no_more: usize,
    /// Principals affected only under the other policy.
    pub principals_affected_only_then: usize,
    /// ... only under the policy in force.
    pub principals_affected_no_more: usize,
}

/// The report.
#[derive(Debug, Default, Serialize)]
pub struct Backtest {
    /// Entries of the ledger that were replayed.
    pub entries: u64,
    /// People in them, every showing counted.
    pub disclosures: u64,
    /// Distinct people.
    pub people: usize,
    /// The first and the last, Unix seconds.
    pub first_s: Option<u64>,
    /// The last.
    pub last_s: Option<u64>,
    /// As recorded.
    pub in_force: Effect,
    /// As the other policy would have it.
    pub policy: Effect,
    /// Between the two.
    pub difference: Difference,
    /// Entries that could not be replayed, by reason.
    pub left_out: BTreeMap<String, u64>,
    /// What cannot be known, in sentences.
    pub unknown: Vec<&'static str>,
}

const UNKNOWN: [&str; 4] = [
    "Requests that showed nobody are not in the ledger: signals of behaviour are those recorded then, none is found anew.",
    "A signal that weighed nothing when it was seen was not recorded, and cannot be weighed now.",
    "Of a request that was refused nobody knows whom it would have shown.",
    "Visitors would have acted otherwise under another policy; a replay cannot tell how.",
];

type Who = (Level, u64);

#[derive(Default)]
struct Affected {
    people: HashSet<Box<str>>,
    principals: HashSet<Who>,
}

impl Affected {
    fn add(&mut self, person: &str, who: Who) {
        if !self.people.contains(person) {
            self.people.insert(person.into());
        }
        self.principals.insert(who);
    }
}

struct Replay<'a> {
    at: &'a Attachment,
    state: State,
    report: Backtest,
    people: HashSet<Box<str>>,
    then: Affected,
    now: Affected,
    /// Principals of whom a signal was recorded, or whose lane is a machine's.
    machines: HashSet<Who>,
    transport: Transport,
    headers: HeaderMap,
}

/// Replays a ledger's disclosures since a time, under the attachment's policy.
///
/// # Errors
/// [`ReplayError::Ledger`], when the folder cannot be read. A damaged line is left out and counted. And what `check` gives,
/// which is called now and then.
pub fn backtest(at: &Attachment, folder: &Path, since_ms: u64, check: &mut Check<'_>) -> Result<Backtest, ReplayError> {
    let folder_of_runs = at.options.folder();
    let mut left_out = BTreeMap::new();
    let entries = in_order(at, folder, since_ms, &folder_of_runs, &mut left_out, check)?;
    let mut replay = Replay {
        at,
        state: State::of_the_past(at.options.state_bytes(PARTITIONS), Arc::new(postures(at, &entries, check)?)),
        report: Backtest { left_out, unknown: UNKNOWN.to_vec(), ..Backtest::default() },
        people: HashSet::new(),
        then: Affected::default(),
        now: Affected::default(),
        machines: HashSet::new(),
        transport: Transport { peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED), tls: true, ja4: None, h2_print: None },
        headers: HeaderMap::new(),
    };
    entries.each(|e| replay.entry(e), check)?;
    Ok(replay.finish())
}

/// Entries that tell of people, in the order of time, with their fields as this policy numbers them.
fn in_order(
    at: &Attachment,
    folder: &Path,
    since_ms: u64,
    folder_of_runs: &Path,
    left_out: &mut BTreeMap<String, u64>,
    check: &mut Check<'_>,
) -> Result<InOrder, ReplayError> {
    let mut header: Option<SegmentHeader> = None;
    let mut entries = Sorting::new(folder_of_runs, at.options.run_bytes());
    for item in read(folder, since_ms)? {
        check()?;
        match item {
            Ok(Item::Header(h)) => header = Some(h),
            Ok(Item::Entry(mut e)) => {
                if !matches!(e.kind, EntryKind::Disclosure | EntryKind::Reveal | EntryKind::Verdict) {
                    continue;
                }
                for d in &mut e.people {
                    d.shown = translated(d.shown, header.as_ref(), at);
                    d.masked = translated(d.masked, header.as_ref(), at);
                }
                entries.put(&e)?;
            }
            Err(RecordError::Damaged { .. }) => count(left_out, "damaged"),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(entries.finish())
}

fn translated(fields: FieldSet, header: Option<&SegmentHeader>, at: &Attachment) -> FieldSet {
    let Some(h) = header else { return fields };
    fields.renumbered(&h.fields, |name| at.site.field(name))
}

/// The postures that follow from what strangers were really shown.
fn postures(at: &Attachment, entries: &InOrder, check: &mut Check<'_>) -> Result<Timeline, ReplayError> {
    let mut makers: HashMap<String, TimelineMaker<'_>> = HashMap::new();
    entries.each(
        |e| {
            let (Some(standing), Some(family)) = (e.standing, e.family.as_deref()) else { return };
            if !is_stranger(standing) || e.kind == EntryKind::Verdict {
                return;
            }
            let maker = makers.entry_ref(family).or_insert_with(|| TimelineMaker::new(&at.site.posture));
            for d in &e.people {
                let s = d.shown.sensitivities(&at.site.fields);
                maker.shown(at.keys.person_key(&d.person), s, u32::try_from(e.at_ms / 1000).unwrap_or(u32::MAX));
            }
        },
        check,
    )?;
    Ok(makers.into_iter().map(|(family, maker)| (family, maker.finish())).collect())
}

/// Who asked, as far as the entry says.
fn identity(e: &Entry) -> Option<Identity> {
    const NOBODY: Pseudonym = Pseudonym([0; 12]);
    let (address, network, standing) = (e.address?, e.network?, e.standing?);
    let since_s = match standing {
        Standing::NewMember => e.at_ms / 1000,
        _ => 0,
    };
    let proven = standing == Standing::Proven;
    Some(Identity {
        address_raw: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        address_source: AddressSource::Connection,
        address,
        network,
        asn: None,
        network_kind: e.network_kind,
        session: e.session.map(|name| Session {
            name,
            since_s: 0,
            returned: true,
            proven_until_s: if proven { u64::MAX } else { 0 },
        }),
        account: e.account.map(|name| Account {
            name,
            confirmed: matches!(standing, Standing::Member | Standing::NewMember),
            since_s: Some(since_s),
        }),
        client: e.client.unwrap_or(NOBODY),
        licence: e.licence,
        lane: e.lane?,
        agent: None,
        evidence: e
            .reasons
            .iter()
            .filter_map(|code| {
                let (signal, _, _) = signals::ALL.iter().find(|(_, c, _)| c == code)?;
                let detail = e.details.iter().find(|(c, _, _)| c == code).map(|(_, _, d)| d.clone());
                Some(Evidence { signal: *signal, detail: detail.unwrap_or_default() })
            })
            .collect(),
        wants_html: true,
        navigation: true,
    })
}

fn withholds(action: Action) -> bool {
    matches!(action, Action::Prove | Action::SignIn | Action::Refuse | Action::Decoy)
}

impl Replay<'_> {
    fn entry(&mut self, e: &Entry) {
        let Some(id) = identity(e) else { return count(&mut self.report.left_out, "without_principal") };
        let who = behaves_as(&id);
        let recorded = e.reasons.iter().any(|r| r.starts_with("signal."));
        if recorded || !matches!(id.lane, Lane::Visitor | Lane::Member) {
            self.machines.insert(who);
        }
        let then = e.action.unwrap_or(Action::Allow);
        // A request has one verdict, however many lines tell of it.
        if e.part == 0 && (e.kind == EntryKind::Verdict || then <= Action::Mask) {
            count(&mut self.report.in_force.verdicts, then.word());
            e.reasons.iter().for_each(|r| count(&mut self.report.in_force.reasons, r));
        }
        if e.kind == EntryKind::Verdict {
            if withholds(then) {
                self.then.principals.insert(who);
            }
            return;
        }
        let route = e.route.as_deref().and_then(|name| self.at.site.routes.iter().position(|r| r.name == name));
        let Some(route) = route else { return count(&mut self.report.left_out, "route_unknown_to_policy") };
        self.report.entries += 1;
        self.report.first_s.get_or_insert(e.at_ms / 1000);
        self.report.last_s = Some(e.at_ms / 1000);
        let action = if e.part == 0 { self.judge(e, &id, route) } else { Action::Allow };
        let allowance = self.at.judge.allowance(&self.at.site, &id, e.at_ms);
        for d in &e.people {
            self.report.disclosures += 1;
            if !self.people.contains(d.person.as_str()) {
                self.people.insert(d.person.as_str().into());
            }
            let budget = e.reasons.iter().any(|r| r.starts_with("budget."));
            if withholds(then) || (budget && !d.masked.is_empty()) {
                self.then.add(&d.person, who);
            }
            let want = d.shown.union(d.masked);
            let key = self.at.keys.person_key(&d.person);
            let ask = if e.kind == EntryKind::Reveal { Ask::by_name } else { Ask::of };
            let charged = self.state.charge(&self.at.site, &id, &allowance, &ask(route, key, want), e.at_ms);
            charged.reasons.iter().for_each(|r| count(&mut self.report.policy.reasons, &r.code));
            if withholds(action) || charged.reasons.iter().any(|r| r.code.starts_with("budget.")) {
                self.now.add(&d.person, who);
            }
        }
    }

    fn judge(&mut self, e: &Entry, id: &Identity, route: usize) -> Action {
        let site = &self.at.site;
        let person = e.people.first().filter(|_| e.people.len() == 1).map(|d| d.person.clone());
        let matched = RouteMatch { index: route, route: &site.routes[route], person };
        let visit = Visit { navigation: true, ..Visit::default() };
        let mut snapshot = self.state.arrive(site, id, Some(&matched), &visit, e.at_ms);
        snapshot.evidence.clear();
        let request = Request {
            method: e.method.as_deref().unwrap_or("GET"),
            host: "",
            path: "/",
            query: None,
            headers: &self.headers,
            header_order: None,
            transport: &self.transport,
            version: 11,
            now_ms: e.at_ms,
        };
        let verdict = self.at.judge.decide(site, &request, id, Some(&matched), &snapshot, e.at_ms);
        count(&mut self.report.policy.verdicts, verdict.action.word());
        verdict.reasons.iter().for_each(|r| count(&mut self.report.policy.reasons, &r.code));
        verdict.action
    }

    fn finish(mut self) -> Backtest {
        self.report.people = self.people.len();
        for (effect, affected) in [(&mut self.report.in_force, &self.then), (&mut self.report.policy, &self.now)] {
            effect.people_masked = affected.people.len();
            effect.principals_affected = affected.principals.len();
            effect.likely_people_affected = affected.principals.difference(&self.machines).count();
        }
        self.report.difference = Difference {
            people_masked_only_then: self.now.people.difference(&self.then.people).count(),
            people_masked_no_more: self.then.people.difference(&self.now.people).count(),
            principals_affected_only_then: self.now.principals.difference(&self.then.principals).count(),
            principals_affected_no_more: self.then.principals.difference(&self.now.principals).count(),
        };
        self.report
    }
}
