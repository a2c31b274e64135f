//! Why a plugin process ends, and how long it may take over it.

use std::future;
use std::io;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;

/// The time between two looks at the parent process.
const PARENT_POLL: Duration = Duration::from_secs(1);

/// Why the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The host called Shutdown.
    Shutdown,
    /// SIGTERM, or SIGINT where a person started the process.
    Signal,
    /// The host died or let go of its connection.
    HostGone,
}

impl Ending {
    /// How long running work may go on. go-plugin kills after 2 s; Terraform calls Shutdown when it expects nothing more.
    pub(crate) fn patience(self) -> Duration {
        match self {
            Self::Shutdown => Duration::from_millis(100),
            Self::Signal | Self::HostGone => Duration::from_secs(10),
        }
    }

    /// The reason for the log.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Shutdown => "the host asked for it",
            Self::Signal => "a signal asked for it",
            Self::HostGone => "the host is gone",
        }
    }
}

/// Waits for the first reason to end. SIGINT counts only where `by_hand` is true.
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

/// What is known about the process that started this one.
pub(crate) struct HostProcess {
    connections: watch::Receiver<usize>,
    lonely: Duration,
    parent: fn() -> u32,
    first_parent: u32,
}

impl HostProcess {
    /// `connections` counts the open ones; without any for `lonely` after there was one, the host is gone.
    pub(crate) fn of_this_process(connections: watch::Receiver<usize>, lonely: Duration) -> Self {
        Self::new(connections, lonely, parent)
    }

    fn new(connections: watch::Receiver<usize>, lonely: Duration, parent: fn() -> u32) -> Self {
        Self { connections, lonely, parent, first_parent: parent() }
    }

    /// Returns when the host is gone: it has let go of its last connection for good, or the parent is another process and
    /// no connection is open. A changed parent alone says little, since a wrapper may have started us.
    async fn gone(self) {
        let Self { connections, lonely, parent, first_parent } = self;
        let mut counted = connections.clone();
        let let_go = async {
            // The first connection is awaited without limit: the host has its own.
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

/// The parent's process number. Windows does not re-parent, so there only the connection tells.
fn parent() -> u32 {
    #[cfg(unix)]
    return std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    return 0;
}

/// The signals that this process takes out of the system's hands. The handlers stay for the life of the process, so a
/// signal that nobody waits for is ignored.
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
                    Some(()) => tracing::debug!("SIGINT is left to Terraform, which stops the provider in good order"),
                    None => future::pending().await,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests;
