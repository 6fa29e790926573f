//! Budgets and ages of accounts after a restart: the ledger's last thirty days are counted again.

use std::path::Path;

use hedgerow_engine::doors::{Lane, Level};
use hedgerow_engine::identify::{Accounts, Age, Keys};
use hedgerow_engine::measures::Act;
use hedgerow_engine::policy::{FieldSet, Site, Window};
use hedgerow_engine::record::{Entry, EntryKind, Item, RecordError, SegmentHeader, read};
use hedgerow_engine::state::{Disclosed, Replay, State};

/// What the ledger tells of.
pub struct Past<'a> {
    /// Budgets and postures.
    pub state: &'a State,
    /// Whom anybody was shown.
    pub disclosed: &'a Disclosed,
    /// Since when accounts are known.
    pub accounts: &'a Accounts,
}

/// Counts the disclosures of the longest window again, and makes accounts as old as the ledger first names them: what a
/// crash kept from the file of ages would else be new members.
///
/// # Errors
/// When the folder cannot be read. A damaged segment is told in the log and passed over: its budgets start anew.
pub fn tail(past: &Past<'_>, keys: &Keys, site: &Site, dir: &Path, now_ms: u64) -> Result<(), String> {
    let since_ms = now_ms.saturating_sub(u64::from(Window::Month.seconds()) * 1000);
    let mut header: Option<SegmentHeader> = None;
    let mut people = 0u64;
    for item in read(dir, since_ms).map_err(|e| e.to_string())? {
        match item {
            Ok(Item::Header(h)) => header = Some(h),
            Ok(Item::Entry(e)) => {
                if let Some(account) = e.account {
                    // It was there by then, and may be older.
                    let at_s = e.at_ms / 1000;
                    // Whoever the application confirmed is a member; other names are cookies anybody can invent.
                    let confirmed = e.lane == Some(Lane::Member);
                    past.accounts.learn(account, confirmed, Age { since_s: at_s, seen_s: at_s });
                }
                people += entry(past, keys, site, header.as_ref(), &e);
            }
            Err(e @ RecordError::Damaged { .. }) => {
                tracing::error!(site = site.name, error = %e, "budgets of a damaged segment are not counted again")
            }
            Err(e) => return Err(e.to_string()),
        }
    }
    if people > 0 {
        tracing::info!(site = site.name, people, "disclosures of the last thirty days were counted again");
    }
    Ok(())
}

/// Counts one entry; returns how many people it told of.
fn entry(past: &Past<'_>, keys: &Keys, site: &Site, header: Option<&SegmentHeader>, e: &Entry) -> u64 {
    let (true, Some(standing), Some(family)) =
        (matches!(e.kind, EntryKind::Disclosure | EntryKind::Reveal), e.standing, e.family.as_ref())
    else {
        return 0;
    };
    let principals = [
        (Level::Licence, e.licence),
        (Level::Account, e.account),
        (Level::Session, e.session),
        (Level::Address, e.address),
        (Level::Network, e.network),
        (Level::Client, e.client),
    ];
    let shown = e.people.iter().filter(|d| !d.shown.is_empty());
    past.disclosed.add(shown.map(|d| keys.person_key(&d.person)), e.at_ms);
    for d in &e.people {
        // In watch mode what should have been masked left all the same: it was never within a budget.
        let counted = translate(d.shown.minus(d.masked), header, site);
        if counted.is_empty() {
            continue;
        }
        past.state.replay(
            site,
            &Replay {
                at_ms: e.at_ms,
                principals: principals.iter().filter_map(|(l, p)| p.map(|p| (*l, p))).collect(),
                standing,
                family: family.clone(),
                person_key: keys.person_key(&d.person),
                shown: counted,
                // Told in the first part of an answer, which is where nearly everybody is.
                tense: e.reasons.iter().any(|r| r == Act::Posture.code()),
            },
        );
    }
    e.people.len() as u64
}

/// Fields of a segment's own list, as this policy numbers them.
fn translate(fields: FieldSet, header: Option<&SegmentHeader>, site: &Site) -> FieldSet {
    let Some(h) = header else { return fields };
    fields.renumbered(&h.fields, |name| site.field(name))
}
