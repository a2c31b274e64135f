//! Events of a ledger in the order of their times.

use eod_clients::kubernetes::LedgerSnapshot;
use eod_domain::ledger::{ChainError, Event, EventKind, verify_chain};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::table::TextTable;

/// Events of a ledger.
#[derive(Debug)]
pub(super) struct Timeline {
    /// Events in the order of their times, each with its number in the chain if it is sealed.
    pub(super) events: Vec<(Option<u64>, Event)>,
    /// Number of sealed events that were folded into summaries.
    pub(super) folded: u64,
    /// Reason for a broken chain.
    pub(super) broken: Option<ChainError>,
    /// Entries that cannot be read.
    pub(super) problems: Vec<String>,
}

impl Timeline {
    /// Reads all events of a ledger. Sealed events of a broken chain are not shown, because they prove nothing.
    pub(super) fn of(ledger: &LedgerSnapshot) -> Self {
        let mut timeline = Self { events: Vec::new(), folded: 0, broken: None, problems: Vec::new() };
        match &ledger.head {
            Err(problem) => timeline.problems.push(format!("the head cannot be read: {problem}")),
            Ok(head) => match verify_chain(head, &ledger.events) {
                Ok(report) => {
                    timeline.folded = report.folded;
                    timeline.events.extend(report.events.into_iter().map(|(number, event)| (Some(number), event)));
                }
                Err(error) => timeline.broken = Some(error),
            },
        }
        timeline.events.extend(ledger.loose.iter().map(|loose| (None, loose.event.clone())));
        timeline.events.sort_by_key(|(number, event)| (event.t, number.is_none(), *number, event.g, event.e));
        let unreadable = ledger.unreadable.iter();
        timeline
            .problems
            .extend(unreadable.map(|entry| format!("entry `{}` cannot be read: {}", entry.key, entry.error)));
        timeline
    }

    /// Time of the last event of this kind.
    pub(super) fn last(&self, kind: EventKind) -> Option<Timestamp> {
        self.events.iter().filter(|(_, event)| event.e == kind).map(|(_, event)| event.t).max()
    }

    /// Table with the columns WHEN, WHAT, BY and DETAIL.
    pub(super) fn table(&self) -> TextTable {
        let mut table = TextTable::new(&["WHEN", "WHAT", "BY", "DETAIL"]);
        for (_, event) in &self.events {
            table.row(vec![seconds(event.t), event.e.to_string(), author(event), detail(event)]);
        }
        table
    }

    /// JSON list of the events.
    pub(super) fn json(&self) -> Vec<Value> {
        let event = |(number, event): &(Option<u64>, Event)| {
            json!({
                "number": number,
                "sealed": number.is_some(),
                "at": event.t,
                "generation": event.g,
                "event": event.e,
                "by": event.by,
                "who": event.who,
                "run": event.run,
                "details": event.d,
            })
        };
        self.events.iter().map(event).collect()
    }
}

/// Time without fractions of a second, which only give the order.
fn seconds(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

fn author(event: &Event) -> String {
    if event.who.is_empty() { event.by.to_string() } else { format!("{} ({})", event.who.as_str(), event.by) }
}

fn detail(event: &Event) -> String {
    let details = event.d.iter().map(|(name, value)| format!("{name}={}", value.as_str()));
    let run = Some(&event.run).filter(|run| !run.is_empty()).map(|run| format!("run={}", run.as_str()));
    details.chain(run).collect::<Vec<_>>().join(" ")
}
