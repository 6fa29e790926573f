//! Made-up people for those who took a bait.
//!
//! All contact details are from ranges that belong to nobody: `example.org`, `example.com` and `example.net` (RFC 2606
//! section 3) and the North American numbers 555-0100 to 555-0199 (set aside for fiction). The names are put together
//! from invented surnames. Our own reference number and contact stay on the page: whoever came by accident can ask.

use askama::Template;

use super::challenge::local;
use super::{PageContext, render};

const GIVEN: [&str; 24] = [
    "Alba", "Bram", "Cleo", "Dorian", "Edda", "Finn", "Greta", "Hugo", "Ilse", "Jonas", "Katya", "Lorcan", "Mirela",
    "Nils", "Odette", "Piers", "Quilla", "Rufus", "Saskia", "Tobin", "Una", "Viggo", "Wanda", "Yorick",
];
const FIRST: [&str; 20] = [
    "Ash", "Briar", "Copper", "Dun", "Elder", "Fern", "Gorse", "Hazel", "Ivy", "Juniper", "Knot", "Larch", "Mallow",
    "Nettle", "Oak", "Privet", "Quick", "Rowan", "Sloe", "Thistle",
];
const LAST: [&str; 16] = [
    "acre", "beck", "combe", "dene", "fold", "garth", "holt", "ing", "leaze", "mere", "ness", "over", "rigg", "stead",
    "thwaite", "wick",
];
const HEADLINES: [&str; 12] = [
    "Gardener and bell-ringer",
    "Teaches evening classes",
    "Keeps bees",
    "Repairs old clocks",
    "Plays the viola",
    "Treasurer of the rowing club",
    "Writes about birds",
    "Runs the reading group",
    "Bakes for the market",
    "Retired surveyor",
    "Looks after the footpaths",
    "Studies lichens",
];
const DOMAINS: [&str; 3] = ["example.org", "example.com", "example.net"];
const PEOPLE: usize = 20;

struct Person {
    name: String,
    headline: &'static str,
    email: String,
    phone: String,
    link: String,
}

#[derive(Template)]
#[template(path = "decoy.html")]
struct DecoyHtml<'a> {
    page: &'a PageContext<'a>,
    people: Vec<Person>,
    links: &'a [&'a str],
}

/// A list of made-up people (status 200): the same for the same `seed`. `links` are paths of baits to link to, in turn;
/// none, and the names are no links.
#[must_use]
pub fn decoy(page: &PageContext<'_>, seed: u64, links: &[&str]) -> String {
    let mut draw = Draw(seed);
    let people = (0..PEOPLE)
        .map(|i| {
            let given = draw.from(&GIVEN);
            let surname = format!("{}{}", draw.from(&FIRST), draw.from(&LAST));
            let email = format!("{}.{}@{}", given, surname, draw.from(&DOMAINS)).to_ascii_lowercase();
            Person {
                name: format!("{given} {surname}"),
                headline: draw.from(&HEADLINES),
                email,
                phone: format!("({:03}) 555-01{:02}", 201 + draw.below(700), draw.below(100)),
                link: links.get(i % links.len().max(1)).map_or_else(String::new, |l| local(l).to_owned()),
            }
        })
        .collect();
    render(&DecoyHtml { page, people, links })
}

/// SplitMix64 (Steele, Lea, Flood 2014): even and repeatable, which is all that is asked here.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    fn from<'l>(&mut self, list: &[&'l str]) -> &'l str {
        let at = usize::try_from(self.below(list.len().max(1) as u64)).unwrap_or(0);
        list.get(at).copied().unwrap_or_default()
    }
}
