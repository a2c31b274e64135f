//! Arguments and attributes of `eod_environment`.

use std::collections::{BTreeMap, BTreeSet};

use eod_domain::{
    Absence, BranchName, EnvironmentName, HeadSha, Nonce, OnExpired, Owner, PodSecurity, PullRequestUrl, Repository,
    SecretName, ServiceName, Tier, Ttl,
};
use serde::{Deserialize, Serialize};
use tfplugin::{Model, Number, Text};

use super::access::{AccessArgs, DnsArgs, MeshArgs};
use super::sizes::{LimitsArgs, NetworkArgs};
use crate::quota::QuotaArgs;
use crate::timeouts::TimeoutsArgs;

/// Arguments set by the user.
#[derive(Clone, Model)]
pub(crate) struct Input {
    /// Name of the environment, a DNS label of at most 63 characters. Default: made from the repository and the pull request
    /// or branch. A name belongs to the first identity that used it and is never shared.
    #[tf(computed, replace)]
    pub name: Option<Text<EnvironmentName>>,
    /// Repository, `acme/shop` or `github.com/acme/shop`. Upper and lower case are equal.
    #[tf(replace)]
    pub repository: Option<Text<Repository>>,
    /// Number of the pull request. One of `name`, `pull_request` and `branch` is required.
    #[tf(replace)]
    pub pull_request: Option<u64>,
    /// Branch, for environments without a pull request. The name of the environment then always contains a short hash.
    #[tf(replace)]
    pub branch: Option<Text<BranchName>>,
    /// URL of the pull request. Default: derived for repositories on github.com.
    #[tf(computed)]
    pub pull_request_url: Option<Text<PullRequestUrl>>,
    /// Commit that is deployed, 7 to 64 hexadecimal digits. A change is activity: it restarts the TTL, except in tier
    /// `compliance`. Another commit brings an ended environment back.
    pub head_sha: Option<Text<HeadSha>>,
    /// Owner of the environment: a login, an e-mail address or any other text.
    pub owner: Option<Text<Owner>>,
    /// `lightweight`, `full`, `compliance` or `staging`. Default: the provider's `default_tier`.
    #[tf(computed)]
    pub tier: Option<Text<Tier>>,
    /// Maximum time without activity, after which the environment expires: `90m`, `4h`, `1d12h`. Default: the TTL of the tier;
    /// `staging` has none.
    #[tf(computed)]
    pub ttl: Option<Text<Ttl>>,
    /// Reason to extend the environment. A change restarts the TTL in every tier, brings an ended environment back, and is
    /// recorded.
    pub extension: Option<String>,
    /// True to protect the environment from the reaper and from `terraform destroy`. Default: `true` in `staging`, otherwise
    /// `false`.
    #[tf(computed)]
    pub protected: Option<bool>,
    /// Additional labels of the namespace.
    pub labels: Option<BTreeMap<String, String>>,
    /// Additional annotations of the namespace.
    pub annotations: Option<BTreeMap<String, String>>,
    /// Services that get a host each.
    pub services: Option<BTreeSet<Text<ServiceName>>>,
    /// Resource quota of all pods together. Fields that are not set come from the tier.
    #[tf(computed)]
    pub quota: Option<QuotaArgs>,
    /// Resource limits of one container, and the requests and limits of containers that set none.
    #[tf(computed)]
    pub limits: Option<LimitsArgs>,
    /// Network access of the pods.
    #[tf(computed)]
    pub network: Option<NetworkArgs>,
    /// Pod Security level that is enforced: `privileged`, `baseline` or `restricted`. Warnings and audit always use
    /// `restricted`.
    #[tf(default = "baseline")]
    pub pod_security: Option<Text<PodSecurity>>,
    /// Users, groups and service accounts with access to the namespace.
    pub access: Option<Vec<AccessArgs>>,
    /// Names of image pull secrets of the namespace's default service account. The token of that account is not mounted.
    pub image_pull_secrets: Option<Vec<Text<SecretName>>>,
    /// Service mesh that the namespace joins.
    pub mesh: Option<MeshArgs>,
    /// DNS settings of the hosts.
    pub dns: Option<DnsArgs>,
    /// Behaviour for an environment that was ended outside of this configuration, for example by the reaper.
    /// `keep_absent` (the default) leaves it absent until there is a new commit or a new `extension`, or its end is
    /// lifted. `recreate` creates it again in the next apply; if it ended with its pull request or branch, only with a
    /// new commit or after its end was lifted.
    #[tf(default = "keep_absent")]
    pub on_expired: Option<Text<OnExpired>>,
    /// True to take over keys of `labels` and `annotations` that another field manager owns.
    #[tf(default = false)]
    pub force_conflicts: Option<bool>,
    /// True to take over a finished environment of the same identity that has this installation's ownership labels but
    /// is not managed by this Terraform state. A state that managed it before no longer owns it: its next refresh,
    /// update or destroy finds the newer claim and does not change the namespace.
    #[tf(default = false)]
    pub adopt: Option<bool>,
    /// Maximum durations of operations.
    pub timeouts: Option<TimeoutsArgs>,
}

/// Computed attributes.
#[derive(Clone, Model)]
#[tf(output)]
pub(crate) struct Output {
    /// Name of the environment.
    #[tf(keep)]
    pub id: String,
    /// Name of the namespace: that of the environment.
    #[tf(keep)]
    pub namespace: String,
    /// Uid of the namespace.
    #[tf(keep)]
    pub uid: String,
    /// Host of the environment, `<name>.<domain>`. Null without a domain.
    #[tf(keep)]
    pub host: Option<String>,
    /// Host of each service, `<name>-<service>.<domain>`. Null without a domain.
    #[tf(keep)]
    pub hosts: Option<BTreeMap<String, String>>,
    /// URL of the environment: `https://` and the host.
    #[tf(keep)]
    pub url: Option<String>,
    /// Status at the last refresh: `pending`, `ready`, `active`, `idle`, `expiring`, `failed`, `awaiting-approval` or `destroyed`.
    #[tf(with = "Input::head_sha, Input::extension, Input::ttl, Input::tier")]
    pub status: String,
    /// Time of the end (RFC 3339, UTC) of an environment that was ended outside of this configuration. Null while it exists.
    #[tf(keep)]
    pub ended_at: Option<String>,
    /// Reason of the end: `expired`, `closed`, `branch-deleted`, `unlabelled` or `requested`. Null while it exists.
    #[tf(keep)]
    pub ended_reason: Option<String>,
    /// Time of creation (RFC 3339, UTC).
    #[tf(keep)]
    pub created_at: String,
    /// Time of the last activity (RFC 3339, UTC).
    #[tf(with = "Input::head_sha, Input::extension, Input::ttl, Input::tier")]
    pub last_activity_at: String,
    /// Time of expiry if there is no further activity (RFC 3339, UTC). Null without a TTL.
    #[tf(with = "Input::head_sha, Input::extension, Input::ttl, Input::tier")]
    pub expires_at: Option<String>,
    /// Cost of the quota per day, in US dollars.
    #[tf(with = "Input::quota, Input::tier")]
    pub cost_per_day_usd: Number,
    /// All labels that EoD sets on the namespace.
    #[tf(with = "Input::labels, Input::owner, Input::tier, Input::ttl, Input::pod_security, Input::mesh")]
    pub effective_labels: BTreeMap<String, String>,
    /// Objects that others have deleted or changed since the last apply, in sentences. The next apply restores them.
    pub drift: Vec<String>,
}

/// Private data stored with the state.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(from = "Stored", into = "Stored")]
pub(crate) struct Private {
    /// Nonce of the claim that this state has written, or that an import has read.
    pub nonce: Option<String>,
    /// Nonce of the claim that the first update after an import writes. It is stored before it is written, so that an
    /// update that was killed recognises its own claim.
    pub next_nonce: Option<String>,
    /// Resource version of the namespace at the last refresh, if it was ours and without drift. A write with this
    /// version needs no read before.
    pub version: Option<String>,
    /// Fingerprint of each object as returned by the server, by `kind/name`.
    pub live: BTreeMap<String, String>,
    /// Fingerprint of each object as applied, by `kind/name`.
    pub wanted: BTreeMap<String, String>,
    /// True if the namespace was being deleted at the last refresh.
    pub terminating: bool,
    /// Uid of a namespace moved from another resource type that has no ownership labels yet.
    pub unmarked_uid: Option<String>,
    /// Labels of the namespace that an import has read, for the refresh that follows it.
    pub labels: Option<BTreeMap<String, String>>,
    /// True if this belongs to the plan of a create. Terraform passes it to the destroy of a tainted object that has
    /// lost its own private data.
    pub planned: bool,
    /// Generation of this life in the ledger; none if it is not recorded.
    pub generation: Option<u64>,
    /// Recorded end of an environment that is absent.
    pub absence: Option<Box<Absence>>,
}

impl Private {
    /// Private data with only a claim: enough to find the namespace again.
    pub(super) fn with_nonce(nonce: &Nonce) -> Self {
        Self { nonce: Some(nonce.as_str().to_owned()), ..Self::default() }
    }

    /// The claims that this state holds.
    pub(super) fn claims(&self) -> Vec<Nonce> {
        self.nonce.iter().chain(&self.next_nonce).map(|nonce| Nonce::recorded(nonce)).collect()
    }

    /// The claim that an update writes. `None` if this state holds no claim and needs a new one.
    pub(super) fn next_claim(&self) -> Option<Nonce> {
        self.next_nonce.as_ref().or(self.nonce.as_ref()).map(|nonce| Nonce::recorded(nonce))
    }
}

/// Stored form of [`Private`]: small, because Terraform writes the whole state again for every resource that it changes.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Stored {
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// By `kind/name`: the fingerprint of the object in the cluster, and that of the applied object.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    objects: BTreeMap<String, (String, String)>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    terminating: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmarked_uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    planned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absence: Option<Box<Absence>>,
}

impl From<Private> for Stored {
    fn from(private: Private) -> Self {
        let Private {
            nonce,
            next_nonce,
            version,
            live,
            mut wanted,
            terminating,
            unmarked_uid,
            labels,
            planned,
            generation,
            absence,
        } = private;
        let objects = live.into_iter().map(|(key, live)| {
            let wanted = wanted.remove(&key).unwrap_or_default();
            (key, (live, wanted))
        });
        let objects = objects.collect();
        Self { nonce, next_nonce, version, objects, terminating, unmarked_uid, labels, planned, generation, absence }
    }
}

impl From<Stored> for Private {
    fn from(stored: Stored) -> Self {
        let Stored {
            nonce,
            next_nonce,
            version,
            objects,
            terminating,
            unmarked_uid,
            labels,
            planned,
            generation,
            absence,
        } = stored;
        let (mut live, mut wanted) = (BTreeMap::new(), BTreeMap::new());
        for (key, (returned, applied)) in objects {
            live.insert(key.clone(), returned);
            wanted.insert(key, applied);
        }
        Self {
            nonce,
            next_nonce,
            version,
            live,
            wanted,
            terminating,
            unmarked_uid,
            labels,
            planned,
            generation,
            absence,
        }
    }
}
