//! Silence of the holder of a running create or end.

use jiff::{SignedDuration, Timestamp};

use crate::ledger::head::LedgerHead;

/// Silence after which another run may take over from a holder: longer than any call can last.
pub const SILENCE: SignedDuration = SignedDuration::from_mins(15);

/// Maximum difference between a heartbeat and the present. A later one is of a clock that was set back since then.
const BEAT_AHEAD_MAX: SignedDuration = SignedDuration::from_mins(2);

impl LedgerHead {
    /// True if the holder of a running create or end has written no heartbeat for [`SILENCE`], or there is no holder.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.is_silent_for(SILENCE, now)
    }

    /// True if there was no heartbeat for this duration, or there is none. One that is more than two minutes in the future
    /// does not count: if the clock of the API server was set back, it would hold the environment for as long as that.
    pub fn is_silent_for(&self, silence: SignedDuration, now: Timestamp) -> bool {
        self.beat.is_none_or(|beat| {
            let silent = now.duration_since(beat);
            silent >= silence || silent < -BEAT_AHEAD_MAX
        })
    }
}
