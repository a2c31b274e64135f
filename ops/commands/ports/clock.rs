//! Both clocks.

use std::time::{Duration, Instant, SystemTime};

use eod_clients::kubernetes::ObjectRef;
use eod_reaper::ports::{CallError, CallErrorKind, ClockPort, ClockReading};
use jiff::{SignedDuration, Timestamp};

use super::call::call_error;
use super::{call_deadline, work_left};
use crate::session::OpsSession;

/// Clock of this machine and of the API server.
pub(crate) struct OpsClock<'a> {
    session: &'a OpsSession,
    started: Instant,
}

impl<'a> OpsClock<'a> {
    pub(super) fn new(session: &'a OpsSession) -> Self {
        Self { session, started: Instant::now() }
    }
}

impl ClockPort for OpsClock<'_> {
    async fn read(&self) -> Result<ClockReading, CallError> {
        let kubernetes = &self.session.kubernetes;
        if kubernetes.server_time().is_none() {
            // Any response has the time, also a refusal.
            let control = ObjectRef::namespace(self.session.settings.control_namespace.as_str());
            if let Err(error) = kubernetes.get(&control, &call_deadline(self.session)?).await
                && kubernetes.server_time().is_none()
            {
                return Err(call_error(&error));
            }
        }
        let no_time =
            || CallError::new(CallErrorKind::Invalid, "the responses of the API server have no `Date` header");
        let time = kubernetes.server_time().ok_or_else(no_time)?;
        let local = Timestamp::try_from(SystemTime::now()).unwrap_or(time.local);
        let since = local.duration_since(time.local).max(SignedDuration::ZERO);
        let server = time.server.checked_add(since).unwrap_or(time.server);
        let elapsed = SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX);
        Ok(ClockReading { local, server, elapsed })
    }

    async fn sleep(&self, duration: SignedDuration) {
        let duration: Duration = duration.try_into().unwrap_or_default();
        tokio::time::sleep(duration.min(work_left(self.session))).await;
    }

    fn is_time_over(&self) -> bool {
        work_left(self.session).is_zero()
    }
}
