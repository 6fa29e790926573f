//! The second step: what the whole log says about the past, which every partition needs and none can see alone.

use hedgerow_engine::doors::{Sensitivity, SensitivitySet};
use hedgerow_engine::state::{Timeline, TimelineMaker};
use serde::{Deserialize, Serialize};

use crate::ReplayError;
use crate::attachment::Attachment;
use crate::crew::Check;
use crate::event::PARTITIONS;
use crate::runs::Merge;
use crate::tally::Tally;

/// A stranger was shown a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// When, Unix seconds.
    pub at_s: u32,
    /// Number of the family.
    pub family: u16,
    /// Which fields, by sensitivity.
    pub sensitivities: SensitivitySet,
    /// The person's keyed hash.
    pub person_key: u64,
}

impl Sighting {
    /// Appends its encoding, as an event's: with its length in front, time first.
    pub fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&15u16.to_be_bytes());
        out.extend_from_slice(&self.at_s.to_be_bytes());
        out.extend_from_slice(&self.family.to_be_bytes());
        out.push(self.sensitivities.0);
        out.extend_from_slice(&self.person_key.to_be_bytes());
    }

    /// Reads it back.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 15] = bytes.try_into().ok()?;
        let [t1, t2, t3, t4, f1, f2, s, key @ ..] = bytes;
        Some(Self {
            at_s: u32::from_be_bytes([t1, t2, t3, t4]),
            family: u16::from_be_bytes([f1, f2]),
            sensitivities: SensitivitySet(s),
            person_key: u64::from_be_bytes(key),
        })
    }
}

/// What every partition has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Postures.
    pub postures: Timeline,
    /// Whether the log shows pictures, styles and scripts.
    pub subresources: bool,
    /// Partitions that must be replayed together, because an account was used in several. Every partition is in one.
    pub groups: Vec<Vec<usize>>,
}

/// Pictures, styles and scripts are in a log when at least one request in so many is for one. Where they are delivered by
/// another server there are next to none; an ordinary page brings several.
const ASSETS_ONE_IN: u64 = 50;

impl Past {
    /// Makes the past of a log from all sightings in order, all counts, and where accounts were used.
    ///
    /// # Errors
    /// [`ReplayError`], when a run cannot be read, and what `check` gives.
    pub fn make(
        at: &Attachment,
        mut sightings: Merge,
        tally: &Tally,
        members: impl IntoIterator<Item = u64>,
        check: &mut Check<'_>,
    ) -> Result<Self, ReplayError> {
        let policy = &at.site.posture;
        let mut makers: Vec<Option<TimelineMaker<'_>>> = at.family_names.iter().map(|_| None).collect();
        let mut known = hashbrown::HashSet::new();
        let mut second = 0;
        while let Some(bytes) = sightings.next_event()? {
            check()?;
            let s = Sighting::decode(bytes).ok_or(ReplayError::Foreign("a sighting"))?;
            if s.at_s != second {
                second = s.at_s;
                known.clear();
            }
            // Seen twice in one second is seen once.
            if !known.insert((s.family, s.sensitivities.0, s.person_key)) {
                continue;
            }
            let maker = makers.get_mut(usize::from(s.family)).ok_or(ReplayError::Foreign("a sighting"))?;
            let set = Sensitivity::ALL.into_iter().filter(|x| s.sensitivities.has(*x));
            let set = set.fold(SensitivitySet::NONE, SensitivitySet::with);
            maker.get_or_insert_with(|| TimelineMaker::new(policy)).shown(s.person_key, set, s.at_s);
        }
        let postures = at
            .family_names
            .iter()
            .zip(makers)
            .filter_map(|(name, maker)| Some((name.clone(), maker?.finish())))
            .collect();
        let subresources = tally.assets.saturating_mul(ASSETS_ONE_IN) >= tally.read;
        let groups = if at.divisible() { groups(members) } else { vec![(0..PARTITIONS).collect()] };
        Ok(Self { postures, subresources, groups })
    }
}

/// Partitions connected by accounts. Each mask has the partitions of one account.
fn groups(masks: impl IntoIterator<Item = u64>) -> Vec<Vec<usize>> {
    let mut groups: Vec<u64> = (0..PARTITIONS).map(|p| 1u64 << p).collect();
    for mask in masks {
        if mask.count_ones() > 1 {
            let (touched, others): (Vec<u64>, Vec<u64>) = groups.into_iter().partition(|g| g & mask != 0);
            groups = others;
            groups.push(touched.into_iter().fold(0, |a, b| a | b));
        }
    }
    groups.sort_by_key(|g| g.trailing_zeros());
    groups.into_iter().map(|g| (0..PARTITIONS).filter(|p| g >> p & 1 == 1).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn partitions_of_one_account_are_replayed_together_and_each_partition_once(masks in proptest::collection::vec(any::<u64>(), 0..6)) {
            let masks: Vec<u64> = masks.into_iter().map(|m| m & m.rotate_left(7) & m.rotate_left(19)).collect();
            let groups = groups(masks.clone());
            let mut all: Vec<usize> = groups.iter().flatten().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..PARTITIONS).collect::<Vec<_>>());
            for m in masks.into_iter().filter(|m| *m != 0) {
                let touched = groups.iter().filter(|g| g.iter().any(|p| m >> p & 1 == 1)).count();
                prop_assert_eq!(touched, 1);
            }
        }

        #[test]
        fn a_sighting_comes_back_from_its_bytes(at_s in any::<u32>(), family in any::<u16>(), s in 0u8..16, person_key in any::<u64>()) {
            let sighting = Sighting { at_s, family, sensitivities: SensitivitySet(s), person_key };
            let mut out = Vec::new();
            sighting.put(&mut out);
            prop_assert_eq!(Sighting::decode(&out[2..]), Some(sighting));
        }
    }
}
