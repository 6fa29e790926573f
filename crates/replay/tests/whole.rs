//! A log from its lines to the summary, as whoever calls this crate sees it.

mod site;

use hedgerow_replay::LogReplay;
use serde_json::Value;

fn line(second: u64, address: &str, path: &str, agent: &str) -> String {
    let (h, m, s) = (10 + second / 3600, second / 60 % 60, second % 60);
    format!(
        "{address} - - [10/Oct/2025:{h:02}:{m:02}:{s:02} +0000] \"GET {path} HTTP/1.1\" 200 512 \"-\" \"{agent}\"\n"
    )
}

const BROWSER: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// Ordinary readers, and one that takes everybody.
fn mixed() -> String {
    let mut all = String::new();
    for i in 0..600u64 {
        let visitor = format!("198.51.{}.{}", i % 7, i % 50 + 1);
        all += &line(i * 3, &visitor, &format!("/members/{}", i * i % 40), BROWSER);
        all += &line(i * 3 + 1, &visitor, "/static/style.css", BROWSER);
        all += &line(i * 3 + 2, &visitor, "/about", BROWSER);
        all += &line(i * 3, "203.0.113.9", &format!("/members/{}", 1000 + i), "python-requests/2.32");
    }
    all
}

fn run(files: &[std::path::PathBuf], workers: usize, run_mb: usize) -> (String, Vec<String>) {
    let options = serde_json::json!({"workers": workers, "run_mb": run_mb, "now_s": 1_800_000_000u64});
    let mut replay = LogReplay::new(site::policy().to_string().as_bytes(), options.to_string().as_bytes()).unwrap();
    replay.run(files, |_, _, _| true).unwrap();
    let mut summary: Value = serde_json::from_str(&replay.summary().unwrap()).unwrap();
    summary.as_object_mut().unwrap().remove("input");
    let gathered = replay.gathered().unwrap();
    let actors = (0..gathered.actors).map(|n| gathered.actor(n).unwrap().unwrap().0).collect();
    (summary.to_string(), actors)
}

#[test]
fn a_harvester_in_a_log_is_told_from_its_readers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.log");
    std::fs::write(&file, mixed()).unwrap();
    let (summary, actors) = run(&[file], 1, 64);
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!((&summary["lines"], &summary["read"]), (&2400.into(), &2400.into()));
    let actors: Vec<Value> = actors.iter().map(|a| serde_json::from_str(a).unwrap()).collect();
    let most = actors.iter().max_by_key(|a| a["people"].as_u64()).unwrap();
    assert_eq!(
        (&most["people"], &most["lane"], &most["agent"]),
        (&600.into(), &"automation".into(), &"python-requests".into())
    );
    assert!(most["masked_people"].as_u64().unwrap() > 550, "{most}");
    assert!(most["verdicts"]["refuse"].as_u64().unwrap() > 300, "{most}");
    let signals: Vec<&str> = most["signals"].as_array().unwrap().iter().map(|s| s["code"].as_str().unwrap()).collect();
    assert!(signals.contains(&"signal.enumeration") && signals.contains(&"signal.no_subresources"), "{signals:?}");
    for reader in actors.iter().filter(|a| a["lane"] == "visitor") {
        assert_eq!(reader["verdicts"].as_object().unwrap().keys().collect::<Vec<_>>(), ["allow"], "{reader}");
    }
}
