//! Argo CD's own servers: the repo-server that renders, its stock plugin server, and
//! clients that ask them what Argo CD's controller and repo-server ask.
//!
//! All come from the testbed's `eod-argocd`, which is on PATH, in the cache, or built at
//! the first call. A repo-server needs no cluster. A plugin of ours listens in the folder
//! [`ArgoCd::sockets`] and is found by the name of its socket. The two controllers, which
//! make Applications of pull requests and bring them into a cluster, run only where a test
//! asks for them; their forge is [`Forge`].
//!
//! Answers are cached as in production, so a test that wants to be asked again says
//! [`Request::hard`] or takes another name for its Application.

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
    server::Server,
};
pub use self::{
    dial::Dial,
    forge::Forge,
    plugin::{Launch, Plugin},
    repository::Repository,
    request::{Announced, Answer, Failure, Rendered, Request},
    tools::Tool,
};
use crate::cluster::Cluster;

/// The part that renders, for [`ArgoCd::kill`] and the others.
pub const REPO_SERVER: &str = "repo-server";

/// What differs from how Argo CD is installed.
#[derive(Default)]
pub struct Settings {
    /// Variables for all servers, such as `ARGOCD_PAUSE_GEN_MINUTES`.
    pub environment: Vec<(String, String)>,
    /// Arguments of the repo-server, such as `--plugin-tar-exclude=.git`.
    pub repo_server: Vec<String>,
    /// What the servers find before everything else that is on PATH.
    pub tools: Vec<Tool>,
}

/// One set of servers with a cache of their own.
///
/// One that is a test's own ends when it is dropped, the shared one with the test run.
pub struct ArgoCd {
    // First, since a field that is dropped first is a controller that ends first.
    server: Server,
    controllers: Option<Controllers>,
}

/// A server that runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// How [`ArgoCd::kill`] and the others call it.
    pub name: String,
    /// Process id.
    pub pid: i32,
    /// Where it listens; none where that is a port.
    pub socket: Option<PathBuf>,
}

impl ArgoCd {
    /// The servers all tests share that stop none of them.
    ///
    /// # Panics
    /// In every test of the run, with the same sentence, when there are none to be had.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<ArgoCd, String>> = OnceLock::new();
        let start = || Server::start(&Settings::default(), None).map(|server| Self { server, controllers: None });
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

    /// The same with both controllers at work in a cluster.
    #[track_caller]
    pub fn in_cluster(cluster: &'static Cluster, settings: &Settings) -> Self {
        Self::start_with(settings, Some(Controllers::prepare(cluster)))
    }

    #[track_caller]
    fn start_with(settings: &Settings, controllers: Option<Controllers>) -> Self {
        match Server::start(settings, controllers.as_ref()) {
            Ok(server) => Self { server, controllers },
            Err(error) => panic!("cannot start Argo CD: {error}"),
        }
    }

    /// Where the controllers look for Applications and ApplicationSets.
    ///
    /// # Panics
    /// When there are no controllers.
    #[track_caller]
    pub fn namespace(&self) -> &str {
        &self.controllers.as_ref().expect("ArgoCd::in_cluster() starts controllers").namespace
    }

    /// The URL a forge calls when something changes.
    ///
    /// # Panics
    /// When there are no controllers.
    #[track_caller]
    pub fn webhook(&self) -> &str {
        self.server.webhook.as_deref().expect("ArgoCd::in_cluster() starts controllers")
    }

    /// The folder in which the repo-server looks for plugins: `NAME.sock` is the plugin NAME.
    pub fn sockets(&self) -> &Path {
        &self.server.sockets
    }

    /// HOST:PORT of the repo-server, which stays the same when it is restarted.
    pub fn repo_server(&self) -> &str {
        &self.server.repo_server
    }

    /// What a server has written so far.
    pub fn log(&self, name: &str) -> String {
        let file = self.server.logs.join(format!("{}.log", name.replace('/', "-")));
        fs::read_to_string(file).unwrap_or_default()
    }

    /// The manifests of one Application, or why there are none.
    #[track_caller]
    pub fn generate(&self, request: &Request) -> Answer {
        self.generate_all(std::slice::from_ref(request), 1).remove(0)
    }

    /// The same for many, so many of them at once. The answers are in the order of the requests.
    #[track_caller]
    pub fn generate_all(&self, requests: &[Request], at_once: usize) -> Vec<Answer> {
        ask(self.repo_server(), requests, at_once)
    }

    /// The parameters that an Application's plugin announces, as the web interface gets them.
    ///
    /// # Errors
    /// What the repo-server answers instead.
    #[track_caller]
    pub fn announced(&self, request: &Request) -> Result<Announced, Failure> {
        announced(self.repo_server(), request)
    }

    /// Starts Argo CD's own plugin server with a `plugin.yaml`. The folder's name is ours;
    /// what the plugin is called stands in the file.
    #[track_caller]
    pub fn stock_plugin(&self, folder: &str, plugin_yaml: &str) -> Running {
        let settings = self.server.plugins.join(folder);
        fs::create_dir_all(&settings).unwrap();
        fs::write(settings.join("plugin.yaml"), plugin_yaml).unwrap();
        self.start(&format!("cmp-server/{folder}"))
    }

    /// Starts a server that was stopped, and waits until it can be used.
    #[track_caller]
    pub fn start(&self, name: &str) -> Running {
        self.order("start", name)
    }

    /// Ends a server as Kubernetes does first: it may finish what it has begun.
    #[track_caller]
    pub fn stop(&self, name: &str) {
        self.order("stop", name);
    }

    /// Ends a server as a lack of memory does.
    #[track_caller]
    pub fn kill(&self, name: &str) {
        self.order("kill", name);
    }

    #[track_caller]
    fn order(&self, verb: &str, name: &str) -> Running {
        let answer = self.server.order(verb, name).unwrap_or_else(|error| panic!("{verb} {name}: {error}"));
        Running {
            name: name.to_owned(),
            pid: answer["pid"].as_i64().and_then(|pid| pid.try_into().ok()).unwrap(),
            socket: answer["socket"].as_str().map(PathBuf::from),
        }
    }
}
