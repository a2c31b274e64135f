//! Hash chain over the sealed events.
//!
//! The hash of an event covers its line without the hash, and the hash of the event before. So an event cannot be changed,
//! removed or inserted without a change of every later hash, and the head records the last one.
//!
//! The chain proves that the events are complete and unchanged since the head was written. It does not prove that the
//! writer of the head was honest: a person with write access to the ConfigMap can write a new chain.

mod fold;
mod line;

use self::fold::fold;
use self::line::{ChainLine, chain_hash, chain_line};
use super::event::{Event, EventError, EventKind};
use super::head::LedgerHead;

/// Maximum number of sealed events. Above, the oldest half is folded.
pub const EVENTS_MAX: usize = 200;
/// Maximum size of all sealed events in bytes. Above, the oldest half is folded.
pub const EVENTS_BYTES_MAX: usize = 256 * 1024;

/// Statement about a verified chain, for readers of an audit.
pub const CHAIN_PROOF: &str = "Proven: the events are complete, unchanged and in this order since the head was written. \
    Not proven: that the writer of the head was honest; a person with write access to the ledger's ConfigMap can write a new chain. \
    Events of a summary are proven by its hash only against an earlier copy of the ledger.";

/// Event that is not sealed yet, with its key in the ConfigMap.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LooseEvent {
    /// Key in the ConfigMap.
    pub key: String,
    /// The event.
    pub event: Event,
}

/// Sealed events, with the head that records them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedEvents {
    /// Head with the new sequence number and hash.
    pub head: LedgerHead,
    /// Text of all sealed events: one line each.
    pub text: String,
    /// Keys of loose events that are now sealed, to be deleted in the same write.
    pub sealed_keys: Vec<String>,
}

/// Result of a verification.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChainReport {
    /// Verified events, in order, with their numbers.
    pub events: Vec<(u64, Event)>,
    /// Number of events that were folded into summaries.
    pub folded: u64,
}

/// Reasons for a broken chain.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// A line is not a sealed event.
    #[error("line {line} is not a sealed event")]
    Format {
        /// Number of the line, from 1.
        line: usize,
        /// Error of the parser.
        source: serde_json::Error,
    },
    /// The number of an event is not the next one.
    #[error("line {line} has event number {found}, expected {expected}: an event is missing or was inserted")]
    Number {
        /// Number of the line, from 1.
        line: usize,
        /// Number of the event.
        found: u64,
        /// Expected number.
        expected: u64,
    },
    /// The hash of an event does not match.
    #[error("line {line} has hash {found}, expected {expected}: the event or one before it was changed")]
    Hash {
        /// Number of the line, from 1.
        line: usize,
        /// Hash of the event.
        found: String,
        /// Expected hash.
        expected: String,
    },
    /// The last event is not the one that the head records.
    #[error("the last event is number {found}, and the head records number {expected} with hash {hash}")]
    Head {
        /// Number of the last event.
        found: u64,
        /// Number in the head.
        expected: u64,
        /// Hash in the head.
        hash: String,
    },
}

/// Reasons not to seal events.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The chain is broken: it is kept as it is and reported.
    #[error("events are not sealed: the chain is broken")]
    Chain(#[from] ChainError),
    /// An event is too large.
    #[error("events are not sealed")]
    Event(#[from] EventError),
}

/// Verifies the sealed events against the head.
///
/// # Errors
///
/// The first event that does not match.
pub fn verify_chain(head: &LedgerHead, text: &str) -> Result<ChainReport, ChainError> {
    let mut events: Vec<(u64, Event)> = Vec::new();
    let (mut folded, mut seq, mut before) = (0_u64, 0_u64, String::new());
    for (index, written) in text.lines().enumerate() {
        let line = index + 1;
        let ChainLine { n, event, h } =
            serde_json::from_str(written).map_err(|source| ChainError::Format { line, source })?;
        // A summary has the number of the last event that it replaces.
        let replaced = folded_count(&event);
        let expected = seq.saturating_add(replaced.unwrap_or(1));
        if n != expected {
            return Err(ChainError::Number { line, found: n, expected });
        }
        let hash = chain_hash(&before, n, &event);
        if h != hash {
            return Err(ChainError::Hash { line, found: h, expected: hash });
        }
        folded = folded.saturating_add(replaced.unwrap_or(0));
        (seq, before) = (n, hash);
        events.push((n, event));
    }
    if head.seq != seq || head.hash != before {
        return Err(ChainError::Head { found: seq, expected: head.seq, hash: head.hash.clone() });
    }
    Ok(ChainReport { events, folded })
}

/// Seals loose events in the order of their times, those of one time in the order of a life. Folds the oldest events above
/// the bounds.
///
/// # Errors
///
/// The chain is broken, or an event is too large. Nothing is sealed then.
pub fn seal(head: &LedgerHead, text: &str, loose: &[LooseEvent]) -> Result<SealedEvents, SealError> {
    let mut events = verify_chain(head, text)?.events;
    let mut sorted: Vec<&LooseEvent> = loose.iter().collect();
    sorted.sort_by_key(|loose| (loose.event.t, loose.event.g, loose.event.e, loose.key.clone()));
    let mut seq = head.seq;
    for loose in sorted {
        // The size is checked before anything changes.
        loose.event.to_json()?;
        seq = seq.saturating_add(1);
        events.push((seq, loose.event.clone()));
    }
    let mut chained = chain(&events);
    while chained.lines > EVENTS_MAX || chained.text.len() > EVENTS_BYTES_MAX {
        let folded = fold(&events, head.generation);
        if folded.len() >= events.len() {
            break;
        }
        events = folded;
        chained = chain(&events);
    }
    let head = LedgerHead { seq, hash: chained.hash, ..head.clone() };
    let sealed_keys = loose.iter().map(|loose| loose.key.clone()).collect();
    Ok(SealedEvents { head, text: chained.text, sealed_keys })
}

/// Text of a chain with its last hash.
struct Chained {
    text: String,
    lines: usize,
    hash: String,
}

fn chain(events: &[(u64, Event)]) -> Chained {
    let mut chained = Chained { text: String::new(), lines: 0, hash: String::new() };
    for (n, event) in events {
        chained.hash = chain_hash(&chained.hash, *n, event);
        chained.text.push_str(&chain_line(*n, event, &chained.hash));
        chained.text.push('\n');
        chained.lines += 1;
    }
    chained
}

/// Number of events that a summary replaces; none for every other event.
fn folded_count(event: &Event) -> Option<u64> {
    (event.e == EventKind::Folded).then(|| event.number("count").unwrap_or(0))
}

#[cfg(test)]
mod tests;
