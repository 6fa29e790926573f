#![no_main]
//! A list of crawlers' addresses is taken or refused, and never makes a wide part of the internet somebody's crawler.

use std::net::IpAddr;

use hedgerow_engine::identify::{Crawlers, dns_name_belongs};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let crawlers = Crawlers::shipped();
    let _ = crawlers.replace_ranges(bytes);
    let address: IpAddr = [192, 0, 2, 1].into();
    for agent in ["googlebot", "bingbot", "baiduspider", "x"] {
        let _ = crawlers.verify(agent, address, 1);
    }
    let text = String::from_utf8_lossy(bytes);
    for agent in ["googlebot", "bingbot", "baiduspider", &text] {
        if dns_name_belongs(agent, &text) {
            assert!(text.contains('.') && text.len() <= 254);
        }
    }
    crawlers.learn(address, &text, true, 10);
});
