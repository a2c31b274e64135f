//! Fill of a ledger: number and size of its events that are not sealed.
//!
//! The API server refuses a ConfigMap of more than 1 MiB. Sealed events have at most a quarter of it, events that are not
//! sealed at most a half, and the rest is a reserve for the events of an end.

use super::chain::EVENTS_BYTES_MAX;

/// Maximum size of the data of a ConfigMap in bytes, as the API server enforces it.
pub const LEDGER_BYTES_MAX: usize = 1024 * 1024;
/// Maximum number of events that are not sealed, for writers of events that nothing depends on.
pub const LOOSE_EVENTS_MAX: usize = 1000;
/// Maximum size of events that are not sealed in bytes, for writers of events that nothing depends on.
pub const LOOSE_BYTES_MAX: usize = 512 * 1024;
/// Minimum percentage for a flag on a ledger, so that the reaper seals it before others.
pub const FLAGGED_PERCENT: usize = 50;

const _: () = assert!(EVENTS_BYTES_MAX + LOOSE_BYTES_MAX < LEDGER_BYTES_MAX, "there is a reserve for an end");

/// Events of a ledger that are not sealed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LooseFill {
    /// Number of events.
    pub events: usize,
    /// Size of their texts in bytes.
    pub bytes: usize,
}

/// Reasons to refuse a further event.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LedgerFull {
    /// Too many events.
    #[error("{0} events are not sealed yet, and the maximum is {LOOSE_EVENTS_MAX}")]
    Events(usize),
    /// Too large.
    #[error("the events that are not sealed yet have {0} bytes, and the maximum is {LOOSE_BYTES_MAX}")]
    Bytes(usize),
}

impl LooseFill {
    /// Fill with these texts.
    pub fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        texts.into_iter().fold(Self::default(), Self::with)
    }

    /// Fill with one more text.
    #[must_use]
    pub fn with(self, text: &str) -> Self {
        Self { events: self.events.saturating_add(1), bytes: self.bytes.saturating_add(text.len()) }
    }

    /// Percentage of the maximum, of the number or of the size, whichever is larger.
    pub fn percent(&self) -> usize {
        let of = |value: usize, maximum: usize| value.saturating_mul(100) / maximum;
        of(self.events, LOOSE_EVENTS_MAX).max(of(self.bytes, LOOSE_BYTES_MAX))
    }

    /// Percentage for the flag of the ledger; none if it needs none.
    pub fn flag(&self) -> Option<usize> {
        Some(self.percent()).filter(|percent| *percent >= FLAGGED_PERCENT)
    }

    /// Checks that there is room for a further event.
    ///
    /// # Errors
    ///
    /// The ledger is full until the reaper has sealed its events.
    pub fn check(&self) -> Result<(), LedgerFull> {
        if self.events >= LOOSE_EVENTS_MAX {
            return Err(LedgerFull::Events(self.events));
        }
        if self.bytes >= LOOSE_BYTES_MAX { Err(LedgerFull::Bytes(self.bytes)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
