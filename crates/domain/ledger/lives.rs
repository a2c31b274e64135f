//! Lives of an environment in its events.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::event::{Event, EventKind};

/// Ends of the lives in a list of events.
#[derive(Clone, Debug, Default)]
pub(super) struct Lives {
    /// Time of the first event `ended`, by generation. Later ones are of ends that only remove what the first end has kept.
    ended: BTreeMap<u64, Timestamp>,
}

impl Lives {
    /// Reads the ends of all lives.
    pub(super) fn of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut ended: BTreeMap<u64, Timestamp> = BTreeMap::new();
        for event in events.into_iter().filter(|event| event.e == EventKind::Ended) {
            let first = ended.entry(event.g).or_insert(event.t);
            *first = event.t.min(*first);
        }
        Self { ended }
    }

    /// Generation of the life that an event belongs to. A build, and the wait for a free place, are recorded before the create
    /// begins, so with the generation before it: after the end of that life, or with generation 0.
    pub(super) fn life(&self, event: &Event) -> u64 {
        let is_before_create = matches!(
            event.e,
            EventKind::Requested | EventKind::Queued | EventKind::BuildStarted | EventKind::BuildFinished
        );
        let is_after_end = || event.g == 0 || self.ended.get(&event.g).is_some_and(|ended| event.t >= *ended);
        if is_before_create && is_after_end() { event.g.saturating_add(1) } else { event.g }
    }

    /// True if an event is the recorded end of its life. This distinguishes later events, before the next create, from those of the life.
    pub(super) fn is_end(&self, event: &Event) -> bool {
        event.e == EventKind::Ended && self.ended.get(&event.g) == Some(&event.t)
    }
}
