//! Answers that were right once and are asked for again.
//!
//! Only successes are kept: a refusal is cheap, and what failed may pass. The key holds everything that an answer
//! depends on, so an entry is never wrong, only old; the oldest goes first when the bytes are too many.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use sha2::{Digest as _, Sha256};

/// Manifests, ready to be sent.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Reply {
    /// One object each, in order.
    pub(crate) manifests: Vec<String>,
}

/// SHA-256 over everything that an answer depends on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Key([u8; 32]);

/// Replies up to a number of bytes.
#[derive(Debug)]
pub(crate) struct Cache {
    entries: Mutex<Entries>,
    limit: usize,
}

#[derive(Debug)]
struct Entries {
    replies: LruCache<Key, Arc<Reply>>,
    bytes: usize,
}

/// What an entry costs beside its text.
const OVERHEAD: usize = 256;

impl Key {
    /// A key of named parts. Names and lengths go in too, so that no two lists of parts are one.
    pub(crate) fn of(parts: &BTreeMap<&str, &[u8]>) -> Self {
        let mut hash = Sha256::new();
        for (name, part) in parts {
            for bytes in [name.as_bytes(), part] {
                hash.update((bytes.len() as u64).to_le_bytes());
                hash.update(bytes);
            }
        }
        Self(hash.finalize().into())
    }
}

impl Reply {
    fn cost(&self) -> usize {
        self.manifests.iter().map(|manifest| manifest.len() + size_of::<String>()).sum::<usize>() + OVERHEAD
    }
}

impl Cache {
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: Mutex::new(Entries { replies: LruCache::unbounded(), bytes: 0 }), limit }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Reply>> {
        self.lock().replies.get(key).cloned()
    }

    pub(crate) fn put(&self, key: Key, reply: &Arc<Reply>) {
        let cost = reply.cost();
        if cost > self.limit {
            return;
        }
        let mut entries = self.lock();
        entries.bytes += cost;
        if let Some(before) = entries.replies.put(key, Arc::clone(reply)) {
            entries.bytes -= before.cost();
        }
        while entries.bytes > self.limit {
            let Some((_, oldest)) = entries.replies.pop_lru() else { return };
            entries.bytes -= oldest.cost();
        }
    }

    /// Bytes and entries held.
    pub(crate) fn size(&self) -> (usize, usize) {
        let entries = self.lock();
        (entries.bytes, entries.replies.len())
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
