//! Ledger of an environment: the record of its lives, outside of its namespace.
//!
//! A ledger has a head, which is the current state, and events, which are the audit trail. The head changes only by the
//! transitions of this module, each a function of head and request, and is stored with a resourceVersion precondition.
//! Events are sealed into a hash chain. The ledger outlives the namespace: the head of an ended environment is its
//! tombstone.
//!
//! # Guarantees
//!
//! - A generation never decreases. A request of an older generation is refused as stale.
//! - A ledger that is full, damaged or foreign never causes an end: reading it is an error, not an empty ledger.
//! - Sealing and folding never lose an event without a record of its hash.

mod chain;
mod event;
mod event_sums;
mod fill;
mod head;
mod history;
mod key;
mod lives;
mod phase;
mod pipeline_run;
mod queue;
mod steps;
mod tombstone;
mod transition;

pub use self::chain::{
    CHAIN_PROOF, ChainError, ChainReport, EVENTS_BYTES_MAX, EVENTS_MAX, LooseEvent, SealError, SealedEvents, seal,
    verify_chain,
};
pub use self::event::{Actor, EVENT_BYTES_MAX, Event, EventError, EventKind, EventText, records_activity};
pub use self::fill::{FLAGGED_PERCENT, LEDGER_BYTES_MAX, LOOSE_BYTES_MAX, LOOSE_EVENTS_MAX, LedgerFull, LooseFill};
pub use self::head::{CommentRecord, HeadError, LedgerHead, TriggerLabelRecord};
pub use self::history::{HISTORY_BYTES_MAX, HistoryRow, append_row, has_row, history_row};
pub use self::key::{history_name, ledger_name, loose_key, month_before, summary_name};
pub use self::phase::{EndReason, LedgerPhase, MadeBy};
pub use self::pipeline_run::pipeline_run;
pub use self::queue::{Admission, ClaimedPlace, QUEUE_PATIENCE, admit, place_in_queue};
pub use self::steps::{
    CREATE_STEPS, CreateStep, END_STEPS, EndPlan, EndStep, EndStepRule, RETURN_STEPS, ReturnStep, StepOutcome,
    next_steps,
};
pub use self::tombstone::{ReturnChange, ReturnReason, return_reason};
pub use self::transition::{CreateRequest, EndRequest, LifeFacts, SILENCE, TransitionError, Transitions};
