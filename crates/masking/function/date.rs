//! Functions for dates and times in ISO format.

use jiff::civil::{Date, date};

use super::TypeClass;
use crate::{key::DomainKey, shape::permute_all, stream::Stream};

/// Date for values that are outside of the years 1 to 9999.
const FALLBACK: Date = date(1970, 1, 1);

/// Moves a date by one to so many days, back or forth. A time of the day is replaced.
pub(super) fn shifted(key: &DomainKey, class: TypeClass, days: u16, value: &str) -> String {
    if is_infinite(value) {
        return value.to_owned();
    }
    let mut stream = Stream::new(key, 14, value.as_bytes());
    let distance = i64::try_from(stream.below(u64::from(days.max(1)))).unwrap_or_default() + 1;
    let distance = if stream.bits().is_multiple_of(2) { distance } else { -distance };
    let (day, rest) = match parts(value) {
        Some(parts) => parts,
        None if class == TypeClass::Text => return permute_all(key, value),
        None => (FALLBACK, ""),
    };
    let move_by = |days: i64| day.checked_add(jiff::Span::new().try_days(days).ok()?).ok().filter(|day| day.year() > 0);
    let found = move_by(distance).or_else(|| move_by(-distance)).unwrap_or(FALLBACK);
    format!("{found}{}", time(rest, &mut stream))
}

/// First day of the year, at midnight.
pub(super) fn year(key: &DomainKey, class: TypeClass, value: &str) -> String {
    if is_infinite(value) {
        return value.to_owned();
    }
    let (day, rest) = match parts(value) {
        Some(parts) => parts,
        None if class == TypeClass::Text => return permute_all(key, value),
        None => (FALLBACK, ""),
    };
    let (clock, zone) = split_zone(rest);
    let midnight: String =
        clock.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).chain(zone.chars()).collect();
    format!("{:04}-01-01{midnight}", day.year())
}

fn is_infinite(value: &str) -> bool {
    matches!(value, "infinity" | "-infinity")
}

/// The date at the beginning, and the rest of the text; none if it does not begin with a date.
fn parts(value: &str) -> Option<(Date, &str)> {
    let (day, rest) = value.split_at_checked(10)?;
    let day: Date = day.parse().ok()?;
    (rest.is_empty() || has_time(rest)).then_some((day, rest))
}

/// True for ` 12:34:56` and `T12:34:56`, with decimal places and a time zone.
fn has_time(rest: &str) -> bool {
    let form = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let begin: String = rest.chars().take(9).map(form).collect();
    let tail = rest.chars().skip(9);
    matches!(begin.as_str(), " 00:00:00" | "T00:00:00")
        && tail.into_iter().all(|c| c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | ':' | 'Z'))
}

/// A time with its decimal places, and its time zone.
fn split_zone(rest: &str) -> (&str, &str) {
    rest.find(['+', '-', 'Z']).and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""))
}

/// Another time with as many decimal places and the same time zone.
fn time(rest: &str, stream: &mut Stream<'_>) -> String {
    if rest.is_empty() {
        return String::new();
    }
    let (clock, zone) = split_zone(rest);
    let separator = clock.chars().next().unwrap_or(' ');
    let second = stream.below(86_400);
    let places = clock.chars().skip(10).count();
    let fraction = match places {
        0 => String::new(),
        places => {
            let digits = (0..places).map(|_| char::from_digit(u32::try_from(stream.below(10)).unwrap_or_default(), 10));
            format!(".{}", digits.flatten().collect::<String>())
        }
    };
    let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
    format!("{separator}{hours:02}:{minutes:02}:{seconds:02}{fraction}{zone}")
}
