//! The summary of a replay. All of it but `input` is a function of the lines alone.

use serde_json::{Map, Value, json};

use crate::gather::Gathered;
use crate::line::Skip;
use crate::past::Past;
use crate::tally::Tally;

/// A day as text, from its number since 1970-01-01 (Howard Hinnant, `civil_from_days`).
fn date(day: u32) -> String {
    let z = i64::from(day) + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (d, m) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    format!("{:04}-{m:02}-{d:02}", yoe + era * 400 + i64::from(m <= 2))
}

/// The summary. `input` is told as it is: files, and what of them could not be read.
#[must_use]
pub fn of(tally: &Tally, past: &Past, gathered: &Gathered, input: &Value) -> Value {
    let t = &gathered.totals;
    let mut skipped = Map::new();
    for (why, sentence) in Skip::ALL {
        if let Some(s) = tally.skipped.get(&why) {
            let name = serde_json::to_value(why).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
            let examples: Vec<&str> = s.examples.iter().map(|(_, e)| e.as_str()).collect();
            skipped.insert(name, json!({"count": s.count, "sentence": sentence, "examples": examples}));
        }
    }
    let mut days: Vec<Value> = Vec::new();
    for (day, counts) in &t.days {
        let people = gathered.days.get(day).copied().unwrap_or_default();
        days.push(json!({
            "day": date(*day), "requests": counts.requests, "requests_people": counts.people_requests,
            "acted_on": counts.acted_on, "people": people.people, "people_new": people.new,
        }));
    }
    let postures: Map<String, Value> =
        past.postures.changes().map(|(family, changes)| (family.to_owned(), json!(changes))).collect();
    json!({
        "lines": tally.lines,
        "read": tally.read,
        "skipped": skipped,
        "formats": tally.formats,
        "named_addresses": tally.named_addresses,
        "overlong_people": tally.overlong_people,
        "first_s": (t.requests > 0).then_some(t.first_ms / 1000),
        "last_s": (t.requests > 0).then_some(t.last_ms / 1000),
        "requests": t.requests,
        "requests_people": t.requests_people,
        "requests_lists": t.requests_lists,
        "people": gathered.names.len(),
        "masked_people": gathered.masked,
        "actors": gathered.actors,
        "verdicts": t.verdicts,
        "reasons": t.reasons,
        "routes": t.routes,
        "days": days,
        "postures": postures,
        "subresources": past.subresources,
        "most_live_actors": t.most_live_actors,
        "input": input,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_day_has_its_date() {
        assert_eq!((super::date(0), super::date(11_016), super::date(20_783)).0, "1970-01-01");
        assert_eq!(super::date(11_016), "2000-02-29");
        assert_eq!(super::date(20_783), "2026-11-26");
    }
}
