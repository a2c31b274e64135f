//! Test server with a policy and fake tools, and its clients.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use eod_proto::argocd as wire;
use eod_proto::argocd::config_management_plugin_service_client::ConfigManagementPluginServiceClient;
use eod_render::{HelmOutput, HelmRequest, KustomizeRequest, ToolError, ToolRule, Tools};
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Uri};

use super::super::*;
use crate::archive::ArchiveLimits;
use crate::policy::PolicyStore;
use crate::renderer::{Renderer, Toolbox};
use crate::server::{StopTimeouts, serve};
use crate::socket::{PluginName, PluginSocket};

/// Client of the plugin service.
pub(crate) type PluginClient = ConfigManagementPluginServiceClient<Channel>;

/// Policy of the test server.
pub(crate) const POLICY: &str =
    "{version: 1, projects: {previews: {namespaces: ['*-pr-*'], registries: ['r.example/']}}}";

/// Limits that small archives exceed.
pub(super) const LIMITS: ArchiveLimits = ArchiveLimits {
    compressed: 64 << 20,
    unpacked: 64 << 20,
    ratio: 200,
    free: 1 << 20,
    entries: 1000,
    depth: 64,
    name: 4096,
    kept: 8 << 20,
    file_inside: 100_000,
    file_outside: 10_000,
};

/// Running server.
pub(super) struct TestServer {
    pub(super) directory: TempDir,
    pub(super) stopping: CancellationToken,
    pub(super) metrics: Arc<Metrics>,
    pub(super) policy: Arc<PolicyStore>,
    pub(super) helm: Arc<HelmGate>,
    pub(super) service: PluginService,
    pub(super) ended: JoinHandle<()>,
}

/// Settings of the server.
pub(super) struct Setup {
    pub(super) capacity: Capacity,
    pub(super) users: BTreeSet<u32>,
    pub(super) timeouts: StopTimeouts,
    pub(super) policy: &'static str,
    pub(super) limits: ArchiveLimits,
}

impl Default for Setup {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self {
            capacity: Capacity { renders: 2, archives: 2, calls: 100 },
            users: BTreeSet::new(),
            timeouts: StopTimeouts { linger: second / 10, finish: 60 * second },
            policy: POLICY,
            limits: LIMITS,
        }
    }
}

impl Setup {
    pub(super) fn start(self) -> TestServer {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("policy.yaml");
        std::fs::write(&file, self.policy).unwrap();
        let (metrics, policy) = (Arc::new(Metrics::new()), Arc::new(PolicyStore::open(file).unwrap()));
        let helm = Arc::new(HelmGate::default());
        let toolbox = Box::new(FakeToolbox(Arc::clone(&helm)));
        let renderer = Renderer::new(Arc::clone(&policy), toolbox, 1 << 20, self.limits, Arc::clone(&metrics));
        let service = PluginService::new(
            Arc::new(renderer),
            Arc::clone(&metrics),
            self.capacity,
            self.users,
            tokio::runtime::Handle::current(),
        );
        let (socket, listener) =
            PluginSocket::bind(directory.path(), &"eod@v1".parse::<PluginName>().unwrap()).unwrap();
        let stopping = CancellationToken::new();
        let server = serve(service.clone(), Arc::new(socket), listener, stopping.clone(), self.timeouts);
        let ended = tokio::spawn(async move { server.await.unwrap() });
        TestServer { directory, stopping, metrics, policy, helm, service, ended }
    }
}

impl TestServer {
    pub(super) fn socket(&self) -> PathBuf {
        self.directory.path().join("eod@v1.sock")
    }

    pub(super) async fn client(&self) -> PluginClient {
        client(&self.socket()).await
    }

    /// Value of a metric, or `none`.
    pub(super) fn number(&self, line: &str) -> String {
        let text = self.metrics.encode();
        let found = text.lines().find_map(|shown| shown.strip_prefix(line)).unwrap_or("none");
        found.trim().to_owned()
    }
}

/// Client with a connection of its own, like every call of repo-server.
pub(crate) async fn client(socket: &Path) -> PluginClient {
    client_of(socket, Uri::from_static("http://localhost")).await
}

/// Client with another authority.
pub(super) async fn client_of(socket: &Path, origin: Uri) -> PluginClient {
    let path = socket.to_owned();
    let endpoint = Endpoint::from_static("http://localhost").origin(origin).http2_max_header_list_size(1 << 20);
    let connector = tower::service_fn(move |_: Uri| {
        let path = path.clone();
        async move { Ok::<_, std::io::Error>(TokioIo::new(UnixStream::connect(path).await?)) }
    });
    let channel = endpoint.connect_with_connector(connector).await.unwrap();
    ConfigManagementPluginServiceClient::new(channel).max_decoding_message_size(100 << 20)
}

/// Request with its archive.
#[derive(Clone)]
pub(crate) struct TestRequest {
    pub(crate) env: BTreeMap<&'static str, String>,
    pub(super) directory: &'static str,
    pub(super) archive: Vec<u8>,
    pub(super) chunk: usize,
}

impl TestRequest {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self {
            env: BTreeMap::from([
                ("ARGOCD_APP_NAME", "shop".to_owned()),
                ("ARGOCD_APP_NAMESPACE", "shop-pr-7".to_owned()),
                ("ARGOCD_APP_PROJECT_NAME", "previews".to_owned()),
                ("ARGOCD_APP_SOURCE_REPO_URL", "https://git.example/acme/shop".to_owned()),
                ("ARGOCD_APP_SOURCE_PATH", "app".to_owned()),
                ("ARGOCD_APP_PARAMETERS", r#"[{"name":"environment","string":"shop-pr-7"}]"#.to_owned()),
            ]),
            directory: "app",
            archive: packed(files),
            chunk: 1024,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.env.insert(name, value.to_owned());
        self
    }

    pub(super) fn metadata(&self) -> wire::AppStreamRequest {
        let entry = |(name, value): (&&str, &String)| wire::EnvEntry { name: (*name).into(), value: value.clone() };
        let metadata = wire::ManifestRequestMetadata {
            app_name: "app".to_owned(),
            app_rel_path: self.directory.to_owned(),
            checksum: Sha256::digest(&self.archive).iter().map(|byte| format!("{byte:02x}")).collect(),
            size: i64::try_from(self.archive.len()).unwrap(),
            env: self.env.iter().map(entry).collect(),
        };
        wire::AppStreamRequest { request: Some(wire::app_stream_request::Request::Metadata(metadata)) }
    }

    pub(crate) fn messages(&self) -> Vec<wire::AppStreamRequest> {
        let parts = self.archive.chunks(self.chunk).map(part);
        std::iter::once(self.metadata()).chain(parts).collect()
    }

    pub(super) async fn generate(&self, server: &TestServer) -> Result<Vec<String>, tonic::Status> {
        self.generate_at(&server.socket()).await
    }

    pub(crate) async fn generate_at(&self, socket: &Path) -> Result<Vec<String>, tonic::Status> {
        let stream = tokio_stream::iter(self.messages());
        client(socket).await.generate_manifest(stream).await.map(|reply| reply.into_inner().manifests)
    }
}

pub(super) fn part(bytes: &[u8]) -> wire::AppStreamRequest {
    let chunk = bytes.to_vec().into();
    wire::AppStreamRequest { request: Some(wire::app_stream_request::Request::File(wire::File { chunk })) }
}

/// Stream of messages that the test sends.
pub(super) fn stream()
-> (tokio::sync::mpsc::Sender<wire::AppStreamRequest>, tokio_stream::wrappers::ReceiverStream<wire::AppStreamRequest>) {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    (sender, tokio_stream::wrappers::ReceiverStream::new(receiver))
}

pub(super) fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// Text that cannot be compressed.
pub(super) fn noise(bytes: usize) -> String {
    let mut state = 1_u64;
    let mut step = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
    };
    // Longer than the window of deflate, so that the repetitions are not compressed.
    let once: String = (0..64 << 10).map(|_| step()).collect();
    once.chars().cycle().take(bytes).collect()
}

pub(crate) const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n";
pub(super) const CHART: [(&str, &str); 2] =
    [("app/Chart.yaml", "{apiVersion: v2, name: shop, version: 1.0.0}"), ("app/templates/a.yaml", "{}")];

/// State of the fake helm, which ends when the test allows it.
#[derive(Default)]
pub(super) struct HelmGate {
    state: Mutex<HelmGateState>,
    changed: Condvar,
}

#[derive(Default)]
struct HelmGateState {
    /// Number of starts.
    started: usize,
    /// Number of processes that are running, and the maximum.
    active: usize,
    most_active: usize,
    /// Number of processes that were cancelled.
    stopped: usize,
    may_end: bool,
    panics: bool,
    /// If true, looking up the version blocks, too.
    holds: bool,
    /// Number of blocked lookups of the version.
    held: usize,
}

impl HelmGate {
    pub(super) fn panics(&self) {
        self.state.lock().unwrap().panics = true;
    }

    /// Blocks renders that look up the version from now on.
    pub(super) fn hold(&self) {
        self.state.lock().unwrap().holds = true;
    }

    /// Waits for a number of blocked lookups.
    pub(super) async fn held(self: &Arc<Self>, number: usize) {
        let helm = Arc::clone(self);
        wait(move || helm.state.lock().unwrap().held >= number).await;
    }

    fn version(&self) {
        let mut state = self.state.lock().unwrap();
        if state.holds && !state.may_end {
            state.held += 1;
            let patience = Duration::from_secs(60);
            let (_state, waited) = self.changed.wait_timeout_while(state, patience, |state| !state.may_end).unwrap();
            assert!(!waited.timed_out(), "no other call was served meanwhile");
        }
    }

    pub(super) fn may_end(&self) {
        self.state.lock().unwrap().may_end = true;
        self.changed.notify_all();
    }

    /// Number of starts.
    pub(super) fn number_of_starts(&self) -> usize {
        self.state.lock().unwrap().started
    }

    /// Waits for a number of starts.
    pub(super) async fn started(self: &Arc<Self>, number: usize) {
        let helm = Arc::clone(self);
        wait(move || helm.state.lock().unwrap().started >= number).await;
    }

    /// Maximum number of processes at the same time.
    pub(super) fn most_active(&self) -> usize {
        self.state.lock().unwrap().most_active
    }

    /// Waits for a number of cancelled processes.
    pub(super) async fn stopped(self: &Arc<Self>, number: usize) {
        let helm = Arc::clone(self);
        wait(move || helm.state.lock().unwrap().stopped >= number).await;
    }
}

/// Waits until a condition is true.
pub(crate) async fn wait(mut done: impl FnMut() -> bool) {
    let mut attempts = 0;
    while !done() {
        attempts += 1;
        assert!(attempts < 6000, "the condition did not become true");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

struct FakeToolbox(Arc<HelmGate>);

struct FakeTools<'a>(&'a HelmGate, &'a RenderProgress);

impl Toolbox for FakeToolbox {
    fn open<'a>(&'a self, progress: &'a RenderProgress, _: &'a str) -> Box<dyn Tools + 'a> {
        Box::new(FakeTools(&self.0, progress))
    }

    fn version(&self, rule: &ToolRule) -> String {
        self.0.version();
        rule.binary.clone()
    }

    fn seed_version(&self) -> Vec<u8> {
        Vec::new()
    }
}

impl Tools for FakeTools<'_> {
    fn helm(&self, _: &HelmRequest<'_>) -> Result<HelmOutput, ToolError> {
        let Self(helm, progress) = self;
        progress.enter(Phase::Tool);
        let mut state = helm.state.lock().unwrap();
        state.started += 1;
        state.active += 1;
        state.most_active = state.most_active.max(state.active);
        if state.panics {
            state.active -= 1;
            drop(state);
            panic!("helm is broken");
        }
        while !state.may_end && !progress.should_stop() {
            state = helm.changed.wait_timeout(state, Duration::from_millis(5)).unwrap().0;
        }
        state.active -= 1;
        if !state.may_end {
            state.stopped += 1;
            return Err(ToolError { message: "stopped".to_owned(), remedy: "none".to_owned() });
        }
        Ok(CONFIG.to_owned().into())
    }

    fn kustomize(&self, request: &KustomizeRequest<'_>) -> Result<String, ToolError> {
        let message = format!("there is no {} in this test", request.rule.binary);
        Err(ToolError { message, remedy: "none".to_owned() })
    }
}
