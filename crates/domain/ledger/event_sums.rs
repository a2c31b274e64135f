//! Sums of the events that a summary replaces: number per kind, seconds per step, and cost.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;

use super::event::{Actor, Event, EventKind, TEXT_BYTES_MAX};
use super::steps::EndStep;

/// Names of the details with the numbers per kind. One text may be too short for all kinds.
const KINDS: [&str; 4] = ["kinds", "kinds-2", "kinds-3", "kinds-4"];

/// Sums of events, summaries included.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct EventSums {
    /// Number of events.
    pub(super) count: u64,
    /// Time of the first event.
    from: Option<Timestamp>,
    /// Number of events per kind.
    pub(super) kinds: BTreeMap<EventKind, u64>,
    /// Seconds of all events.
    seconds: u64,
    /// Seconds per step of an end.
    pub(super) step_seconds: BTreeMap<EndStep, u64>,
    /// Cost of the segments that are folded.
    pub(super) cost: Option<FoldedCost>,
}

/// Cost of a life up to the event that begins the segment after it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct FoldedCost {
    /// End of the last folded segment.
    pub(super) until: Timestamp,
    /// Cost in millionths of a US dollar, from the start of the life.
    pub(super) micros: u64,
}

impl EventSums {
    /// Sums of one event; of a summary those of the events that it replaces.
    pub(super) fn of(event: &Event) -> Self {
        let seconds = event.number("seconds").unwrap_or(0);
        if event.e != EventKind::Folded {
            let step = event.d.get("step").and_then(|step| step.as_str().parse().ok());
            return Self {
                count: 1,
                from: Some(event.t),
                kinds: BTreeMap::from([(event.e, 1)]),
                seconds,
                step_seconds: step.map(|step| (step, seconds)).into_iter().collect(),
                cost: None,
            };
        }
        let text = |name: &str| event.d.get(name).map_or("", |text| text.as_str());
        let cost = text("cost_until").parse().ok().zip(event.number("cost_micros"));
        let mut kinds: BTreeMap<EventKind, u64> = KINDS.iter().flat_map(|name| pairs(text(name))).collect();
        // A summary of an older version counts the summaries that it replaces.
        kinds.remove(&EventKind::Folded);
        Self {
            count: event.number("count").unwrap_or(0),
            from: Some(text("from").parse().unwrap_or(event.t)),
            kinds,
            seconds,
            step_seconds: pairs(text("step_seconds")).collect(),
            cost: cost.map(|(until, micros)| FoldedCost { until, micros }),
        }
    }

    /// Adds the sums of other events. The cost is that from the start of the life, so the latest one counts.
    pub(super) fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.from = self.from.into_iter().chain(other.from).min();
        self.seconds = self.seconds.saturating_add(other.seconds);
        self.cost = self.cost.max(other.cost);
        add_all(&mut self.kinds, &other.kinds);
        add_all(&mut self.step_seconds, &other.step_seconds);
    }

    /// Summary of these events in the place of the last of them, with the chain hash of that event.
    pub(super) fn summary(&self, last: Timestamp, generation: u64, hash: &str) -> Event {
        let mut event = Event::new(last, generation, EventKind::Folded, Actor::Reaper)
            .with("count", &self.count)
            .with("from", &self.from.unwrap_or(last))
            .with("to", &last)
            .with("seconds", &self.seconds)
            .with("hash", hash);
        for (name, text) in KINDS.into_iter().zip(texts(&self.kinds)) {
            event = event.with(name, &text);
        }
        if let Some(text) = texts(&self.step_seconds).first() {
            event = event.with("step_seconds", text);
        }
        match self.cost {
            Some(cost) => event.with("cost_until", &cost.until).with("cost_micros", &cost.micros),
            None => event,
        }
    }
}

fn add_all<K: Copy + Ord>(sums: &mut BTreeMap<K, u64>, others: &BTreeMap<K, u64>) {
    for (key, number) in others {
        let sum = sums.entry(*key).or_default();
        *sum = sum.saturating_add(*number);
    }
}

/// Pairs of a text such as `commit:2 deployed:1`. A pair that cannot be read is left out.
fn pairs<K: FromStr>(text: &str) -> impl Iterator<Item = (K, u64)> {
    text.split(' ').filter_map(|pair| {
        let (key, number) = pair.split_once(':')?;
        Some((key.parse().ok()?, number.parse().ok()?))
    })
}

/// Texts of pairs, each at most as long as the text of an event.
fn texts<K: Display>(sums: &BTreeMap<K, u64>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for (key, number) in sums {
        let pair = format!("{key}:{number}");
        match texts.last_mut() {
            Some(text) if text.len() + 1 + pair.len() <= TEXT_BYTES_MAX => {
                text.push(' ');
                text.push_str(&pair);
            }
            _ => texts.push(pair),
        }
    }
    texts
}

#[cfg(test)]
mod tests;
