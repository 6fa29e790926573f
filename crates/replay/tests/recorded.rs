//! A log as a ledger: what is written beside a replay, and what a ledger says under another policy.

mod site;

use hedgerow_replay::LogReplay;
use serde_json::Value;
use site::{line, mixed};

/// A replay of a log with a ledger written beside it; the ledger's folder.
fn recorded(folder: &std::path::Path, text: &str) -> std::path::PathBuf {
    recorded_with(folder, text, 64)
}

fn recorded_with(folder: &std::path::Path, text: &str, state_mb: usize) -> std::path::PathBuf {
    let (file, ledger) = (folder.join("access.log"), folder.join("ledger"));
    std::fs::write(&file, text).unwrap();
    let options =
        serde_json::json!({"workers": 2, "now_s": 1_800_000_000u64, "ledger_folder": ledger, "state_mb": state_mb});
    let mut replay = LogReplay::new(site::policy().to_string().as_bytes(), options.to_string().as_bytes()).unwrap();
    replay.run(&[file], |_, _, _| true).unwrap();
    ledger
}

#[test]
fn a_log_becomes_a_ledger_that_verifies_and_answers() {
    use hedgerow_engine::record::{Item, read, verify};
    let folder = tempfile::tempdir().unwrap();
    let ledger = recorded(folder.path(), &mixed());
    let report = verify(&ledger).unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
    let mut people = std::collections::HashSet::new();
    for item in read(&ledger, 0).unwrap() {
        match item.unwrap() {
            Item::Header(h) => assert_eq!(h.source.as_deref(), Some("log")),
            Item::Entry(e) => people.extend(e.people.iter().map(|d| d.person.clone())),
        }
    }
    let readers: std::collections::HashSet<u64> = (0..600u64).map(|i| i * i % 40).collect();
    assert_eq!(people.len(), 600 + readers.len());
    let options = serde_json::json!({"ledger_folder": ledger, "now_s": 1_800_000_000u64}).to_string();
    let mut again = LogReplay::new(site::policy().to_string().as_bytes(), options.as_bytes()).unwrap();
    let refused = again.run(&[folder.path().join("access.log")], |_, _, _| true).unwrap_err();
    assert!(refused.to_string().contains("is not empty"), "{refused}");
}

#[test]
fn a_ledger_under_its_own_policy_has_the_same_effect_and_under_a_wider_one_less() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = recorded(folder.path(), &mixed());
    let under = |policy: Value| {
        let at = hedgerow_replay::Attachment::new(policy.to_string().as_bytes(), b"{}").unwrap();
        serde_json::to_value(hedgerow_replay::backtest::backtest(&at, &ledger, 0, &mut || Ok(())).unwrap()).unwrap()
    };
    let same = under(site::policy());
    assert_eq!(same["in_force"]["people_masked"], same["policy"]["people_masked"], "{same}");
    assert_eq!(same["policy"]["likely_people_affected"], 0);
    assert_eq!(same["difference"]["people_masked_only_then"], 0);
    let mut wide = site::policy();
    for limit in wide["sites"][0]["budgets"].as_array_mut().unwrap() {
        for window in ["hour", "day", "month"] {
            limit[window] = 100_000.into();
        }
    }
    wide["sites"][0]["signals"] = serde_json::json!([]);
    let wider = under(wide);
    assert_eq!(wider["policy"]["people_masked"], 0, "{wider}");
    assert!(wider["difference"]["people_masked_no_more"].as_u64().unwrap() > 500);
}

#[test]
fn a_ledger_of_many_visitors_is_weighed_with_as_much_memory_as_the_log_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    // Each comes back for one person more after all the others, and is masked from its sixth on.
    for turn in 0..6u64 {
        for visitor in 0..12_000u64 {
            let address = format!("{}.{}.7.9", 11 + visitor % 100, visitor / 100);
            text += &line(turn * 500 + visitor / 30, &address, &format!("/members/{turn}"), "python-requests/2.32");
        }
    }
    let ledger = recorded_with(folder.path(), &text, 1);
    let at =
        hedgerow_replay::Attachment::new(site::policy().to_string().as_bytes(), br#"{"state_mb": 1, "run_mb": 1}"#);
    let report = hedgerow_replay::backtest::backtest(&at.unwrap(), &ledger, 0, &mut || Ok(())).unwrap();
    let report = serde_json::to_value(report).unwrap();
    assert_eq!(report["in_force"]["principals_affected"], 12_000, "{report}");
    assert_eq!(report["policy"]["principals_affected"], 12_000, "{report}");
}

#[test]
fn a_replay_that_failed_leaves_nothing_in_the_ledger_folder_and_can_be_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let (file, ledger) = (folder.path().join("access.log"), folder.path().join("ledger"));
    std::fs::write(&file, mixed().repeat(10)).unwrap();
    let options = serde_json::json!({"workers": 1, "ledger_folder": ledger}).to_string();
    let mut replay = LogReplay::new(site::policy().to_string().as_bytes(), options.as_bytes()).unwrap();
    let mut after_reading = 0;
    let stopped = replay.run(std::slice::from_ref(&file), |bytes, total, lines| {
        after_reading += u32::from(bytes == total && lines == 24_000);
        after_reading < 3
    });
    assert!(stopped.is_err() && std::fs::read_dir(&ledger).unwrap().next().is_none());
    std::fs::create_dir(ledger.join(".unfinished")).unwrap();
    let told = replay.run(std::slice::from_ref(&file), |_, _, _| true).unwrap_err();
    assert!(told.to_string().contains("remove it"), "{told}");
    std::fs::remove_dir(ledger.join(".unfinished")).unwrap();
    replay.run(&[file], |_, _, _| true).unwrap();
    assert!(hedgerow_engine::record::verify(&ledger).unwrap().problems.is_empty());
    assert!(!ledger.join(".unfinished").exists());
}
