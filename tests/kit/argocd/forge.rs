//! A fake GitHub with the parts that Argo CD uses: the list of pull requests, and the webhook calls for changes.
//!
//! A test can neither reach nor change github.com. Argo CD uses the fake as a GitHub Enterprise server.

mod serve;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use http::{Request, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{access::Access, http::Origin};

/// A running forge with one repository; it stops when it is dropped.
pub struct Forge {
    url: String,
    owner: &'static str,
    repository: &'static str,
    shared: Arc<Mutex<State>>,
    /// URL of the webhook that is called at a change.
    webhook: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// State that the server shares with the test.
#[derive(Default)]
struct State {
    pulls: BTreeMap<u32, Pull>,
    /// HTTP status for every call, in place of the answer.
    fault: Option<u16>,
    /// The path and query of every call.
    calls: Vec<String>,
}

/// An open pull request.
#[derive(Clone)]
struct Pull {
    branch: String,
    sha: String,
    labels: BTreeSet<String>,
}

impl Forge {
    /// A forge without a webhook; Argo CD polls it.
    #[track_caller]
    pub fn start(owner: &'static str, repository: &'static str) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(State::default()));
        let (stop, stopped) = oneshot::channel();
        let pulls = format!("/api/v3/repos/{owner}/{repository}/pulls");
        let served = Arc::clone(&shared);
        let thread = thread::spawn(move || serve::run(listener, &pulls, &served, stopped));
        Self { url, owner, repository, shared, webhook: None, stop: Some(stop), thread: Some(thread) }
    }

    /// Sets the webhook. It is called at every change, before the function that makes the change returns.
    #[must_use]
    pub fn telling(mut self, webhook: &str) -> Self {
        self.webhook = Some(webhook.to_owned());
        self
    }

    /// The generator's part of an ApplicationSet.
    pub fn generator(&self, labels: &[&str]) -> Value {
        json!({ "api": self.url, "owner": self.owner, "repo": self.repository, "labels": labels })
    }

    /// Opens a pull request from a branch.
    #[track_caller]
    pub fn open(&self, number: u32, branch: &str, sha: &str) {
        let pull = Pull { branch: branch.to_owned(), sha: sha.to_owned(), labels: BTreeSet::new() };
        self.lock().pulls.insert(number, pull.clone());
        self.tell("opened", number, &pull);
    }

    /// Closes it.
    #[track_caller]
    pub fn close(&self, number: u32) {
        let pull = self.lock().pulls.remove(&number).unwrap();
        self.tell("closed", number, &pull);
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

    /// Answers every following call with this status; none restores the normal answers.
    pub fn fail_with(&self, status: Option<u16>) {
        self.lock().fault = status;
    }

    /// The path and query of every call so far.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    #[track_caller]
    fn change(&self, action: &str, number: u32, change: impl FnOnce(&mut Pull) -> bool) {
        let pull = {
            let mut state = self.lock();
            let pull = state.pulls.get_mut(&number).unwrap_or_else(|| panic!("there is no open pull request {number}"));
            assert!(change(pull), "pull request {number} is {action} already");
            pull.clone()
        };
        self.tell(action, number, &pull);
    }

    /// Body of a webhook call.
    #[track_caller]
    fn tell(&self, action: &str, number: u32, pull: &Pull) {
        let Some(webhook) = &self.webhook else { return };
        let event = json!({
            "action": action,
            "number": number,
            "pull_request": pull.json(number),
            "repository": {
                "name": self.repository,
                "full_name": format!("{}/{}", self.owner, self.repository),
                "owner": { "login": self.owner },
                "url": format!("{}api/v3/repos/{}/{}", self.url, self.owner, self.repository),
            },
            "sender": { "login": AUTHOR },
        });
        let uri: http::Uri = webhook.parse().unwrap();
        let server = format!("http://{}", uri.authority().unwrap());
        let request = Request::post(uri.path())
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-github-event", "pull_request")
            .body(Full::new(Bytes::from(event.to_string())))
            .unwrap();
        let origin = Origin::new(&Access { server, ca_pem: None, token: String::new() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(origin.send(request)).unwrap_or_else(|error| panic!("{webhook}: {error}"));
        assert!(answer.status().is_success(), "{webhook}: {}", answer.status());
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

/// Author of every pull request.
const AUTHOR: &str = "developer";

impl Pull {
    /// Entry of GitHub's list, with the fields that Argo CD requires.
    fn json(&self, number: u32) -> Value {
        let labels: Vec<_> = self.labels.iter().map(|name| json!({ "name": name })).collect();
        json!({
            "number": number,
            "state": "open",
            "title": format!("Pull request {number}"),
            "user": { "login": AUTHOR },
            "head": { "ref": self.branch, "sha": self.sha },
            "base": { "ref": "main" },
            "labels": labels,
        })
    }
}

/// A panic of a test does not affect the server.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
