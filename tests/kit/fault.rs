//! A proxy in front of a real server that injects faults into chosen calls and logs all calls.
//!
//! The proxy produces failures that a real server cannot produce on demand: an answer that is lost after the call was
//! stored, a server that does not answer, half an answer. All other calls pass unchanged, watches included. The proxy
//! serves plain HTTP on 127.0.0.1, so that a client needs only another server address.

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
use tokio::sync::{Semaphore, oneshot};

use crate::{
    access::{Access, Kubeconfig},
    cluster::Cluster,
    http::Origin,
};

/// A fault of one call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The proxy answers; the server does not receive the call.
    Status {
        /// HTTP status.
        code: u16,
        /// Headers besides those that every answer has.
        headers: Vec<(&'static str, String)>,
        /// The body as it is sent.
        body: String,
    },
    /// The server carries out the call; the proxy answers with this status.
    AnswerAfterStore(u16),
    /// The connection is closed; the server does not receive the call.
    DropBefore,
    /// The server carries out the call; the connection is closed without an answer.
    DropAfterStore,
    /// The call is forwarded after a pause.
    Delay(Duration),
    /// The call is forwarded after [`FaultProxy::release`].
    Hold,
    /// The call is accepted and never answered; the server does not receive it.
    Hang,
    /// The server carries out the call; the connection is closed in the middle of the answer.
    HalfBody,
    /// The server carries out the call; its answer gets this `Date`, as from a server with another clock.
    Date(String),
    /// The HTML page of a load balancer without a backend, status 502.
    Html502,
}

impl Fault {
    /// [`Fault::Status`] with a Kubernetes `Status` as its body.
    pub fn status(code: u16, reason: &str, message: &str) -> Self {
        Self::Status { code, headers: Vec::new(), body: serve::status(code, reason, message) }
    }

    /// [`Fault::status`] with a `Retry-After` header, in seconds.
    pub fn retry_after(code: u16, reason: &str, seconds: u32) -> Self {
        let headers = vec![("retry-after", seconds.to_string())];
        Self::Status { code, headers, body: serve::status(code, reason, "try again later") }
    }
}

/// A logged call and its result.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Time of its arrival.
    pub at: Instant,
    /// HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The query, without the question mark.
    pub query: String,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// All headers. Values of credentials are not printed.
    pub headers: HeaderMap,
    /// The body, if it is JSON.
    pub body: Option<Value>,
    /// Status of the server's answer; none if the server did not receive the call, or has not answered yet.
    pub stored: Option<u16>,
    /// Status of the proxy's answer; none if the connection was closed, or there is no answer yet.
    pub status: Option<u16>,
    /// True if a rule injected a fault.
    pub spoiled: bool,
}

impl Logged {
    /// True if the call has this method and its path has this end.
    pub fn is(&self, method: &str, path_end: &str) -> bool {
        self.method == method && self.path.ends_with(path_end)
    }
}

/// A running proxy. When it is dropped, it stops and closes all connections.
pub struct FaultProxy {
    access: Access,
    kubeconfig: Kubeconfig,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

type FaultMatcher = Box<dyn Fn(&Logged) -> bool + Send>;

struct Rule {
    matches: FaultMatcher,
    left: usize,
    fault: Fault,
}

/// State that the calls in flight share with the test.
struct Shared {
    origin: Origin,
    rules: Mutex<Vec<Rule>>,
    log: Mutex<Vec<Logged>>,
    /// Closed by a release: calls wait for a permit that is never given.
    held: Semaphore,
}

impl FaultProxy {
    /// A proxy in front of the cluster, with the administrator's token.
    #[track_caller]
    pub fn start(cluster: &Cluster) -> Self {
        Self::in_front_of(cluster.access())
    }

    /// A proxy in front of another server or proxy, with another token.
    #[track_caller]
    pub fn in_front_of(access: &Access) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let through_us = Access { server: format!("http://{address}"), ca_pem: None, ..access.clone() };
        let shared = Arc::new(Shared {
            origin: Origin::new(access),
            rules: Mutex::default(),
            log: Mutex::default(),
            held: Semaphore::new(0),
        });
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = thread::spawn(move || serve::run(listener, &served, stopped));
        Self { kubeconfig: through_us.kubeconfig(), access: through_us, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// A kubeconfig with the proxy's address and the server's token.
    pub fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
    }

    /// The proxy's URL and the token.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Injects a fault into the next `times` matching calls; `usize::MAX` means without a limit. If several rules match,
    /// the first one that has calls left is used.
    pub fn rule(&self, matches: impl Fn(&Logged) -> bool + Send + 'static, times: usize, fault: Fault) {
        lock(&self.shared.rules).push(Rule { matches: Box::new(matches), left: times, fault });
    }

    /// Forwards all held calls.
    pub fn release(&self) {
        self.shared.held.close();
    }

    /// Removes all rules: all following calls pass unchanged.
    pub fn clear_rules(&self) {
        lock(&self.shared.rules).clear();
    }

    /// Asserts that every rule with a limit has injected all its faults.
    ///
    /// # Panics
    /// If a rule has calls left; then the test proves nothing.
    #[track_caller]
    pub fn assert_rules_used(&self) {
        for (index, rule) in lock(&self.shared.rules).iter().enumerate() {
            let unused = rule.left > 0 && rule.left < usize::MAX / 2;
            assert!(
                !unused,
                "rule {index} ({:?}) has {} calls left; calls so far:\n{}",
                rule.fault,
                rule.left,
                self.story()
            );
        }
    }

    /// All calls so far, in the order of their arrival.
    pub fn log(&self) -> Vec<Logged> {
        lock(&self.shared.log).clone()
    }

    /// Clears the log.
    pub fn clear_log(&self) {
        lock(&self.shared.log).clear();
    }

    /// Number of matching calls so far.
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
            // A panic of the thread was printed already, and this thread may be panicking too.
            drop(thread.join());
        }
    }
}

impl Shared {
    /// Logs a call; returns its position in the log and the fault to inject.
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
        // The log may have been cleared meanwhile; then the position has another call.
        if let Some(logged) = lock(&self.log).get_mut(ticket.index)
            && logged.path == ticket.call.path
            && logged.method == ticket.call.method
        {
            change(logged);
        }
    }
}

/// Position of a call in the log.
struct Ticket {
    index: usize,
    call: Logged,
}

/// A matcher that panicked fails its own test, not the others that wait for the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
