//! Times as logs write them, to milliseconds since the Unix epoch.

use crate::line::Skip;

/// 1991-01-01T00:00:00Z: there was no web before.
pub const WEB_MS: u64 = 662_688_000_000;

const MONTHS: [&[u8; 3]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

/// Days since 1970-01-01 of a date of the Gregorian calendar; `None` for a date that does not exist.
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    if day == 0 || day > longest {
        return None;
    }
    let y = i64::from(year) - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * (i64::from(month) + if month > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(day) - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    digits.iter().try_fold(0u32, |n, d| d.is_ascii_digit().then(|| n * 10 + u32::from(d - b'0')))
}

/// Milliseconds of a date and a time of day at an offset from UTC.
fn compose(date: (u32, u32, u32), time: (u32, u32, u32), ms: u32, offset_s: i64) -> Result<u64, Skip> {
    let day = days(date.0, date.1, date.2).ok_or(Skip::ImpossibleTime)?;
    // A leap second is written as 60.
    if time.0 > 23 || time.1 > 59 || time.2 > 60 {
        return Err(Skip::ImpossibleTime);
    }
    let s = day * 86_400 + i64::from(time.0 * 3600 + time.1 * 60 + time.2) - offset_s;
    u64::try_from(s * 1000 + i64::from(ms)).map_err(|_| Skip::BeforeTheWeb)
}

/// `+0200`, `+02:00`, `Z`.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text.split_first()? {
        (b'Z' | b'z', []) => return Some(0),
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [a, b, b':', c, d] | [a, b, c, d] => (number(&[*a, *b])?, number(&[*c, *d])?),
        [a, b] => (number(&[*a, *b])?, 0),
        _ => return None,
    };
    (hours <= 18 && minutes <= 59).then_some(sign * i64::from(hours * 3600 + minutes * 60))
}

/// `13:55:36` or `13:55:36.123`.
fn time_of_day(text: &[u8]) -> Option<((u32, u32, u32), u32)> {
    let (hms, fraction) = match memchr::memchr2(b'.', b',', text) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &b""[..]),
    };
    let [h1, h2, b':', m1, m2, b':', s1, s2] = hms else { return None };
    let ms = if fraction.is_empty() { 0 } else { milliseconds(fraction)? };
    Some(((number(&[*h1, *h2])?, number(&[*m1, *m2])?, number(&[*s1, *s2])?), ms))
}

/// Digits behind the point, cut to thousandths.
fn milliseconds(fraction: &[u8]) -> Option<u32> {
    if fraction.len() > 18 || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |i: usize| fraction.get(i).map_or(0, |d| u32::from(d - b'0'));
    Some(digit(0) * 100 + digit(1) * 10 + digit(2))
}

/// `10/Oct/2000:13:55:36 -0700`, without the brackets (Apache's `%t`, nginx's `$time_local`).
///
/// # Errors
/// [`Skip::NoTime`] or [`Skip::ImpossibleTime`].
pub fn common(text: &[u8]) -> Result<u64, Skip> {
    let (stamp, zone) = match memchr::memchr(b' ', text) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &b"+0000"[..]),
    };
    let mut parts = stamp.splitn(3, |b| *b == b'/');
    let (Some(day), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Skip::NoTime);
    };
    let month: [u8; 3] = month.try_into().map_err(|_| Skip::NoTime)?;
    let month = MONTHS.iter().position(|m| m.eq_ignore_ascii_case(&month)).ok_or(Skip::NoTime)?;
    let (year, time) = rest.split_at_checked(4).ok_or(Skip::NoTime)?;
    let (time, ms) = time.strip_prefix(b":").and_then(time_of_day).ok_or(Skip::NoTime)?;
    let (Some(year), Some(day)) = (number(year), number(day).filter(|_| day.len() <= 2)) else {
        return Err(Skip::NoTime);
    };
    let offset_s = offset(zone).ok_or(Skip::NoTime)?;
    compose((year, u32::try_from(month).unwrap_or(0) + 1, day), time, ms, offset_s)
}

/// `2026-11-26T17:57:27.123Z`, with any offset, a space instead of the `T`, or no offset (UTC).
///
/// # Errors
/// [`Skip::NoTime`] or [`Skip::ImpossibleTime`].
pub fn rfc3339(text: &[u8]) -> Result<u64, Skip> {
    let (date, rest) = text.split_at_checked(10).ok_or(Skip::NoTime)?;
    let rest = match rest.split_first() {
        Some((b'T' | b't' | b' ' | b'_', rest)) => rest,
        _ => return Err(Skip::NoTime),
    };
    let end = memchr::memchr3(b'Z', b'+', b'-', rest).or_else(|| memchr::memchr(b'z', rest)).unwrap_or(rest.len());
    let zone = if end == rest.len() { &b"Z"[..] } else { &rest[end..] };
    date_time(date, rest[..end].trim_ascii(), offset(zone.trim_ascii()).ok_or(Skip::NoTime)?)
}

/// A date `2026-11-26` (or with slashes) and a time of day, at an offset in seconds.
///
/// # Errors
/// [`Skip::NoTime`] or [`Skip::ImpossibleTime`].
pub fn date_time(date: &[u8], time: &[u8], offset_s: i64) -> Result<u64, Skip> {
    let [y1, y2, y3, y4, s1, m1, m2, s2, d1, d2] = date else { return Err(Skip::NoTime) };
    if s1 != s2 || !matches!(s1, b'-' | b'/') {
        return Err(Skip::NoTime);
    }
    let (Some(year), Some(month), Some(day)) =
        (number(&[*y1, *y2, *y3, *y4]), number(&[*m1, *m2]), number(&[*d1, *d2]))
    else {
        return Err(Skip::NoTime);
    };
    let (time, ms) = time_of_day(time).ok_or(Skip::NoTime)?;
    compose((year, month, day), time, ms, offset_s)
}

/// Seconds since the epoch with a fraction (`1764180000.123`), or whole milliseconds, microseconds, nanoseconds, told
/// apart by their size.
///
/// # Errors
/// [`Skip::NoTime`].
pub fn epoch(text: &[u8]) -> Result<u64, Skip> {
    let (whole, fraction) = match memchr::memchr(b'.', text) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &b""[..]),
    };
    if whole.is_empty() || whole.len() > 19 || !whole.iter().all(u8::is_ascii_digit) {
        return Err(Skip::NoTime);
    }
    let n = whole.iter().fold(0u64, |n, d| n.wrapping_mul(10).wrapping_add(u64::from(d - b'0')));
    match whole.len() {
        0..=11 => {
            let ms = if fraction.is_empty() { 0 } else { milliseconds(fraction).ok_or(Skip::NoTime)? };
            Ok(n * 1000 + u64::from(ms))
        }
        12..=14 => Ok(n),
        15..=17 => Ok(n / 1000),
        _ => Ok(n / 1_000_000),
    }
}

/// Remembers the last time that was read: lines of one second follow each other.
#[derive(Debug, Default)]
pub struct LastCommon {
    text: [u8; 32],
    len: usize,
    ms: u64,
}

impl LastCommon {
    /// As [`common`].
    ///
    /// # Errors
    /// As [`common`].
    pub fn read(&mut self, text: &[u8]) -> Result<u64, Skip> {
        if self.len > 0 && text == &self.text[..self.len] {
            return Ok(self.ms);
        }
        let ms = common(text)?;
        self.len = 0;
        if let Some(place) = self.text.get_mut(..text.len()) {
            place.copy_from_slice(text);
            self.len = text.len();
            self.ms = ms;
        }
        Ok(ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_moment_is_read_from_every_form() {
        let ms = 971_211_336_000;
        assert_eq!(common(b"10/Oct/2000:13:55:36 -0700"), Ok(ms));
        assert_eq!(common(b"10/Oct/2000:20:55:36 +0000"), Ok(ms));
        assert_eq!(common(b"10/oct/2000:20:55:36"), Ok(ms));
        assert_eq!(rfc3339(b"2000-10-10T20:55:36Z"), Ok(ms));
        assert_eq!(rfc3339(b"2000-10-10T22:55:36.500+02:00"), Ok(ms + 500));
        assert_eq!(rfc3339(b"2000-10-10 20:55:36"), Ok(ms));
        assert_eq!(rfc3339(b"2000-10-10T20:55:36.123456789Z"), Ok(ms + 123));
        assert_eq!(date_time(b"2000-10-10", b"20:55:36", 0), Ok(ms));
        assert_eq!(epoch(b"971211336"), Ok(ms));
        assert_eq!(epoch(b"971211336.25"), Ok(ms + 250));
        assert_eq!(epoch(b"971211336000"), Ok(ms));
        assert_eq!(epoch(b"1764180000123456789"), Ok(1_764_180_000_123));
        assert_eq!(LastCommon::default().read(b"10/Oct/2000:13:55:36 -0700"), Ok(ms));
    }

    #[test]
    fn dates_that_do_not_exist_are_told_from_no_dates() {
        assert_eq!(common(b"30/Feb/2000:13:55:36 +0000"), Err(Skip::ImpossibleTime));
        assert!(common(b"29/Feb/2000:13:55:36 +0000").is_ok());
        assert_eq!(common(b"29/Feb/1900:13:55:36 +0000"), Err(Skip::ImpossibleTime));
        assert_eq!(common(b"10/Oct/2000:25:55:36 +0000"), Err(Skip::ImpossibleTime));
        assert_eq!(common(b"10/Okt/2000:13:55:36 +0000"), Err(Skip::NoTime));
        assert_eq!(common(b"10/Oct/2000"), Err(Skip::NoTime));
        assert_eq!(rfc3339(b"2000-13-10T20:55:36Z"), Err(Skip::ImpossibleTime));
        assert_eq!(epoch(b"-1"), Err(Skip::NoTime));
        assert_eq!(epoch(b""), Err(Skip::NoTime));
    }

    proptest! {
        #[test]
        fn every_second_is_read_back(s in 0u64..4_102_444_800) {
            let day = i64::try_from(s / 86_400).unwrap();
            // The inverse of `days`, from the same source.
            let z = day + 719_468;
            let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
            let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
            let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
            let mp = (5 * doy + 2) / 153;
            let (d, m) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
            let y = yoe + era * 400 + i64::from(m <= 2);
            let (h, mi, se) = (s / 3600 % 24, s / 60 % 60, s % 60);
            let text = format!("{y:04}-{m:02}-{d:02}T{h:02}:{mi:02}:{se:02}Z");
            prop_assert_eq!(rfc3339(text.as_bytes()), Ok(s * 1000));
            let month = std::str::from_utf8(MONTHS[usize::try_from(m).unwrap() - 1]).unwrap();
            let text = format!("{d:02}/{month}/{y:04}:{h:02}:{mi:02}:{se:02} +0000");
            prop_assert_eq!(common(text.as_bytes()), Ok(s * 1000));
        }

        #[test]
        fn no_text_makes_a_reader_of_times_panic(text in proptest::collection::vec(any::<u8>(), 0..40), near in "[0-9/:. +-TZa-zA-Z]{0,32}") {
            for t in [&text[..], near.as_bytes()] {
                let _ = (common(t), rfc3339(t), epoch(t), date_time(t, t, 0));
            }
        }
    }
}
