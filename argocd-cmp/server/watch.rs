//! The thread between a call and the work that is done for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Instant;

/// Tells the work to stop, and the call how far the work has come.
#[derive(Debug)]
pub(crate) struct Watch {
    stopped: AtomicBool,
    phase: AtomicU8,
    /// When the work is of no use any more.
    pub(crate) until: Instant,
}

/// Stops the work when the call is over, however it ends.
#[derive(Debug)]
pub(crate) struct StopOnDrop(pub(crate) Arc<Watch>);

/// What is being done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// The metadata have not come.
    Waiting,
    /// Others are first.
    Queued,
    /// The archive is on its way.
    Receiving,
    /// Manifests are made.
    Rendering,
    /// A tool runs.
    Tool,
}

impl Watch {
    /// For work that may take until then.
    pub(crate) fn until(until: Instant) -> Self {
        Self { stopped: AtomicBool::new(false), phase: AtomicU8::new(Phase::Waiting as u8), until }
    }

    /// Asks the work to stop.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the work is of no use any more.
    pub(crate) fn is_over(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || Instant::now() >= self.until
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(crate) fn phase(&self) -> Phase {
        let all = [Phase::Waiting, Phase::Queued, Phase::Receiving, Phase::Rendering, Phase::Tool];
        let now = self.phase.load(Ordering::Relaxed);
        all.into_iter().find(|phase| *phase as u8 == now).unwrap_or(Phase::Waiting)
    }
}

impl Phase {
    /// What a person reads.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting for Argo CD to pack the repository",
            Self::Queued => "waiting for other renders to finish",
            Self::Receiving => "receiving the archive",
            Self::Rendering => "rendering",
            Self::Tool => "waiting for helm or kustomize",
        }
    }

    /// What is likely to help.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Waiting | Self::Receiving => {
                "send less: set the annotation argocd.argoproj.io/manifest-generate-paths, and let repo-server leave \
                 out `.git` (`eod-cmp init` prints both settings)"
            }
            Self::Queued => "give the sidecar more CPU, or raise repo-server's timeout",
            Self::Rendering => "report this with the repository's size; rendering takes milliseconds",
            Self::Tool => {
                "make the chart or kustomization smaller, give the sidecar more CPU, or raise repo-server's timeout"
            }
        }
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}
