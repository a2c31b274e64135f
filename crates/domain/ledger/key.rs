//! Names of the ledger's ConfigMaps and keys.

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use crate::installation::Installation;
use crate::name::EnvironmentName;

/// Name of the ledger's ConfigMap: `<installation>.<environment>`. A dot is in neither name, so it is unique.
pub fn ledger_name(installation: &Installation, environment: &EnvironmentName) -> String {
    format!("{installation}.{environment}")
}

/// Name of a ConfigMap with history rows: `<installation>.history.<yyyy-mm>`, from the second part on with `-<part>`.
pub fn history_name(installation: &Installation, ended: Timestamp, part: u32) -> String {
    let month = month(ended);
    if part <= 1 { format!("{installation}.history.{month}") } else { format!("{installation}.history.{month}-{part}") }
}

/// Month in UTC: `yyyy-mm`.
pub(super) fn month(time: Timestamp) -> String {
    // The text of a timestamp is `yyyy-mm-ddT...` in UTC.
    let mut text = time.to_string();
    text.truncate(7);
    text
}

/// A time in the month before, in UTC.
pub fn month_before(time: Timestamp) -> Timestamp {
    let day = Offset::UTC.to_datetime(time).day();
    time.checked_sub(SignedDuration::from_hours(24 * i64::from(day))).unwrap_or(time)
}

/// Name of the ConfigMap with the reaper's summary: `<installation>.reaper`.
pub fn summary_name(installation: &Installation) -> String {
    format!("{installation}.reaper")
}

/// Key of an event that is not sealed yet: `loose.<time>-<random>`, valid as a key of a ConfigMap.
pub fn loose_key(time: Timestamp, random: [u8; 8]) -> String {
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("loose.{}-{random}", time.as_millisecond())
}
