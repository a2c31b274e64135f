//! The plugin service: what repo-server calls on our socket.
//!
//! # Guarantees
//!
//! - The caller's stream is read to its end before anything is answered, a refusal as well as a success.
//! - Every call is answered with a text of ours before the caller's own deadline.
//! - Whoever is not served gets a Status. No connection is ever closed as an answer: repo-server does not survive that.
//! - Work stops when the caller goes away.
//! - Rendering never keeps a connection waiting: a thread that renders serves none until it is done.

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
use crate::archive::ArchiveError;
use crate::cache::Reply;
use crate::call::Call;
use crate::deadline::Deadline;
use crate::intake::{Intake, IntakeError};
use crate::metrics::{Metrics, Outcome};
use crate::pipe::pipe;
use crate::renderer::{AtOnce, Failure, Renderer};
use crate::turns::{Turn, Turns};
use crate::watch::{Phase, StopOnDrop, Watch};

mod answer;

use self::answer::Answer;

/// The largest message that either side sends, in bytes.
const MESSAGE_LIMIT: usize = 100 << 20;
/// An archive up to this size waits in memory for its turn, a larger one with its sender.
const SMALL: u64 = 256 << 10;

/// How many are served at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    /// Small archives.
    pub(crate) small: usize,
    /// Large archives.
    pub(crate) large: usize,
    /// Calls that are answered or wait; those above are told to come again.
    pub(crate) calls: usize,
}

/// The service.
#[derive(Clone)]
pub(crate) struct PluginService(Arc<Inner>);

struct Inner {
    renderer: Arc<Renderer>,
    metrics: Arc<Metrics>,
    small: Turns,
    large: Turns,
    capacity: Capacity,
    running: AtomicUsize,
    /// The users who may call; anybody who can open the socket where this is empty.
    users: BTreeSet<u32>,
    /// Whose threads render what takes longer.
    threads: Handle,
}

/// Work on a thread of its own.
type Job = JoinHandle<Result<Arc<Reply>, Failure>>;

/// One call in the count of those that run.
struct Running(Arc<Inner>);

impl PluginService {
    pub(crate) fn new(
        renderer: Arc<Renderer>,
        metrics: Arc<Metrics>,
        capacity: Capacity,
        users: BTreeSet<u32>,
        threads: Handle,
    ) -> Self {
        Self(Arc::new(Inner {
            renderer,
            metrics,
            small: Turns::new(capacity.small),
            large: Turns::new(capacity.large),
            capacity,
            running: AtomicUsize::new(0),
            users,
            threads,
        }))
    }

    /// As tonic serves it.
    pub(crate) fn server(self) -> ConfigManagementPluginServiceServer<Self> {
        ConfigManagementPluginServiceServer::new(self)
            .max_decoding_message_size(MESSAGE_LIMIT)
            .max_encoding_message_size(MESSAGE_LIMIT)
    }

    /// Whoever must not call, or comes when there are too many, is told so.
    fn admit<T>(&self, request: &Request<T>) -> Result<Running, Answer> {
        let inner = &self.0;
        let user = request.extensions().get::<UdsConnectInfo>().and_then(|info| info.peer_cred).map(|peer| peer.uid());
        if !inner.users.is_empty() && !user.is_some_and(|user| inner.users.contains(&user)) {
            return Err(Answer::denied(user));
        }
        let before = inner.running.fetch_add(1, Ordering::Relaxed);
        inner.metrics.running(before + 1);
        let running = Running(Arc::clone(inner));
        if before >= inner.capacity.calls { Err(Answer::busy(inner.capacity.calls)) } else { Ok(running) }
    }

    /// Generates, whatever happens inside.
    async fn generate(
        &self,
        intake: &mut Intake,
        watch: &Arc<Watch>,
        deadline: Deadline,
    ) -> Result<Arc<Reply>, Answer> {
        let work = AssertUnwindSafe(self.work(intake, watch)).catch_unwind();
        let answer = tokio::select! {
            answer = work => answer.unwrap_or_else(|_| Err(Answer::bug())),
            () = sleep_until(deadline.work) => Err(Answer::late(watch.phase(), deadline.allowed)),
        };
        // A tool that was stopped because the time is over says so a moment before we do.
        let is_late = Instant::now() >= deadline.work;
        answer.map_err(|answer| if is_late { Answer::late(watch.phase(), deadline.allowed) } else { answer })
    }

    async fn work(&self, intake: &mut Intake, watch: &Arc<Watch>) -> Result<Arc<Reply>, Answer> {
        let (call, stated) = Call::parse(intake.metadata().await?)?;
        let repository = call.repository.clone();
        if stated.size > SMALL {
            let turn = self.turn(&self.0.large, &repository, watch).await;
            watch.enter(Phase::Receiving);
            let (writer, reader) = pipe();
            let job = self.start(turn, watch, move |renderer, watch| renderer.answer(&call, &stated, reader, watch));
            intake.feed(writer).await?;
            return finished(job).await;
        }
        watch.enter(Phase::Receiving);
        let archive = intake.whole(&stated).await?;
        let turn = self.turn(&self.0.small, &repository, watch).await;
        // Another thread serves the connections of this one meanwhile. Waking it is nobody's wait, but waking one to
        // render, and this one when it has, would be a good part of a small render's time.
        match block_in_place(|| self.0.renderer.answer_at_once(&call, &stated, &*archive, watch))? {
            AtOnce::Done(reply) => Ok(reply),
            AtOnce::Longer(unpacked) => {
                let job = self.start(turn, watch, move |renderer, watch| renderer.render(&call, &unpacked, watch));
                finished(job).await
            }
        }
    }

    async fn turn(&self, turns: &Turns, repository: &str, watch: &Watch) -> Turn {
        watch.enter(Phase::Queued);
        let start = StdInstant::now();
        let turn = turns.take(repository).await;
        self.0.metrics.took("queue", start.elapsed());
        turn
    }

    /// Starts work on a thread of its own. The turn is given on when the work has ended, not when nobody waits for it.
    fn start(
        &self,
        turn: Turn,
        watch: &Arc<Watch>,
        work: impl FnOnce(&Renderer, &Watch) -> Result<Arc<Reply>, Failure> + Send + 'static,
    ) -> Job {
        let (renderer, watch) = (Arc::clone(&self.0.renderer), Arc::clone(watch));
        self.0.threads.spawn_blocking(move || {
            let _turn = turn;
            work(&renderer, &watch)
        })
    }

    /// Counts and logs the end of a call.
    fn ended(&self, method: &'static str, outcome: Outcome, deadline: Deadline) {
        self.0.metrics.call(method, outcome);
        self.0.metrics.deadline_left((deadline.start + deadline.allowed).saturating_duration_since(Instant::now()));
    }

    /// Reads a stream away and then answers.
    async fn after_all<T>(
        &self,
        method: &'static str,
        request: Request<Streaming<wire::AppStreamRequest>>,
        answer: impl FnOnce() -> T,
    ) -> Result<Response<T>, Status> {
        let deadline = Deadline::of(request.metadata(), Instant::now());
        let admitted = self.admit(&request);
        let mut intake = Intake::new(request.into_inner());
        let drained = timeout_at(deadline.answer, intake.drain()).await.is_ok();
        let result = match admitted {
            Ok(_running) if drained => Ok(answer()),
            Ok(_running) => Err(Answer::late(Phase::Receiving, deadline.allowed)),
            Err(refused) => Err(refused),
        };
        self.ended(method, result.as_ref().map_or_else(Answer::outcome, |_| Outcome::Answered), deadline);
        result.map(Response::new).map_err(Answer::status)
    }
}

/// Waits for work. A panic of it has its text in the log.
async fn finished(job: Job) -> Result<Arc<Reply>, Answer> {
    match job.await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(failure)) => Err(failure.into()),
        Err(_) => Err(Answer::bug()),
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
            // No discovery: it would cost another archive, and one that fails is taken for a plain directory.
            Ok(_) => {
                self.0.metrics.call(METHOD, Outcome::Answered);
                Ok(Response::new(wire::CheckPluginConfigurationResponse::default()))
            }
            Err(answer) => {
                self.0.metrics.call(METHOD, answer.outcome());
                Err(answer.status())
            }
        }
    }

    async fn match_repository(
        &self,
        request: Request<Streaming<wire::AppStreamRequest>>,
    ) -> Result<Response<wire::RepositoryResponse>, Status> {
        self.after_all("MatchRepository", request, wire::RepositoryResponse::default).await
    }

    async fn generate_manifest(
        &self,
        request: Request<Streaming<wire::AppStreamRequest>>,
    ) -> Result<Response<wire::ManifestResponse>, Status> {
        const METHOD: &str = "GenerateManifest";
        let deadline = Deadline::of(request.metadata(), Instant::now());
        let admitted = self.admit(&request);
        let mut intake = Intake::new(request.into_inner());
        let watch = Arc::new(Watch::until(deadline.work.into_std()));
        let stop = StopOnDrop(Arc::clone(&watch));
        let (answer, _running) = match admitted {
            Ok(running) => (self.generate(&mut intake, &watch, deadline).await, Some(running)),
            Err(refused) => (Err(refused), None),
        };
        drop(stop);
        // A caller that still sends reads no answer.
        let _ = timeout_at(deadline.answer, intake.drain()).await;
        if let Some(ended) = intake.ended() {
            self.0.metrics.took("share", ended.elapsed());
        }
        match answer {
            Ok(reply) => {
                self.ended(METHOD, Outcome::Answered, deadline);
                let manifests = reply.manifests.clone();
                Ok(Response::new(wire::ManifestResponse { manifests, source_type: String::new() }))
            }
            Err(answer) => {
                if let Some(refusals) = answer.refusals() {
                    self.0.metrics.refused(refusals);
                }
                self.ended(METHOD, answer.outcome(), deadline);
                Err(answer.status())
            }
        }
    }

    async fn get_parameters_announcement(
        &self,
        request: Request<Streaming<wire::AppStreamRequest>>,
    ) -> Result<Response<wire::ParametersAnnouncementResponse>, Status> {
        let answer = || wire::ParametersAnnouncementResponse { parameter_announcements: announcements::on_the_wire() };
        self.after_all("GetParametersAnnouncement", request, answer).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let before = self.0.running.fetch_sub(1, Ordering::Relaxed);
        self.0.metrics.running(before.saturating_sub(1));
    }
}

impl From<IntakeError> for Answer {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Gone(status) => Self::gone(status),
            IntakeError::Order(what) => Self::order(what),
            IntakeError::Archive(error) => error.into(),
        }
    }
}

impl From<ArchiveError> for Answer {
    fn from(error: ArchiveError) -> Self {
        Failure::from(error).into()
    }
}

#[cfg(test)]
pub(crate) mod tests;
