//! A log from its lines to the summary, as whoever calls this crate sees it.

mod site;

use hedgerow_replay::LogReplay;
use serde_json::Value;
use site::{BROWSER, line, mixed};

/// Two replays name alike whom they meet only with the same secret.
const SECRET: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

fn run(files: &[std::path::PathBuf], workers: usize, run_mb: usize) -> (String, Vec<String>) {
    let options =
        serde_json::json!({"workers": workers, "run_mb": run_mb, "now_s": 1_800_000_000u64, "secret": SECRET});
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

/// Tally and parts of a file that is read in ranges of about `each` bytes.
fn parsed(path: &std::path::Path, each: u64) -> (String, Vec<Vec<u8>>) {
    use hedgerow_replay::{event, scatter, source};
    let at = hedgerow_replay::Attachment::new(
        site::policy().to_string().as_bytes(),
        format!(r#"{{"secret": "{SECRET}"}}"#).as_bytes(),
    )
    .unwrap();
    let mut all = scatter::RangeTally::default();
    let mut parts = vec![Vec::new(); event::PARTITIONS + 1];
    for range in source::ranges(path, each).unwrap() {
        let (found, tally) = scatter::parse(&at, &range, &mut || Ok(())).unwrap();
        all.add(tally);
        found.into_iter().for_each(|(n, bytes): (usize, Vec<u8>)| parts[n].extend(bytes));
    }
    (serde_json::to_string(&all.tally).unwrap(), parts.iter().map(|p| event::sorted(p)).collect())
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { max_shrink_iters: 20, ..proptest::prelude::ProptestConfig::with_cases(6) })]

    #[test]
    fn a_file_is_read_the_same_in_one_piece_and_in_many_whatever_its_lines_are(
        stretches in proptest::collection::vec((0u8..5, 1usize..300), 1..8), each in 65_536u64..3_000_000, ended in proptest::prelude::any::<bool>(),
    ) {
        let mut bytes = Vec::new();
        for (kind, n) in stretches {
            match kind {
                // A hole, as a crash of the machine leaves it; and lines about as long as the longest that is read.
                0 => bytes.resize(bytes.len() + n * 40_000, 0),
                1 => bytes.resize(bytes.len() + (1 << 20) - 150 + n, b'x'),
                _ => (0..n).for_each(|i| bytes.extend_from_slice(line(i as u64, "192.0.2.1", &format!("/members/{i}"), BROWSER).as_bytes())),
            }
            if ended || kind > 1 { bytes.push(b'\n'); }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        std::fs::write(&path, bytes).unwrap();
        proptest::prop_assert_eq!(parsed(&path, u64::MAX), parsed(&path, each));
    }
}

#[test]
fn a_hole_of_nothing_in_a_log_is_one_line_and_the_line_behind_it_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let mut bytes = line(0, "192.0.2.1", "/members/1", BROWSER).into_bytes();
    bytes.resize(bytes.len() + (30 << 20), 0);
    bytes.push(b'\n');
    bytes.extend_from_slice(line(1, "192.0.2.1", "/members/2", BROWSER).as_bytes());
    std::fs::write(&path, bytes).unwrap();
    let tally: Value = serde_json::from_str(&parsed(&path, 4 << 20).0).unwrap();
    assert_eq!((&tally["lines"], &tally["read"]), (&3.into(), &2.into()), "{tally}");
}

#[test]
fn archives_are_read_whole_in_members_and_as_far_as_they_go() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let text = mixed();
    let (head, tail) = text.split_at(text.len() / 2 + text[text.len() / 2..].find('\n').unwrap() + 1);
    let gzip = |text: &str| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap()
    };
    let members = [gzip(head), gzip(tail)].concat();
    let mut bzip = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip.write_all(text.as_bytes()).unwrap();
    let whole = [members.clone(), bzip.finish().unwrap(), zstd::encode_all(text.as_bytes(), 1).unwrap()];
    for (i, packed) in whole.iter().enumerate() {
        let path = folder.path().join(format!("{i}"));
        std::fs::write(&path, packed).unwrap();
        let summary: Value = serde_json::from_str(&run(&[path], 1, 64).0).unwrap();
        assert_eq!((&summary["lines"], &summary["read"]), (&2400.into(), &2400.into()), "{i}");
    }
    let path = folder.path().join("cut.gz");
    std::fs::write(&path, &members[..members.len() - 200]).unwrap();
    let mut replay = LogReplay::new(site::policy().to_string().as_bytes(), b"{}").unwrap();
    replay.run(&[path], |_, _, _| true).unwrap();
    let summary: Value = serde_json::from_str(&replay.summary().unwrap()).unwrap();
    let read = summary["read"].as_u64().unwrap();
    assert!((1200..2400).contains(&read), "{read}");
    assert_eq!(summary["input"]["broken"].as_array().unwrap().len(), 1);
    assert_eq!(summary["skipped"]["cut_off"]["count"].as_u64().unwrap_or(0) + read, summary["lines"]);
}

#[test]
fn what_is_wrong_in_a_log_is_counted_with_examples_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    bytes.extend_from_slice(line(0, "192.0.2.1", "/members/1", BROWSER).as_bytes());
    bytes.extend_from_slice(b"\x00\x01\x02garbage\n");
    bytes.extend_from_slice(&[b'x'; 3 << 20]);
    bytes.extend_from_slice(b"\n");
    let odd = |what: &str, with: &str| line(1, "192.0.2.1", "/members/2", BROWSER).replace(what, with);
    bytes.extend_from_slice(odd("/Oct/2025", "/Jan/1970").as_bytes());
    bytes.extend_from_slice(odd("/Oct/2025", "/Oct/2055").as_bytes());
    bytes.extend_from_slice(odd("10/Oct", "31/Feb").as_bytes());
    bytes.extend_from_slice(odd("GET /members/2 HTTP/1.1", "\\x16\\x03").as_bytes());
    bytes.extend_from_slice(
        b"192.0.2.1 - - [10/Oct/2025:10:00:09 +0000] \"GET /members/\xff HTTP/1.1\" 200 1 \"-\" \"-\"",
    );
    let path = folder.path().join("access.log");
    std::fs::write(&path, bytes).unwrap();
    let summary: Value = serde_json::from_str(&run(&[path], 1, 64).0).unwrap();
    let skipped = summary["skipped"].as_object().unwrap();
    let counts: Vec<(&str, u64)> = skipped.iter().map(|(k, v)| (k.as_str(), v["count"].as_u64().unwrap())).collect();
    assert_eq!(
        counts,
        [
            ("garbage", 1),
            ("too_long", 1),
            ("impossible_time", 1),
            ("before_the_web", 1),
            ("in_the_future", 1),
            ("no_request", 1)
        ]
    );
    assert_eq!((&summary["lines"], &summary["read"]), (&8.into(), &2.into()));
    assert!(!summary.to_string().contains("192.0.2.1"));
}

#[test]
fn a_replay_can_be_stopped_at_any_time_and_not_only_while_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.log");
    std::fs::write(&file, mixed().repeat(10)).unwrap();
    let mut replay = LogReplay::new(site::policy().to_string().as_bytes(), br#"{"workers": 1}"#).unwrap();
    let mut after_reading = 0;
    let told = replay.run(&[file], |bytes, total, lines| {
        after_reading += u32::from(bytes == total && lines == 24_000);
        after_reading < 2
    });
    assert!(matches!(told, Err(hedgerow_replay::ReplayError::Stopped)), "{told:?}");
    assert!(replay.summary().is_err());
}

#[test]
fn the_hosts_of_a_provider_are_told_apart_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.log");
    let lines = (0..2_000u64).map(|n| line(n, &format!("host-{n}.dialup.example.net"), "/members/1", BROWSER));
    std::fs::write(&file, lines.collect::<String>()).unwrap();
    let (summary, actors) = run(&[file], 1, 64);
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!((&summary["named_addresses"], &summary["actors"]), (&2_000.into(), &2_000.into()));
    let of = |what: &str| {
        let told = actors.iter().map(|a| serde_json::from_str::<Value>(a).unwrap()[what].to_string());
        told.collect::<std::collections::HashSet<_>>().len()
    };
    assert_eq!((of("address"), of("network")), (2_000, 1));
}

#[test]
fn names_of_a_replay_without_a_secret_cannot_be_compared_with_those_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.log");
    std::fs::write(&file, line(0, "192.0.2.1", "/members/1", BROWSER)).unwrap();
    let address = || {
        let mut replay = LogReplay::new(site::policy().to_string().as_bytes(), b"{}").unwrap();
        replay.run(std::slice::from_ref(&file), |_, _, _| true).unwrap();
        let actor: Value = serde_json::from_str(&replay.gathered().unwrap().actor(0).unwrap().unwrap().0).unwrap();
        actor["address"].to_string()
    };
    assert_ne!(address(), address());
}

#[test]
fn a_file_given_twice_is_told_of_and_read_twice() {
    let folder = tempfile::tempdir().unwrap();
    let files = [folder.path().join("access.log"), folder.path().join("access.log.1")];
    files.iter().for_each(|f| std::fs::write(f, mixed()).unwrap());
    let mut replay = LogReplay::new(site::policy().to_string().as_bytes(), b"{}").unwrap();
    replay.run(&files, |_, _, _| true).unwrap();
    let summary: Value = serde_json::from_str(&replay.summary().unwrap()).unwrap();
    assert_eq!(summary["lines"], 4800);
    let repeated = &summary["input"]["repeated"][0];
    assert_eq!((&repeated["lines"], &repeated["same"]), (&2400.into(), &true.into()));
}

#[test]
fn what_is_remembered_depends_on_who_was_there_lately_and_not_on_the_length_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let most = |days: u64| {
        let mut text = String::new();
        for n in 0..days * 100 {
            let (day, second) = (n / 100, n % 100 * 800);
            // Ever new addresses, of one network and with that of one partition.
            let address = format!("2001:db8:1:{n:x}::1");
            let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
            let (month, day) = (["Jan", "Mar", "May", "Jul", "Aug"][(day / 30) as usize], day % 30 + 1);
            text += &format!(
                "{address} - - [{day:02}/{month}/2025:{time} +0000] \"GET /about HTTP/1.1\" 200 5 \"-\" \"x\"\n"
            );
        }
        let path = folder.path().join(format!("{days}.log"));
        std::fs::write(&path, text).unwrap();
        let summary: Value = serde_json::from_str(&run(&[path], 1, 64).0).unwrap();
        assert_eq!(summary["actors"], days * 100);
        summary["most_live_actors"].as_u64().unwrap()
    };
    let (month, months) = (most(30), most(150));
    assert_eq!(month, 3_000);
    assert!(months <= month + 100, "{months}");
}
