#![no_main]
//! Formats that an operator gives, nginx's and Apache's: compiled or refused, and no line makes one that was compiled panic.

use hedgerow_replay::formats::{Choice, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, &str, &[u8])| {
    let (nginx, format, line) = input;
    let name = format!("{}:{format}", if nginx { "nginx" } else { "apache" });
    match Choice::parse(&name) {
        Ok(choice) => drop(format!("{:?}", Reader::new(choice).read(line))),
        Err(e) => assert!(!e.to_string().is_empty()),
    }
});
