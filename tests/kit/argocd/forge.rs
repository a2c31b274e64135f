//! A fake GitHub with the parts that Argo CD and `eod` use: pull requests, labels, and the webhook calls for changes.
//!
//! A test can neither reach nor change github.com. The fake is used as a GitHub Enterprise server.

mod serve;
mod webhook;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::oneshot;

/// A running forge with one repository; it stops when it is dropped.
pub struct Forge {
    url: String,
    shared: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// State that the server shares with the test.
struct State {
    url: String,
    owner: String,
    repository: String,
    pulls: BTreeMap<u32, Pull>,
    /// Users with write access.
    writers: BTreeSet<String>,
    /// URL of the webhook that is called at a change.
    webhook: Option<String>,
    /// Time from a write to its answer.
    pause: Duration,
    /// HTTP status for every call, in place of the answer.
    fault: Option<u16>,
    /// Method, path and query of every call.
    calls: Vec<String>,
}

/// A pull request.
#[derive(Clone)]
struct Pull {
    author: String,
    /// True if the branch is in a fork.
    is_fork: bool,
    branch: String,
    sha: String,
    labels: BTreeSet<String>,
    is_open: bool,
    reviews: Vec<Review>,
}

/// A review of one commit of a pull request.
#[derive(Clone)]
struct Review {
    user: String,
    /// GitHub's name of the state, such as `APPROVED`.
    state: String,
    sha: String,
}

/// A change of a pull request: GitHub's name of it, the number, and the pull request after the change.
struct Change {
    action: &'static str,
    number: u32,
    pull: Pull,
}

impl Forge {
    /// A forge without a webhook; Argo CD polls it.
    #[track_caller]
    pub fn start(owner: &str, repository: &str) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(State {
            url: url.clone(),
            owner: owner.to_owned(),
            repository: repository.to_owned(),
            pulls: BTreeMap::new(),
            writers: BTreeSet::new(),
            webhook: None,
            pause: Duration::ZERO,
            fault: None,
            calls: Vec::new(),
        }));
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = thread::spawn(move || serve::run(listener, &served, stopped));
        Self { url, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// Sets the webhook. It is called at every change: before a function with a change returns, and after a call with a
    /// change.
    #[must_use]
    pub fn with_webhook(self, webhook: &str) -> Self {
        self.lock().webhook = Some(webhook.to_owned());
        self
    }

    /// Answers every write after a pause, as a server on the internet does. The write is done before.
    #[must_use]
    pub fn slow(self, pause: Duration) -> Self {
        self.lock().pause = pause;
        self
    }

    /// URL of the API, for a client that expects a GitHub Enterprise server.
    pub fn api(&self) -> String {
        format!("{}api/v3", self.url)
    }

    /// The generator's part of an ApplicationSet.
    pub fn generator(&self, labels: &[&str]) -> Value {
        let state = self.lock();
        json!({ "api": self.url, "owner": state.owner, "repo": state.repository, "labels": labels })
    }

    /// Opens a pull request from a branch.
    #[track_caller]
    pub fn open(&self, number: u32, branch: &str, sha: &str) {
        let change = self.lock().open(number, branch, sha);
        self.notify(&change);
    }

    /// Opens a pull request from a branch of a fork.
    #[track_caller]
    pub fn open_from_fork(&self, number: u32, author: &str, branch: &str, sha: &str) {
        let change = self.lock().open_by(number, author, true, branch, sha);
        self.notify(&change);
    }

    /// Gives a user write access.
    pub fn allow_writes(&self, user: &str) {
        self.lock().writers.insert(user.to_owned());
    }

    /// Submits a review of the newest commit. `state` is GitHub's name, such as `APPROVED`. Argo CD's webhook is not
    /// called for reviews.
    #[track_caller]
    pub fn review(&self, number: u32, user: &str, state: &str) {
        let mut forge = self.lock();
        let pull = forge.pulls.get_mut(&number).unwrap_or_else(|| panic!("there is no pull request {number}"));
        let review = Review { user: user.to_owned(), state: state.to_owned(), sha: pull.sha.clone() };
        pull.reviews.push(review);
    }

    /// Closes it.
    #[track_caller]
    pub fn close(&self, number: u32) {
        self.change("closed", number, |pull| std::mem::replace(&mut pull.is_open, false));
    }

    /// Opens it again, with its labels.
    #[track_caller]
    pub fn reopen(&self, number: u32) {
        self.change("reopened", number, |pull| !std::mem::replace(&mut pull.is_open, true));
    }

    /// Adds a label to a pull request.
    #[track_caller]
    pub fn label(&self, number: u32, label: &str) {
        self.change("labeled", number, |pull| pull.labels.insert(label.to_owned()));
    }

    /// Removes a label from a pull request.
    #[track_caller]
    pub fn unlabel(&self, number: u32, label: &str) {
        self.change("unlabeled", number, |pull| pull.labels.remove(label));
    }

    /// New commits on its branch.
    #[track_caller]
    pub fn push(&self, number: u32, sha: &str) {
        self.change("synchronize", number, |pull| std::mem::replace(&mut pull.sha, sha.to_owned()) != sha);
    }

    /// True if a pull request has a label.
    #[track_caller]
    pub fn has_label(&self, number: u32, label: &str) -> bool {
        self.lock().pulls.get(&number).is_some_and(|pull| pull.labels.contains(label))
    }

    /// Answers every following call with this status; none restores the normal answers.
    pub fn fail_with(&self, status: Option<u16>) {
        self.lock().fault = status;
    }

    /// Method, path and query of every call so far.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    #[track_caller]
    fn change(&self, action: &'static str, number: u32, change: impl FnOnce(&mut Pull) -> bool) {
        let changed = self.lock().change(action, number, change);
        let changed = changed.unwrap_or_else(|| panic!("there is no pull request {number}, or it is {action} already"));
        self.notify(&changed);
    }

    /// Calls the webhook and waits for its answer.
    #[track_caller]
    fn notify(&self, change: &Change) {
        let Some((url, event)) = self.lock().event(change) else { return };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sent = runtime.block_on(webhook::send(&url, &event));
        sent.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.shared)
    }
}

impl Drop for Forge {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed already, and this thread may be panicking too.
            drop(thread.join());
        }
    }
}

impl State {
    fn open(&mut self, number: u32, branch: &str, sha: &str) -> Change {
        self.open_by(number, AUTHOR, false, branch, sha)
    }

    fn open_by(&mut self, number: u32, author: &str, is_fork: bool, branch: &str, sha: &str) -> Change {
        let [author, branch, sha] = [author, branch, sha].map(ToOwned::to_owned);
        let pull = Pull { author, is_fork, branch, sha, labels: BTreeSet::new(), is_open: true, reviews: Vec::new() };
        self.pulls.insert(number, pull.clone());
        Change { action: "opened", number, pull }
    }

    /// Changes a pull request; none if it does not exist or has the new value already.
    fn change(&mut self, action: &'static str, number: u32, change: impl FnOnce(&mut Pull) -> bool) -> Option<Change> {
        let pull = self.pulls.get_mut(&number)?;
        change(pull).then(|| Change { action, number, pull: pull.clone() })
    }

    /// URL and body of the webhook call for a change; none without a webhook.
    fn event(&self, change: &Change) -> Option<(String, Value)> {
        let Self { url, owner, repository, .. } = self;
        let event = json!({
            "action": change.action,
            "number": change.number,
            "pull_request": change.pull.json(change.number),
            "repository": {
                "name": repository,
                "full_name": format!("{owner}/{repository}"),
                "owner": { "login": owner },
                "url": format!("{url}api/v3/repos/{owner}/{repository}"),
            },
            "sender": { "login": AUTHOR },
        });
        Some((self.webhook.clone()?, event))
    }
}

/// Author of the pull requests that are not from a fork.
const AUTHOR: &str = "developer";

impl Pull {
    /// GitHub's form of a pull request, with the fields that Argo CD and `eod` require. Head and base are in one repository
    /// unless it is from a fork.
    fn json(&self, number: u32) -> Value {
        let labels: Vec<_> = self.labels.iter().map(|name| json!({ "name": name })).collect();
        json!({
            "number": number,
            "state": if self.is_open { "open" } else { "closed" },
            "merged_at": null,
            "title": format!("Pull request {number}"),
            "html_url": format!("https://git.example/pull/{number}"),
            "user": { "login": self.author },
            "head": { "ref": self.branch, "sha": self.sha, "repo": { "id": if self.is_fork { 2 } else { 1 } } },
            "base": { "ref": "main", "repo": { "id": 1 } },
            "labels": labels,
        })
    }
}

/// A panic of a test does not affect the server.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
