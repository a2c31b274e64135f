//! The arguments and attributes of `eod_environment`.

use std::collections::{BTreeMap, BTreeSet};

use eod_domain::{
    BranchName, EnvironmentName, HeadSha, Owner, PodSecurity, PullRequestUrl, Repository, SecretName, ServiceName,
    Tier, Ttl,
};
use serde::{Deserialize, Serialize};
use tfplugin::{Model, Number, Text};

use super::access::{AccessArgs, DnsArgs, MeshArgs};
use super::sizes::{LimitsArgs, NetworkArgs, QuotaArgs};
use crate::timeouts::TimeoutsArgs;

/// What the user writes.
#[derive(Clone, Model)]
pub(crate) struct Input {
    /// The environment's name, a DNS label of at most 63 characters. Made from repository and pull request, or branch, where
    /// it is not given. A name belongs to the identity that took it first and is never shared.
    #[tf(computed, replace)]
    pub name: Option<Text<EnvironmentName>>,
    /// The repository, `acme/shop` or `github.com/acme/shop`; upper and lower case are the same.
    #[tf(replace)]
    pub repository: Option<Text<Repository>>,
    /// The pull request's number. One of `name`, `pull_request` and `branch` is needed.
    #[tf(replace)]
    pub pull_request: Option<u64>,
    /// The branch, for environments without a pull request. Its name always carries a short hash.
    #[tf(replace)]
    pub branch: Option<Text<BranchName>>,
    /// The pull request's address. Derived for repositories on github.com.
    #[tf(computed)]
    pub pull_request_url: Option<Text<PullRequestUrl>>,
    /// The commit that is deployed, 7 to 64 hexadecimal digits. A change is activity: it restarts the clock, except in
    /// tier `compliance`.
    pub head_sha: Option<Text<HeadSha>>,
    /// Who asked for it: a login, an e-mail address, anything.
    pub owner: Option<Text<Owner>>,
    /// `lightweight`, `full`, `compliance` or `staging`. The provider's `default_tier` where it is not given.
    #[tf(computed)]
    pub tier: Option<Text<Tier>>,
    /// How long it lives without activity: `90m`, `4h`, `1d12h`. The tier's where it is not given; none in `staging`.
    #[tf(computed)]
    pub ttl: Option<Text<Ttl>>,
    /// Why it has to live longer. A change restarts the clock in every tier and is recorded.
    pub extension: Option<String>,
    /// Whether it is safe from the reaper and from `terraform destroy`. False, except in `staging`.
    #[tf(computed)]
    pub protected: Option<bool>,
    /// More labels on the namespace.
    pub labels: Option<BTreeMap<String, String>>,
    /// More annotations on the namespace.
    pub annotations: Option<BTreeMap<String, String>>,
    /// The services that get a host each.
    pub services: Option<BTreeSet<Text<ServiceName>>>,
    /// What all pods together may use. Fields that are not given come from the tier.
    #[tf(computed)]
    pub quota: Option<QuotaArgs>,
    /// What one container may use, and gets where it asks for nothing.
    #[tf(computed)]
    pub limits: Option<LimitsArgs>,
    /// Whom pods may talk to.
    #[tf(computed)]
    pub network: Option<NetworkArgs>,
    /// The Pod Security level that is enforced: `privileged`, `baseline` or `restricted`. Warnings and audit are always for
    /// `restricted`.
    #[tf(default = "baseline")]
    pub pod_security: Option<Text<PodSecurity>>,
    /// Who may work in the namespace.
    pub access: Option<Vec<AccessArgs>>,
    /// Names of image pull secrets for the namespace's default service account, whose token is not mounted.
    pub image_pull_secrets: Option<Vec<Text<SecretName>>>,
    /// The service mesh that the namespace joins.
    pub mesh: Option<MeshArgs>,
    /// How the hosts are published.
    pub dns: Option<DnsArgs>,
    /// Whether to take over fields of `labels` and `annotations` that belong to another field manager.
    #[tf(default = false)]
    pub force_conflicts: Option<bool>,
    /// Whether to take over a finished namespace of the same identity that carries our marks but is in no state.
    #[tf(default = false)]
    pub adopt: Option<bool>,
    /// How long operations may take.
    pub timeouts: Option<TimeoutsArgs>,
}

/// What is computed.
#[derive(Clone, Model)]
#[tf(output)]
pub(crate) struct Output {
    /// The environment's name.
    #[tf(keep)]
    pub id: String,
    /// The namespace; its name is the environment's.
    #[tf(keep)]
    pub namespace: String,
    /// The namespace's uid.
    #[tf(keep)]
    pub uid: String,
    /// The environment's host, `<name>.<domain>`. Null without a domain.
    #[tf(keep)]
    pub host: Option<String>,
    /// Each service's host, `<name>-<service>.<domain>`. Null without a domain.
    #[tf(keep)]
    pub hosts: Option<BTreeMap<String, String>>,
    /// `https://` and the host.
    #[tf(keep)]
    pub url: Option<String>,
    /// `pending`, `ready`, `active`, `idle`, `expiring`, `failed`, `awaiting-approval` or `destroyed`, as of the last refresh.
    #[tf(with = "Input::head_sha, Input::extension, Input::ttl, Input::tier")]
    pub status: String,
    /// When it was made (RFC 3339, UTC).
    #[tf(keep)]
    pub created_at: String,
    /// When it was last used (RFC 3339, UTC).
    #[tf(with = "Input::head_sha, Input::extension, Input::ttl, Input::tier")]
    pub last_activity_at: String,
    /// When it ends unless it is used (RFC 3339, UTC). Null without a TTL.
    #[tf(with = "Input::head_sha, Input::extension, Input::ttl, Input::tier")]
    pub expires_at: Option<String>,
    /// What its quota costs a day, in US dollars.
    #[tf(with = "Input::quota, Input::tier")]
    pub cost_per_day_usd: Number,
    /// Every label that is put on the namespace.
    #[tf(with = "Input::labels, Input::owner, Input::tier, Input::ttl, Input::pod_security, Input::mesh")]
    pub effective_labels: BTreeMap<String, String>,
    /// What was deleted or changed by others since the last apply, in sentences. The next apply restores it.
    pub drift: Vec<String>,
}

/// What is kept beside the state.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(from = "Stored", into = "Stored")]
pub(crate) struct Private {
    /// The nonce of the namespace that we made.
    pub nonce: Option<String>,
    /// The namespace's version when it was last seen, where it was ours then and as we want it. A write that names it
    /// needs no further look.
    pub version: Option<String>,
    /// Each object as the server returned it: a fingerprint by `kind/name`.
    pub live: BTreeMap<String, String>,
    /// Each object as we asked for it: a fingerprint by `kind/name`.
    pub wanted: BTreeMap<String, String>,
    /// Whether the namespace was being deleted at the last refresh.
    pub terminating: bool,
    /// The uid of a namespace whose state came from another resource type and that carries no marks yet.
    pub unmarked_uid: Option<String>,
    /// The labels of the namespace as an import has found them right, for the refresh that follows it.
    pub labels: Option<BTreeMap<String, String>>,
}

/// How [`Private`] is written: small, because Terraform writes the whole state again for every resource that it changes.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Stored {
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// By `kind/name`: the fingerprint of the object as it is, and that of the object as we asked for it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    objects: BTreeMap<String, (String, String)>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    terminating: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmarked_uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
}

impl From<Private> for Stored {
    fn from(private: Private) -> Self {
        let Private { nonce, version, live, mut wanted, terminating, unmarked_uid, labels } = private;
        let objects = live.into_iter().map(|(key, live)| {
            let wanted = wanted.remove(&key).unwrap_or_default();
            (key, (live, wanted))
        });
        Self { nonce, version, objects: objects.collect(), terminating, unmarked_uid, labels }
    }
}

impl From<Stored> for Private {
    fn from(stored: Stored) -> Self {
        let Stored { nonce, version, objects, terminating, unmarked_uid, labels } = stored;
        let (mut live, mut wanted) = (BTreeMap::new(), BTreeMap::new());
        for (key, (is, asked)) in objects {
            live.insert(key.clone(), is);
            wanted.insert(key, asked);
        }
        Self { nonce, version, live, wanted, terminating, unmarked_uid, labels }
    }
}
