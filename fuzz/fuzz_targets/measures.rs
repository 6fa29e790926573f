//! The file of measures: whatever is in it is taken whole or refused in words, and what is taken decides within its bounds.
#![no_main]

use std::sync::LazyLock;

use hedgerow_engine::doors::{Account, AddressSource, Identity, Lane, Level, NetworkKind, Pseudonym, Session};
use hedgerow_engine::measures::{Book, LONGEST_LIFE_S, MOST};
use hedgerow_engine::policy::{Limits, Site};
use hedgerow_engine::state::Posture;
use hedgerow_fuzz::{NOW_MS, site};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// Somebody whom the names of the seeds mean at every level.
static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let name = Pseudonym([0x0a; 12]);
    Identity {
        address_raw: [192, 0, 2, 1].into(),
        address_source: AddressSource::Connection,
        address: name,
        network: name,
        network_kind: NetworkKind::Unknown,
        asn: None,
        session: Some(Session { name, since_s: 1, returned: true, proven_until_s: 0 }),
        account: Some(Account { name, confirmed: true, since_s: None }),
        client: name,
        licence: None,
        lane: Lane::Member,
        agent: None,
        evidence: Default::default(),
        wants_html: true,
        navigation: true,
    }
});

/// The site whose routes and fields the seeds name.
static SITE: LazyLock<Site> = LazyLock::new(|| site(json!("path"), json!([])));

fuzz_target!(|data: &[u8]| {
    let mut book = match Book::from_json(data) {
        Ok(book) => book,
        Err(e) => {
            assert!(!e.to_string().is_empty());
            return;
        }
    };
    let measures = book.take("club");
    assert!(measures.all().len() <= MOST);
    for m in measures.all() {
        assert!(m.from_s < m.until_s && m.until_s - m.from_s <= LONGEST_LIFE_S);
        assert!((1..=100).contains(&m.factor));
    }
    let ruling = measures.meet(&IDENTITY, NOW_MS);
    assert_eq!(ruling, measures.ruling(&IDENTITY, NOW_MS));
    assert!(!(ruling.released() && (ruling.must_prove() || ruling.refused_until_s().is_some())));
    assert!(ruling.refused_until_s().is_none_or(|s| s > NOW_MS / 1000));
    let written = Limits { hour: Some(7), day: Some(0), month: None };
    for level in [Level::Account, Level::Session, Level::Address, Level::Network, Level::Client] {
        let l = ruling.cuts.of(level, written);
        assert!(l.hour.is_some_and(|n| (1..=7).contains(&n)) && l.day == Some(0) && l.month.is_none());
    }
    for route in &SITE.routes {
        let everybody = measures.for_everybody(&SITE, route, NOW_MS);
        assert!(everybody.closed_until_s.is_none_or(|s| s > NOW_MS / 1000));
        assert!(everybody.floor.is_none_or(|f| f.posture > Posture::Calm));
        assert!(everybody.masked.iter().all(|i| i < SITE.fields.len()));
    }
    let met: u64 = measures.all().iter().map(|m| m.met().0).sum();
    assert_eq!(met == 0, ruling.is_none());
});
