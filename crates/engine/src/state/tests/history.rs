//! What the posture learns from weeks of traffic: usual hours, usual days, and whom nobody usually visits.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::super::posture::FamilyPosture;
use super::super::*;
use crate::doors::Sensitivity;
use crate::policy::PosturePolicy;
use crate::state::test_site::*;

const DAY_S: u32 = 86_400;
/// Midnight of the first day.
const BEGIN_S: u32 = 1_767_225_600;

fn learning() -> PosturePolicy {
    site_with(|j| {
        j["posture"]["raised"] = json!([{"sensitivity": "personal", "hour": 150, "day": 600}]);
        j["posture"]["high"] = json!([{"sensitivity": "personal", "hour": 300, "day": 1200}]);
        j["posture"]["learn_after_hours"] = json!(168);
        j["posture"]["learned_factor"] = json!(2.0);
        j["posture"]["unusual"] = json!({"days": 14, "people": 60, "factor": 2.0, "share_percent": 30});
    })
    .posture
}

/// Without a look at whom nobody visits.
fn by_volume() -> PosturePolicy {
    PosturePolicy { unusual: crate::policy::UnusualPolicy::default(), ..learning() }
}

/// A family that is shown people as if strangers came all day; `whom` says who is shown with the n-th showing.
struct Days<'p> {
    family: FamilyPosture,
    policy: &'p PosturePolicy,
    day: u32,
    postures: Vec<Posture>,
}

impl<'p> Days<'p> {
    fn of(policy: &'p PosturePolicy) -> Self {
        Self { family: FamilyPosture::new(), policy, day: 0, postures: Vec::new() }
    }

    /// One day with so many showings, evenly spread; returns the tensest posture of the day.
    fn pass(&mut self, showings: u32, mut whom: impl FnMut(u32) -> u64) -> Posture {
        let begin = BEGIN_S + self.day * DAY_S;
        let mut worst = Posture::Calm;
        for n in 0..showings {
            let at = begin + u32::try_from(u64::from(n) * u64::from(DAY_S) / u64::from(showings)).unwrap();
            worst = worst.max(self.family.tick(self.policy, at));
            self.family.shown(self.policy, whom(n), Sensitivity::Personal, at);
            worst = worst.max(self.family.tick(self.policy, at));
        }
        self.day += 1;
        self.postures.push(worst);
        worst
    }

    fn now(&self) -> super::super::PostureNow {
        self.family.now("members", self.policy)
    }
}

/// Everybody is shown once: the n-th person of a day.
fn new_people(day: u32) -> impl FnMut(u32) -> u64 {
    move |n| person_key(u64::from(day) * 100_000 + u64::from(n))
}

#[test]
fn a_usual_day_is_learned_from_days() {
    let policy = by_volume();
    let mut days = Days::of(&policy);
    for day in 0..9 {
        assert_eq!(days.pass(480, new_people(day)), Posture::Calm, "day {day}");
    }
    let learned = days.now().raised_day_personal.unwrap();
    assert!((900..=1_020).contains(&learned), "twice a day of 480: {learned}");
    assert_eq!(days.now().raised_hour_personal, Some(150), "an hour of 20 keeps the written threshold");
    assert_eq!(days.pass(800, new_people(9)), Posture::Calm, "a busy day, and more than the written threshold");
    assert!(days.pass(1_300, new_people(10)) > Posture::Calm);
}

#[test]
fn a_wave_teaches_nothing() {
    let policy = by_volume();
    let mut days = Days::of(&policy);
    for day in 0..9 {
        days.pass(400, new_people(day));
    }
    let before = days.now().raised_day_personal;
    for day in 9..14 {
        assert!(days.pass(1_500, new_people(day)) > Posture::Calm);
    }
    assert_eq!(days.now().raised_day_personal, before);
}

#[test]
fn a_site_with_a_few_busy_hours_learns_its_quiet_ones_too() {
    let policy = by_volume();
    let mut family = FamilyPosture::new();
    for day in 0..10 {
        // Two hours a day, nobody in between.
        for n in 0..200u32 {
            let at = BEGIN_S + day * DAY_S + 36_000 + n * 36;
            family.tick(&policy, at);
            family.shown(&policy, person_key(u64::from(day * 1_000 + n)), Sensitivity::Personal, at);
        }
    }
    let now = family.now("members", &policy);
    assert_eq!(now.posture, Posture::Calm);
    assert!(now.raised_hour_personal.unwrap() <= 220, "a hundred people in the busiest hours: {now:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn the_learned_day_is_never_under_the_written_one_and_follows_the_days(
        people in proptest::collection::vec(50u32..560, 8..14),
    ) {
        let policy = by_volume();
        let mut days = Days::of(&policy);
        for (day, n) in people.iter().enumerate() {
            days.pass(*n, new_people(u32::try_from(day).unwrap()));
        }
        prop_assert!(days.postures.iter().all(|p| *p == Posture::Calm));
        // The last day has not ended yet; the first look lies in the first.
        let mut ended = people[..people.len() - 1].to_vec();
        ended.sort_unstable();
        let usual = ended[ended.len() * 80 / 100];
        let learned = f64::from(days.now().raised_day_personal.unwrap());
        let expected = if ended.len() < 7 { 600.0 } else { f64::from((2 * usual).max(600)) };
        prop_assert!((learned - expected).abs() <= 0.06 * expected, "{learned} for {expected}");
    }
}

/// Dice that fall the same way each time (SplitMix64; Steele and others, 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// A person by Zipf's law with exponent one: by inversion of its approximate distribution.
    fn zipf(&mut self, people: u64) -> u64 {
        let u = self.below(1 << 32) as f64 / (1u64 << 32) as f64;
        ((people as f64 + 1.0).powf(u) as u64).clamp(1, people)
    }
}

/// Ordinary days on a site of 5,000: `visits` in the middle of the week, half as many more or less on others.
fn ordinary(days: &mut Days<'_>, dice: &mut Dice, visits: u32) -> Posture {
    let swing = [10, 10, 9, 10, 12, 7, 6][(days.day % 7) as usize];
    let today = visits * swing / 10 * (8 + u32::try_from(dice.below(5)).unwrap()) / 10;
    days.pass(today, |_| person_key(dice.zipf(5_000)))
}

#[test]
fn ordinary_visitors_raise_no_alarm_in_seven_weeks() {
    let policy = learning();
    for (seed, visits) in [(1, 60), (2, 250), (3, 1_500)] {
        let policy = PosturePolicy { raised: Vec::new(), high: Vec::new(), ..policy.clone() };
        let mut days = Days::of(&policy);
        let mut dice = Dice(seed);
        for day in 0..49 {
            assert_eq!(
                ordinary(&mut days, &mut dice, visits),
                Posture::Calm,
                "day {day} of {visits} visits: {:?}",
                days.now()
            );
        }
        assert!(days.now().unusual.unwrap().raised_people.is_some(), "it was watched");
    }
}

#[test]
fn a_harvest_below_every_threshold_of_volume_raises_the_posture() {
    let policy = learning();
    for seed in 1..4 {
        let mut days = Days::of(&policy);
        let mut dice = Dice(seed);
        for _ in 0..24 {
            assert_eq!(ordinary(&mut days, &mut dice, 250), Posture::Calm);
        }
        // Somebody goes through everybody, 250 a day, hidden among the others.
        let mut next = 0;
        let day = days.day;
        let worst = days.pass(500, |n| {
            if n % 2 == 0 {
                next += 1;
                person_key(next * 37 % 5_000)
            } else {
                person_key(dice.zipf(5_000))
            }
        });
        let now = days.now();
        assert!(now.people_day[1] < 600, "{now:?}");
        assert!(worst > Posture::Calm, "day {day}: {now:?}");
    }
}

#[test]
fn without_history_nobody_is_unusual() {
    let policy = learning();
    let mut days = Days::of(&policy);
    for day in 0..20 {
        assert_eq!(days.pass(500, new_people(day)), Posture::Calm);
        assert_eq!(days.now().unusual.unwrap().raised_people, None, "day {day}");
    }
}

#[test]
fn a_wave_does_not_make_its_people_usual_ones() {
    let policy = learning();
    let mut days = Days::of(&policy);
    let mut dice = Dice(9);
    for _ in 0..24 {
        ordinary(&mut days, &mut dice, 250);
    }
    let before = days.now().unusual.unwrap().raised_people;
    for round in 0..10u32 {
        let worst = days.pass(400, |n| person_key(u64::from(1_000 + round * 400 + n)));
        assert!(worst > Posture::Calm, "round {round}");
    }
    assert_eq!(days.now().unusual.unwrap().raised_people, before);
}

/// The measures of the shipped defaults: known is who was shown people on two days, and gets twice a usual day.
fn known_by_habit() -> Site {
    site_with(|j| {
        j["posture"]["newcomer_days"] = json!(2);
        j["posture"]["known_factor"] = json!(2.0);
    })
}

/// Fifty addresses show themselves on three days, one person a day, and on the fifth want everybody.
fn aged_harvest(site: &Site) -> (State, usize) {
    let state = State::new(64 << 20);
    let allowed = allowance(site, Standing::Stranger);
    let see = |address: u64, person: u64, at_ms: u64| {
        let id = visitor(address, address);
        state.charge(site, &id, &allowed, &Ask::of(0, person_key(person), fields(&[TOWN])), at_ms).shown.has(TOWN)
    };
    let day_ms = u64::from(DAY_S) * 1_000;
    for day in 0..3 {
        for a in 0..50 {
            see(a, a, START_MS + day * day_ms + a * 1_000);
        }
    }
    let mut obtained = BTreeSet::new();
    for n in 0..100 {
        for a in 0..50 {
            let person = 100 + a * 100 + n;
            if see(a, person, START_MS + 4 * day_ms + n * 10_000) {
                obtained.insert(person);
            }
        }
    }
    (state, obtained.len())
}

#[test]
fn fifty_addresses_that_were_let_grow_old_bring_no_more_than_new_ones() {
    let (_, by_age_alone) = aged_harvest(&site());
    assert!(by_age_alone > 1_500, "age alone would let {by_age_alone} of 5000 through");
    let (_, obtained) = aged_harvest(&known_by_habit());
    assert!(obtained <= 300 + 50 * 2, "{obtained} of 5000");
}

#[test]
fn somebody_who_reads_a_dozen_a_day_goes_on_doing_so_while_the_posture_is_high() {
    let site = known_by_habit();
    let regular = visitor(900, 900).keeps_cookie(900);
    let allowed = allowance(&site, Standing::Stranger);
    let day_ms = u64::from(DAY_S) * 1_000;
    let state = State::new(64 << 20);
    let seen = |person: u64, at_ms: u64| {
        state.charge(&site, &regular, &allowed, &Ask::of(0, person_key(person), fields(&[TOWN])), at_ms).shown.has(TOWN)
    };
    for day in 0..3 {
        assert!((0..12).all(|n| seen(9_000 + day * 12 + n, START_MS + day * day_ms + n)));
    }
    for a in 0..400 {
        let id = visitor(a, a);
        state.charge(&site, &id, &allowed, &Ask::of(0, person_key(a), fields(&[TOWN])), START_MS + 4 * day_ms);
    }
    let wave = START_MS + 4 * day_ms + 1_000;
    assert_eq!(state.posture(&site, "members", wave), Posture::High);
    assert!((9_500..9_512).all(|p| seen(p, wave)), "a usual day's people");
    assert!((9_000..9_012).all(|p| seen(p, wave)), "whom it saw before stays visible");
    assert!(!(9_600..9_640).any(|p| seen(p, wave)), "and that is all");
}

#[test]
fn a_habit_is_rebuilt_from_the_ledger() {
    let site = known_by_habit();
    let state = State::new(16 << 20);
    let id = visitor(1, 1).keeps_cookie(1);
    let day_ms = u64::from(DAY_S) * 1_000;
    for day in 0..3u64 {
        for n in 0..10 {
            state.replay(
                &site,
                &Replay {
                    at_ms: START_MS + day * day_ms,
                    principals: principals(&id),
                    standing: Standing::Stranger,
                    family: "members".to_owned(),
                    person_key: person_key(day * 10 + n),
                    shown: fields(&[TOWN]),
                    tense: false,
                },
            );
        }
    }
    let allowed = allowance(&site, Standing::Stranger);
    for a in 0..400 {
        let other = visitor(1_000 + a, 1_000 + a);
        state.charge(&site, &other, &allowed, &Ask::of(0, person_key(a), fields(&[TOWN])), START_MS + 4 * day_ms);
    }
    let see = |p: u64| {
        let at = START_MS + 4 * day_ms + 1_000;
        state.charge(&site, &id, &allowed, &Ask::of(0, person_key(p), fields(&[TOWN])), at).shown.has(TOWN)
    };
    assert!((8_000..8_010).all(see));
}

#[test]
fn whom_no_budget_limits_is_as_well_known_before_a_restart_as_after_it() {
    let site = site_with(|j| {
        j["posture"]["newcomer_days"] = json!(2);
        j["posture"]["known_factor"] = json!(2.0);
        // Nothing limits strangers until the posture does.
        j["budgets"] = json!([]);
    });
    let (live, rebuilt) = (State::new(64 << 20), State::new(64 << 20));
    let allowed = allowance(&site, Standing::Stranger);
    let regular = visitor(1, 1).keeps_cookie(1);
    let day_ms = u64::from(DAY_S) * 1_000;
    let grant = |id: &Identity, person: u64, at_ms: u64| {
        let shown = live.charge(&site, id, &allowed, &Ask::of(0, person_key(person), fields(&[TOWN])), at_ms).shown;
        let family = "members".to_owned();
        let (principals, standing) = (principals(id), Standing::Stranger);
        let (person_key, tense) = (person_key(person), false);
        rebuilt.replay(&site, &Replay { at_ms, principals, standing, family, person_key, shown, tense });
    };
    for day in 0..3 {
        (0..12).for_each(|n| grant(&regular, 9_000 + day * 12 + n, START_MS + day * day_ms + n));
    }
    (0..400).for_each(|a| grant(&visitor(500 + a, 500 + a), a, START_MS + 4 * day_ms));
    let wave = START_MS + 4 * day_ms + 1_000;
    for (state, which) in [(&live, "live"), (&rebuilt, "rebuilt")] {
        assert_eq!(state.posture(&site, "members", wave), Posture::High, "{which}");
        let see = |p: u64| {
            state.charge(&site, &regular, &allowed, &Ask::of(0, person_key(p), fields(&[TOWN])), wave).shown.has(TOWN)
        };
        assert!((9_500..9_512).all(see), "{which}: a usual day's people");
        assert!((9_000..9_036).all(see), "{which}: whom it saw before stays visible");
        assert!(!(9_600..9_640).any(see), "{which}: and that is all");
    }
}
