//! From an archive to the manifests that Argo CD receives: unpack, look up the cache, render, add to the cache.
//!
//! Every function here may use a processor for some time. The service calls them so that no connection waits for that.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eod_render::{
    Files, HelmOutput, HelmRequest, KustomizeRequest, Location, Policy, RawParameter, Refusal, RefusalRule, Refusals,
    RenderInput, RenderedManifests, ToolError, ToolRule, Tools, Tree, parse_raw_parameters, render_manifests,
};

use crate::archive::{AppDirectory, ArchiveError, ArchiveLimits, DeclaredArchive, Unpacked, unpack};
use crate::cache::{CacheKey, CacheLookup, JsonManifests, ManifestCache};
use crate::metrics::Metrics;
use crate::policy::{LoadedPolicy, PolicyReload, PolicyStore};
use crate::progress::{Phase, RenderProgress};
use crate::render_request::RenderRequest;

/// Source of the tools (helm, kustomize) of each render.
pub(crate) trait Toolbox: Send + Sync {
    /// Tools for one render, which stop when `progress` says so. The number of processes is limited; `owner` (the
    /// repository) is the key of the fair queue.
    fn open<'a>(&'a self, progress: &'a RenderProgress, owner: &'a str) -> Box<dyn Tools + 'a>;

    /// Identity of the binary, part of the cache key. A replaced binary has another identity.
    fn version(&self, rule: &ToolRule) -> String;

    /// Digest of the secret of random values, part of the cache key.
    fn seed_version(&self) -> Vec<u8>;
}

/// Renderer shared by all calls.
pub(crate) struct Renderer {
    policy: Arc<PolicyStore>,
    toolbox: Box<dyn Toolbox>,
    cache: ManifestCache,
    limits: ArchiveLimits,
    metrics: Arc<Metrics>,
}

/// Reasons for a render without manifests.
#[derive(Debug)]
pub(crate) enum RenderError {
    /// The archive is invalid or exceeds a limit.
    Archive(ArchiveError),
    /// The repository, the parameters or the policy are refused.
    Refused(Refusals),
    /// The call was cancelled or timed out.
    Cancelled,
}

/// Result of an inline render.
pub(crate) enum InlineRender {
    /// The manifests.
    Done(Arc<JsonManifests>),
    /// The render needs a tool, is large or has little time left: it has to run on a thread of its own.
    NeedsThread(Unpacked),
}

/// Tools that fail and record that a tool is needed.
#[derive(Default)]
struct ToolDetector {
    is_needed: Cell<bool>,
}

/// Maximum size of the manifests in bytes. Argo CD accepts messages up to 100 MiB.
const MAX_MANIFEST_BYTES: usize = 95 << 20;
/// Maximum size of the files of an inline render in bytes. Rendering them takes some tens of milliseconds if all of
/// them are manifests.
const MAX_INLINE_BYTES: u64 = 1 << 20;
/// Maximum number of files in an error that were left out because of their size.
const MAX_LEFT_OUT: usize = 10;
/// Time that an inline render needs at most, even for hostile files. A call with less time left is rendered on a thread
/// of its own, so that its timeout can be answered.
const MAX_INLINE_TIME: Duration = Duration::from_secs(20);

impl Renderer {
    /// Creates a renderer with an empty cache of `cache_bytes`.
    pub(crate) fn new(
        policy: Arc<PolicyStore>,
        toolbox: Box<dyn Toolbox>,
        cache_bytes: usize,
        limits: ArchiveLimits,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { policy, toolbox, cache: ManifestCache::new(cache_bytes), limits, metrics }
    }

    /// Reads the archive to its end.
    ///
    /// # Errors
    ///
    /// Fails if the archive is invalid, or if the call ended meanwhile.
    pub(crate) fn unpack(
        &self,
        request: &RenderRequest,
        declared: &DeclaredArchive,
        archive: impl BufRead,
        progress: &RenderProgress,
    ) -> Result<Unpacked, RenderError> {
        progress.enter(Phase::Receiving);
        let start = Instant::now();
        let unpacked = unpack(archive, declared, &self.limits, AppDirectory { path: &request.directory })?;
        self.metrics.observe_archive(&unpacked.stats, declared.size, start.elapsed());
        if progress.should_stop() { Err(RenderError::Cancelled) } else { Ok(unpacked) }
    }

    /// Unpacks and renders on the current thread if no tool is needed, the files are small and enough time is left.
    ///
    /// # Errors
    ///
    /// Fails if the archive is invalid or the render is refused.
    pub(crate) fn unpack_and_render_inline(
        &self,
        request: &RenderRequest,
        declared: &DeclaredArchive,
        archive: impl BufRead,
        progress: &RenderProgress,
    ) -> Result<InlineRender, RenderError> {
        let unpacked = self.unpack(request, declared, archive, progress)?;
        progress.enter(Phase::Rendering);
        let (start, tools) = (Instant::now(), ToolDetector::default());
        if unpacked.stats.kept_bytes > MAX_INLINE_BYTES || progress.until < start + MAX_INLINE_TIME {
            return Ok(InlineRender::NeedsThread(unpacked));
        }
        let result = self.render_with_active_policy(request, &unpacked, &tools);
        if tools.is_needed.get() {
            Ok(InlineRender::NeedsThread(unpacked))
        } else {
            self.observe(start, result).map(InlineRender::Done)
        }
    }

    /// Renders an unpacked archive, with tools if they are needed.
    ///
    /// # Errors
    ///
    /// Fails if the render is refused.
    pub(crate) fn render_unpacked(
        &self,
        request: &RenderRequest,
        unpacked: &Unpacked,
        progress: &RenderProgress,
    ) -> Result<Arc<JsonManifests>, RenderError> {
        progress.enter(Phase::Rendering);
        let start = Instant::now();
        let tools = self.toolbox.open(progress, &request.application.repository);
        let result = self.render_with_active_policy(request, unpacked, &*tools);
        self.observe(start, result)
    }

    /// Updates the metrics after a render that began at `start`.
    fn observe(
        &self,
        start: Instant,
        result: Result<(Arc<JsonManifests>, CacheLookup), Refusals>,
    ) -> Result<Arc<JsonManifests>, RenderError> {
        self.metrics.observe_seconds("render", start.elapsed());
        self.metrics.count_cache_lookup(result.as_ref().map_or(CacheLookup::Miss, |(_, lookup)| *lookup));
        self.metrics.set_cache_size(self.cache.size());
        Ok(result?.0)
    }

    /// Renders under the active policy. A refusal by the policy is repeated once if the policy file was replaced
    /// meanwhile, because Argo CD caches refusals.
    fn render_with_active_policy(
        &self,
        request: &RenderRequest,
        unpacked: &Unpacked,
        tools: &dyn Tools,
    ) -> Result<(Arc<JsonManifests>, CacheLookup), Refusals> {
        let first = self.render_or_cached(&self.policy.current(), request, unpacked, tools);
        let is_about_policy = |refusals: &Refusals| {
            let rules = [RefusalRule::Policy, RefusalRule::Identity];
            refusals.as_slice().iter().any(|refusal| rules.contains(&refusal.rule))
        };
        match first {
            Err(refusals) if is_about_policy(&refusals) && self.policy.reload() == PolicyReload::Replaced => {
                self.render_or_cached(&self.policy.current(), request, unpacked, tools)
            }
            other => other,
        }
    }

    /// Returns the cached manifests, or renders and caches them.
    fn render_or_cached(
        &self,
        loaded: &LoadedPolicy,
        request: &RenderRequest,
        unpacked: &Unpacked,
        tools: &dyn Tools,
    ) -> Result<(Arc<JsonManifests>, CacheLookup), Refusals> {
        let key = self.cache_key(loaded, request, &unpacked.digest);
        if let Some(manifests) = self.cache.get(&key) {
            return Ok((manifests, CacheLookup::Hit));
        }
        let parameters =
            if request.parameters.is_empty() { Vec::new() } else { parse_raw_parameters(&request.parameters)? };
        let rendered =
            render_request(&loaded.policy, request, &parameters, &unpacked.files, &unpacked.left_out, tools)?;
        let narrowed = rendered.narrowed().len();
        if narrowed > 0 {
            tracing::info!(application = request.application.name, narrowed, "requests of a source were removed");
        }
        self.metrics.count_narrowed(rendered.narrowed());
        let manifests = Arc::new(JsonManifests::new(rendered.into_json_lines()));
        check_size(&manifests)?;
        self.cache.put(key, &manifests);
        Ok((manifests, CacheLookup::Miss))
    }

    /// Digest of everything that the manifests depend on. If the policy has no rules for the project, the render is
    /// refused and nothing is cached.
    fn cache_key(&self, loaded: &LoadedPolicy, request: &RenderRequest, files: &[u8; 32]) -> CacheKey {
        let RenderRequest { application, parameters, directory, above } = request;
        let project = loaded.policy.project(&application.project).ok();
        // Without approvals the manifests do not depend on the commit, only on its files.
        let revision = project.and_then(|project| project.approval.as_ref()).and(application.revision.as_deref());
        let version = |rule: Option<&ToolRule>| rule.map(|rule| self.toolbox.version(rule)).unwrap_or_default();
        let helm = version(project.map(|project| &project.helm.tool));
        let seed = self.toolbox.seed_version();
        let kustomize = version(project.map(|project| &project.kustomize));
        let kube_version = application.kube_version.as_deref().unwrap_or_default();
        let api_versions = application.api_versions.join(",");
        let parts: BTreeMap<&str, &[u8]> = BTreeMap::from([
            ("above", above.as_bytes()),
            ("api versions", api_versions.as_bytes()),
            ("directory", directory.as_bytes()),
            ("eod", env!("CARGO_PKG_VERSION").as_bytes()),
            ("files", files.as_slice()),
            ("helm", helm.as_bytes()),
            ("kube version", kube_version.as_bytes()),
            ("kustomize", kustomize.as_bytes()),
            ("name", application.name.as_bytes()),
            ("namespace", application.namespace.as_bytes()),
            ("parameters", parameters.as_bytes()),
            ("policy", loaded.digest.as_slice()),
            ("project", application.project.as_bytes()),
            ("repository", application.repository.as_bytes()),
            ("revision", revision.unwrap_or_default().as_bytes()),
            ("seed", seed.as_slice()),
        ]);
        CacheKey::of(&parts)
    }
}

/// Renders one request. Every command and the service call this function, so all of them give the same bytes.
///
/// # Errors
///
/// Fails with every reason for a refusal.
pub(crate) fn render_request(
    policy: &Policy,
    request: &RenderRequest,
    parameters: &[RawParameter],
    files: &Files,
    left_out: &[String],
    tools: &dyn Tools,
) -> Result<RenderedManifests, Refusals> {
    let tree = Tree { files, directory: &request.directory, above: &request.above };
    let whole = RenderInput { tree, parameters, application: &request.application, policy };
    render_manifests(&whole, tools).map_err(|refusals| with_left_out(refusals, left_out).below(&request.above))
}

/// Adds the files that were left out because of their size and are the reason of a refusal.
fn with_left_out(refusals: Refusals, left_out: &[String]) -> Refusals {
    let is_reason = |path: &&String| refusals.as_slice().iter().any(|refusal| may_miss(refusal, path));
    let left_out: Vec<&String> = left_out.iter().filter(is_reason).take(MAX_LEFT_OUT).collect();
    if left_out.is_empty() {
        return refusals;
    }
    let note = |path: &&String| {
        let message = "this file was left out because it is too large to be part of a preview's manifests";
        Refusal::new(Location::file(*path), RefusalRule::File, message, "make it smaller or remove it")
    };
    let all = refusals.as_slice().iter().cloned().chain(left_out.iter().map(note)).collect();
    Refusals::collected(all).unwrap_or(refusals)
}

/// True if a refusal can be about a missing file: it names the file, or it is about a directory without objects.
fn may_miss(refusal: &Refusal, path: &str) -> bool {
    let (directory, name) = path.rsplit_once('/').unwrap_or((".", path));
    match refusal.rule {
        RefusalRule::File | RefusalRule::Helm | RefusalRule::Kustomize | RefusalRule::Tool => {
            let is_named = refusal.location.file.as_deref() == Some(path);
            // A tool names a file relative to its chart or kustomization.
            is_named
                || names_of(&refusal.message)
                    .any(|named| [path, directory].contains(&named) || named.rsplit('/').next() == Some(name))
        }
        RefusalRule::Empty => {
            let is_manifest = [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending));
            is_manifest && refusal.location.file.as_deref() == Some(directory)
        }
        _ => false,
    }
}

/// Words of a message that can be paths.
fn names_of(message: &str) -> impl Iterator<Item = &str> {
    let is_separator = |c: char| c.is_whitespace() || matches!(c, '`' | '"' | '\'' | ':' | ',' | ';' | '(' | ')');
    message.split(is_separator).filter(|word| !word.is_empty())
}

fn check_size(manifests: &JsonManifests) -> Result<(), Refusals> {
    let bytes: usize = manifests.objects.iter().map(String::len).sum();
    if bytes <= MAX_MANIFEST_BYTES {
        return Ok(());
    }
    let message = format!("manifests must have at most {MAX_MANIFEST_BYTES} bytes in total, got {bytes}");
    Err(Refusal::new(Location::default(), RefusalRule::Caps, message, "render less in one Application").into())
}

impl ToolDetector {
    fn detect<T>(&self) -> Result<T, ToolError> {
        self.is_needed.set(true);
        Err(ToolError { message: "an inline render starts no tool".to_owned(), remedy: String::new() })
    }
}

impl Tools for ToolDetector {
    fn helm(&self, _: &HelmRequest<'_>) -> Result<HelmOutput, ToolError> {
        self.detect()
    }

    fn kustomize(&self, _: &KustomizeRequest<'_>) -> Result<String, ToolError> {
        self.detect()
    }
}

impl From<ArchiveError> for RenderError {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

impl From<Refusals> for RenderError {
    fn from(refusals: Refusals) -> Self {
        Self::Refused(refusals)
    }
}
