//! Binary form of dates and times: days and microseconds since the year 2000.

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;
/// Days from the first day of the year 0 in the Gregorian calendar, 0000-03-01, to 2000-01-01.
const DAYS_TO_2000: i64 = 730_425;
/// Days of 400 years.
const ERA: i64 = 146_097;

/// Text of a date.
pub(super) fn date_text(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        days => {
            let (date, end) = civil(i64::from(days));
            format!("{date}{end}")
        }
    }
}

/// Text of a time, with a text for the time zone.
pub(super) fn timestamp_text(micros: i64, zone: &str) -> String {
    if micros == i64::MAX {
        return "infinity".to_owned();
    }
    if micros == i64::MIN {
        return "-infinity".to_owned();
    }
    let (date, end) = civil(micros.div_euclid(MICROS_PER_DAY));
    let of_day = micros.rem_euclid(MICROS_PER_DAY);
    let (second, fraction) = (of_day / MICROS_PER_SECOND, of_day % MICROS_PER_SECOND);
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:06}") };
    let fraction = fraction.trim_end_matches('0');
    let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
    format!("{date} {hours:02}:{minutes:02}:{seconds:02}{fraction}{zone}{end}")
}

/// Days of a date.
pub(super) fn date_value(text: &str) -> Option<i32> {
    match text {
        "infinity" => Some(i32::MAX),
        "-infinity" => Some(i32::MIN),
        _ => {
            let (day, rest) = days(text)?;
            if rest.is_empty() { i32::try_from(day).ok() } else { None }
        }
    }
}

/// Microseconds of a time. A text without a time zone is in UTC, and one without a time is midnight.
pub(super) fn timestamp_value(text: &str) -> Option<i64> {
    match text {
        "infinity" => return Some(i64::MAX),
        "-infinity" => return Some(i64::MIN),
        _ => {}
    }
    let (day, rest) = days(text)?;
    let (clock, zone) = rest.find(['+', '-', 'Z']).and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    let micros = if clock.is_empty() { 0 } else { clock_value(clock.strip_prefix([' ', 'T'])?)? };
    day.checked_mul(MICROS_PER_DAY)?.checked_add(micros)?.checked_sub(zone_value(zone)?)
}

/// Microseconds of `hh:mm:ss` with decimal places.
fn clock_value(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<6}").parse().ok()?;
    Some(sexagesimal(seconds)? * MICROS_PER_SECOND + fraction)
}

/// Microseconds east of UTC.
fn zone_value(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None if matches!(text, "" | "Z") => return Some(0),
        None => (1, text.strip_prefix('+')?),
    };
    Some(sign * sexagesimal(rest)? * MICROS_PER_SECOND)
}

/// Seconds of `hh`, `hh:mm` and `hh:mm:ss`.
fn sexagesimal(text: &str) -> Option<i64> {
    let mut seconds = 0;
    let mut unit = 3600;
    for part in text.split(':') {
        if unit == 0 || part.len() != 2 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        seconds += part.parse::<i64>().ok()? * unit;
        unit /= 60;
    }
    Some(seconds)
}

/// Date in the Gregorian calendar, and ` BC` for years before the first.
fn civil(days: i64) -> (String, &'static str) {
    // The year begins in March here, so that a leap day is its last day.
    let days = days + DAYS_TO_2000;
    let (era, day_of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    if year > 0 {
        (format!("{year:04}-{month:02}-{day:02}"), "")
    } else {
        (format!("{:04}-{month:02}-{day:02}", 1 - year), " BC")
    }
}

/// Days of the date at the beginning of a text, and the rest of the text. The years 1 to 9999 are supported: masking
/// functions give no others.
fn days(text: &str) -> Option<(i64, &str)> {
    let (date, rest) = text.split_at_checked(10)?;
    let date: jiff::civil::Date = date.parse().ok()?;
    let epoch = jiff::civil::date(2000, 1, 1);
    let days = (date - epoch).get_days();
    Some((i64::from(days), rest))
}
