//! How many lines a second one core parses and replays, without grouping and without a ledger.
//!
//! `cargo run --release -p hedgerow-replay --example speed -- [lines] [workers]` makes a log of ordinary mixed traffic in a
//! temporary folder (seven lines in ten for pictures, styles and scripts, three in twenty for people, the rest for other
//! pages; 20,000 addresses, 60 user agents, three days; 5,000 people) and prints user CPU seconds, which other work on the
//! machine changes little.

use std::io::Write;
use std::path::PathBuf;

use hedgerow_replay::LogReplay;
use serde_json::{Value, json};

const BROWSERS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/NN.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:NN.0) Gecko/20100101 Firefox/NN.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/NN.1 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/NN.0.0.0 Mobile Safari/537.36",
];

/// xorshift64 (Marsaglia, 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

fn write_log(path: &PathBuf, lines: u64) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let span_s = 3 * 86_400;
    for i in 0..lines {
        let t = i * span_s / lines;
        let (day, h, m, s) = (6 + t / 86_400, t / 3600 % 24, t / 60 % 60, t % 60);
        // A few come often, most seldom.
        let visitor = dice.below(20_000).min(dice.below(20_000));
        let agent = BROWSERS[(visitor % 4) as usize].replace("NN", &(120 + visitor % 15).to_string());
        let address =
            format!("{}.{}.{}.{}", 11 + visitor % 90, visitor / 97 % 256, visitor / 7 % 256, 1 + visitor % 250);
        let path = match dice.below(20) {
            0..14 => format!("/static/{}.{}", dice.below(300), ["css", "js", "png", "webp"][dice.below(4) as usize]),
            14..17 => format!("/members/{}", dice.below(5000).min(dice.below(5000))),
            17 => "/members?page=2".to_owned(),
            _ => format!("/news/{}", dice.below(2000)),
        };
        let status = if dice.below(20) == 0 { 304 } else { 200 };
        writeln!(
            out,
            "{address} - - [{day:02}/Oct/2025:{h:02}:{m:02}:{s:02} +0000] \"GET {path} HTTP/1.1\" {status} {} \"https://site.example/news/{}\" \"{agent}\"",
            dice.below(90_000),
            dice.below(2000)
        )?;
    }
    out.flush()
}

/// User and system CPU seconds of this process so far (proc(5), `stat`, fields 14 and 15, in hundredths of a second).
fn cpu_s() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(") ").next().unwrap_or_default();
    let field = |n: usize| after.split(' ').nth(n).and_then(|v| v.parse::<f64>().ok()).unwrap_or(0.0) / 100.0;
    (field(11), field(12))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut given = std::env::args().skip(1);
    let lines: u64 = given.next().map_or(Ok(2_000_000), |n| n.parse())?;
    let workers: usize = given.next().map_or(Ok(1), |n| n.parse())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("access.log");
    write_log(&path, lines)?;
    let site: Value = serde_json::from_str(include_str!("../../engine/tests/judged_site.json"))?;
    let policy = json!({"format": 1, "id": "0", "sites": [site]}).to_string();
    let options = json!({"workers": workers, "now_s": 1_800_000_000u64}).to_string();
    let mut replay = LogReplay::new(policy.as_bytes(), options.as_bytes())?;
    let before = cpu_s();
    replay.run(&[path], |_, _, _| true)?;
    let after = cpu_s();
    let (user, system) = (after.0 - before.0, after.1 - before.1);
    let summary: Value = serde_json::from_str(&replay.summary()?)?;
    println!(
        "lines {} people {} actors {} verdicts {}",
        summary["lines"], summary["people"], summary["actors"], summary["verdicts"]
    );
    println!(
        "{user:.2} s user, {system:.2} s system: {:.0} lines a second of user CPU, {:.0} of both",
        lines as f64 / user,
        lines as f64 / (user + system)
    );
    Ok(())
}
