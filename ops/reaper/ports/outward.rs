//! Receivers of events: comments, chat, webhooks, events of the cluster and the log.

use eod_domain::ledger::MadeBy;
use eod_domain::{EnvironmentName, Identity};
use jiff::Timestamp;

use super::call::CallError;

/// Receiver of all events of the reaper. A failed delivery is reported and changes nothing else.
pub trait OutwardPort {
    /// Sends a notification.
    ///
    /// # Errors
    ///
    /// A receiver did not accept the event.
    async fn notify(&self, event: &Notification) -> Result<(), CallError>;
}

/// Event for people and other systems.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notification {
    /// Kind of the event.
    pub kind: NotificationKind,
    /// Time of the API server.
    pub at: Timestamp,
    /// Environment.
    pub environment: EnvironmentName,
    /// Identity of the environment; none if it cannot be read.
    pub identity: Option<Identity>,
    /// Generation of the environment; 0 without a ledger.
    pub generation: u64,
    /// Tool that created the environment; none if it is not recorded.
    pub made_by: Option<MadeBy>,
    /// Details: a sentence without a final dot.
    pub detail: String,
}

/// Kinds of events.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum NotificationKind {
    /// First successful deployment, or a commit that runs now.
    Live,
    /// A deployment fails.
    Failed,
    /// The environment is marked: it ends at a time.
    Expiring,
    /// The mark was removed.
    Unmarked,
    /// The end waits for an approval.
    AwaitingApproval,
    /// The end has begun.
    Ending,
    /// The end is finished.
    Ended,
    /// The end was cancelled.
    Cancelled,
    /// The environment was put to sleep.
    Asleep,
    /// The environment was woken.
    Woken,
    /// The end was lifted: the environment may return.
    Lifted,
    /// The trigger label was set again after a push.
    Revived,
    /// Something holds the end: a value that cannot be read, a finalizer, or a missing right. Sent once a day.
    Blocked,
}

impl Notification {
    /// Id of the event: equal for a repeated delivery, different for different events.
    pub fn id(&self) -> String {
        format!("{}.{}.{}.{}", self.environment, self.generation, self.kind, self.at.as_second())
    }
}
