//! A log from its lines to the summary, as whoever calls this crate sees it.

mod site;

use hedgerow_replay::LogReplay;
use serde_json::Value;

fn line(second: u64, address: &str, path: &str, agent: &str) -> String {
    let (d, h, m, s) = (10 + second / 86_400, second / 3600 % 24, second / 60 % 60, second % 60);
    format!(
        "{address} - - [{d}/Oct/2025:{h:02}:{m:02}:{s:02} +0000] \"GET {path} HTTP/1.1\" 200 512 \"-\" \"{agent}\"\n"
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

/// The lines of a log, shuffled into files in some way.
fn files(folder: &std::path::Path, lines: &[String], cuts: &[usize], backwards: bool) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    let mut rest = lines;
    for (i, cut) in cuts.iter().chain(&[usize::MAX]).enumerate() {
        let (head, tail) = rest.split_at((*cut).min(rest.len()));
        rest = tail;
        let path = folder.join(format!("access.log.{i}"));
        let text = head.concat();
        if i % 3 == 1 {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut packed, text.as_bytes()).unwrap();
            std::fs::write(&path, packed.finish().unwrap()).unwrap();
        } else {
            // The last newline of a rotated file may be missing.
            std::fs::write(&path, text.strip_suffix('\n').unwrap_or(&text)).unwrap();
        }
        files.push(path);
    }
    if backwards {
        files.reverse();
    }
    files
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { max_shrink_iters: 40, ..proptest::prelude::ProptestConfig::with_cases(if std::env::var_os("HEDGEROW_FULL").is_some() { 60 } else { 4 }) })]

    #[test]
    fn an_answer_does_not_depend_on_files_their_order_or_the_number_of_workers(
        visits in proptest::collection::vec((0u64..100_000, 0u8..40, 0u8..6, 0u32..60, 0u8..5), 50..400),
        cuts in proptest::collection::vec(0usize..200, 0..5), backwards in proptest::prelude::any::<bool>(),
        workers in 2usize..5, turn in 0usize..400,
    ) {
        let agents = [BROWSER, "curl/8.5", "-", "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)"];
        let mut lines: Vec<String> = visits.iter().map(|(second, host, network, person, what)| {
            let address = format!("198.51.{network}.{host}");
            let user = if *host < 3 { format!("ada{host}") } else { "-".to_owned() };
            let path = match what { 0 => "/static/a.css".to_owned(), 1 => "/members?q=x".to_owned(), _ => format!("/members/{person}") };
            line(*second, &address, &path, agents[usize::from(host % 4)]).replace(" - - [", &format!(" - {user} ["))
        }).collect();
        lines.push("nonsense from 192.0.2.1\n".to_owned());
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("one.log");
        std::fs::write(&one, lines.concat()).unwrap();
        let want = run(&[one], 1, 64);
        let turn = turn % lines.len();
        lines.rotate_left(turn);
        let got = run(&files(folder.path(), &lines, &cuts, backwards), workers, 64);
        proptest::prop_assert_eq!(&want.0, &got.0);
        for (a, b) in want.1.iter().zip(&got.1) {
            proptest::prop_assert_eq!(a, b);
        }
        proptest::prop_assert_eq!(want.1.len(), got.1.len());
    }
}
