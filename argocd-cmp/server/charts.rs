//! Dependencies of charts from repositories of the platform, over HTTPS.
//!
//! # Guarantees
//!
//! - Content is used only if its digest is that of the repository's index or manifest, and if its archive is valid.
//! - A version that was fetched once never changes while the process runs: another digest is an error.
//! - Concurrent renders fetch a version once. A fetch ends at the deadline of its render.
//! - Credentials are sent to their own host only.

mod archive;
mod credentials;
mod failure;
mod index;
mod oci;
mod web;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use eod_render::{ChartDependency, ChartProtocol, ToolError};
use lru::LruCache;
use reqwest::{Certificate, Client};

use self::credentials::CredentialsFile;
use self::failure::error;
use self::web::Web;
use crate::progress::RenderProgress;

/// Charts that were fetched, and how to fetch more.
pub(crate) struct ChartStore {
    client: OnceLock<Result<Client, String>>,
    /// Certificates that are trusted in addition to those of the machine.
    roots: Vec<Certificate>,
    credentials: CredentialsFile,
    state: Mutex<StoreState>,
    /// Notified when a fetch has ended.
    ended: Condvar,
}

struct StoreState {
    /// First digest of each version.
    pins: LruCache<ChartDependency, Sha256Digest>,
    /// Archives by digest.
    archives: LruCache<Sha256Digest, Arc<[u8]>>,
    /// Size of the archives in bytes.
    bytes: usize,
    /// Versions that a render is fetching.
    running: HashSet<ChartDependency>,
}

/// SHA-256 digest of an archive.
type Sha256Digest = [u8; 32];

/// Maximum size of all archives in memory, in bytes.
const MAX_STORED: usize = 64 << 20;
/// Maximum size of one archive in bytes.
const MAX_ARCHIVE: usize = 16 << 20;
/// Maximum number of versions with a known digest.
const MAX_PINS: usize = 10_000;
/// Maximum duration of one fetch.
const MAX_DURATION: Duration = Duration::from_secs(60);
/// Interval of the checks for cancellation.
const CANCEL_CHECK: Duration = Duration::from_millis(25);
const SERVER_REMEDY: &str = "try again when the repository is reachable; or run `helm dependency build` in the directory of \
                             the chart, and commit its directory `charts/`";

impl ChartStore {
    /// Empty store with the credentials of a file, which need not exist.
    pub(crate) fn new(credentials: &Path) -> Self {
        Self {
            client: OnceLock::new(),
            roots: Vec::new(),
            credentials: CredentialsFile::new(credentials),
            state: Mutex::new(StoreState {
                pins: LruCache::new(NonZeroUsize::new(MAX_PINS).unwrap_or(NonZeroUsize::MIN)),
                archives: LruCache::unbounded(),
                bytes: 0,
                running: HashSet::new(),
            }),
            ended: Condvar::new(),
        }
    }

    /// Archive of a dependency, from memory or from its repository. Blocks the thread.
    ///
    /// # Errors
    ///
    /// Fails if the repository cannot be read in time, does not have the version, or sends other content.
    pub(crate) fn fetch(
        &self,
        dependency: &ChartDependency,
        progress: &RenderProgress,
    ) -> Result<Arc<[u8]>, ToolError> {
        let pinned = {
            let mut state = self.lock();
            loop {
                let pinned = state.pins.get(dependency).copied();
                if let Some(archive) = pinned.and_then(|digest| state.archives.get(&digest)) {
                    return Ok(Arc::clone(archive));
                }
                if state.running.insert(dependency.clone()) {
                    break pinned;
                }
                if progress.should_stop() {
                    return Err(timed_out(dependency));
                }
                state = self.ended.wait_timeout(state, CANCEL_CHECK).unwrap_or_else(PoisonError::into_inner).0;
            }
        };
        let _running = RunningFetch { store: self, dependency };
        let (digest, archive) = self.download(dependency, progress)?;
        if let Some(pinned) = pinned.filter(|pinned| *pinned != digest) {
            let message = format!(
                "dependency `{}` {} of `{}` has changed: expected the digest {}, got {}",
                dependency.name,
                dependency.version,
                dependency.repository,
                hex(&pinned),
                hex(&digest)
            );
            return Err(error(message, "publish the change as a new version, and run `helm dependency update`"));
        }
        archive::check(&archive, &dependency.name).map_err(|problem| {
            let message = format!("archive of dependency `{}` {}: {problem}", dependency.name, dependency.version);
            error(message, "correct the chart in its repository, and publish it as a new version")
        })?;
        let archive: Arc<[u8]> = archive.into();
        self.lock().keep(dependency, digest, &archive);
        Ok(archive)
    }

    /// Downloads a dependency on this thread.
    fn download(
        &self,
        dependency: &ChartDependency,
        progress: &RenderProgress,
    ) -> Result<(Sha256Digest, Vec<u8>), ToolError> {
        let failed = |problem: &dyn std::fmt::Display| {
            error(format!("the client for chart repositories cannot be set up: {problem}"), "check the sidecar's log")
        };
        let client =
            self.client.get_or_init(|| web::client(&self.roots)).as_ref().map_err(|problem| failed(problem))?;
        let credentials = self.credentials.read()?;
        let web = Web { client, credentials: &credentials };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|problem| failed(&problem))?;
        let until = progress.until.min(Instant::now() + MAX_DURATION);
        runtime.block_on(async {
            let download = async {
                match dependency.repository.protocol {
                    ChartProtocol::Https => index::download(&web, dependency, MAX_ARCHIVE).await,
                    ChartProtocol::Oci => oci::download(&web, dependency, MAX_ARCHIVE).await,
                }
            };
            let stopped = async {
                while !progress.should_stop() && Instant::now() < until {
                    tokio::time::sleep(CANCEL_CHECK).await;
                }
            };
            tokio::select! {
                downloaded = download => downloaded,
                () = stopped => Err(timed_out(dependency)),
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, StoreState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreState {
    fn keep(&mut self, dependency: &ChartDependency, digest: Sha256Digest, archive: &Arc<[u8]>) {
        self.pins.put(dependency.clone(), digest);
        if self.archives.put(digest, Arc::clone(archive)).is_none() {
            self.bytes += archive.len();
        }
        while self.bytes > MAX_STORED {
            let Some((_, oldest)) = self.archives.pop_lru() else { return };
            self.bytes -= oldest.len();
        }
    }
}

/// Fetch of one version, which other renders wait for.
struct RunningFetch<'a> {
    store: &'a ChartStore,
    dependency: &'a ChartDependency,
}

impl Drop for RunningFetch<'_> {
    fn drop(&mut self) {
        self.store.lock().running.remove(self.dependency);
        self.store.ended.notify_all();
    }
}

fn timed_out(dependency: &ChartDependency) -> ToolError {
    let ChartDependency { name, version, repository } = dependency;
    error(format!("dependency `{name}` {version} of `{repository}`: timed out"), SERVER_REMEDY)
}

fn hex(digest: &Sha256Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Digest written as `sha256:<hex>` or as hexadecimal digits.
fn parse_digest(text: &str) -> Option<Sha256Digest> {
    let text = text.strip_prefix("sha256:").unwrap_or(text);
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut digest = [0; 32];
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests;
