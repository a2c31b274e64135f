//! Progress of one render, shared by the gRPC call and the thread that works for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Instant;

/// Cancellation flag, deadline and current phase of one render.
#[derive(Debug)]
pub(crate) struct RenderProgress {
    is_cancelled: AtomicBool,
    phase: AtomicU8,
    /// Deadline of the work.
    pub(crate) until: Instant,
}

/// Guard that cancels the work when the call ends for any reason.
#[derive(Debug)]
pub(crate) struct CancelOnDrop(pub(crate) Arc<RenderProgress>);

/// Current phase of a render.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// The metadata have not been received.
    Waiting,
    /// All permits are in use.
    Queued,
    /// The archive is being received.
    Receiving,
    /// Manifests are being rendered.
    Rendering,
    /// helm or kustomize is running.
    Tool,
    /// Dependencies of a chart are being fetched.
    Fetching,
}

impl RenderProgress {
    /// Progress of work that has to end before `until`.
    pub(crate) fn until(until: Instant) -> Self {
        Self { is_cancelled: AtomicBool::new(false), phase: AtomicU8::new(Phase::Waiting as u8), until }
    }

    /// Requests the work to stop.
    pub(crate) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// True if the work was cancelled or its deadline has expired.
    pub(crate) fn should_stop(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed) || Instant::now() >= self.until
    }

    /// Sets the current phase.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Current phase.
    pub(crate) fn phase(&self) -> Phase {
        let all = [Phase::Waiting, Phase::Queued, Phase::Receiving, Phase::Rendering, Phase::Tool, Phase::Fetching];
        let now = self.phase.load(Ordering::Relaxed);
        all.into_iter().find(|phase| *phase as u8 == now).unwrap_or(Phase::Waiting)
    }
}

impl Phase {
    /// Description for the error that names the phase.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting for Argo CD to pack the repository",
            Self::Queued => "waiting for other renders to finish",
            Self::Receiving => "receiving the archive",
            Self::Rendering => "rendering",
            Self::Tool => "waiting for helm or kustomize",
            Self::Fetching => "fetching dependencies of a chart",
        }
    }

    /// Remedy for a timeout in this phase.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Waiting | Self::Receiving => {
                "send less: set the annotation argocd.argoproj.io/manifest-generate-paths, and exclude `.git` in \
                 repo-server (`eod-cmp init` prints both settings)"
            }
            Self::Queued => "give the sidecar more CPU, or raise repo-server's timeout",
            Self::Rendering => "report this with the repository's size; rendering usually takes milliseconds",
            Self::Fetching => {
                "try again when the chart repository is reachable; or run `helm dependency build`, and commit the directory \
                 `charts/`"
            }
            Self::Tool => {
                "make the chart or kustomization smaller, give the sidecar more CPU, or raise repo-server's timeout"
            }
        }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
