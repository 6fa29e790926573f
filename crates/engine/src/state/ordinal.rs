//! The number in an identifier, so that it can be told whether people are asked for in order.
//!
//! Sites write the same number in many ways: `7`, `000007`, `u7`, `user-7`, `7-ada-quill`, `?id=7`. What stands around it
//! has to stay the same from one to the next, or no order is seen: the end of a random identifier is no number.

use std::num::NonZeroU32;

use smallvec::SmallVec;

use crate::policy::{RouteKind, RouteMatch};

/// Longer identifiers have no order that anybody could follow.
const LONGEST: usize = 128;

/// Most parameters of a query that are looked at.
const MOST_PARAMETERS: usize = 16;

/// Most parameters of a query that may name the person.
const MOST_NAMING: usize = 4;

/// Parameters that commonly name a person.
const NAMING: [&str; 16] = [
    "id",
    "uid",
    "user",
    "userid",
    "user_id",
    "u",
    "member",
    "memberid",
    "member_id",
    "person",
    "personid",
    "person_id",
    "profile",
    "profile_id",
    "pid",
    "account",
];

/// Parameters that commonly name a part of a list.
const PAGING: [&str; 9] = ["page", "p", "pg", "paged", "offset", "start", "from", "skip", "cursor"];

/// A number, and a mark of what stands around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordinal {
    /// The number.
    pub(super) number: u64,
    /// Equal where the same stands around it.
    pub(super) around: NonZeroU32,
}

impl Ordinal {
    /// The number of an identifier; `None` where it has none that could be counted up.
    #[must_use]
    pub(super) fn of(id: &str) -> Option<Self> {
        if id.len() > LONGEST {
            return None;
        }
        let digits = id.bytes().take_while(u8::is_ascii_digit).count();
        let mut after = id[digits..].bytes();
        if digits > 0
            && after.next().is_some_and(|b| matches!(b, b'-' | b'_' | b'.'))
            && after.next().is_some_and(|b| !b.is_ascii_digit())
        {
            // What follows is the person's name, another each time.
            return Some(Self { number: id[..digits].parse().ok()?, around: NonZeroU32::MAX });
        }
        let digits = id.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (before, number) = id.split_at(id.len() - digits);
        Some(Self { number: number.parse().ok()?, around: mark(before) })
    }

    /// The numbers by which a query may name a person, the likeliest first: those of parameters that commonly do, then
    /// that of the only other one that has a number and does not name a part of a list. Which of them the site reads is
    /// not known: one that never changes must not hide another that does.
    fn in_query(query: &str) -> [Option<Self>; MOST_NAMING] {
        let mut named = SmallVec::<[Self; MOST_NAMING]>::new();
        let mut only = None;
        for (name, value) in parameters(query) {
            let Some(found) = Self::of(value) else { continue };
            // Numbers of two parameters do not follow one another.
            let found = Self { around: both(mark(name), found.around), ..found };
            if is_one_of(&NAMING, name) {
                named.push(found);
            } else if !is_one_of(&PAGING, name) {
                only = if only.is_none() { Some(Some(found)) } else { Some(None) };
            }
        }
        named.extend(only.flatten());
        std::array::from_fn(|i| named.get(i).copied())
    }
}

/// What a request names by its query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Named {
    /// A person, where the path names none.
    pub(super) person: Option<Ordinal>,
    /// What names the person if that does not.
    pub(super) otherwise: [Option<Ordinal>; MOST_NAMING - 1],
    /// The part of a list: the sum of all numbers that commonly name one, so that none that stays the same hides one that
    /// goes on.
    pub(super) page: Option<u32>,
}

impl Named {
    /// Reads the query of a request for a route.
    #[must_use]
    pub fn by(route: Option<&RouteMatch<'_>>, query: Option<&str>) -> Self {
        let (Some(route), Some(query)) = (route, query) else { return Self::default() };
        if matches!(route.route.kind, RouteKind::List | RouteKind::Search) {
            let parts = parameters(query).filter(|(name, _)| is_one_of(&PAGING, name));
            let page = parts.filter_map(|(_, v)| v.parse().ok()).reduce(u32::wrapping_add);
            return Self { page, ..Self::default() };
        }
        if route.person.is_some() {
            return Self::default();
        }
        let [person, otherwise @ ..] = Ordinal::in_query(query);
        Self { person, otherwise, page: None }
    }
}

fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').take(MOST_PARAMETERS).filter_map(|pair| pair.split_once('='))
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|n| n.eq_ignore_ascii_case(name))
}

/// FNV-1a, of letters in any case. Whoever makes two of them alike only makes its own order easier to see.
fn mark(text: &str) -> NonZeroU32 {
    let letters = text.bytes().map(|b| b.to_ascii_lowercase());
    let hash = letters.fold(0x811c_9dc5, |hash: u32, b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193));
    NonZeroU32::new(hash).unwrap_or(NonZeroU32::MIN)
}

/// One mark of two.
fn both(one: NonZeroU32, other: NonZeroU32) -> NonZeroU32 {
    NonZeroU32::new(one.get().rotate_left(5) ^ other.get()).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::state::test_site::site;

    fn number(id: &str) -> Option<u64> {
        Ordinal::of(id).map(|o| o.number)
    }

    #[test]
    fn a_number_is_read_however_a_site_writes_it() {
        for seven in ["7", "000007", "u7", "u000007", "user-7", "2024-0007", "7-ada-quill", "7_ada", "7.html"] {
            assert_eq!(number(seven), Some(7), "{seven}");
        }
        for none in ["", "ada", "ada-quill", "c0ffee", "12345678901234567890123", &"7".repeat(200)] {
            assert_eq!(number(none), None, "{none}");
        }
        assert_eq!(Ordinal::of("u7").unwrap().around, Ordinal::of("u0008").unwrap().around);
        assert_eq!(Ordinal::of("7-ada").unwrap().around, Ordinal::of("8-ben").unwrap().around);
        assert_ne!(Ordinal::of("a7").unwrap().around, Ordinal::of("b8").unwrap().around);
    }

    #[test]
    fn a_query_names_a_person_by_the_usual_name_or_by_its_only_number() {
        let read = |q| Ordinal::in_query(q).map(|o| o.map(|o| o.number)).into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(read("tab=2&ID=u0007"), [7, 2]);
        assert_eq!(read("nr=7"), [7]);
        assert_eq!(read("nr=7&page=3"), [7]);
        assert_eq!(read("nr=7&year=1999&id=3"), [3]);
        assert_eq!(read("nr=7&id=1&uid=2&id=3&u=4&pid=5"), [1, 2, 3, 4], "no more than fit");
        for none in ["nr=7&year=1999", "page=3", "q=ada", "", "=&&="] {
            assert!(read(none).is_empty(), "{none}");
        }
        let around = |q| Ordinal::in_query(q)[0].unwrap().around;
        assert_eq!(around("id=7"), around("a=b&ID=8"));
        assert_ne!(around("id=7"), around("uid=7"));
        assert_ne!(around("id=a7"), around("id=b7"));
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_is_read_or_left(
            path in "(/members/|/search|/)?(.{0,200}|[a-z-]{0,9}[0-9]{0,40}[-._]?.{0,9})",
            query in "(([a-z_]{0,9}|id|UID|page|from)=(.{0,40}|[0-9]{0,40})&?){0,40}|.{0,200}",
        ) {
            prop_assert!(Ordinal::of(&path).is_none_or(|_| path.len() <= LONGEST));
            let site = site();
            let route = site.route("GET", &path);
            let named = Named::by(route.as_ref(), Some(&query));
            prop_assert_eq!(named, Named::by(route.as_ref(), Some(&query)));
            prop_assert!(named.person.is_some() || named.otherwise == [None; MOST_NAMING - 1]);
            prop_assert!(Ordinal::in_query(&query).is_sorted_by_key(Option::is_none), "none between");
        }
    }
}
