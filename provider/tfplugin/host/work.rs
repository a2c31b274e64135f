//! The thread between the process's end and the work that runs in it.

use std::future::Future;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tells running work that the process ends, and lets the process wait for it.
///
/// A connection that breaks drops the futures of its running calls. Work with side effects that must reach a stable point
/// is therefore spawned through [`Work::spawn`]: it sees the token, and the process stays for it as long as the reason of
/// its end allows (10 s after SIGTERM or a lost host, a tenth of a second after Terraform's own Shutdown, which comes when
/// no call runs any more).
#[derive(Clone, Debug, Default)]
pub struct Work {
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Work {
    /// Cancelled when the process begins to end. `StopProvider` is not such an end; it belongs to the service.
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
