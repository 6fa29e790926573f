//! Plain words for times, fields and contacts.

use std::fmt::Write as _;

use hedgerow_engine::doors::Reference;

/// A span of time as a person says it: rounded up, so that nobody comes back too early.
pub(super) fn span(seconds: u32) -> String {
    let several = |n: u32, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    match seconds {
        0..=1 => "1 second".to_owned(),
        2..=89 => several(seconds, "second"),
        90..=5_399 => format!("about {}", several(seconds.div_ceil(60), "minute")),
        5_400..=129_599 => format!("about {}", several(seconds.div_ceil(3_600), "hour")),
        _ => format!("about {}", several(seconds.div_ceil(86_400), "day")),
    }
}

/// Names of the months.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Year, month from 0, and day from 1 of a moment, in UTC.
fn date(unix_s: u64) -> (u64, usize, u64) {
    let mut days = unix_s / 86_400;
    let leap = |y: u64| y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
    // Whole cycles of the Gregorian calendar first (400 years are 146,097 days), so that the loop is short whatever
    // number comes in.
    let mut year = 1970 + days / 146_097 * 400;
    days %= 146_097;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    for (i, length) in lengths.into_iter().enumerate() {
        month = i;
        if days < length {
            break;
        }
        days -= length;
    }
    (year, month, days + 1)
}

/// A moment as a person writes it, in UTC: `23 November 2026, 21:11 UTC`.
pub(super) fn moment(unix_s: u64) -> String {
    let ((year, month, day), second) = (date(unix_s), unix_s % 86_400);
    format!("{day} {} {year}, {:02}:{:02} UTC", MONTHS[month.min(11)], second / 3600, second / 60 % 60)
}

/// A moment as programs write it (RFC 3339), in UTC: `2026-11-23T21:11:00Z`.
#[must_use]
pub fn timestamp(unix_s: u64) -> String {
    let ((year, month, day), second) = (date(unix_s), unix_s % 86_400);
    let (hours, minutes) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{:02}-{day:02}T{hours:02}:{minutes:02}:{:02}Z", month + 1, second % 60)
}

/// Names of fields as a person says them, joined: `email address and phone number`.
pub(super) fn fields(names: &[&str]) -> String {
    let said: Vec<String> = names
        .iter()
        .map(|name| match *name {
            "email" | "e_mail" | "mail" => "email address".to_owned(),
            "phone" | "telephone" | "tel" => "phone number".to_owned(),
            "mobile" => "mobile number".to_owned(),
            other => other.replace(['_', '-'], " "),
        })
        .collect();
    match said.split_last() {
        None => "details".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// Where a press on the contact leads.
pub(super) fn contact_href(contact: &str, reference: Option<Reference>) -> Option<String> {
    let plain = |c: char| c.is_ascii_graphic() && !"<>\"'`\\".contains(c);
    if !contact.chars().all(plain) {
        return None;
    }
    if contact.starts_with("https://") || contact.starts_with("http://") {
        return Some(contact.to_owned());
    }
    let (local, domain) = contact.strip_prefix("mailto:").unwrap_or(contact).split_once('@')?;
    // Characters that would begin another part of the address are left to people.
    let safe = |s: &str| !s.is_empty() && !s.contains(['@', '?', '&', '#', '%', '/', ':']);
    if !safe(local) || !safe(domain) || !domain.contains('.') {
        return None;
    }
    let mut href = format!("mailto:{local}@{domain}");
    if let Some(reference) = reference {
        let _ = write!(href, "?subject=Reference%20{reference}");
    }
    Some(href)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_rounded_up_into_words() {
        let said = [0, 1, 7, 89, 90, 3_000, 5_399, 5_400, 86_400, 2_592_000].map(span);
        assert_eq!(
            said,
            [
                "1 second",
                "1 second",
                "7 seconds",
                "89 seconds",
                "about 2 minutes",
                "about 50 minutes",
                "about 90 minutes",
                "about 2 hours",
                "about 24 hours",
                "about 30 days"
            ]
        );
        assert_eq!(span(u32::MAX), "about 49711 days");
    }

    #[test]
    fn moments_are_dates() {
        assert_eq!(moment(0), "1 January 1970, 00:00 UTC");
        assert_eq!(moment(951_827_400), "29 February 2000, 12:30 UTC");
        assert_eq!(moment(1_798_761_599), "31 December 2026, 23:59 UTC");
        assert!(moment(u64::MAX).ends_with("UTC"));
    }

    #[test]
    fn fields_are_said_in_words() {
        assert_eq!(fields(&["email"]), "email address");
        assert_eq!(fields(&["email", "phone", "home_address"]), "email address, phone number and home address");
        assert_eq!(fields(&[]), "details");
    }

    #[test]
    fn a_contact_leads_where_it_says_and_nowhere_else() {
        let number = Some(Reference(1));
        assert_eq!(
            contact_href("privacy@example.org", number).as_deref(),
            Some("mailto:privacy@example.org?subject=Reference%200000-0000-0001")
        );
        assert_eq!(contact_href("https://example.org/ask", None).as_deref(), Some("https://example.org/ask"));
        for words in ["the front desk", "javascript:alert(1)@x.y", "a@b", "a@b.c?bcc=d@e.f", "a@b.c\r\nX: y", ""] {
            assert_eq!(contact_href(words, None), None, "{words:?}");
        }
    }
}
