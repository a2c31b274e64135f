//! Durations and times in texts for people.

use jiff::{SignedDuration, Timestamp};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A duration in at most two units: `45s`, `12m`, `3h12m`, `2d5h`. A negative one counts as zero.
pub(crate) fn rough(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let two = |large: i64, name: char, small: i64, rest: char| {
        let remainder = seconds % large / small;
        if remainder == 0 {
            format!("{}{name}", seconds / large)
        } else {
            format!("{}{name}{remainder}{rest}", seconds / large)
        }
    };
    match seconds {
        0..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        HOUR..DAY => two(HOUR, 'h', MINUTE, 'm'),
        _ => two(DAY, 'd', HOUR, 'h'),
    }
}

/// Time since `then`.
pub(crate) fn age(then: Timestamp, now: Timestamp) -> String {
    rough(now.duration_since(then))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_has_at_most_two_units() {
        let text = |seconds: i64| rough(SignedDuration::from_secs(seconds));
        assert_eq!(text(-5), "0s");
        assert_eq!(text(59), "59s");
        assert_eq!(text(60), "1m");
        assert_eq!(text(3 * HOUR + 12 * MINUTE + 9), "3h12m");
        assert_eq!(text(4 * HOUR), "4h");
        assert_eq!(text(2 * DAY + 5 * HOUR + 59 * MINUTE), "2d5h");
        assert_eq!(text(DAY + 30 * MINUTE), "1d");
    }
}
