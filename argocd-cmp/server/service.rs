//! The plugin service: the gRPC calls of repo-server on the plugin's socket.
//!
//! # Guarantees
//!
//! - The stream of the caller is read to its end before any reply, for an error as well as for a success.
//! - Every call gets a reply with its own text before the caller's deadline.
//! - A rejected call gets a gRPC status. A connection is never closed instead: repo-server does not recover from that.
//! - The work of a call stops when the caller disconnects.
//! - A render never blocks a connection: a thread that renders serves no connection meanwhile.
//! - At most [`Capacity::renders`] renders run at once, independent of their size.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant as StdInstant;

use eod_proto::argocd as wire;
use eod_proto::argocd::config_management_plugin_service_server::{
    ConfigManagementPluginService, ConfigManagementPluginServiceServer,
};
use futures::FutureExt as _;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, block_in_place};
use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::transport::server::UdsConnectInfo;
use tonic::{Request, Response, Status, Streaming};

use crate::announcements;
use crate::archive::{ArchiveError, DeclaredArchive, Unpacked};
use crate::cache::JsonManifests;
use crate::deadline::CallDeadline;
use crate::fair_semaphore::{FairSemaphore, Permit};
use crate::intake::{Intake, IntakeError};
use crate::metrics::{CallOutcome, Metrics};
use crate::pipe::pipe;
use crate::progress::{CancelOnDrop, Phase, RenderProgress};
use crate::render_request::RenderRequest;
use crate::renderer::{InlineRender, RenderError, Renderer};

mod error_reply;

use self::error_reply::ErrorReply;

/// Maximum size of a message in both directions, in bytes.
const MAX_MESSAGE_BYTES: usize = 100 << 20;
/// Maximum size of an archive that is received into memory before its render has a permit. A larger archive is
/// unpacked while it is received.
const MAX_BUFFERED_BYTES: u64 = 256 << 10;

/// Limits of concurrent work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    /// Maximum number of renders. A render that waits for helm or kustomize counts, too.
    pub(crate) renders: usize,
    /// Maximum number of large archives that are received and unpacked, or are unpacked and wait for a render permit.
    pub(crate) archives: usize,
    /// Maximum number of calls that run or wait. Further calls are rejected.
    pub(crate) calls: usize,
}

/// The plugin service.
#[derive(Clone)]
pub(crate) struct PluginService(Arc<ServiceState>);

/// State shared by all calls.
struct ServiceState {
    renderer: Arc<Renderer>,
    metrics: Arc<Metrics>,
    renders: FairSemaphore,
    archives: FairSemaphore,
    max_calls: usize,
    running: AtomicUsize,
    /// User ids that may call. If empty, every user that can open the socket may call.
    users: BTreeSet<u32>,
    /// Runtime with the threads for renders that do not run inline.
    threads: Handle,
}

/// Work on a thread of its own. It returns its permit, so that the permit is held until the work has ended, also if
/// the call has ended earlier.
type Job<T> = JoinHandle<(Permit, Result<T, RenderError>)>;

/// Guard that counts one running call.
struct RunningCall(Arc<ServiceState>);

impl PluginService {
    /// Creates the service. `threads` is the runtime of the renders that do not run inline.
    pub(crate) fn new(
        renderer: Arc<Renderer>,
        metrics: Arc<Metrics>,
        capacity: Capacity,
        users: BTreeSet<u32>,
        threads: Handle,
    ) -> Self {
        Self(Arc::new(ServiceState {
            renderer,
            metrics,
            renders: FairSemaphore::new(capacity.renders),
            archives: FairSemaphore::new(capacity.archives),
            max_calls: capacity.calls,
            running: AtomicUsize::new(0),
            users,
            threads,
        }))
    }

    /// Wraps the service for tonic.
    pub(crate) fn into_server(self) -> ConfigManagementPluginServiceServer<Self> {
        ConfigManagementPluginServiceServer::new(self)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// Number of calls that wait for a render permit and for an archive permit.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.0.renders.waiting(), self.0.archives.waiting())
    }

    /// Checks the user of the caller and charges the call to the limit of running calls.
    fn admit<T>(&self, request: &Request<T>) -> Result<RunningCall, ErrorReply> {
        let state = &self.0;
        let user = request.extensions().get::<UdsConnectInfo>().and_then(|info| info.peer_cred).map(|peer| peer.uid());
        if !state.users.is_empty() && !user.is_some_and(|user| state.users.contains(&user)) {
            return Err(ErrorReply::denied(user));
        }
        let before = state.running.fetch_add(1, Ordering::Relaxed);
        state.metrics.set_running(before + 1);
        let running = RunningCall(Arc::clone(state));
        if before >= state.max_calls { Err(ErrorReply::busy(state.max_calls)) } else { Ok(running) }
    }

    /// Generates manifests. A panic and a timeout become error replies.
    async fn generate_or_error(
        &self,
        intake: &mut Intake,
        progress: &Arc<RenderProgress>,
        deadline: CallDeadline,
    ) -> Result<Arc<JsonManifests>, ErrorReply> {
        let work = AssertUnwindSafe(self.generate(intake, progress)).catch_unwind();
        let result = tokio::select! {
            result = work => result.unwrap_or_else(|_| Err(ErrorReply::bug())),
            () = sleep_until(deadline.work) => Err(ErrorReply::late(progress.phase(), deadline.allowed)),
        };
        // A tool that was stopped by the deadline may report its error a moment before the timer fires.
        let is_late = Instant::now() >= deadline.work;
        result.map_err(|error| if is_late { ErrorReply::late(progress.phase(), deadline.allowed) } else { error })
    }

    /// Receives the archive and renders it. At most [`Capacity::renders`] calls hold a render permit.
    async fn generate(
        &self,
        intake: &mut Intake,
        progress: &Arc<RenderProgress>,
    ) -> Result<Arc<JsonManifests>, ErrorReply> {
        let (request, declared) = RenderRequest::from_metadata(intake.metadata().await?)?;
        let request = Arc::new(request);
        if declared.size > MAX_BUFFERED_BYTES {
            let (archive_permit, unpacked) = self.receive_large(intake, &request, declared, progress).await?;
            let permit = self.render_permit(&request, progress).await;
            drop(archive_permit);
            return self.render_on_thread(permit, request, unpacked, progress).await;
        }
        progress.enter(Phase::Receiving);
        let archive = intake.receive_all(&declared).await?;
        let permit = self.render_permit(&request, progress).await;
        // Meanwhile, another thread serves the connections of this thread. To move a small render to another thread and
        // back would take a large part of its time; to wake a thread for the connections delays no render.
        let inline = || self.0.renderer.unpack_and_render_inline(&request, &declared, &*archive, progress);
        match block_in_place(inline)? {
            InlineRender::Done(manifests) => Ok(manifests),
            InlineRender::NeedsThread(unpacked) => self.render_on_thread(permit, request, unpacked, progress).await,
        }
    }

    /// Unpacks a large archive while it is received. The permit limits the unpacked archives in memory.
    async fn receive_large(
        &self,
        intake: &mut Intake,
        request: &Arc<RenderRequest>,
        declared: DeclaredArchive,
        progress: &Arc<RenderProgress>,
    ) -> Result<(Permit, Unpacked), ErrorReply> {
        let permit = self.acquire(&self.0.archives, "archive_queue", request, progress).await;
        progress.enter(Phase::Receiving);
        let (writer, reader) = pipe();
        let request = Arc::clone(request);
        let job = self
            .spawn(permit, progress, move |renderer, progress| renderer.unpack(&request, &declared, reader, progress));
        intake.feed(writer).await?;
        join(job).await
    }

    async fn render_permit(&self, request: &RenderRequest, progress: &RenderProgress) -> Permit {
        self.acquire(&self.0.renders, "queue", request, progress).await
    }

    async fn render_on_thread(
        &self,
        permit: Permit,
        request: Arc<RenderRequest>,
        unpacked: Unpacked,
        progress: &Arc<RenderProgress>,
    ) -> Result<Arc<JsonManifests>, ErrorReply> {
        let job = self
            .spawn(permit, progress, move |renderer, progress| renderer.render_unpacked(&request, &unpacked, progress));
        join(job).await.map(|(_permit, manifests)| manifests)
    }

    /// Waits for a permit and records the time in the metric `part`.
    async fn acquire(
        &self,
        semaphore: &FairSemaphore,
        part: &'static str,
        request: &RenderRequest,
        progress: &RenderProgress,
    ) -> Permit {
        progress.enter(Phase::Queued);
        let start = StdInstant::now();
        let permit = semaphore.acquire(&request.application.repository).await;
        self.0.metrics.observe_seconds(part, start.elapsed());
        permit
    }

    /// Starts work on a thread of its own.
    fn spawn<T: Send + 'static>(
        &self,
        permit: Permit,
        progress: &Arc<RenderProgress>,
        work: impl FnOnce(&Renderer, &RenderProgress) -> Result<T, RenderError> + Send + 'static,
    ) -> Job<T> {
        let (renderer, progress) = (Arc::clone(&self.0.renderer), Arc::clone(progress));
        self.0.threads.spawn_blocking(move || {
            let result = work(&renderer, &progress);
            (permit, result)
        })
    }

    /// Updates the metrics at the end of a call.
    fn count_end(&self, method: &'static str, outcome: CallOutcome, deadline: CallDeadline) {
        self.0.metrics.count_call(method, outcome);
        let end = deadline.start + deadline.allowed;
        self.0.metrics.set_deadline_left(end.saturating_duration_since(Instant::now()));
    }

    /// Reads the stream to its end and then replies.
    async fn reply_after_stream<T>(
        &self,
        method: &'static str,
        request: Request<Streaming<wire::AppStreamRequest>>,
        reply: impl FnOnce() -> T,
    ) -> Result<Response<T>, Status> {
        let deadline = CallDeadline::from_metadata(request.metadata(), Instant::now());
        let admitted = self.admit(&request);
        let mut intake = Intake::new(request.into_inner());
        let is_drained = timeout_at(deadline.answer, intake.drain()).await.is_ok();
        let result = match admitted {
            Ok(_running) if is_drained => Ok(reply()),
            Ok(_running) => Err(ErrorReply::late(Phase::Receiving, deadline.allowed)),
            Err(rejected) => Err(rejected),
        };
        self.count_end(method, result.as_ref().map_or_else(ErrorReply::outcome, |_| CallOutcome::Answered), deadline);
        result.map(Response::new).map_err(ErrorReply::into_status)
    }
}

/// Waits for a job. The text of a panic is in the log.
async fn join<T>(job: Job<T>) -> Result<(Permit, T), ErrorReply> {
    match job.await {
        Ok((permit, Ok(value))) => Ok((permit, value)),
        Ok((_, Err(error))) => Err(error.into()),
        Err(_) => Err(ErrorReply::bug()),
    }
}

#[tonic::async_trait]
impl ConfigManagementPluginService for PluginService {
    async fn check_plugin_configuration(
        &self,
        request: Request<()>,
    ) -> Result<Response<wire::CheckPluginConfigurationResponse>, Status> {
        const METHOD: &str = "CheckPluginConfiguration";
        match self.admit(&request) {
            // No discovery: it would cost another archive, and repo-server treats an error of it as "not this plugin"
            // and renders the plain directory.
            Ok(_) => {
                self.0.metrics.count_call(METHOD, CallOutcome::Answered);
                Ok(Response::new(wire::CheckPluginConfigurationResponse::default()))
            }
            Err(error) => {
                self.0.metrics.count_call(METHOD, error.outcome());
                Err(error.into_status())
            }
        }
    }

    async fn match_repository(
        &self,
        request: Request<Streaming<wire::AppStreamRequest>>,
    ) -> Result<Response<wire::RepositoryResponse>, Status> {
        self.reply_after_stream("MatchRepository", request, wire::RepositoryResponse::default).await
    }

    async fn generate_manifest(
        &self,
        request: Request<Streaming<wire::AppStreamRequest>>,
    ) -> Result<Response<wire::ManifestResponse>, Status> {
        const METHOD: &str = "GenerateManifest";
        let deadline = CallDeadline::from_metadata(request.metadata(), Instant::now());
        let admitted = self.admit(&request);
        let mut intake = Intake::new(request.into_inner());
        let progress = Arc::new(RenderProgress::until(deadline.work.into_std()));
        let cancel = CancelOnDrop(Arc::clone(&progress));
        let (result, _running) = match admitted {
            Ok(running) => (self.generate_or_error(&mut intake, &progress, deadline).await, Some(running)),
            Err(rejected) => (Err(rejected), None),
        };
        drop(cancel);
        // A caller that is still sending does not read the reply.
        let _ = timeout_at(deadline.answer, intake.drain()).await;
        if let Some(ended) = intake.ended() {
            self.0.metrics.observe_seconds("share", ended.elapsed());
        }
        match result {
            Ok(manifests) => {
                self.count_end(METHOD, CallOutcome::Answered, deadline);
                let manifests = manifests.objects.clone();
                Ok(Response::new(wire::ManifestResponse { manifests, source_type: String::new() }))
            }
            Err(error) => {
                if let Some(refusals) = error.refusals() {
                    self.0.metrics.count_refusals(refusals);
                }
                self.count_end(METHOD, error.outcome(), deadline);
                Err(error.into_status())
            }
        }
    }

    async fn get_parameters_announcement(
        &self,
        request: Request<Streaming<wire::AppStreamRequest>>,
    ) -> Result<Response<wire::ParametersAnnouncementResponse>, Status> {
        let reply = || wire::ParametersAnnouncementResponse { parameter_announcements: announcements::to_wire() };
        self.reply_after_stream("GetParametersAnnouncement", request, reply).await
    }
}

impl Drop for RunningCall {
    fn drop(&mut self) {
        let before = self.0.running.fetch_sub(1, Ordering::Relaxed);
        self.0.metrics.set_running(before.saturating_sub(1));
    }
}

impl From<IntakeError> for ErrorReply {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Disconnected(status) => Self::gone(status),
            IntakeError::Order(what) => Self::invalid_request(what),
            IntakeError::Archive(error) => error.into(),
        }
    }
}

impl From<ArchiveError> for ErrorReply {
    fn from(error: ArchiveError) -> Self {
        RenderError::from(error).into()
    }
}

#[cfg(test)]
pub(crate) mod tests;
