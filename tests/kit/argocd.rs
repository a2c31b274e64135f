//! Argo CD's own servers: the repo-server, the plugin server, the two controllers, and clients that send the calls of Argo
//! CD's controller and repo-server.
//!
//! All are parts of the testbed's `eod-argocd`, which is on PATH, in the cache, or built at the first call. A repo-server
//! needs no cluster. Our plugin listens in the folder [`ArgoCd::sockets`]; the name of its socket is its name. The
//! controllers create Applications from pull requests and apply them to a cluster. They run only if a test starts them
//! ([`ArgoCd::in_cluster`]); their forge is [`Forge`].
//!
//! Answers are cached as in production. [`Request::hard`] or another name of the Application bypasses the cache.

mod controllers;
mod dial;
mod forge;
mod plugin;
mod repository;
mod request;
mod server;
mod tools;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use self::{
    controllers::Controllers,
    request::{announced, ask},
    server::ArgocdServer,
};
pub use self::{
    dial::Dial,
    forge::Forge,
    plugin::{Launch, Plugin},
    repository::Repository,
    request::{Announced, Failure, Rendered, Request, TimedOutcome},
    tools::Tool,
};
use crate::cluster::Cluster;

/// Name of the repo-server, for [`ArgoCd::start`], [`ArgoCd::stop`] and [`ArgoCd::kill`].
pub const REPO_SERVER: &str = "repo-server";

/// Settings that differ from a default installation of Argo CD.
#[derive(Default)]
pub struct Settings {
    /// Variables for all servers, such as `ARGOCD_PAUSE_GEN_MINUTES`.
    pub environment: Vec<(String, String)>,
    /// Arguments of the repo-server, such as `--plugin-tar-exclude=.git`.
    pub repo_server: Vec<String>,
    /// Tools in front of the PATH of the servers.
    pub tools: Vec<Tool>,
}

/// One set of servers with a cache of their own.
///
/// A test's own servers stop when this is dropped. The shared servers stop with the process.
pub struct ArgoCd {
    // First, because fields are dropped in order and the controllers have to stop before their namespace is deleted.
    server: ArgocdServer,
    controllers: Option<Controllers>,
}

/// A server that runs.
#[derive(Clone, Debug)]
pub struct RunningServer {
    /// Name for [`ArgoCd::start`], [`ArgoCd::stop`] and [`ArgoCd::kill`].
    pub name: String,
    /// Process id.
    pub pid: i32,
    /// Path of its socket; none if it listens on a port.
    pub socket: Option<PathBuf>,
}

impl ArgoCd {
    /// The servers that all tests share. A test must not stop them.
    ///
    /// # Panics
    /// If they cannot be built or started; every test of the process gets the same message.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<ArgoCd, String>> = OnceLock::new();
        let start = || ArgocdServer::start(&Settings::default(), None).map(|server| Self { server, controllers: None });
        match SHARED.get_or_init(start) {
            Ok(argocd) => argocd,
            Err(error) => panic!("there is no Argo CD to test with: {error}"),
        }
    }

    /// Servers for one test, which may restart them.
    #[track_caller]
    pub fn own() -> Self {
        Self::with(&Settings::default())
    }

    /// Starts the servers with these settings.
    #[track_caller]
    pub fn with(settings: &Settings) -> Self {
        Self::start_with(settings, None)
    }

    /// Starts the servers and both controllers, which work in a cluster.
    #[track_caller]
    pub fn in_cluster(cluster: &'static Cluster, settings: &Settings) -> Self {
        Self::start_with(settings, Some(Controllers::prepare(cluster)))
    }

    #[track_caller]
    fn start_with(settings: &Settings, controllers: Option<Controllers>) -> Self {
        match ArgocdServer::start(settings, controllers.as_ref()) {
            Ok(server) => Self { server, controllers },
            Err(error) => panic!("cannot start Argo CD: {error}"),
        }
    }

    /// Namespace of the Applications and ApplicationSets.
    ///
    /// # Panics
    /// If there are no controllers.
    #[track_caller]
    pub fn namespace(&self) -> &str {
        &self.controllers.as_ref().expect("ArgoCd::in_cluster() starts controllers").namespace
    }

    /// URL of the webhook that a forge calls at a change.
    ///
    /// # Panics
    /// If there are no controllers.
    #[track_caller]
    pub fn webhook(&self) -> &str {
        self.server.webhook.as_deref().expect("ArgoCd::in_cluster() starts controllers")
    }

    /// The folder of the repo-server for plugins: `NAME.sock` is the plugin NAME.
    pub fn sockets(&self) -> &Path {
        &self.server.sockets
    }

    /// HOST:PORT of the repo-server, which stays the same when it is restarted.
    pub fn repo_server(&self) -> &str {
        &self.server.repo_server
    }

    /// Log of a server so far.
    pub fn log(&self, name: &str) -> String {
        let file = self.server.logs.join(format!("{}.log", name.replace('/', "-")));
        fs::read_to_string(file).unwrap_or_default()
    }

    /// Renders the manifests of one Application.
    #[track_caller]
    pub fn generate(&self, request: &Request) -> TimedOutcome {
        self.generate_all(std::slice::from_ref(request), 1).remove(0)
    }

    /// Renders many Applications, at most `at_once` at a time. The answers are in the order of the requests.
    #[track_caller]
    pub fn generate_all(&self, requests: &[Request], at_once: usize) -> Vec<TimedOutcome> {
        ask(self.repo_server(), requests, at_once)
    }

    /// The parameters that an Application's plugin announces, as the web interface gets them.
    ///
    /// # Errors
    /// The repo-server's error.
    #[track_caller]
    pub fn announced(&self, request: &Request) -> Result<Announced, Failure> {
        announced(self.repo_server(), request)
    }

    /// Starts Argo CD's own plugin server with a `plugin.yaml`, which contains the plugin's name. `folder` is the folder of
    /// its settings.
    #[track_caller]
    pub fn stock_plugin(&self, folder: &str, plugin_yaml: &str) -> RunningServer {
        let settings = self.server.plugins.join(folder);
        fs::create_dir_all(&settings).unwrap();
        fs::write(settings.join("plugin.yaml"), plugin_yaml).unwrap();
        self.start(&format!("cmp-server/{folder}"))
    }

    /// Starts a stopped server and waits until it is ready.
    #[track_caller]
    pub fn start(&self, name: &str) -> RunningServer {
        self.order("start", name)
    }

    /// Stops a server with SIGTERM, so that it can finish its calls.
    #[track_caller]
    pub fn stop(&self, name: &str) {
        self.order("stop", name);
    }

    /// Stops a server with SIGKILL.
    #[track_caller]
    pub fn kill(&self, name: &str) {
        self.order("kill", name);
    }

    #[track_caller]
    fn order(&self, verb: &str, name: &str) -> RunningServer {
        let answer = self.server.order(verb, name).unwrap_or_else(|error| panic!("{verb} {name}: {error}"));
        RunningServer {
            name: name.to_owned(),
            pid: answer["pid"].as_i64().and_then(|pid| pid.try_into().ok()).unwrap(),
            socket: answer["socket"].as_str().map(PathBuf::from),
        }
    }
}
