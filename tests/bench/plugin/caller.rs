//! Calls to a plugin's socket, as the repo-server makes them, with measurement of the plugin's part.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use eod_proto::argocd::config_management_plugin_service_client::ConfigManagementPluginServiceClient;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint, Uri};

use super::archive::Archive;

/// Maximum size of an answer: repo-server's limit.
const MESSAGE_LIMIT: usize = 100 << 20;

/// A client of a plugin's socket.
#[derive(Clone)]
pub(super) struct Caller {
    socket: PathBuf,
}

/// A request.
#[derive(Clone)]
pub(super) struct Order {
    pub(super) archive: Arc<Archive>,
    pub(super) directory: &'static str,
    /// A number that makes this render different from previous ones, against caches.
    pub(super) push: usize,
}

impl Caller {
    pub(super) fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// Duration from the last part of the archive to the answer, over a new connection. Like the repo-server, it first
    /// calls `CheckPluginConfiguration`, so the connection is open before the archive is sent.
    ///
    /// # Errors
    /// If the call fails, or the answer has too few manifests.
    pub(super) async fn render(&self, order: &Order) -> anyhow::Result<Duration> {
        let last = Arc::new(Mutex::new(None));
        let at_end = Arc::clone(&last);
        // tonic asks for another message when it has written the one before.
        let end = std::iter::from_fn(move || {
            *at_end.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            None
        });
        let messages: Vec<_> = order.archive.messages(order.directory, &variables(order)).collect();
        let mut client = self.connect().await?;
        client.check_plugin_configuration(()).await.map_err(|status| anyhow::anyhow!("{status}"))?;
        let answer = client.generate_manifest(tokio_stream::iter(messages.into_iter().chain(end))).await;
        let answered = Instant::now();
        let manifests = answer.map_err(|status| anyhow::anyhow!("{status}"))?.into_inner().manifests;
        ensure!(manifests.iter().any(|manifest| manifest.contains("Deployment")), "an answer without the Deployment");
        let sent = last.lock().unwrap_or_else(PoisonError::into_inner).context("the stream was not read to its end")?;
        Ok(answered.duration_since(sent))
    }

    async fn connect(&self) -> anyhow::Result<ConfigManagementPluginServiceClient<Channel>> {
        let socket = self.socket.clone();
        let connector = tower::service_fn(move |_: Uri| {
            let socket = socket.clone();
            async move { Ok::<_, std::io::Error>(TokioIo::new(UnixStream::connect(socket).await?)) }
        });
        let channel = Endpoint::from_static("http://localhost").connect_with_connector(connector).await?;
        Ok(ConfigManagementPluginServiceClient::new(channel).max_decoding_message_size(MESSAGE_LIMIT))
    }
}

/// Variables of the Application, as repo-server sends them.
fn variables(order: &Order) -> [(&'static str, String); 8] {
    let sha = format!("{:040x}", order.push);
    let text = |(name, value)| json!({ "name": name, "string": value });
    let parameters = Value::from_iter(super::parameters("shop-pr-7", &sha).map(text));
    [
        ("ARGOCD_APP_NAME", "shop-pr-7".to_owned()),
        ("ARGOCD_APP_NAMESPACE", "shop-pr-7".to_owned()),
        ("ARGOCD_APP_PROJECT_NAME", "default".to_owned()),
        ("ARGOCD_APP_SOURCE_REPO_URL", "https://git.example/acme/shop".to_owned()),
        ("ARGOCD_APP_SOURCE_PATH", order.directory.to_owned()),
        ("ARGOCD_APP_REVISION", sha),
        ("ARGOCD_APP_PARAMETERS", parameters.to_string()),
        ("KUBE_VERSION", "1.36.1".to_owned()),
    ]
}
