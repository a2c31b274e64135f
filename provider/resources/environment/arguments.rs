//! Conversion of arguments to the domain's types, and back.

use std::num::NonZeroU64;

use eod_domain::{
    AccessGrant, Dns, Environment, EnvironmentSpec, Identity, LimitsSettings, Mesh, NetworkSettings, QuotaSettings,
};
use tfplugin::{Diag, Diags, Text};

use super::access::{AccessArgs, DnsArgs, MeshArgs};
use super::model::Input;
use super::sizes::{LimitsArgs, NetworkArgs};
use crate::explain;
use crate::provider::Context;
use crate::quota::QuotaArgs;

/// The environment that the arguments describe.
///
/// # Errors
/// The provider block is not known yet, or an argument is invalid.
pub(super) fn environment(cx: &Context, input: &Input) -> Result<Environment, Diags> {
    let settings = cx.settings()?;
    let spec = spec(input)?;
    Environment::resolve(&spec, &settings).map_err(|mistakes| explain::mistakes(&mistakes))
}

/// The arguments as the domain's specification.
///
/// # Errors
/// All mistakes that are not in a single value.
pub(super) fn spec(input: &Input) -> Result<EnvironmentSpec, Diags> {
    let Input {
        name,
        repository,
        pull_request,
        branch,
        pull_request_url,
        head_sha,
        owner,
        tier,
        ttl,
        extension,
        protected,
        labels,
        annotations,
        services,
        quota,
        limits,
        network,
        pod_security,
        access,
        image_pull_secrets,
        mesh,
        dns,
        on_expired,
        force_conflicts: _,
        adopt: _,
        timeouts: _,
    } = input.clone();
    let mut diags = Diags::new();
    let labels = explain::user_labels(&labels.unwrap_or_default(), &Input::LABELS.path());
    let annotations = explain::user_annotations(&annotations.unwrap_or_default(), &Input::ANNOTATIONS.path());
    let access = grants(access.unwrap_or_default());
    let mesh = mesh.map(self::mesh).transpose().map_err(Diags::from);
    let spec = EnvironmentSpec {
        name: name.map(|name| name.0),
        repository: repository.map(|repository| repository.0),
        pull_request: pull_request.and_then(NonZeroU64::new),
        branch: branch.map(|branch| branch.0),
        pull_request_url: pull_request_url.map(|url| url.0),
        head_sha: head_sha.map(|sha| sha.0),
        owner: owner.map(|owner| owner.0),
        tier: tier.map(|tier| tier.0),
        ttl: ttl.map(|ttl| ttl.0),
        extension,
        protected,
        labels: value_or_diags(labels, &mut diags).unwrap_or_default(),
        annotations: value_or_diags(annotations, &mut diags).unwrap_or_default(),
        services: services.unwrap_or_default().into_iter().map(|service| service.0).collect(),
        quota: quota.map(QuotaArgs::settings).unwrap_or_default(),
        limits: limits.map(LimitsArgs::settings).unwrap_or_default(),
        network: network.map(NetworkArgs::settings).unwrap_or_default(),
        pod_security: pod_security.map(|level| level.0),
        access: value_or_diags(access, &mut diags).unwrap_or_default(),
        image_pull_secrets: image_pull_secrets.unwrap_or_default().into_iter().map(|secret| secret.0).collect(),
        mesh: value_or_diags(mesh, &mut diags).flatten(),
        dns: dns.map(|dns| Dns { mode: dns.mode.map(|mode| mode.0).unwrap_or_default() }),
        on_expired: on_expired.map(|on_expired| on_expired.0).unwrap_or_default(),
    };
    diags.into_result(spec)
}

/// Arguments as they are in a state. Arguments that were never set are null.
pub(super) fn input(spec: &EnvironmentSpec) -> Input {
    let spec = spec.clone();
    Input {
        name: spec.name.map(Text),
        repository: spec.repository.map(Text),
        pull_request: spec.pull_request.map(NonZeroU64::get),
        branch: spec.branch.map(Text),
        pull_request_url: spec.pull_request_url.map(Text),
        head_sha: spec.head_sha.map(Text),
        owner: spec.owner.map(Text),
        tier: spec.tier.map(Text),
        ttl: spec.ttl.map(Text),
        extension: spec.extension,
        protected: spec.protected,
        labels: some(spec.labels.as_map().clone(), std::collections::BTreeMap::is_empty),
        annotations: some(spec.annotations.as_map().clone(), std::collections::BTreeMap::is_empty),
        services: some(spec.services.into_iter().map(Text).collect(), std::collections::BTreeSet::is_empty),
        quota: some(spec.quota, |quota| *quota == QuotaSettings::default()).map(QuotaArgs::given),
        limits: some(spec.limits, |limits| *limits == LimitsSettings::default()).map(LimitsArgs::given),
        network: some(spec.network, |network| *network == NetworkSettings::default()).map(NetworkArgs::given),
        pod_security: spec.pod_security.map(Text),
        access: some(spec.access.iter().map(grant_args).collect(), Vec::is_empty),
        image_pull_secrets: some(spec.image_pull_secrets.into_iter().map(Text).collect(), Vec::is_empty),
        mesh: spec.mesh.as_ref().map(mesh_args),
        dns: spec.dns.map(|dns| DnsArgs { mode: Some(Text(dns.mode)) }),
        on_expired: Some(Text(spec.on_expired)),
        // Not recorded, because they do not change the environment; these are their defaults.
        force_conflicts: Some(false),
        adopt: Some(false),
        timeouts: None,
    }
}

/// Identity of the environment: its pull request, branch or name.
pub(super) fn identity(input: &Input) -> Identity {
    let plain = EnvironmentSpec {
        repository: input.repository.clone().map(|repository| repository.0),
        pull_request: input.pull_request.and_then(NonZeroU64::new),
        branch: input.branch.clone().map(|branch| branch.0),
        ..EnvironmentSpec::default()
    };
    plain.identity()
}

/// Access grants.
///
/// # Errors
/// All invalid grants, each with its index in the list.
pub(super) fn grants(access: Vec<AccessArgs>) -> Result<Vec<AccessGrant>, Diags> {
    let mut diags = Diags::new();
    let mut grants = Vec::new();
    for (at, AccessArgs { kind, name, namespace, role }) in (0..).zip(access) {
        let role = role.map(|role| role.0).unwrap_or_default();
        match AccessGrant::new(kind.0, &name, namespace.map(|namespace| namespace.0), role) {
            Ok(grant) => grants.push(grant),
            Err(error) => {
                let diag = Diag::error("Invalid access").detail(explain::sentence(&error.to_string()));
                diags.push(explain::hinted(diag.at(Input::ACCESS.path().index(at)), &error));
            }
        }
    }
    diags.into_result(grants)
}

/// The mesh.
///
/// # Errors
/// `revision` is set for a mesh that has none.
pub(super) fn mesh(args: MeshArgs) -> Result<Mesh, Diag> {
    let MeshArgs { kind, revision } = args;
    Mesh::new(kind.0, revision.map(|revision| revision.0)).map_err(|error| {
        let diag = Diag::error("Invalid mesh").detail(explain::sentence(&error.to_string()));
        explain::hinted(diag.at(Input::MESH.path().attribute("revision")), &error)
    })
}

fn grant_args(grant: &AccessGrant) -> AccessArgs {
    AccessArgs {
        kind: Text(grant.kind()),
        name: grant.name().to_owned(),
        namespace: grant.namespace().cloned().map(Text),
        role: Some(Text(grant.role().clone())).filter(|role| role.0 != Default::default()),
    }
}

fn mesh_args(mesh: &Mesh) -> MeshArgs {
    MeshArgs { kind: Text(mesh.kind()), revision: mesh.revision().cloned().map(Text) }
}

/// The value; its mistakes go into `diags`.
fn value_or_diags<T>(result: Result<T, Diags>, diags: &mut Diags) -> Option<T> {
    result.map_err(|found| diags.extend(found)).ok()
}

fn some<T>(value: T, is_empty: impl Fn(&T) -> bool) -> Option<T> {
    if is_empty(&value) { None } else { Some(value) }
}
