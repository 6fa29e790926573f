//! Budgets and the age of accounts after a restart: the ledger's last thirty days are counted again.

use std::path::Path;

use hedgerow_engine::doors::Level;
use hedgerow_engine::identify::{Accounts, Keys};
use hedgerow_engine::measures::Act;
use hedgerow_engine::policy::{FieldSet, Site, Window};
use hedgerow_engine::record::{Entry, EntryKind, Item, RecordError, SegmentHeader, read};
use hedgerow_engine::state::{Replay, State};

/// Counts the disclosures of the longest window again, and sees accounts for the first time when the ledger first names
/// them: without the application's word on its age, a member would be a new one after each restart.
///
/// # Errors
/// When the folder cannot be read. A damaged segment is told in the log and passed over: its budgets start anew.
pub fn tail(
    state: &State,
    accounts: &Accounts,
    keys: &Keys,
    site: &Site,
    dir: &Path,
    now_ms: u64,
) -> Result<(), String> {
    let since_ms = now_ms.saturating_sub(u64::from(Window::Month.seconds()) * 1000);
    let mut header: Option<SegmentHeader> = None;
    let mut people = 0u64;
    for item in read(dir, since_ms).map_err(|e| e.to_string())? {
        match item {
            Ok(Item::Header(h)) => header = Some(h),
            Ok(Item::Entry(e)) => {
                if let Some(account) = e.account {
                    accounts.first_seen(account, e.at_ms / 1000);
                }
                people += entry(state, keys, site, header.as_ref(), &e);
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
fn entry(state: &State, keys: &Keys, site: &Site, header: Option<&SegmentHeader>, e: &Entry) -> u64 {
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
    for d in &e.people {
        // In watch mode what should have been masked left all the same: it was never within a budget.
        let counted = translate(d.shown.minus(d.masked), header, site);
        if counted.is_empty() {
            continue;
        }
        state.replay(
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
    fields
        .iter()
        .filter_map(|i| h.fields.get(i))
        .filter_map(|name| site.fields.iter().position(|f| f.name == *name))
        .fold(FieldSet::NONE, |set, i| set.union(FieldSet::of(i)))
}
