//! Folding of the oldest events into summaries.
//!
//! A history row is computed from the events of one life. Summaries of the current life have sums, and the events that a row
//! needs with their times are kept, so the row is equal before and after. The rows of earlier lives are written at their end.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::line::chain_hash;
use crate::ledger::event::{Event, EventKind};
use crate::ledger::event_sums::{EventSums, FoldedCost};
use crate::ledger::history::cost;
use crate::ledger::lives::Lives;

/// Kinds of events with a first time that a history row needs.
const FIRSTS: [EventKind; 7] = [
    EventKind::Requested,
    EventKind::Queued,
    EventKind::CreateStarted,
    EventKind::Provisioned,
    EventKind::Adopted,
    EventKind::Deployed,
    EventKind::EndStarted,
];

/// Events that a fold keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum FoldRule {
    /// First and last event of every life, and all that the row of any life needs.
    AllLives,
    /// All that the first rule keeps of the current life, and of the next one if it is requested already.
    CurrentLife,
    /// Only the first times of the current life, and its last price. The cost before that price is a sum.
    FirstTimes,
    /// No event: the ledger has no order of lives.
    Nothing,
}

/// Events with their lives.
struct FoldedLedger<'e> {
    events: &'e [(u64, Event)],
    lives: Lives,
    /// Current generation.
    generation: u64,
}

/// Replaces events of the oldest half by summaries. The rule that keeps the most is used, of those that remove at least a
/// quarter of the half.
pub(super) fn fold(events: &[(u64, Event)], generation: u64) -> Vec<(u64, Event)> {
    let (old, new) = events.split_at(events.len() / 2);
    let ledger = FoldedLedger { events, lives: Lives::of(events.iter().map(|(_, event)| event)), generation };
    let rules = [FoldRule::AllLives, FoldRule::CurrentLife, FoldRule::FirstTimes, FoldRule::Nothing];
    let is_enough = |folded: &Vec<(u64, Event)>| folded.len() <= old.len() / 4 * 3;
    let folded = rules.into_iter().map(|rule| ledger.folded(old, rule)).find(is_enough);
    folded.unwrap_or_else(|| old.to_vec()).into_iter().chain(new.iter().cloned()).collect()
}

impl FoldedLedger<'_> {
    /// Replaces each run of two or more events that are not kept by one summary. The events of a run are of one life.
    fn folded(&self, old: &[(u64, Event)], rule: FoldRule) -> Vec<(u64, Event)> {
        let kept = self.kept(old, rule);
        let cost = (rule == FoldRule::FirstTimes).then(|| self.folded_cost(old)).flatten();
        let mut result = Vec::new();
        let mut run: Vec<&(u64, Event)> = Vec::new();
        let mut hash = String::new();
        for (index, entry) in old.iter().enumerate() {
            let is_other = run.last().is_some_and(|(_, last)| self.group(last, rule) != self.group(&entry.1, rule));
            if is_other || kept.contains(&index) {
                result.extend(self.summary(&run, cost, &hash));
                run.clear();
            }
            if kept.contains(&index) {
                result.push(entry.clone());
            } else {
                run.push(entry);
            }
            hash = chain_hash(&hash, entry.0, &entry.1);
        }
        result.extend(self.summary(&run, cost, &hash));
        result
    }

    /// Life of an event, for the limits of a run. Lives that have ended are one.
    fn group(&self, event: &Event, rule: FoldRule) -> Option<u64> {
        let life = self.lives.life(event);
        match rule {
            FoldRule::AllLives => Some(life),
            FoldRule::CurrentLife | FoldRule::FirstTimes => Some(life).filter(|life| *life >= self.generation),
            FoldRule::Nothing => None,
        }
    }

    /// Positions of the events that a rule keeps.
    fn kept(&self, old: &[(u64, Event)], rule: FoldRule) -> BTreeSet<usize> {
        let last_price = self.last_price(old);
        let mut kept: BTreeSet<usize> = BTreeSet::new();
        let mut edges: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
        let mut firsts: BTreeMap<(u64, EventKind), (Timestamp, usize)> = BTreeMap::new();
        for (index, (_, event)) in self.events.iter().enumerate() {
            let life = self.lives.life(event);
            // The events after the end of the life before belong to the current one.
            let is_boundary = self.lives.is_end(event) && life.saturating_add(1) >= self.generation;
            let is_covered = match rule {
                FoldRule::AllLives => true,
                FoldRule::CurrentLife | FoldRule::FirstTimes => life >= self.generation,
                FoldRule::Nothing => false,
            };
            if is_boundary && rule != FoldRule::Nothing {
                kept.insert(index);
            }
            if !is_covered {
                continue;
            }
            edges.entry(life).or_insert((index, index)).1 = index;
            if FIRSTS.contains(&event.e) {
                let first = firsts.entry((life, event.e)).or_insert((event.t, index));
                *first = (event.t, index).min(*first);
            }
            if event.number("price_micros").is_some() && (rule != FoldRule::FirstTimes || last_price == Some(index)) {
                kept.insert(index);
            }
        }
        if rule != FoldRule::FirstTimes {
            kept.extend(edges.into_values().flat_map(|(first, last)| [first, last]));
        }
        kept.extend(firsts.into_values().map(|(_, index)| index));
        kept
    }

    /// Position of the newest price of the current life.
    fn last_price(&self, old: &[(u64, Event)]) -> Option<usize> {
        let priced = old.iter().enumerate().filter(|(_, (_, event))| self.lives.life(event) == self.generation);
        let prices = priced.filter_map(|(index, (_, event))| Some((event.t, event.number("price_micros")?, index)));
        prices.max().map(|(_, _, index)| index)
    }

    /// Cost of the current life up to its newest price. A price of an earlier time that is sealed later is not part of it.
    fn folded_cost(&self, old: &[(u64, Event)]) -> Option<FoldedCost> {
        let (_, newest) = old.get(self.last_price(old)?)?;
        let events = self.events.iter().map(|(_, event)| event);
        let life: Vec<&Event> = events.filter(|event| self.lives.life(event) == self.generation).collect();
        Some(FoldedCost { until: newest.t, micros: cost(&life, newest.t).micros() })
    }

    /// Summary of a run, with the chain hash of its last event. A run of one event is that event.
    fn summary(&self, run: &[&(u64, Event)], cost: Option<FoldedCost>, hash: &str) -> Option<(u64, Event)> {
        let [_, .., (n, last)] = run else { return run.first().map(|entry| (*entry).clone()) };
        let life = self.lives.life(last);
        let mut sums = EventSums::default();
        for (_, event) in run {
            sums.add(&EventSums::of(event));
        }
        if life == self.generation {
            sums.cost = sums.cost.max(cost);
        }
        Some((*n, sums.summary(last.t, life, hash)))
    }
}

#[cfg(test)]
mod tests;
