//! A server with a policy and fake tools, and callers of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use eod_proto::argocd as wire;
use eod_proto::argocd::config_management_plugin_service_client::ConfigManagementPluginServiceClient;
use eod_render::{HelmRequest, KustomizeRequest, ToolError, ToolRule, Tools};
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
use crate::server::{Patience, serve};
use crate::socket::{PluginName, Socket};

pub(crate) type Client = ConfigManagementPluginServiceClient<Channel>;

pub(crate) const POLICY: &str =
    "{version: 1, projects: {previews: {namespaces: ['*-pr-*'], registries: ['r.example/']}}}";

/// Small enough to be passed quickly.
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

/// A server that runs.
pub(super) struct Running {
    pub(super) directory: TempDir,
    pub(super) stopping: CancellationToken,
    pub(super) metrics: Arc<Metrics>,
    pub(super) policy: Arc<PolicyStore>,
    pub(super) helm: Arc<Helm>,
    pub(super) ended: JoinHandle<()>,
}

/// How the server is set up.
pub(super) struct Setup {
    pub(super) capacity: Capacity,
    pub(super) users: BTreeSet<u32>,
    pub(super) patience: Patience,
    pub(super) policy: &'static str,
    pub(super) limits: ArchiveLimits,
}

impl Default for Setup {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self {
            capacity: Capacity { small: 2, large: 2, calls: 100 },
            users: BTreeSet::new(),
            patience: Patience { linger: second / 10, finish: 60 * second },
            policy: POLICY,
            limits: LIMITS,
        }
    }
}

impl Setup {
    pub(super) fn start(self) -> Running {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("policy.yaml");
        std::fs::write(&file, self.policy).unwrap();
        let (metrics, policy) = (Arc::new(Metrics::new()), Arc::new(PolicyStore::open(file).unwrap()));
        let helm = Arc::new(Helm::default());
        let toolbox = Box::new(FakeToolbox(Arc::clone(&helm)));
        let renderer = Renderer::new(Arc::clone(&policy), toolbox, 1 << 20, self.limits, Arc::clone(&metrics));
        let service = PluginService::new(
            Arc::new(renderer),
            Arc::clone(&metrics),
            self.capacity,
            self.users,
            tokio::runtime::Handle::current(),
        );
        let (socket, listener) = Socket::bind(directory.path(), &PluginName::parse("eod@v1").unwrap()).unwrap();
        let stopping = CancellationToken::new();
        let server = serve(service, Arc::new(socket), listener, stopping.clone(), self.patience);
        let ended = tokio::spawn(async move { server.await.unwrap() });
        Running { directory, stopping, metrics, policy, helm, ended }
    }
}

impl Running {
    pub(super) fn socket(&self) -> PathBuf {
        self.directory.path().join("eod@v1.sock")
    }

    pub(super) async fn client(&self) -> Client {
        client(&self.socket()).await
    }

    /// One number of the metrics.
    pub(super) fn number(&self, line: &str) -> String {
        let text = self.metrics.text();
        let found = text.lines().find_map(|shown| shown.strip_prefix(line)).unwrap_or("none");
        found.trim().to_owned()
    }
}

/// A caller with a connection of its own, as repo-server has one per call.
pub(crate) async fn client(socket: &Path) -> Client {
    client_of(socket, Uri::from_static("http://localhost")).await
}

/// The same with another authority.
pub(super) async fn client_of(socket: &Path, origin: Uri) -> Client {
    let path = socket.to_owned();
    let endpoint = Endpoint::from_static("http://localhost").origin(origin).http2_max_header_list_size(1 << 20);
    let connector = tower::service_fn(move |_: Uri| {
        let path = path.clone();
        async move { Ok::<_, std::io::Error>(TokioIo::new(UnixStream::connect(path).await?)) }
    });
    let channel = endpoint.connect_with_connector(connector).await.unwrap();
    ConfigManagementPluginServiceClient::new(channel).max_decoding_message_size(100 << 20)
}

/// What is asked, and the archive that goes with it.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) env: BTreeMap<&'static str, String>,
    pub(super) directory: &'static str,
    pub(super) archive: Vec<u8>,
    pub(super) chunk: usize,
}

impl Asked {
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
        let pieces = self.archive.chunks(self.chunk).map(piece);
        std::iter::once(self.metadata()).chain(pieces).collect()
    }

    pub(super) async fn generate(&self, running: &Running) -> Result<Vec<String>, tonic::Status> {
        self.generate_at(&running.socket()).await
    }

    pub(crate) async fn generate_at(&self, socket: &Path) -> Result<Vec<String>, tonic::Status> {
        let stream = tokio_stream::iter(self.messages());
        client(socket).await.generate_manifest(stream).await.map(|reply| reply.into_inner().manifests)
    }
}

pub(super) fn piece(bytes: &[u8]) -> wire::AppStreamRequest {
    let chunk = bytes.to_vec().into();
    wire::AppStreamRequest { request: Some(wire::app_stream_request::Request::File(wire::File { chunk })) }
}

/// A stream that the test feeds.
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

/// Bytes that do not get smaller.
pub(super) fn noise(bytes: usize) -> String {
    let mut state = 1_u64;
    let mut step = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
    };
    // Longer than the window of deflate, so that repeating it helps nobody.
    let once: String = (0..64 << 10).map(|_| step()).collect();
    once.chars().cycle().take(bytes).collect()
}

pub(crate) const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n";
pub(super) const CHART: [(&str, &str); 2] =
    [("app/Chart.yaml", "{apiVersion: v2, name: shop, version: 1.0.0}"), ("app/templates/a.yaml", "{}")];

/// A helm whose end the test decides.
#[derive(Default)]
pub(super) struct Helm {
    state: Mutex<HelmState>,
    changed: Condvar,
}

#[derive(Default)]
struct HelmState {
    started: usize,
    stopped: usize,
    may_end: bool,
    panics: bool,
    /// Whether looking at its version does not end either, and how many look.
    holds: bool,
    held: usize,
}

impl Helm {
    pub(super) fn panics(&self) {
        self.state.lock().unwrap().panics = true;
    }

    /// Renders that only ask for its version wait from now on, where they are.
    pub(super) fn hold(&self) {
        self.state.lock().unwrap().holds = true;
    }

    /// Waits until so many are held.
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
            assert!(!waited.timed_out(), "nobody was served while this was held");
        }
    }

    pub(super) fn may_end(&self) {
        self.state.lock().unwrap().may_end = true;
        self.changed.notify_all();
    }

    /// Waits until so many were started.
    pub(super) async fn started(self: &Arc<Self>, number: usize) {
        let helm = Arc::clone(self);
        wait(move || helm.state.lock().unwrap().started >= number).await;
    }

    /// Waits until so many saw that nobody wants them any more.
    pub(super) async fn stopped(self: &Arc<Self>, number: usize) {
        let helm = Arc::clone(self);
        wait(move || helm.state.lock().unwrap().stopped >= number).await;
    }
}

/// Waits for something; the test's own end is the last resort.
pub(crate) async fn wait(mut done: impl FnMut() -> bool) {
    let mut looks = 0;
    while !done() {
        looks += 1;
        assert!(looks < 6000, "what was waited for did not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

struct FakeToolbox(Arc<Helm>);

struct FakeTools<'a>(&'a Helm, &'a RenderProgress);

impl Toolbox for FakeToolbox {
    fn open<'a>(&'a self, progress: &'a RenderProgress, _: &'a str) -> Box<dyn Tools + 'a> {
        Box::new(FakeTools(&self.0, progress))
    }

    fn version(&self, rule: &ToolRule) -> String {
        self.0.version();
        rule.binary.clone()
    }
}

impl Tools for FakeTools<'_> {
    fn helm(&self, _: &HelmRequest<'_>) -> Result<String, ToolError> {
        let Self(helm, progress) = self;
        progress.enter(Phase::Tool);
        let mut state = helm.state.lock().unwrap();
        state.started += 1;
        if state.panics {
            drop(state);
            panic!("helm is broken");
        }
        while !state.may_end && !progress.is_over() {
            state = helm.changed.wait_timeout(state, Duration::from_millis(5)).unwrap().0;
        }
        if !state.may_end {
            state.stopped += 1;
            return Err(ToolError { message: "stopped".to_owned(), remedy: "none".to_owned() });
        }
        Ok(CONFIG.to_owned())
    }

    fn kustomize(&self, request: &KustomizeRequest<'_>) -> Result<String, ToolError> {
        let message = format!("there is no {} in this test", request.rule.binary);
        Err(ToolError { message, remedy: "none".to_owned() })
    }
}
