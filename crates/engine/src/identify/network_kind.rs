//! The kind of a network: as the operator's table says in its sixth column, else as the list of well-known hosting
//! networks of this release says of the number.

use std::sync::LazyLock;

use crate::doors::NetworkKind;

/// One a line: number, operator, where it was found, state of that list; with TAB between.
const HOSTING: &str = include_str!("../../data/hosting.tsv");

static NUMBERS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut numbers: Vec<u32> = lines().filter_map(|l| l.split('\t').next()?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
});

fn lines() -> impl Iterator<Item = &'static str> {
    HOSTING.lines().filter(|l| !l.is_empty() && !l.starts_with('#'))
}

/// What this release knows of an autonomous system: `Hosting`, or `Unknown`.
pub(super) fn shipped(number: u32) -> NetworkKind {
    if NUMBERS.binary_search(&number).is_ok() { NetworkKind::Hosting } else { NetworkKind::Unknown }
}

/// The kind a table's word names; `None` for a word that names none.
pub(super) fn kind_of(word: &str) -> Option<NetworkKind> {
    Some(match word {
        "residential" => NetworkKind::Residential,
        "mobile" => NetworkKind::Mobile,
        "hosting" => NetworkKind::Hosting,
        "education" | "government" => NetworkKind::EducationGovernment,
        "unknown" => NetworkKind::Unknown,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_shipped_list_has_a_number_an_operator_a_source_and_a_date() {
        let mut before = 0;
        for line in lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [number, operator, source, date] = columns[..] else { panic!("{line}") };
            let number: u32 = number.parse().unwrap();
            assert!(number > before, "sorted, and each once: {line}");
            assert!(!operator.is_empty() && source.contains('/'), "{line}");
            assert!(date.len() == 10 && date.starts_with("20"), "{line}");
            before = number;
        }
        assert_eq!(shipped(24940), NetworkKind::Hosting);
        assert_eq!(shipped(64500), NetworkKind::Unknown, "a number for documentation (RFC 5398)");
    }
}
