//! Lines of the chain and their hashes.

use serde::{Deserialize, Serialize};

use crate::hash;
use crate::ledger::event::Event;
use crate::ledger::head::HASH_LENGTH;

/// Event in the chain, as one line.
#[derive(Deserialize, Serialize)]
pub(super) struct ChainLine {
    pub(super) n: u64,
    #[serde(flatten)]
    pub(super) event: Event,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) h: String,
}

/// Hash of an event, over its line without the hash and the hash of the event before.
pub(super) fn chain_hash(before: &str, n: u64, event: &Event) -> String {
    let mut hash = hash::sha256_hex(format!("{before}{}", chain_line(n, event, "")).as_bytes());
    hash.truncate(HASH_LENGTH);
    hash
}

/// Line of an event with its hash.
pub(super) fn chain_line(n: u64, event: &Event, hash: &str) -> String {
    let line = ChainLine { n, event: event.clone(), h: hash.to_owned() };
    serde_json::to_string(&line).expect("an event has only strings, numbers and maps with string keys")
}
