//! An environment as the data sources return it.

use std::collections::{BTreeMap, BTreeSet};

use eod_clients::kubernetes::LiveNamespace;
use eod_domain::{
    BranchName, Environment, EnvironmentName, HeadSha, Owner, PodSecurity, PullRequestUrl, Repository, SecretName,
    ServiceName, Tier, Ttl, labels,
};
use serde_json::Value;
use tfplugin::{Model, Number, Text};

use super::access::{AccessArgs, DnsArgs, MeshArgs};
use super::live::StatusSettings;
use super::model::Input;
use super::sizes::{LimitsArgs, NetworkArgs, QuotaArgs};
use super::{arguments, cost, live};
use crate::provider::Context;

/// An environment: its arguments and its computed attributes.
#[derive(Clone, Model)]
#[tf(output)]
pub(crate) struct Description {
    /// Name of the environment.
    pub name: Text<EnvironmentName>,
    /// Repository.
    pub repository: Option<Text<Repository>>,
    /// Number of the pull request.
    pub pull_request: Option<u64>,
    /// Branch.
    pub branch: Option<Text<BranchName>>,
    /// URL of the pull request.
    pub pull_request_url: Option<Text<PullRequestUrl>>,
    /// Commit that is deployed.
    pub head_sha: Option<Text<HeadSha>>,
    /// Owner of the environment.
    pub owner: Option<Text<Owner>>,
    /// Tier.
    pub tier: Option<Text<Tier>>,
    /// Maximum time without activity, after which the environment expires.
    pub ttl: Option<Text<Ttl>>,
    /// Reason of the last extension.
    pub extension: Option<String>,
    /// True if it is protected from the reaper and from `terraform destroy`.
    pub protected: Option<bool>,
    /// Additional labels of the namespace.
    pub labels: Option<BTreeMap<String, String>>,
    /// Additional annotations of the namespace.
    pub annotations: Option<BTreeMap<String, String>>,
    /// Services that get a host each.
    pub services: Option<BTreeSet<Text<ServiceName>>>,
    /// Resource quota of all pods together.
    pub quota: Option<QuotaArgs>,
    /// Resource limits of one container, and the requests and limits of containers that set none.
    pub limits: Option<LimitsArgs>,
    /// Network access of the pods.
    pub network: Option<NetworkArgs>,
    /// Pod Security level that is enforced.
    pub pod_security: Option<Text<PodSecurity>>,
    /// Users, groups and service accounts with access to the namespace.
    pub access: Option<Vec<AccessArgs>>,
    /// Names of image pull secrets.
    pub image_pull_secrets: Option<Vec<Text<SecretName>>>,
    /// Service mesh that the namespace joins.
    pub mesh: Option<MeshArgs>,
    /// DNS settings of the hosts.
    pub dns: Option<DnsArgs>,
    /// Name of the environment.
    pub id: String,
    /// Name of the namespace: that of the environment.
    pub namespace: String,
    /// Uid of the namespace.
    pub uid: String,
    /// Host of the environment. Null without a domain.
    pub host: Option<String>,
    /// Host of each service. Null without a domain.
    pub hosts: Option<BTreeMap<String, String>>,
    /// URL of the environment: `https://` and the host.
    pub url: Option<String>,
    /// Status: `pending`, `ready`, `active`, `idle`, `expiring`, `failed`, `awaiting-approval` or `destroyed`.
    pub status: String,
    /// Time of creation (RFC 3339, UTC).
    pub created_at: String,
    /// Time of the last activity (RFC 3339, UTC).
    pub last_activity_at: String,
    /// Time of expiry if there is no further activity (RFC 3339, UTC). Null without a TTL.
    pub expires_at: Option<String>,
    /// Cost of the quota per day, in US dollars.
    pub cost_per_day_usd: Number,
    /// All labels of the namespace that EoD has set.
    pub effective_labels: BTreeMap<String, String>,
    /// Objects that are missing, in sentences.
    pub drift: Vec<String>,
}

impl Description {
    /// The environment of a namespace. `None` if its arguments are not recorded on it.
    pub(crate) fn of(cx: &Context, found: &LiveNamespace) -> Option<Self> {
        let namespace = &found.namespace;
        let name = live::environment_name(namespace)?;
        let mut spec = live::recorded_spec(namespace)?;
        spec.name = Some(name.clone());
        let settings = cx.known_settings();
        let environment = Environment::resolve(&spec, &settings).ok();
        let input = arguments::input(&spec);
        let clock = live::clock(namespace);
        let tier = spec.tier.unwrap_or(settings.default_tier);
        let status_settings = StatusSettings { tier, ttl: spec.ttl, warning: settings.tiers.get(tier).warning };
        let host = environment.as_ref().and_then(Environment::host);
        let cost = environment.as_ref().map(|environment| cost::per_day_at(&settings.prices, environment));
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
            status: live::status_of(namespace, clock, &status_settings, cx.now()).to_string(),
            created_at: live::created_at(namespace).map(|time| time.to_string()).unwrap_or_default(),
            last_activity_at: clock.map(|clock| clock.last_activity_at.to_string()).unwrap_or_default(),
            expires_at: clock.and_then(|clock| clock.expires_at).map(|end| end.to_string()),
            cost_per_day_usd: cost.unwrap_or_else(|| Number::from_u64(0)),
            effective_labels: ours(namespace, environment.as_ref()),
            drift: live::absent(environment.as_ref(), found),
        })
    }
}

/// Labels on the namespace that EoD sets.
fn ours(namespace: &Value, environment: Option<&Environment>) -> BTreeMap<String, String> {
    let keys = environment.map(|environment| live::our_keys(&environment.namespace_labels())).unwrap_or_default();
    let live = namespace.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    live.filter(|(key, _)| keys.contains(*key) || key.starts_with(labels::DOMAIN))
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
