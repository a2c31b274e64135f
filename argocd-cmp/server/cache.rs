//! Least recently used cache of rendered manifests.
//!
//! Only successes are cached: a refusal is cheap to repeat, and a failure may be temporary. The key covers everything
//! that the manifests depend on, so an entry never becomes invalid. The least recently used entries are evicted when
//! the cache exceeds its limit in bytes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use sha2::{Digest as _, Sha256};

/// Rendered manifests in the form that Argo CD receives.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct JsonManifests {
    /// JSON, one object per item, in the order of the render.
    pub(crate) objects: Vec<String>,
}

/// SHA-256 digest of everything that the manifests depend on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct CacheKey([u8; 32]);

/// Result of a lookup, for the metrics.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CacheLookup {
    /// The manifests were cached.
    Hit,
    /// The manifests had to be rendered.
    Miss,
}

/// Cache of manifests, limited in bytes.
#[derive(Debug)]
pub(crate) struct ManifestCache {
    entries: Mutex<CacheEntries>,
    limit: usize,
}

#[derive(Debug)]
struct CacheEntries {
    manifests: LruCache<CacheKey, Arc<JsonManifests>>,
    bytes: usize,
}

/// Bytes charged per entry in addition to its text.
const ENTRY_OVERHEAD: usize = 256;

impl CacheKey {
    /// Digest of named parts. Names and lengths are hashed too, so different lists of parts have different keys.
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

impl JsonManifests {
    /// Wraps the objects and frees the unused capacity of each text, so that an entry needs no more memory than it is
    /// charged for.
    pub(crate) fn new(mut objects: Vec<String>) -> Self {
        objects.iter_mut().for_each(String::shrink_to_fit);
        objects.shrink_to_fit();
        Self { objects }
    }

    /// Bytes charged for this entry.
    fn cost(&self) -> usize {
        self.objects.iter().map(|object| object.len() + size_of::<String>()).sum::<usize>() + ENTRY_OVERHEAD
    }
}

impl ManifestCache {
    /// Creates an empty cache that holds at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: Mutex::new(CacheEntries { manifests: LruCache::unbounded(), bytes: 0 }), limit }
    }

    /// Cached manifests, which become the most recently used entry.
    pub(crate) fn get(&self, key: &CacheKey) -> Option<Arc<JsonManifests>> {
        self.lock().manifests.get(key).cloned()
    }

    /// Adds manifests and evicts old entries. Manifests larger than the whole cache are not added.
    pub(crate) fn put(&self, key: CacheKey, manifests: &Arc<JsonManifests>) {
        let cost = manifests.cost();
        if cost > self.limit {
            return;
        }
        let mut entries = self.lock();
        entries.bytes += cost;
        if let Some(before) = entries.manifests.put(key, Arc::clone(manifests)) {
            entries.bytes -= before.cost();
        }
        while entries.bytes > self.limit {
            let Some((_, oldest)) = entries.manifests.pop_lru() else { return };
            entries.bytes -= oldest.cost();
        }
    }

    /// Number of bytes and number of entries in the cache.
    pub(crate) fn size(&self) -> (usize, usize) {
        let entries = self.lock();
        (entries.bytes, entries.manifests.len())
    }

    fn lock(&self) -> MutexGuard<'_, CacheEntries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
