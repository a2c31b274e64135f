//! An environment as data sources show it.

use std::collections::{BTreeMap, BTreeSet};

use eod_clients::kubernetes::LiveNamespace;
use eod_domain::{
    BranchName, Environment, EnvironmentName, HeadSha, Owner, PodSecurity, PullRequestUrl, Repository, SecretName,
    ServiceName, Tier, Ttl, cost_per_day, labels,
};
use serde_json::Value;
use tfplugin::{Model, Number, Text};

use super::access::{AccessArgs, DnsArgs, MeshArgs};
use super::live::{self, Tempo};
use super::model::Input;
use super::plan::dollars;
use super::sizes::{LimitsArgs, NetworkArgs, QuotaArgs};
use super::{arguments, create};
use crate::provider::Context;

/// An environment: its arguments and what is computed of it.
#[derive(Clone, Model)]
#[tf(output)]
pub(crate) struct Description {
    /// The environment's name.
    pub name: Text<EnvironmentName>,
    /// The repository.
    pub repository: Option<Text<Repository>>,
    /// The pull request's number.
    pub pull_request: Option<u64>,
    /// The branch.
    pub branch: Option<Text<BranchName>>,
    /// The pull request's address.
    pub pull_request_url: Option<Text<PullRequestUrl>>,
    /// The commit that is deployed.
    pub head_sha: Option<Text<HeadSha>>,
    /// Who asked for it.
    pub owner: Option<Text<Owner>>,
    /// The tier.
    pub tier: Option<Text<Tier>>,
    /// How long it lives without activity.
    pub ttl: Option<Text<Ttl>>,
    /// Why it has to live longer.
    pub extension: Option<String>,
    /// Whether it is safe from the reaper and from `terraform destroy`.
    pub protected: Option<bool>,
    /// The user's labels on the namespace.
    pub labels: Option<BTreeMap<String, String>>,
    /// The user's annotations on the namespace.
    pub annotations: Option<BTreeMap<String, String>>,
    /// The services that get a host each.
    pub services: Option<BTreeSet<Text<ServiceName>>>,
    /// What all pods together may use.
    pub quota: Option<QuotaArgs>,
    /// What one container may use, and gets where it asks for nothing.
    pub limits: Option<LimitsArgs>,
    /// Whom pods may talk to.
    pub network: Option<NetworkArgs>,
    /// The Pod Security level that is enforced.
    pub pod_security: Option<Text<PodSecurity>>,
    /// Who may work in the namespace.
    pub access: Option<Vec<AccessArgs>>,
    /// Names of image pull secrets.
    pub image_pull_secrets: Option<Vec<Text<SecretName>>>,
    /// The service mesh that the namespace joins.
    pub mesh: Option<MeshArgs>,
    /// How the hosts are published.
    pub dns: Option<DnsArgs>,
    /// The environment's name.
    pub id: String,
    /// The namespace; its name is the environment's.
    pub namespace: String,
    /// The namespace's uid.
    pub uid: String,
    /// The environment's host. Null without a domain.
    pub host: Option<String>,
    /// Each service's host. Null without a domain.
    pub hosts: Option<BTreeMap<String, String>>,
    /// `https://` and the host.
    pub url: Option<String>,
    /// `pending`, `ready`, `active`, `idle`, `expiring`, `failed`, `awaiting-approval` or `destroyed`.
    pub status: String,
    /// When it was made (RFC 3339, UTC).
    pub created_at: String,
    /// When it was last used (RFC 3339, UTC).
    pub last_activity_at: String,
    /// When it ends unless it is used (RFC 3339, UTC). Null without a TTL.
    pub expires_at: Option<String>,
    /// What its quota costs a day, in US dollars.
    pub cost_per_day_usd: Number,
    /// Every label on the namespace that EoD has put there.
    pub effective_labels: BTreeMap<String, String>,
    /// Objects that are missing, in sentences.
    pub drift: Vec<String>,
}

impl Description {
    /// Describes a namespace of ours. `None` if it does not say what it is.
    pub(crate) fn of(cx: &Context, found: &LiveNamespace) -> Option<Self> {
        let namespace = &found.namespace;
        let name = create::environment_name(namespace)?;
        let mut spec = create::recorded(namespace)?;
        spec.name = Some(name.clone());
        let settings = cx.known_settings();
        let environment = Environment::resolve(&spec, &settings).ok();
        let input = arguments::input(&spec);
        let clock = live::clock(namespace);
        let tier = spec.tier.unwrap_or(settings.default_tier);
        let tempo = Tempo { tier, ttl: spec.ttl, warning: settings.tiers.get(tier).warning };
        let host = environment.as_ref().and_then(Environment::host);
        let cost =
            environment.as_ref().and_then(|environment| dollars(cost_per_day(&environment.quota, &settings.prices)));
        let Input {
            name: _,
            repository,
            pull_request,
            branch,
            pull_request_url,
            head_sha,
            owner,
            tier: _,
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
            force_conflicts: _,
            adopt: _,
            timeouts: _,
        } = input;
        Some(Self {
            name: Text(name),
            repository,
            pull_request,
            branch,
            pull_request_url,
            head_sha,
            owner,
            tier: Some(Text(tier)),
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
            id: live::name(namespace).to_owned(),
            namespace: live::name(namespace).to_owned(),
            uid: live::uid(namespace).unwrap_or_default().to_owned(),
            url: host.as_ref().map(|host| format!("https://{host}")),
            host,
            hosts: environment.as_ref().and_then(live::hosts),
            status: live::status_of(namespace, clock, &tempo, cx.now()).to_string(),
            created_at: live::created_at(namespace).map(|time| time.to_string()).unwrap_or_default(),
            last_activity_at: clock.map(|clock| clock.last_activity_at.to_string()).unwrap_or_default(),
            expires_at: clock.and_then(|clock| clock.expires_at).map(|end| end.to_string()),
            cost_per_day_usd: cost.unwrap_or_else(|| Number::from_u64(0)),
            effective_labels: ours(namespace, environment.as_ref()),
            drift: super::read::absent(environment.as_ref(), found),
        })
    }
}

/// The labels that are there and that we would put there.
fn ours(namespace: &Value, environment: Option<&Environment>) -> BTreeMap<String, String> {
    let keys = environment.map(|environment| live::our_keys(&environment.namespace_labels())).unwrap_or_default();
    let live = namespace.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    live.filter(|(key, _)| keys.contains(*key) || key.starts_with(labels::DOMAIN))
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
