//! History: one row per ended life, kept after its ledger.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind};
use super::event_sums::{EventSums, FoldedCost};
use super::head::LedgerHead;
use super::key::month;
use super::lives::Lives;
use super::phase::{EndReason, LedgerPhase};
use crate::cost::Money;
use crate::name::EnvironmentName;
use crate::tier::Tier;

/// Maximum size of a ConfigMap with history rows in bytes.
pub const HISTORY_BYTES_MAX: usize = 900 * 1024;
/// Seconds of a day.
const DAY: i128 = 86_400;

/// Row of the history: an ended life of an environment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HistoryRow {
    /// Name of the environment.
    pub name: EnvironmentName,
    /// Generation.
    pub generation: u64,
    /// Identity in canonical form.
    pub identity: String,
    /// Owner as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Tier at the end.
    pub tier: Tier,
    /// Start of the create; none if not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Seconds from the start of the create to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_to_provisioned: Option<u64>,
    /// Seconds from the start of the create to the first deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_to_deployed: Option<u64>,
    /// Seconds from the first request to the first deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_to_ready: Option<u64>,
    /// Start of the end; none if not recorded. It is not stored: no row of the same life is older.
    #[serde(skip)]
    pub end_began: Option<Timestamp>,
    /// End.
    pub ended: Timestamp,
    /// Reason of the end.
    pub reason: EndReason,
    /// Number of commits after the first one.
    pub pushes: u64,
    /// Cost in millionths of a US dollar, from the cost segments.
    pub cost_micros: u64,
}

impl HistoryRow {
    /// True if an interrupted run may have written the row of this life to the history of the month before.
    pub fn may_be_in_month_before(&self) -> bool {
        self.end_began.is_none_or(|began| month(began) != month(self.ended))
    }
}

/// Computes the history row of a life from its events; none if the head is not ended. Events that are folded into summaries
/// do not change the row.
///
/// `ended` is used only if the events have no end of the life yet. An environment that has ended can end once more without
/// another life: after a return that waited for a free place in vain, or when the copies that its end has kept are removed. Its
/// row has the time and the reason of the first end.
///
/// A cost segment begins with an event that has the detail `price_micros`, the price of a day, and ends with the next one
/// or with the end of the life. An adopted environment has no start of a create: its namespace has the time.
pub fn history_row(
    name: &EnvironmentName,
    head: &LedgerHead,
    events: &[Event],
    ended: Timestamp,
) -> Option<HistoryRow> {
    let reason = head.reason?;
    let lives = Lives::of(events);
    let life: Vec<&Event> = events.iter().filter(|event| lives.life(event) == head.generation).collect();
    let first = |kind: EventKind| life.iter().filter(|event| event.e == kind).map(|event| event.t).min();
    let end = life.iter().find(|event| lives.is_end(event));
    let ended = end.map_or(ended, |event| event.t);
    let reason = end.and_then(|event| event.d.get("reason")?.as_str().parse().ok()).unwrap_or(reason);
    let since_ending = (head.phase == LedgerPhase::Ending).then_some(head.since);
    let created = first(EventKind::CreateStarted).or_else(|| adopted_creation(&life));
    let since = |start: Option<Timestamp>, kind: EventKind| seconds_between(start?, first(kind)?);
    let requested = first(EventKind::Requested).or_else(|| first(EventKind::Queued)).or(created);
    let pushes = life.iter().filter_map(|event| EventSums::of(event).kinds.get(&EventKind::Commit).copied());
    Some(HistoryRow {
        name: name.clone(),
        generation: head.generation,
        identity: head.identity.clone(),
        owner: head.owner.as_ref().map(ToString::to_string),
        tier: head.tier,
        created,
        seconds_to_provisioned: since(created, EventKind::Provisioned),
        seconds_to_deployed: since(created, EventKind::Deployed),
        seconds_to_ready: since(requested, EventKind::Deployed),
        end_began: first(EventKind::EndStarted).or(since_ending),
        ended,
        reason,
        pushes: pushes.fold(0, u64::saturating_add),
        cost_micros: cost(&life, ended).micros(),
    })
}

/// Creation of the namespace of an adopted environment.
fn adopted_creation(life: &[&Event]) -> Option<Timestamp> {
    let adopted = life.iter().filter(|event| event.e == EventKind::Adopted);
    adopted.filter_map(|event| event.d.get("created")?.as_str().parse().ok()).min()
}

/// Appends a row to the text of a ConfigMap; none if the text would be too large, so that the row belongs in the next part.
///
/// A row of the same life replaces nothing and is not added again, so that a repeated end has one row.
pub fn append_row(text: &str, row: &HistoryRow) -> Option<String> {
    let line = serde_json::to_string(row).expect("a row has only strings and numbers");
    if has_row(text, row) {
        return Some(text.to_owned());
    }
    let appended = format!("{text}{line}\n");
    (appended.len() <= HISTORY_BYTES_MAX).then_some(appended)
}

/// True if the text of a ConfigMap has a row of the same life.
pub fn has_row(text: &str, row: &HistoryRow) -> bool {
    let is_same = |other: &HistoryRow| (&other.name, other.generation) == (&row.name, row.generation);
    let mut rows = text.lines().filter_map(|line| serde_json::from_str::<HistoryRow>(line).ok());
    rows.any(|other| is_same(&other))
}

/// Sum of the cost segments of a life up to `until`.
pub(super) fn cost(life: &[&Event], until: Timestamp) -> Money {
    let folded = life.iter().filter_map(|event| EventSums::of(event).cost).max();
    let is_open = |start: Timestamp| start <= until && folded.is_none_or(|folded| start >= folded.until);
    let priced = life.iter().filter(|event| is_open(event.t));
    let mut segments: Vec<(Timestamp, u64)> =
        priced.filter_map(|event| Some((event.t, event.number("price_micros")?))).collect();
    segments.sort_unstable();
    let ends = segments.iter().skip(1).map(|(start, _)| *start).chain([until]);
    let segment = |((start, price), end): (&(Timestamp, u64), Timestamp)| {
        let seconds = i128::from(seconds_between(*start, end).unwrap_or(0));
        // A price is at most 64 bits and a life far below 2^63 seconds, so the product fits in 128 bits.
        i128::from(*price).saturating_mul(seconds) / DAY
    };
    let open: i128 = segments.iter().zip(ends).map(segment).sum();
    let total = open.saturating_add(folded.map_or(0, |FoldedCost { micros, .. }| i128::from(micros)));
    Money::from_micros(u64::try_from(total).unwrap_or(u64::MAX))
}

/// Seconds from `start` to `end`; none if the end is before the start.
fn seconds_between(start: Timestamp, end: Timestamp) -> Option<u64> {
    u64::try_from(end.duration_since(start).as_secs()).ok()
}

#[cfg(test)]
mod tests;
