//! A proxy in front of the real API server that spoils chosen calls and logs all.
//!
//! It stands in for what a real server cannot be made to do on demand: an answer lost
//! after the call was stored, a server that hangs, half an answer. Everything it is not
//! told to spoil goes through unchanged, watches included. It speaks plain HTTP on the
//! loopback device, so that a client needs nothing but another server address.

mod body;
mod serve;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use http::HeaderMap;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::{
    access::{Access, Kubeconfig},
    cluster::Cluster,
    http::Origin,
};

/// What happens to a call instead of just being handed on.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answered by us; the API server never hears of the call.
    Status {
        /// HTTP status.
        code: u16,
        /// Headers besides those that every answer has.
        headers: Vec<(&'static str, String)>,
        /// The body as it is sent.
        body: String,
    },
    /// Handed on and carried out, but answered with this status.
    AnswerAfterStore(u16),
    /// The connection is closed; the API server never hears of the call.
    DropBefore,
    /// Handed on and carried out, then the connection is closed without an answer.
    DropAfterStore,
    /// Handed on after a pause.
    Delay(Duration),
    /// Accepted and never answered; the API server never hears of the call.
    Hang,
    /// Handed on and carried out; the connection is closed in the middle of the answer.
    HalfBody,
    /// What a load balancer says while it has no server.
    Html502,
}

impl Fault {
    /// An answer with a Kubernetes `Status` as its body.
    pub fn status(code: u16, reason: &str, message: &str) -> Self {
        Self::Status { code, headers: Vec::new(), body: serve::status(code, reason, message) }
    }

    /// The same with a `Retry-After` header, in seconds.
    pub fn retry_after(code: u16, reason: &str, seconds: u32) -> Self {
        let headers = vec![("retry-after", seconds.to_string())];
        Self::Status { code, headers, body: serve::status(code, reason, "come back later") }
    }
}

/// A call as it arrived, and what became of it.
#[derive(Clone, Debug)]
pub struct Logged {
    /// When it arrived.
    pub at: Instant,
    /// HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The query, without the question mark.
    pub query: String,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// All headers. What is in those that prove who calls does not show in a message.
    pub headers: HeaderMap,
    /// The body where it was JSON.
    pub body: Option<Value>,
    /// What the API server answered; none when it was not asked, or has not answered.
    pub stored: Option<u16>,
    /// What we answered; none when the connection was closed, or there is no answer yet.
    pub status: Option<u16>,
    /// Whether a rule spoiled it.
    pub spoiled: bool,
}

impl Logged {
    /// Whether the call has this method and its path ends like this.
    pub fn is(&self, method: &str, path_end: &str) -> bool {
        self.method == method && self.path.ends_with(path_end)
    }
}

/// A running proxy; it stops when it is dropped, and with it all calls still hanging.
pub struct FaultProxy {
    access: Access,
    kubeconfig: Kubeconfig,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

type Matcher = Box<dyn Fn(&Logged) -> bool + Send>;

struct Rule {
    matches: Matcher,
    left: usize,
    fault: Fault,
}

/// What the calls in flight share with the test.
struct Shared {
    origin: Origin,
    rules: Mutex<Vec<Rule>>,
    log: Mutex<Vec<Logged>>,
}

impl FaultProxy {
    /// A proxy in front of the cluster, for its administrator.
    #[track_caller]
    pub fn start(cluster: &Cluster) -> Self {
        Self::in_front_of(cluster.access())
    }

    /// A proxy for somebody else, or in front of another proxy.
    #[track_caller]
    pub fn in_front_of(access: &Access) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let through_us = Access { server: format!("http://{address}"), ca_pem: None, ..access.clone() };
        let shared = Arc::new(Shared { origin: Origin::new(access), rules: Mutex::default(), log: Mutex::default() });
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = thread::spawn(move || serve::run(listener, &served, stopped));
        Self { kubeconfig: through_us.kubeconfig(), access: through_us, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// A kubeconfig that leads through the proxy, with the same token.
    pub fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
    }

    /// The proxy's URL and the token.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Spoils the next `times` calls that match. Of several rules the first that matches
    /// and is not used up counts. `usize::MAX` means for ever.
    pub fn rule(&self, matches: impl Fn(&Logged) -> bool + Send + 'static, times: usize, fault: Fault) {
        lock(&self.shared.rules).push(Rule { matches: Box::new(matches), left: times, fault });
    }

    /// From now on everything goes through.
    pub fn clear_rules(&self) {
        lock(&self.shared.rules).clear();
    }

    /// Panics when a rule with a number was not used up: then the test proves nothing.
    #[track_caller]
    pub fn assert_rules_used(&self) {
        for (index, rule) in lock(&self.shared.rules).iter().enumerate() {
            let unused = rule.left > 0 && rule.left < usize::MAX / 2;
            assert!(
                !unused,
                "rule {index} ({:?}) should have hit {} more calls; calls seen:\n{}",
                rule.fault,
                rule.left,
                self.story()
            );
        }
    }

    /// Every call so far, in the order in which they arrived.
    pub fn log(&self) -> Vec<Logged> {
        lock(&self.shared.log).clone()
    }

    /// Forgets the calls so far, to count only what comes.
    pub fn clear_log(&self) {
        lock(&self.shared.log).clear();
    }

    /// How many calls so far were like this.
    pub fn calls(&self, like: impl Fn(&Logged) -> bool) -> usize {
        lock(&self.shared.log).iter().filter(|logged| like(logged)).count()
    }

    /// The calls so far, one line each, for messages.
    pub fn story(&self) -> String {
        let mut text = String::new();
        let log = lock(&self.shared.log);
        for call in log.iter() {
            let Logged { at, method, path, query, stored, status, spoiled, .. } = call;
            let after = log.first().map(|first| at.duration_since(first.at)).unwrap_or_default();
            let spoiled = if *spoiled { " (spoiled)" } else { "" };
            text += &format!("{after:.3?} {method} {path}?{query} stored {stored:?} answered {status:?}{spoiled}\n");
        }
        text
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was printed already, and we may be in one ourselves.
            drop(thread.join());
        }
    }
}

impl Shared {
    /// Logs a call and answers its number in the log and the fault that is meant for it.
    fn arrived(&self, mut call: Logged) -> (Ticket, Option<Fault>) {
        let mut fault = None;
        for rule in lock(&self.rules).iter_mut() {
            if rule.left > 0 && (rule.matches)(&call) {
                rule.left -= 1;
                fault = Some(rule.fault.clone());
                break;
            }
        }
        call.spoiled = fault.is_some();
        let mut log = lock(&self.log);
        log.push(call.clone());
        (Ticket { index: log.len() - 1, call }, fault)
    }

    fn update(&self, ticket: &Ticket, change: impl FnOnce(&mut Logged)) {
        // The log may have been cleared meanwhile, then the place holds another call.
        if let Some(logged) = lock(&self.log).get_mut(ticket.index)
            && logged.path == ticket.call.path
            && logged.method == ticket.call.method
        {
            change(logged);
        }
    }
}

/// Where a call stands in the log.
struct Ticket {
    index: usize,
    call: Logged,
}

/// A matcher that panicked spoils its own test, not the others that wait for the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
