//! From an archive to the manifests that Argo CD gets: unpack, look into the cache, render, keep.
//!
//! Everything here may take a processor for a while. The service sees to it that no connection waits for that.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eod_render::{
    Files, HelmRequest, KustomizeRequest, Location, Policy, RawParameter, Refusal, RefusalRule, Refusals, RenderInput,
    RenderedManifests, ToolError, ToolRule, Tools, Tree, parse_raw_parameters, render_manifests,
};

use crate::archive::{ArchiveError, Limits, Stated, Unpacked, Wanted, unpack};
use crate::cache::{Cache, Key, Reply};
use crate::call::Call;
use crate::metrics::Metrics;
use crate::policy::{Loaded, PolicyStore, Reload};
use crate::watch::{Phase, Watch};

/// Gives each render its tools.
pub(crate) trait Toolbox: Send + Sync {
    /// Tools that stop when the watch says so. Where there are too many at once, those of one owner wait for each
    /// other and not for another owner's.
    fn open<'a>(&'a self, watch: &'a Watch, owner: &'a str) -> Box<dyn Tools + 'a>;

    /// What tells one binary from another that may give another output.
    fn version(&self, rule: &ToolRule) -> String;
}

/// Renders for many callers at once.
pub(crate) struct Renderer {
    policy: Arc<PolicyStore>,
    toolbox: Box<dyn Toolbox>,
    cache: Cache,
    limits: Limits,
    metrics: Arc<Metrics>,
}

/// Why there are no manifests.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The archive breaks a rule.
    Archive(ArchiveError),
    /// Repository, parameters or policy say no.
    Refused(Refusals),
    /// Nobody waits for the answer any more.
    Over,
}

/// What came of trying to answer at once.
pub(crate) enum AtOnce {
    /// The answer.
    Done(Arc<Reply>),
    /// This needs a tool, is a lot, or comes late.
    Longer(Unpacked),
}

/// An answer, and whether it was there already.
struct Answered {
    reply: Arc<Reply>,
    is_from_cache: bool,
}

/// Tools that give nothing and remember that they were asked. The render then comes to nothing, too.
#[derive(Default)]
struct Untouched {
    was_asked: Cell<bool>,
}

/// Bytes of a reply. The caller takes 100 MiB in one message.
const LARGEST_REPLY: usize = 95 << 20;
/// Bytes of files that are rendered in a moment, which is some tens of milliseconds where all of them are manifests.
const AT_ONCE: u64 = 1 << 20;
/// Even hostile files of that size take less. Where less is left of the caller's deadline, nobody renders in the place
/// from which the caller is to be told that it is over.
const ROOM: Duration = Duration::from_secs(20);

impl Renderer {
    pub(crate) fn new(
        policy: Arc<PolicyStore>,
        toolbox: Box<dyn Toolbox>,
        cache_bytes: usize,
        limits: Limits,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { policy, toolbox, cache: Cache::new(cache_bytes), limits, metrics }
    }

    /// Reads the archive and renders what is in it.
    pub(crate) fn answer(
        &self,
        call: &Call,
        stated: &Stated,
        archive: impl BufRead,
        watch: &Watch,
    ) -> Result<Arc<Reply>, Failure> {
        let unpacked = self.unpack(call, stated, archive, watch)?;
        self.render(call, &unpacked, watch)
    }

    /// Reads the archive and renders what is in it, if that takes a moment and there is time.
    pub(crate) fn answer_at_once(
        &self,
        call: &Call,
        stated: &Stated,
        archive: impl BufRead,
        watch: &Watch,
    ) -> Result<AtOnce, Failure> {
        let unpacked = self.unpack(call, stated, archive, watch)?;
        watch.enter(Phase::Rendering);
        let (start, tools) = (Instant::now(), Untouched::default());
        if unpacked.count.kept_bytes > AT_ONCE || watch.until < start + ROOM {
            return Ok(AtOnce::Longer(unpacked));
        }
        let result = self.rendered(call, &unpacked, &tools);
        if tools.was_asked.get() { Ok(AtOnce::Longer(unpacked)) } else { self.count(start, result).map(AtOnce::Done) }
    }

    /// Renders with tools, where one is needed.
    pub(crate) fn render(&self, call: &Call, unpacked: &Unpacked, watch: &Watch) -> Result<Arc<Reply>, Failure> {
        watch.enter(Phase::Rendering);
        let start = Instant::now();
        let tools = self.toolbox.open(watch, &call.repository);
        let result = self.rendered(call, unpacked, &*tools);
        self.count(start, result)
    }

    fn unpack(&self, call: &Call, stated: &Stated, archive: impl BufRead, watch: &Watch) -> Result<Unpacked, Failure> {
        watch.enter(Phase::Receiving);
        let start = Instant::now();
        let unpacked = unpack(archive, stated, &self.limits, Wanted { directory: &call.directory })?;
        self.metrics.unpacked(&unpacked.count, stated.size, start.elapsed());
        if watch.is_over() { Err(Failure::Over) } else { Ok(unpacked) }
    }

    /// Counts what came of a render that has begun at `start`.
    fn count(&self, start: Instant, result: Result<Answered, Refusals>) -> Result<Arc<Reply>, Failure> {
        self.metrics.rendered(start.elapsed());
        self.metrics.cache(result.as_ref().is_ok_and(|answered| answered.is_from_cache));
        self.metrics.cache_size(self.cache.size());
        Ok(result?.reply)
    }

    /// Renders under the policy in force. Where the policy itself is the reason why not, the file may have been
    /// replaced a moment ago, and Argo CD would repeat the refusal for an hour: then it is looked at again.
    fn rendered(&self, call: &Call, unpacked: &Unpacked, tools: &dyn Tools) -> Result<Answered, Refusals> {
        let first = self.rendered_under(&self.policy.current(), call, unpacked, tools);
        let is_about_policy = |refusals: &Refusals| {
            let rules = [RefusalRule::Policy, RefusalRule::Identity];
            refusals.as_slice().iter().any(|refusal| rules.contains(&refusal.rule))
        };
        match first {
            Err(refusals) if is_about_policy(&refusals) && self.policy.reload() == Reload::Replaced => {
                self.rendered_under(&self.policy.current(), call, unpacked, tools)
            }
            other => other,
        }
    }

    fn rendered_under(
        &self,
        loaded: &Loaded,
        call: &Call,
        unpacked: &Unpacked,
        tools: &dyn Tools,
    ) -> Result<Answered, Refusals> {
        let key = self.key(loaded, call, &unpacked.digest);
        if let Some(reply) = self.cache.get(&key) {
            return Ok(Answered { reply, is_from_cache: true });
        }
        let parameters = if call.parameters.is_empty() { Vec::new() } else { parse_raw_parameters(&call.parameters)? };
        let rendered = render_once(&loaded.policy, call, &parameters, &unpacked.files, &unpacked.left_out, tools)?;
        let reply = Arc::new(Reply { manifests: rendered.into_json_lines() });
        fits(&reply)?;
        self.cache.put(key, &reply);
        Ok(Answered { reply, is_from_cache: false })
    }

    /// Everything that the answer depends on. Where the policy has no word about the project there is nothing to keep.
    fn key(&self, loaded: &Loaded, call: &Call, files: &[u8; 32]) -> Key {
        let Call { application, repository, parameters, directory, above } = call;
        let project = loaded.policy.project(&application.project).ok();
        let version = |rule: Option<&ToolRule>| rule.map(|rule| self.toolbox.version(rule)).unwrap_or_default();
        let helm = version(project.map(|project| &project.helm));
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
            ("repository", repository.as_bytes()),
        ]);
        Key::of(&parts)
    }
}

/// Renders one call. Every way in ends here, so all of them give the same bytes.
pub(crate) fn render_once(
    policy: &Policy,
    call: &Call,
    parameters: &[RawParameter],
    files: &Files,
    left_out: &[String],
    tools: &dyn Tools,
) -> Result<RenderedManifests, Refusals> {
    let tree = Tree { files, directory: &call.directory, above: &call.above };
    let request = RenderInput { tree, parameters, application: &call.application, policy };
    render_manifests(&request, tools).map_err(|refusals| with_left_out(refusals, left_out).below(&call.above))
}

/// Where a file is missed that was too large to be kept, that is the reason to name.
fn with_left_out(refusals: Refusals, left_out: &[String]) -> Refusals {
    let misses: BTreeSet<RefusalRule> =
        [RefusalRule::File, RefusalRule::Helm, RefusalRule::Kustomize, RefusalRule::Tool, RefusalRule::Empty].into();
    if left_out.is_empty() || !refusals.as_slice().iter().any(|refusal| misses.contains(&refusal.rule)) {
        return refusals;
    }
    let note = |path: &String| {
        let message = "this file was left out because it is too large to be part of a preview's manifests";
        Refusal::new(Location::file(path), RefusalRule::File, message, "make it smaller, or do without it")
    };
    let all = refusals.as_slice().iter().cloned().chain(left_out.iter().map(note)).collect();
    Refusals::collected(all).unwrap_or(refusals)
}

fn fits(reply: &Reply) -> Result<(), Refusals> {
    let bytes: usize = reply.manifests.iter().map(String::len).sum();
    if bytes <= LARGEST_REPLY {
        return Ok(());
    }
    let message = format!("the manifests have {bytes} bytes, and Argo CD takes {LARGEST_REPLY} in one answer");
    Err(Refusal::new(Location::default(), RefusalRule::Caps, message, "render less in one Application").into())
}

impl Untouched {
    fn ask(&self) -> Result<String, ToolError> {
        self.was_asked.set(true);
        Err(ToolError { message: "no tool is started at once".to_owned(), remedy: String::new() })
    }
}

impl Tools for Untouched {
    fn helm(&self, _: &HelmRequest<'_>) -> Result<String, ToolError> {
        self.ask()
    }

    fn kustomize(&self, _: &KustomizeRequest<'_>) -> Result<String, ToolError> {
        self.ask()
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

impl From<Refusals> for Failure {
    fn from(refusals: Refusals) -> Self {
        Self::Refused(refusals)
    }
}
