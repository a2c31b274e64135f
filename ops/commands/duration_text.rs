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
mod tests;
