//! The client: one for all kinds of forges.

use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use eod_domain::Repository;
use serde_json::Value;
use tokio::{sync::Mutex, time::Instant};

use super::{
    access::{ForgeAccess, ForgeKind},
    dialect::Dialect,
    failure::{ForgeFailure, ForgeProblem, ForgeRefusal},
    github::GitHub,
    gitlab::GitLab,
    pull_request::{Comment, PullRequest},
    request::ForgeRequest,
    transport::{ForgePage, ForgeTransport},
};
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind},
    retry::RetryPolicy,
    send::{AttemptFailure, FailedRequest, RemoteRequest, Sender},
};

/// Maximum number of pages of a list.
const MAX_PAGES: usize = 100;

/// A client of one forge. Clones share the connection, the limits and the counters.
#[derive(Clone)]
pub struct Forge {
    shared: Arc<ForgeParts>,
}

/// Concurrency, pauses and time limits of a client.
#[derive(Clone, Copy, Debug)]
pub struct ForgeLimits {
    /// Maximum number of requests in flight.
    pub in_flight: usize,
    /// Minimum time between the begins of two writes.
    pub between_writes: Duration,
    /// Retries and time limit of one attempt.
    pub retry: RetryPolicy,
}

struct ForgeParts {
    kind: ForgeKind,
    host: String,
    dialect: &'static dyn Dialect,
    transport: ForgeTransport,
    sender: Sender,
    between_writes: Duration,
    /// Begin of the last write; held while a write is in flight.
    last_write: Mutex<Option<Instant>>,
}

impl Default for ForgeLimits {
    fn default() -> Self {
        // The forge sets the pauses of its limits; the deadline of the operation ends them.
        let hour = Duration::from_secs(3600);
        let retry =
            RetryPolicy { attempt: Duration::from_secs(30), longest_retry_after: hour, ..RetryPolicy::default() };
        Self { in_flight: 4, between_writes: Duration::from_secs(1), retry }
    }
}

impl Forge {
    /// A client that connects at its first request. `user_agent` identifies the client to the forge.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up.
    pub fn new(access: ForgeAccess, user_agent: &str) -> Result<Self, Error> {
        Self::with_limits(access, user_agent, ForgeLimits::default(), SystemTime::now)
    }

    /// A client with limits and a clock of the caller. The clock decides if the quota is full again.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up.
    pub fn with_limits(
        access: ForgeAccess,
        user_agent: &str,
        limits: ForgeLimits,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let (kind, host) = (access.kind, access.host.clone());
        let dialect: &'static dyn Dialect = match kind {
            ForgeKind::GitHub => &GitHub,
            ForgeKind::GitLab => &GitLab,
        };
        let transport = ForgeTransport::new(access, dialect, user_agent, Arc::new(clock));
        let transport = transport
            .map_err(|error| Error::new(kind.name(), "connect to", host.clone(), ErrorKind::Invalid).because(error))?;
        let parts = ForgeParts {
            kind,
            host,
            dialect,
            transport,
            sender: Sender::new(kind.name(), limits.in_flight, limits.retry),
            between_writes: limits.between_writes,
            last_write: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(parts) })
    }

    /// Number of requests sent by method, retries included.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.shared.sender.counts()
    }

    /// Lists the open pull requests of a repository, oldest first.
    ///
    /// # Errors
    ///
    /// A request failed, or a page is not complete. A partial list is never returned.
    pub async fn open_pull_requests(
        &self,
        repository: &Repository,
        deadline: &Deadline,
    ) -> Result<Vec<PullRequest>, Error> {
        let first = self.shared.dialect.list_open(repository);
        self.list(repository, first, deadline, |value| self.shared.dialect.parse_pull_request(value)).await
    }

    /// Reads a pull request; `None` if the forge answers 404. That is also its response to a token without rights on the
    /// repository, so it does not mean that the pull request is closed.
    ///
    /// # Errors
    ///
    /// The request failed.
    pub async fn pull_request(
        &self,
        repository: &Repository,
        number: u64,
        deadline: &Deadline,
    ) -> Result<Option<PullRequest>, Error> {
        let request = self.shared.dialect.pull_request(repository, number);
        let Some(page) = found(self.send(repository, &request, deadline).await)? else { return Ok(None) };
        let parsed = json(&page).and_then(|value| self.shared.dialect.parse_pull_request(&value));
        parsed.map(Some).ok_or_else(|| self.unreadable(&request, &page))
    }

    /// Adds a label to a pull request. Succeeds if the pull request has it already.
    ///
    /// # Errors
    ///
    /// The request failed; see [`Error::outcome_unknown`].
    pub async fn add_label(
        &self,
        repository: &Repository,
        number: u64,
        label: &str,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let request = self.shared.dialect.add_label(repository, number, label);
        self.send(repository, &request, deadline).await.map(drop)
    }

    /// Removes a label from a pull request. Succeeds if the pull request does not have it.
    ///
    /// # Errors
    ///
    /// The request failed; see [`Error::outcome_unknown`].
    pub async fn remove_label(
        &self,
        repository: &Repository,
        number: u64,
        label: &str,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let request = self.shared.dialect.remove_label(repository, number, label);
        let Err(error) = self.send(repository, &request, deadline).await else { return Ok(()) };
        if error.kind != ErrorKind::NotFound {
            return Err(error);
        }
        // A 404 may mean the label, the pull request, or the rights of the token. If an earlier attempt may be stored, a failed
        // read does not change that.
        match self.pull_request(repository, number, deadline).await {
            Ok(Some(found)) if !found.labels.contains(label) => Ok(()),
            Ok(_) => Err(error),
            Err(read) => Err(read.with_unknown_outcome(error.outcome_unknown())),
        }
    }

    /// Lists the comments of a pull request, oldest first.
    ///
    /// # Errors
    ///
    /// A request failed, or a page is not complete.
    pub async fn comments(
        &self,
        repository: &Repository,
        number: u64,
        deadline: &Deadline,
    ) -> Result<Vec<Comment>, Error> {
        let first = self.shared.dialect.list_comments(repository, number);
        self.list(repository, first, deadline, |value| self.shared.dialect.parse_comment(value)).await
    }

    /// Creates a comment on a pull request. A create that may have been stored is not sent again.
    ///
    /// # Errors
    ///
    /// The request failed; see [`Error::outcome_unknown`].
    pub async fn create_comment(
        &self,
        repository: &Repository,
        number: u64,
        body: &str,
        deadline: &Deadline,
    ) -> Result<Comment, Error> {
        let request = self.shared.dialect.create_comment(repository, number, body);
        let page = self.send(repository, &request, deadline).await?;
        let parsed = json(&page).and_then(|value| self.shared.dialect.parse_comment(&value));
        parsed.ok_or_else(|| self.unreadable(&request, &page).with_unknown_outcome(true))
    }

    /// Replaces the text of a comment.
    ///
    /// # Errors
    ///
    /// The request failed; see [`Error::outcome_unknown`].
    pub async fn update_comment(
        &self,
        repository: &Repository,
        number: u64,
        comment: u64,
        body: &str,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let request = self.shared.dialect.update_comment(repository, number, comment, body);
        self.send(repository, &request, deadline).await.map(drop)
    }

    /// True if a branch exists. False only if the forge answers 404 for the branch and returns its repository: a 404 alone may
    /// also mean that the repository is missing or that the token has no rights on it.
    ///
    /// # Errors
    ///
    /// A request failed; the repository cannot be read; or [`ForgeProblem::Moved`] if it has another name now.
    pub async fn branch_exists(
        &self,
        repository: &Repository,
        branch: &str,
        deadline: &Deadline,
    ) -> Result<bool, Error> {
        let request = self.shared.dialect.branch(repository, branch);
        match self.send(repository, &request, deadline).await {
            Ok(_) => Ok(true),
            Err(error) if ForgeRefusal::of(&error).is_some_and(|refusal| refusal.status == 404) => {
                self.check_repository(repository, deadline).await.map(|()| false)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads a repository and checks that the forge returns the requested one.
    async fn check_repository(&self, repository: &Repository, deadline: &Deadline) -> Result<(), Error> {
        let request = self.shared.dialect.repository(repository);
        let page = self.send(repository, &request, deadline).await?;
        let value = json(&page).filter(Value::is_object).ok_or_else(|| self.unreadable(&request, &page))?;
        let expected = format!("{}/{}", repository.owner(), repository.repo());
        match self.shared.dialect.parse_repository_path(&value) {
            Some(found) if !found.eq_ignore_ascii_case(&expected) => {
                Err(self.error(&request, ErrorKind::Other).because(ForgeProblem::Moved { expected, found }))
            }
            _ => Ok(()),
        }
    }

    async fn list<T>(
        &self,
        repository: &Repository,
        first: ForgeRequest,
        deadline: &Deadline,
        parse: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        let mut request = first;
        for _ in 0..MAX_PAGES {
            let page = self.send(repository, &request, deadline).await?;
            let value = json(&page).unwrap_or(Value::Null);
            let parsed: Option<Vec<T>> = value.as_array().and_then(|array| array.iter().map(&parse).collect());
            items.extend(parsed.ok_or_else(|| self.unreadable(&request, &page))?);
            match &page.next {
                Some(next) => request.path.clone_from(next),
                None => return Ok(items),
            }
        }
        Err(self.error(&request, ErrorKind::Other).because(format!("the list has more than {MAX_PAGES} pages")))
    }

    async fn send(
        &self,
        repository: &Repository,
        request: &ForgeRequest,
        deadline: &Deadline,
    ) -> Result<Arc<ForgePage>, Error> {
        if !repository.host().eq_ignore_ascii_case(&self.shared.host) {
            let problem = ForgeProblem::OtherHost { host: repository.host().to_owned() };
            return Err(self.error(request, ErrorKind::Invalid).because(problem));
        }
        let attempt = || self.attempt(request, deadline);
        let result: Result<_, FailedRequest<ForgeFailure>> = self.shared.sender.send(request, deadline, attempt).await;
        result.map_err(|failed| failed.into_error(self.shared.kind.name(), request))
    }

    /// Makes one attempt. A write waits for the previous write, and for the pause after that.
    async fn attempt(
        &self,
        request: &ForgeRequest,
        deadline: &Deadline,
    ) -> Result<Arc<ForgePage>, AttemptFailure<ForgeFailure>> {
        let ForgeParts { transport, sender, last_write, between_writes, .. } = &*self.shared;
        let mut last = None;
        if request.writes() {
            let mut held = deadline.run(last_write.lock()).await.map_err(AttemptFailure::unsent)?;
            if let Some(begin) = *held {
                let pause = between_writes.saturating_sub(begin.elapsed());
                deadline.pause(pause).await.map_err(AttemptFailure::unsent)?;
            }
            *held = Some(Instant::now());
            last = Some(held);
        }
        let result = sender.exchange(request, transport.address(), deadline, transport.send(request)).await;
        drop(last);
        result
    }

    fn error(&self, request: &ForgeRequest, kind: ErrorKind) -> Error {
        Error::new(self.shared.kind.name(), request.operation, request.target.clone(), kind)
    }

    fn unreadable(&self, request: &ForgeRequest, page: &ForgePage) -> Error {
        let problem = ForgeProblem::Unreadable { status: page.status.as_u16() };
        self.error(request, ErrorKind::Unavailable).because(problem)
    }
}

impl fmt::Debug for Forge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Forge").field(&self.shared.kind).field(&self.shared.host).finish()
    }
}

/// `None` for a 404.
fn found(result: Result<Arc<ForgePage>, Error>) -> Result<Option<Arc<ForgePage>>, Error> {
    match result {
        Ok(page) => Ok(Some(page)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn json(page: &ForgePage) -> Option<Value> {
    serde_json::from_slice(&page.body).ok()
}
