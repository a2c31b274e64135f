//! From an archive to the manifests that Argo CD gets: unpack, look into the cache, render, keep.
//!
//! Everything here may take a processor for a while and runs on a thread of its own, never where connections are
//! served.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::sync::Arc;
use std::time::Instant;

use eod_render::{
    Files, Place, Policy, RawParameter, Refusal, Refusals, Rendered, Request, Rule, ToolRule, Tools, Tree,
    parse_raw_parameters, render,
};

use crate::archive::{ArchiveError, Limits, Stated, Wanted, unpack};
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

/// What is rendered.
#[derive(Clone, Copy)]
struct Source<'a> {
    files: &'a Files,
    digest: &'a [u8; 32],
    left_out: &'a [String],
}

/// Bytes of a reply. The caller takes 100 MiB in one message.
const LARGEST_REPLY: usize = 95 << 20;

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
        watch.enter(Phase::Receiving);
        let start = Instant::now();
        let unpacked = unpack(archive, stated, &self.limits, Wanted { directory: &call.directory })?;
        self.metrics.unpacked(&unpacked.count, stated.size, start.elapsed());
        if watch.is_over() {
            return Err(Failure::Over);
        }
        watch.enter(Phase::Rendering);
        let source = Source { files: &unpacked.files, digest: &unpacked.digest, left_out: &unpacked.left_out };
        let start = Instant::now();
        let reply = self.render(call, source, watch);
        self.metrics.rendered(start.elapsed());
        self.metrics.cache_size(self.cache.size());
        Ok(reply?)
    }

    /// Renders under the policy in force. Where the policy itself is the reason why not, the file may have been
    /// replaced a moment ago, and Argo CD would repeat the refusal for an hour: then it is looked at again.
    fn render(&self, call: &Call, source: Source<'_>, watch: &Watch) -> Result<Arc<Reply>, Refusals> {
        let first = self.render_under(&self.policy.current(), call, source, watch);
        let is_about_policy = |refusals: &Refusals| {
            let rules = [Rule::Policy, Rule::Identity];
            refusals.as_slice().iter().any(|refusal| rules.contains(&refusal.rule))
        };
        match first {
            Err(refusals) if is_about_policy(&refusals) && self.policy.reload() == Reload::Replaced => {
                self.render_under(&self.policy.current(), call, source, watch)
            }
            other => other,
        }
    }

    fn render_under(
        &self,
        loaded: &Loaded,
        call: &Call,
        source: Source<'_>,
        watch: &Watch,
    ) -> Result<Arc<Reply>, Refusals> {
        let key = self.key(loaded, call, source);
        if let Some(reply) = self.cache.get(&key) {
            self.metrics.cache(true);
            return Ok(reply);
        }
        self.metrics.cache(false);
        let parameters = if call.parameters.is_empty() { Vec::new() } else { parse_raw_parameters(&call.parameters)? };
        let tools = self.toolbox.open(watch, &call.repository);
        let rendered = render_once(&loaded.policy, call, &parameters, source.files, source.left_out, &*tools)?;
        let reply = Arc::new(Reply { manifests: rendered.json_lines().to_vec() });
        fits(&reply)?;
        self.cache.put(key, &reply);
        Ok(reply)
    }

    /// Everything that the answer depends on. Where the policy has no word about the project there is nothing to keep.
    fn key(&self, loaded: &Loaded, call: &Call, source: Source<'_>) -> Key {
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
            ("files", source.digest.as_slice()),
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
) -> Result<Rendered, Refusals> {
    let tree = Tree { files, directory: &call.directory, above: &call.above };
    let request = Request { tree, parameters, application: &call.application, policy };
    render(&request, tools).map_err(|refusals| with_left_out(refusals, left_out).below(&call.above))
}

/// Where a file is missed that was too large to be kept, that is the reason to name.
fn with_left_out(refusals: Refusals, left_out: &[String]) -> Refusals {
    let misses: BTreeSet<Rule> = [Rule::File, Rule::Helm, Rule::Kustomize, Rule::Tool, Rule::Empty].into();
    if left_out.is_empty() || !refusals.as_slice().iter().any(|refusal| misses.contains(&refusal.rule)) {
        return refusals;
    }
    let note = |path: &String| {
        let message = "this file was left out because it is too large to be part of a preview's manifests";
        Refusal::new(Place::file(path), Rule::File, message, "make it smaller, or do without it")
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
    Err(Refusal::new(Place::default(), Rule::Caps, message, "render less in one Application").into())
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
