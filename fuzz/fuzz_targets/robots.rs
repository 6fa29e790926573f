#![no_main]
//! Any robots.txt is read, and itself is never refused (RFC 9309 section 2.2.2).

use hedgerow_engine::identify::Robots;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &str)| {
    let (text, agent, path) = input;
    let robots = Robots::parse(text);
    let _ = robots.refuses(agent, path);
    assert!(!robots.refuses(agent, "/robots.txt"));
});
