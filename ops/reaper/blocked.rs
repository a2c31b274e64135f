//! Ends that something holds: reported by each run, with one notification a day.

use jiff::{SignedDuration, Timestamp};

use crate::ports::{NotificationKind, Ports};
use crate::run::{About, Run};

/// Time between two reminders of the same environment.
pub(crate) const REMINDER: SignedDuration = SignedDuration::from_hours(24);

impl<P: Ports> Run<'_, P> {
    /// Reports the obstacle of an end, with a notification if there was none within a day.
    pub(crate) async fn blocked(&mut self, about: &About, problem: String, now: Timestamp) {
        self.report.problem(&about.environment, &problem);
        let name = about.environment.as_str();
        let last = self.summary.blocked.get(name);
        let is_due = last.is_none_or(|last| now.duration_since(*last) >= REMINDER);
        if self.options.dry_run || !is_due {
            return;
        }
        self.summary.blocked.insert(name.to_owned(), now);
        self.notify(NotificationKind::Blocked, now, about, problem).await;
    }
}
