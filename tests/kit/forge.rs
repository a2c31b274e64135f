//! A fake forge with the API of GitHub or of GitLab, as far as `eod` uses it: pull requests with pages and ETags, labels,
//! branches, forks, the limits of GitHub, and answers that a test injects.
//!
//! A test can neither reach nor change a real forge. Every repository has the same pull requests.

mod answer;
mod serve;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Instant, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use tokio::sync::oneshot;

/// Token that the fake GitHub gives to an app.
pub const APP_TOKEN: &str = "canary-token-of-the-app";

/// API of a fake forge.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ForgeDialect {
    /// GitHub's.
    GitHub,
    /// GitLab's.
    GitLab,
}

/// A running forge; it stops when it is dropped.
pub struct FakeForge {
    url: String,
    dialect: ForgeDialect,
    shared: Arc<Mutex<ForgeState>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A call as it arrived.
#[derive(Clone, Debug)]
pub struct ForgeCall {
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Status of the answer.
    pub status: u16,
}

/// An answer in place of the normal one.
#[derive(Clone, Debug)]
pub struct InjectedAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers of the answer.
    pub headers: Vec<(&'static str, String)>,
    /// Body as it is sent.
    pub body: String,
}

/// State that the server shares with the test.
struct ForgeState {
    url: String,
    dialect: ForgeDialect,
    pulls: BTreeMap<u64, FakePull>,
    branches: BTreeSet<String>,
    /// Maximum number of entries in a page, in addition to that of the call.
    page: usize,
    injected: Vec<(CallMatcher, usize, InjectedAnswer)>,
    calls: Vec<ForgeCall>,
    limits: Option<GitHubLimits>,
}

type CallMatcher = Box<dyn Fn(&str, &str) -> bool + Send>;

/// Limits of GitHub for one token: the quota of an hour, and the writes of a minute.
struct GitHubLimits {
    remaining: u32,
    reset: u64,
    writes: VecDeque<Instant>,
}

/// A pull request.
#[derive(Clone, Debug)]
struct FakePull {
    sha: String,
    labels: BTreeSet<String>,
    is_open: bool,
    is_fork: bool,
}

impl FakeForge {
    /// Starts a forge without pull requests.
    #[track_caller]
    pub fn start(dialect: ForgeDialect) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(ForgeState {
            url: url.clone(),
            dialect,
            pulls: BTreeMap::new(),
            branches: BTreeSet::new(),
            page: 100,
            injected: Vec::new(),
            calls: Vec::new(),
            limits: None,
        }));
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = thread::spawn(move || serve::run(listener, &served, stopped));
        Self { url, dialect, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// URL of the API.
    pub fn api(&self) -> &str {
        &self.url
    }

    /// API of this forge.
    pub fn dialect(&self) -> ForgeDialect {
        self.dialect
    }

    /// Key of an app in PEM (PKCS#8).
    #[track_caller]
    pub fn app_key() -> String {
        let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        let text = STANDARD.encode(key.serialized_der());
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    /// Opens a pull request without labels.
    pub fn open(&self, number: u64, sha: &str) {
        self.put(number, sha, false);
    }

    /// Opens a pull request from a fork.
    pub fn open_from_fork(&self, number: u64, sha: &str) {
        self.put(number, sha, true);
    }

    /// Closes or reopens a pull request.
    pub fn set_open(&self, number: u64, is_open: bool) {
        self.change(number, |pull| pull.is_open = is_open);
    }

    /// Sets a label of a pull request.
    pub fn label(&self, number: u64, label: &str) {
        self.change(number, |pull| {
            pull.labels.insert(label.to_owned());
        });
    }

    /// Removes a label of a pull request, as a person does.
    pub fn remove_label(&self, number: u64, label: &str) {
        self.change(number, |pull| {
            pull.labels.remove(label);
        });
    }

    /// Pushes a commit to the branch of a pull request.
    pub fn push(&self, number: u64, sha: &str) {
        self.change(number, |pull| sha.clone_into(&mut pull.sha));
    }

    /// Labels of a pull request, sorted.
    pub fn labels(&self, number: u64) -> Vec<String> {
        self.lock().pulls.get(&number).map(|pull| pull.labels.iter().cloned().collect()).unwrap_or_default()
    }

    /// Creates a branch.
    pub fn create_branch(&self, name: &str) {
        self.lock().branches.insert(name.to_owned());
    }

    /// Deletes a branch.
    pub fn delete_branch(&self, name: &str) {
        self.lock().branches.remove(name);
    }

    /// Sets the maximum number of entries in a page.
    pub fn set_page(&self, entries: usize) {
        self.lock().page = entries;
    }

    /// Enforces the limits of GitHub: 5,000 calls per hour, of which answers that have not changed cost nothing, and 80
    /// writes per minute.
    pub fn enforce_limits(&self) {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        self.lock().limits = Some(GitHubLimits { remaining: 5000, reset: now + 3600, writes: VecDeque::new() });
    }

    /// Answers the next `times` calls whose method and path match with this; `usize::MAX` means without a limit.
    pub fn inject(&self, matches: impl Fn(&str, &str) -> bool + Send + 'static, times: usize, answer: InjectedAnswer) {
        self.lock().injected.push((Box::new(matches), times, answer));
    }

    /// Removes all injected answers.
    pub fn clear_injected(&self) {
        self.lock().injected.clear();
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<ForgeCall> {
        self.lock().calls.clone()
    }

    /// Forgets the calls so far.
    pub fn clear_calls(&self) {
        self.lock().calls.clear();
    }

    /// All calls so far that are not reads.
    pub fn writes(&self) -> Vec<ForgeCall> {
        self.calls().into_iter().filter(|call| call.method != "GET").collect()
    }

    fn put(&self, number: u64, sha: &str, is_fork: bool) {
        let pull = FakePull { sha: sha.to_owned(), labels: BTreeSet::new(), is_open: true, is_fork };
        self.lock().pulls.insert(number, pull);
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut FakePull)) {
        if let Some(pull) = self.lock().pulls.get_mut(&number) {
            change(pull);
        }
    }

    fn lock(&self) -> MutexGuard<'_, ForgeState> {
        lock(&self.shared)
    }
}

impl InjectedAnswer {
    /// A refusal with a message, without further headers.
    pub fn refusal(status: u16, message: &str) -> Self {
        let body = serde_json::json!({ "message": message });
        Self { status, headers: Vec::new(), body: body.to_string() }
    }

    /// An answer with a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Drop for FakeForge {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed already, and this thread may be panicking too.
            drop(thread.join());
        }
    }
}

/// A panic of a test does not affect the server.
fn lock(state: &Mutex<ForgeState>) -> MutexGuard<'_, ForgeState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
