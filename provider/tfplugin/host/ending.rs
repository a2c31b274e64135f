//! Reasons for the end of a plugin process, and the grace period of each.

use std::future;
use std::io;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;

/// Interval between two checks of the parent process.
const PARENT_POLL: Duration = Duration::from_secs(1);

/// Reason for the end of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The host called Shutdown.
    Shutdown,
    /// SIGTERM, or SIGINT if a user started the process.
    Signal,
    /// The host process exited or closed its connection.
    HostGone,
}

impl Ending {
    /// Grace period for running work. go-plugin kills after 2 s; Terraform calls Shutdown after its last call has
    /// returned.
    pub(crate) fn patience(self) -> Duration {
        match self {
            Self::Shutdown => Duration::from_millis(100),
            Self::Signal | Self::HostGone => Duration::from_secs(10),
        }
    }

    /// Reason for the log.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Shutdown => "the host requested it",
            Self::Signal => "a signal requested it",
            Self::HostGone => "the host is gone",
        }
    }
}

/// Waits for the first reason to end. SIGINT is ignored unless `by_hand` is true.
pub(crate) async fn first(
    shutdown: CancellationToken,
    signals: &mut Signals,
    by_hand: bool,
    host: Option<HostProcess>,
) -> Ending {
    let gone = async {
        match host {
            Some(host) => host.gone().await,
            None => future::pending().await,
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => Ending::Shutdown,
        () = signals.ended(by_hand) => Ending::Signal,
        () = gone => Ending::HostGone,
    }
}

/// Observes the process that started this one.
pub(crate) struct HostProcess {
    connections: watch::Receiver<usize>,
    lonely: Duration,
    parent: fn() -> u32,
    first_parent: u32,
}

impl HostProcess {
    /// `connections` is the number of open connections. The host counts as gone if the number stays 0 for `lonely`
    /// after a first connection.
    pub(crate) fn of_this_process(connections: watch::Receiver<usize>, lonely: Duration) -> Self {
        Self::new(connections, lonely, parent)
    }

    fn new(connections: watch::Receiver<usize>, lonely: Duration, parent: fn() -> u32) -> Self {
        Self { connections, lonely, parent, first_parent: parent() }
    }

    /// Returns when the host is gone: it has closed its last connection and not connected again, or the parent process
    /// has changed and no connection is open. A changed parent alone is not enough, because a wrapper can start this
    /// process.
    async fn gone(self) {
        let Self { connections, lonely, parent, first_parent } = self;
        let mut counted = connections.clone();
        let let_go = async {
            // The first connection has no timeout here: the host has its own timeout.
            if counted.wait_for(|&open| open > 0).await.is_err() {
                return;
            }
            loop {
                if counted.wait_for(|&open| open == 0).await.is_err() {
                    return;
                }
                tokio::select! {
                    _ = counted.wait_for(|&open| open > 0) => {}
                    () = sleep(lonely) => return,
                }
            }
        };
        let orphaned = async {
            let mut poll = interval(PARENT_POLL);
            loop {
                poll.tick().await;
                if parent() != first_parent && *connections.borrow() == 0 {
                    return;
                }
            }
        };
        tokio::select! {
            () = let_go => {}
            () = orphaned => {}
        }
    }
}

/// Process ID of the parent. On Windows the parent ID never changes, so there only the connections are checked.
fn parent() -> u32 {
    #[cfg(unix)]
    return std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    return 0;
}

/// Signals that this process handles. The handlers stay installed until the process exits, so a signal without a
/// waiting task is ignored.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
    #[cfg(windows)]
    terminate: tokio::signal::windows::CtrlShutdown,
}

impl Signals {
    #[cfg(unix)]
    pub(crate) fn install() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(windows)]
    pub(crate) fn install() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_shutdown};
        Ok(Self { interrupt: ctrl_c()?, terminate: ctrl_shutdown()? })
    }

    /// Returns at the next SIGTERM.
    pub(crate) async fn terminate(&mut self) {
        if self.terminate.recv().await.is_none() {
            future::pending::<()>().await;
        }
    }

    async fn ended(&mut self, by_hand: bool) {
        loop {
            tokio::select! {
                signal = self.terminate.recv() => match signal {
                    Some(()) => return,
                    None => future::pending().await,
                },
                signal = self.interrupt.recv() => match signal {
                    Some(()) if by_hand => return,
                    Some(()) => tracing::debug!("SIGINT is ignored: Terraform stops the provider"),
                    None => future::pending().await,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests;
