//! Batches of changes within the limits of one call, and the search for the bad entry of a refused batch.
//!
//! The functions are generic over the item, so that a caller can keep the recipient of an answer with its entry. An item is
//! never divided: an entry with a record and its TXT record stays whole.

use crate::dns::change::ChangeWeight;

/// Limits of one call of `ChangeResourceRecordSets`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BatchLimits {
    /// Maximum number of changes. The default, 1,000, is a limit of EoD: aliases have no values, so the limits of Route 53
    /// alone would allow a request of any size.
    pub changes: usize,
    /// Maximum number of values, default 1,000. Source: "Quotas" of the Route 53 Developer Guide.
    pub values: usize,
    /// Maximum number of characters of all values, default 32,000. Source: "Quotas" of the Route 53 Developer Guide.
    pub characters: usize,
}

/// Items in batches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Batches<T> {
    /// Batches within the limits, in the order of the items. No batch is empty.
    pub batches: Vec<Vec<T>>,
    /// Items that are over a limit alone, so no call can contain them.
    pub too_large: Vec<T>,
}

/// Parts of a refused batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RefusedBatch<T> {
    /// The batch had one item: the error is about this item.
    Single(T),
    /// Smaller batches to send one after the other.
    Parts(Vec<Vec<T>>),
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { changes: 1_000, values: 1_000, characters: 32_000 }
    }
}

impl BatchLimits {
    /// True if changes of this weight fit in one call.
    pub fn allow(&self, weight: ChangeWeight) -> bool {
        weight.changes <= self.changes && weight.values <= self.values && weight.characters <= self.characters
    }
}

/// Puts items into batches in their order. A batch ends before the item that would exceed a limit.
pub fn batches<T>(
    items: impl IntoIterator<Item = T>,
    weight: impl Fn(&T) -> ChangeWeight,
    limits: &BatchLimits,
) -> Batches<T> {
    let (mut batches, mut too_large) = (Vec::new(), Vec::new());
    let (mut batch, mut sum) = (Vec::new(), ChangeWeight::default());
    for item in items {
        let own = weight(&item);
        if !limits.allow(own) {
            too_large.push(item);
            continue;
        }
        if !limits.allow(sum + own) {
            batches.push(std::mem::take(&mut batch));
            sum = ChangeWeight::default();
        }
        sum = sum + own;
        batch.push(item);
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    Batches { batches, too_large }
}

/// Takes a refused batch apart; none for an empty batch. Route 53 has applied nothing of it.
///
/// Items that the error names are sent alone, after the others together. If the error names none of them, or all, the batch is
/// halved. Every part is smaller than the batch, so repeated calls end with the bad items alone.
pub fn take_apart<T>(batch: Vec<T>, is_named: impl Fn(&T) -> bool) -> Option<RefusedBatch<T>> {
    let mut items = batch;
    match items.len() {
        0 => return None,
        1 => return items.pop().map(RefusedBatch::Single),
        _ => {}
    }
    let named = items.iter().filter(|item| is_named(item)).count();
    if named == 0 || named == items.len() {
        let second = items.split_off(items.len() / 2);
        return Some(RefusedBatch::Parts(vec![items, second]));
    }
    let (bad, good): (Vec<T>, Vec<T>) = items.into_iter().partition(is_named);
    let parts = [good].into_iter().chain(bad.into_iter().map(|item| vec![item])).collect();
    Some(RefusedBatch::Parts(parts))
}

#[cfg(test)]
mod tests;
