//! A strict fake of Amazon Route 53: hosted zones, record sets, batches of changes and their state, with the checks and limits
//! of the real service. It also answers the calls of AWS STS that give temporary credentials.
//!
//! [`Route53Service`] is the service without I/O. The caller supplies the time, so a test can put it behind the transport of a
//! client and run in virtual time. [`FakeRoute53`] serves it on a loopback port.
//!
//! Sources: the API reference and the Developer Guide of Route 53, and the messages of the real service.

mod answer;
mod change;
mod document;
mod limits;
mod record;
mod record_order;
mod rules;
mod serve;
mod sts;
mod zone;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::oneshot;

use self::{limits::RateBuckets, zone::FakeZone};
pub use self::{limits::Route53Rates, record::FakeRecord, sts::TEMPORARY_KEY};

/// Route 53 without I/O. Clones are one service.
#[derive(Clone, Default)]
pub struct Route53Service {
    shared: Arc<Mutex<ServiceState>>,
}

/// Route 53 on a loopback port; it stops when it is dropped.
pub struct FakeRoute53 {
    url: String,
    service: Route53Service,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A call as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Route53Call {
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Value of the header `Authorization`, empty if absent.
    pub authorization: String,
    /// Body.
    pub body: String,
}

/// A call with its answer, in the log.
#[derive(Clone, Debug)]
pub struct LoggedCall {
    /// Time since the start of the service.
    pub at: Duration,
    /// Name of the action, such as `ChangeResourceRecordSets`.
    pub action: &'static str,
    /// The call.
    pub call: Route53Call,
    /// HTTP status of the answer.
    pub status: u16,
    /// Code of the error, if the answer is one.
    pub code: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Route53Answer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: String,
    /// Code of the error, if the answer is one.
    pub code: Option<String>,
    /// Time until the answer is sent.
    pub delay: Duration,
    /// True if the connection is closed in place of the answer.
    pub is_lost: bool,
}

/// Faults of a call that a test injects.
#[derive(Clone, Debug)]
pub enum Route53Fault {
    /// An answer in place of the normal one; nothing is carried out.
    Answer(Route53Answer),
    /// The call is carried out, and its connection is closed without an answer.
    LostAnswer,
}

type CallFilter = Box<dyn Fn(&str, &Route53Call) -> bool + Send>;

/// State of the service.
struct ServiceState {
    zones: BTreeMap<String, FakeZone>,
    /// Time at which each change is in sync.
    changes: BTreeMap<String, Duration>,
    created: u64,
    buckets: RateBuckets,
    processing: Duration,
    propagation: Duration,
    page: usize,
    faults: Vec<(CallFilter, usize, Route53Fault)>,
    calls: Vec<LoggedCall>,
}

impl Default for ServiceState {
    fn default() -> Self {
        Self {
            zones: BTreeMap::new(),
            changes: BTreeMap::new(),
            created: 0,
            buckets: RateBuckets::new(Route53Rates::default()),
            processing: Duration::from_millis(150),
            propagation: Duration::from_secs(30),
            page: 300,
            faults: Vec::new(),
            calls: Vec::new(),
        }
    }
}

impl Route53Service {
    /// Creates a hosted zone with its records of type NS and SOA, and returns its id.
    pub fn create_zone(&self, name: &str, is_private: bool) -> String {
        let mut state = self.lock();
        state.created += 1;
        let id = format!("Z{:012}FAKE", state.created);
        state.zones.insert(id.clone(), FakeZone::new(name, is_private));
        id
    }

    /// Adds a record without any check, as if another person had created it.
    #[track_caller]
    pub fn put(&self, zone: &str, record: FakeRecord) {
        self.lock().zones.get_mut(zone).unwrap().put(record);
    }

    /// Records of a zone in the order of a listing, without those of type NS and SOA at its apex.
    #[track_caller]
    pub fn records(&self, zone: &str) -> Vec<FakeRecord> {
        self.lock().zones[zone].own_records()
    }

    /// Sets the limits of the account, and fills their buckets.
    pub fn set_rates(&self, rates: Route53Rates) {
        self.lock().buckets = RateBuckets::new(rates);
    }

    /// Sets the time that a batch takes. Another batch for the zone is refused with `PriorRequestNotComplete` in this time.
    pub fn set_processing(&self, time: Duration) {
        self.lock().processing = time;
    }

    /// Sets the time after which a change is in sync.
    pub fn set_propagation(&self, time: Duration) {
        self.lock().propagation = time;
    }

    /// Sets the maximum number of entries in a page, in addition to that of the call.
    pub fn set_page(&self, entries: usize) {
        self.lock().page = entries;
    }

    /// Sets the maximum number of records in a zone.
    #[track_caller]
    pub fn set_record_quota(&self, zone: &str, records: usize) {
        self.lock().zones.get_mut(zone).unwrap().quota = records;
    }

    /// Applies a fault to the next `times` calls whose action and call match; `usize::MAX` means without a limit.
    pub fn inject(
        &self,
        matches: impl Fn(&str, &Route53Call) -> bool + Send + 'static,
        times: usize,
        fault: Route53Fault,
    ) {
        self.lock().faults.push((Box::new(matches), times, fault));
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<LoggedCall> {
        self.lock().calls.clone()
    }

    /// Number of calls of an action so far, and those of them that were carried out.
    pub fn count(&self, action: &str) -> (usize, usize) {
        let state = self.lock();
        let calls = || state.calls.iter().filter(|logged| logged.action == action);
        (calls().count(), calls().filter(|logged| logged.status == 200).count())
    }

    /// Answers a call. `now` is the time since the start of the service, and never smaller than that of the call before.
    pub fn answer(&self, call: &Route53Call, now: Duration) -> Route53Answer {
        self.lock().answer(call, now)
    }

    fn lock(&self) -> MutexGuard<'_, ServiceState> {
        // A panic of a test does not affect the service.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Route53Answer {
    /// An error of the API.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body = document::error(code, message);
        Self { status, body, code: Some(code.to_owned()), ..Self::default() }
    }

    /// An answer with any body.
    pub fn text(status: u16, body: &str) -> Self {
        Self { status, body: body.to_owned(), ..Self::default() }
    }
}

impl FakeRoute53 {
    /// Starts a service without zones.
    #[track_caller]
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = Route53Service::default();
        let (stop, stopped) = oneshot::channel();
        let served = service.clone();
        let thread = thread::spawn(move || serve::run(listener, &served, stopped));
        Self { url, service, stop: Some(stop), thread: Some(thread) }
    }

    /// URL of the API, also of STS.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The service behind the port.
    pub fn service(&self) -> &Route53Service {
        &self.service
    }
}

impl Drop for FakeRoute53 {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed already, and this thread may be panicking too.
            drop(thread.join());
        }
    }
}
