//! The state at a glance, for the live status.

use std::collections::BTreeMap;

use serde::Serialize;

use super::posture::PostureNow;
use super::seen::{COLUMNS, column};
use super::{State, seconds};
use crate::doors::{Level, Sensitivity};
use crate::policy::{Site, Window};

/// The state at one moment.
#[derive(Debug, Serialize)]
pub struct Overview {
    /// Principals known.
    pub principals: usize,
    /// Principals forgotten for lack of room.
    pub evicted: u64,
    /// Bytes the principals use.
    pub memory_bytes: usize,
    /// The most curious principals.
    pub top: Vec<Top>,
    /// Postures by family.
    pub postures: Vec<PostureNow>,
}

/// One principal.
#[derive(Debug, Serialize)]
pub struct Top {
    /// At which level.
    pub level: Level,
    /// First sixteen digits of its keyed name.
    pub name: String,
    /// Distinct people in the hour: basic, personal, contact.
    pub hour: [u32; COLUMNS],
    /// ... in the day.
    pub day: [u32; COLUMNS],
    /// When it was last seen, Unix seconds.
    pub last_s: u32,
}

impl State {
    /// What is usual: people that strangers together are shown in an hour (its 95th percentile), of the family shown most,
    /// by sensitivity. A written threshold holds for every family. Nothing until a week is known.
    #[must_use]
    pub fn usual(&self) -> BTreeMap<Sensitivity, u32> {
        let families = self.families.lock();
        [Sensitivity::Basic, Sensitivity::Personal, Sensitivity::Contact]
            .into_iter()
            .filter_map(|s| Some((s, families.values().filter_map(|f| f.usual_hour(column(s))).max()?)))
            .collect()
    }

    /// The state now, with the `top` most curious principals (by people of the day, personal first).
    #[must_use]
    pub fn overview(&self, site: &Site, now_ms: u64, top: usize) -> Overview {
        let now_s = seconds(now_ms);
        let (principals, evicted) = self.table.sizes();
        let mut best: Vec<(u32, Top)> = Vec::new();
        self.table.each(|key, level, p| {
            if p.seen.len() == 0 {
                return;
            }
            let count = |p: &mut super::table::Principal, w| std::array::from_fn(|c| p.seen.people(c, w, now_s));
            let day: [u32; COLUMNS] = count(p, Window::Day);
            let rank = day[0] / 4 + day[1] * 4 + day[2] * 16;
            if best.len() >= top && best.last().is_none_or(|(least, _)| rank <= *least) {
                return;
            }
            let hour = count(p, Window::Hour);
            // The key is the name's first eight bytes, as the ledger writes them.
            let name = key.to_le_bytes().iter().map(|b| format!("{b:02x}")).collect();
            let at = best.partition_point(|(r, _)| *r >= rank);
            best.insert(at, (rank, Top { level, name, hour, day, last_s: p.last_s }));
            best.truncate(top);
        });
        let mut postures: Vec<PostureNow> = self.families.lock().iter().map(|(n, f)| f.now(n, &site.posture)).collect();
        postures.sort_by(|a, b| a.family.cmp(&b.family));
        Overview {
            principals,
            evicted,
            memory_bytes: self.memory_bytes(),
            top: best.into_iter().map(|(_, t)| t).collect(),
            postures,
        }
    }
}
