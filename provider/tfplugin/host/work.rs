//! Running work and the end of the process: cancellation, and waiting for the work.

use std::future::Future;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Cancels running work when the process ends, and makes the process wait for it.
///
/// A closed connection drops the futures of its running calls. So spawn work with side effects that must reach a stable
/// state through [`Work::spawn`]: such work can check the token, and the process waits for it during the grace period
/// of the reason (10 s after SIGTERM or a lost host, a tenth of a second after a Shutdown by Terraform, which is sent
/// when no call is running).
#[derive(Clone, Debug, Default)]
pub struct Work {
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Work {
    /// Cancelled when the process begins to end. `StopProvider` does not cancel it; the service handles that call.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Spawns work that the process waits for.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(work)
    }

    pub(crate) fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
    }

    /// Returns when all spawned work has ended. Call [`Self::stop`] first.
    pub(crate) async fn finished(&self) {
        self.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests;
