//! Reading of an environment: all values from its namespace and its ledger.
//!
//! Provider, data sources, `eod` and the reaper all use this function, so their results are equal.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Clock;
use crate::cost::{Money, Prices, cost_per_day};
use crate::expiry::{Expiry, ExpiryError, Times, WrittenTimes};
use crate::labels;
use crate::ledger::{EndReason, LedgerHead, LedgerPhase, MadeBy};
use crate::lifecycle::{Facts, Status, status};
use crate::name::Identity;
use crate::owner::Owner;
use crate::pull_request::HeadSha;
use crate::spec::EnvironmentSpec;
use crate::tier::{Tier, Tiers};
use crate::ttl::Ttl;

/// Environment at a point in time, from its namespace and its ledger.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EnvironmentReading {
    /// Name of the namespace and of the environment.
    pub name: String,
    /// Server's id of the namespace.
    pub uid: String,
    /// Version of the namespace that was read.
    pub resource_version: String,
    /// Installation that owns the environment.
    pub installation: Option<String>,
    /// Identity of the environment; none if it cannot be read.
    pub identity: Option<Identity>,
    /// Owner as set by the user: annotation `/owner`; none if it is not set.
    pub owner: Option<Owner>,
    /// Tier: label `/tier`, else the argument; none if it cannot be read.
    pub tier: Option<Tier>,
    /// Creation, last activity, TTL and end.
    pub times: Times,
    /// Tool that created the environment; none if it is not recorded.
    pub made_by: Option<MadeBy>,
    /// Generation of the ledger; 0 without a ledger.
    pub generation: u64,
    /// Mark of the reaper: the warning of an end.
    pub mark: Option<EndMark>,
    /// Approval of an end, if there is one.
    pub approval: Option<Approval>,
    /// True if the environment must not be ended.
    pub protected: bool,
    /// True if the create is finished. A rendered namespace is complete from its first apply.
    pub provisioned: bool,
    /// True if the namespace is being deleted.
    pub terminating: bool,
    /// True if the rendered workloads have no replicas.
    pub asleep: bool,
    /// First successful deployment.
    pub deployed_at: Option<Timestamp>,
    /// Commit that runs.
    pub deployed_sha: Option<HeadSha>,
    /// Cause and object of a failing deployment.
    pub failing: Option<String>,
    /// Newest commit.
    pub head_sha: Option<HeadSha>,
    /// Cost per day; none if the arguments cannot be read.
    pub cost_per_day: Option<Money>,
    /// Status.
    pub status: Status,
    /// Values that cannot be read. An environment with a problem is kept and reported.
    pub problems: Vec<ReadingProblem>,
}

/// Mark of the reaper on a namespace: annotations `/reap-after` and `/reap-reason`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EndMark {
    /// Earliest time of the end.
    pub reap_after: Timestamp,
    /// Reason of the end.
    pub reason: EndReason,
}

/// Approval of an end: annotation `/approved`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Approval {
    /// Name of the approver.
    pub by: String,
    /// Time of the approval.
    pub at: Timestamp,
    /// End that was approved; none if the environment was permanent then.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// Generation that was approved.
    pub generation: u64,
}

/// Value on a namespace that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReadingProblem {
    /// The ownership labels are missing.
    #[error("ownership labels are missing")]
    NoOwnership,
    /// The identity is missing or invalid.
    #[error("annotation `{key}` is missing or invalid", key = labels::IDENTITY)]
    Identity,
    /// The ledger belongs to another identity.
    #[error("the ledger belongs to `{0}`")]
    OtherLedger(String),
    /// The label `/tier` is missing or invalid.
    #[error("label `{key}` must be a tier, got `{0}`", key = labels::TIER)]
    Tier(String),
    /// A time is invalid.
    #[error(transparent)]
    Time(#[from] ExpiryError),
    /// An annotation is invalid.
    #[error("annotation `{key}` is invalid, got `{text}`")]
    Annotation {
        /// Key of the annotation.
        key: &'static str,
        /// Text of the annotation.
        text: String,
    },
}

impl Approval {
    /// True if this approval is for the end at `expires_at` in this generation.
    pub fn is_valid(&self, expires_at: Option<Timestamp>, generation: u64) -> bool {
        self.expires_at == expires_at && self.generation == generation
    }
}

impl EnvironmentReading {
    /// Reads an environment from its namespace and the head of its ledger.
    pub fn new(namespace: &Value, head: Option<&LedgerHead>, tiers: &Tiers, prices: &Prices, now: Timestamp) -> Self {
        let metadata = NamespaceMetadata::of(namespace);
        let mut problems = Vec::new();
        let managed = metadata.label(labels::MANAGED_BY) == Some(labels::MANAGED_BY_VALUE);
        let installation = metadata.label(labels::INSTALLATION).filter(|_| managed).map(ToOwned::to_owned);
        if installation.is_none() {
            problems.push(ReadingProblem::NoOwnership);
        }
        let spec = metadata.annotation(labels::SPEC).map(EnvironmentSpec::from_json);
        if let (Some(Err(_)), Some(text)) = (&spec, metadata.annotation(labels::SPEC)) {
            problems.push(ReadingProblem::Annotation { key: labels::SPEC, text: text.to_owned() });
        }
        let spec = spec.and_then(Result::ok);
        let identity = identity(&metadata, head, &mut problems);
        let head = head.filter(|head| is_own(head, identity.as_ref()));
        let tier = tier(&metadata, spec.as_ref(), &mut problems);
        let settings = tier.map(|tier| tiers.get(tier));
        let times = Times::read(&metadata.times(), settings.and_then(|settings| settings.ttl), now);
        if let Expiry::Unreadable(error) = &times.expiry {
            problems.push(error.clone().into());
        }
        let protected = match metadata.parsed::<bool>(labels::PROTECTED, &mut problems) {
            Some(protected) => protected,
            None => settings.is_some_and(|settings| settings.protected),
        };
        let made_by = metadata.parsed(labels::MADE_BY, &mut problems);
        let provisioned = metadata.annotation(labels::PROVISIONED_AT).is_some() || made_by == Some(MadeBy::Argocd);
        let failing = metadata.annotation(labels::FAILING).map(ToOwned::to_owned);
        let deployed_at = metadata.parsed(labels::DEPLOYED_AT, &mut problems);
        let quota = settings.zip(spec.as_ref()).map(|(settings, spec)| settings.quota.with(&spec.quota));
        let mark = mark(&metadata, &mut problems);
        let approval = approval(&metadata, &mut problems);
        let mut reading = Self {
            name: metadata.field("name").to_owned(),
            uid: metadata.field("uid").to_owned(),
            resource_version: metadata.field("resourceVersion").to_owned(),
            installation,
            identity,
            owner: metadata.annotation(labels::OWNER).and_then(|owner| owner.parse().ok()),
            tier,
            times,
            made_by,
            generation: head.map_or(0, |head| head.generation),
            mark,
            approval,
            protected,
            provisioned,
            terminating: metadata.is_terminating(),
            asleep: metadata.annotation(labels::STATE) == Some(labels::STATE_ASLEEP),
            deployed_at,
            deployed_sha: metadata.parsed(labels::DEPLOYED_SHA, &mut problems),
            failing,
            head_sha: metadata.parsed(labels::HEAD_SHA, &mut problems),
            cost_per_day: quota.map(|quota| cost_per_day(&quota, prices)),
            status: Status::Pending,
            problems,
        };
        reading.status = reading.status_at(head, tiers, now);
        reading
    }

    /// Head of the environment's own ledger; none if the ledger belongs to another identity.
    pub fn own_head<'a>(&self, head: Option<&'a LedgerHead>) -> Option<&'a LedgerHead> {
        head.filter(|head| is_own(head, self.identity.as_ref()))
    }

    /// End of the environment; none if it is permanent or cannot be read.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.times.expiry.at()
    }

    /// TTL of the environment; none if it is permanent or cannot be read.
    pub fn ttl(&self) -> Option<Ttl> {
        self.times.ttl
    }

    /// True if there is an approval for the current end.
    pub fn is_approved(&self) -> bool {
        let is_valid = |approval: &Approval| approval.is_valid(self.expires_at(), self.generation);
        self.approval.as_ref().is_some_and(is_valid)
    }

    /// True if the reaper never ends the environment.
    pub fn is_permanent(&self) -> bool {
        self.protected || self.tier == Some(Tier::Staging)
    }

    /// Replaces the clock and the head of the ledger, as if these values were stored. A dry run decides with the
    /// result, because it writes nothing. `None` keeps the clock.
    pub fn assume(&mut self, clock: Option<Clock>, head: Option<&LedgerHead>, tiers: &Tiers, now: Timestamp) {
        if let Some(clock) = clock {
            self.times.last_activity_at = Some(clock.last_activity_at);
            self.times.expiry = clock.expires_at.map_or(Expiry::Never, Expiry::At);
        }
        let head = self.own_head(head);
        self.generation = head.map_or(0, |head| head.generation);
        self.status = self.status_at(head, tiers, now);
    }

    fn status_at(&self, head: Option<&LedgerHead>, tiers: &Tiers, now: Timestamp) -> Status {
        // An environment with a recorded end of this namespace no longer exists.
        let is_ending = |head: &LedgerHead| head.phase == LedgerPhase::Ending && head.uid.as_deref() == Some(&self.uid);
        let tier = self.tier.unwrap_or_default();
        let facts = Facts {
            exists: !self.terminating && !head.is_some_and(is_ending),
            provisioned: self.provisioned,
            deployed: self.deployed_at.is_some(),
            failed: self.failing.is_some(),
            tier,
            ttl: self.times.ttl,
            warning: tiers.get(tier).warning,
            last_activity_at: self.times.last_activity_at,
            // The end of a protected environment is never reached.
            expires_at: self.expires_at().filter(|_| !self.is_permanent()),
        };
        status(&facts, now)
    }
}

/// Metadata of a namespace.
struct NamespaceMetadata<'a>(&'a Value);

impl<'a> NamespaceMetadata<'a> {
    fn of(namespace: &'a Value) -> Self {
        Self(namespace.get("metadata").unwrap_or(&Value::Null))
    }

    fn field(&self, name: &str) -> &'a str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn label(&self, key: &str) -> Option<&'a str> {
        self.0.get("labels")?.get(key)?.as_str()
    }

    fn annotation(&self, key: &str) -> Option<&'a str> {
        self.0.get("annotations")?.get(key)?.as_str()
    }

    fn is_terminating(&self) -> bool {
        self.0.get("deletionTimestamp").is_some_and(|time| !time.is_null())
    }

    fn times(&self) -> WrittenTimes<'a> {
        WrittenTimes {
            creation_timestamp: self.0.get("creationTimestamp").and_then(Value::as_str),
            created_at: self.annotation(labels::CREATED_AT),
            last_activity_at: self.annotation(labels::LAST_ACTIVITY_AT),
            expires_at: self.annotation(labels::EXPIRES_AT),
            ttl: self.label(labels::TTL),
        }
    }

    /// Parses an annotation. An invalid one is a problem and has no value.
    fn parsed<T: std::str::FromStr>(&self, key: &'static str, problems: &mut Vec<ReadingProblem>) -> Option<T> {
        let text = self.annotation(key)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            problems.push(ReadingProblem::Annotation { key, text: text.to_owned() });
        }
        parsed
    }
}

/// True if the ledger belongs to this identity.
fn is_own(head: &LedgerHead, identity: Option<&Identity>) -> bool {
    identity.is_some_and(|identity| head.identity == identity.canonical())
}

fn identity(
    metadata: &NamespaceMetadata<'_>,
    head: Option<&LedgerHead>,
    problems: &mut Vec<ReadingProblem>,
) -> Option<Identity> {
    let identity: Option<Identity> = metadata.annotation(labels::IDENTITY).and_then(|text| text.parse().ok());
    match (&identity, head) {
        (None, _) => problems.push(ReadingProblem::Identity),
        // The tombstone of another identity, or its place in the queue, does not concern this environment.
        (Some(identity), Some(head)) if !is_own(head, Some(identity)) && head.is_running() => {
            problems.push(ReadingProblem::OtherLedger(head.identity.clone()));
        }
        (Some(_), _) => {}
    }
    identity
}

fn tier(
    metadata: &NamespaceMetadata<'_>,
    spec: Option<&EnvironmentSpec>,
    problems: &mut Vec<ReadingProblem>,
) -> Option<Tier> {
    let label = metadata.label(labels::TIER);
    let tier = match label {
        Some(text) => text.parse().ok(),
        None => spec.and_then(|spec| spec.tier),
    };
    if tier.is_none() {
        problems.push(ReadingProblem::Tier(label.unwrap_or_default().to_owned()));
    }
    tier
}

fn mark(metadata: &NamespaceMetadata<'_>, problems: &mut Vec<ReadingProblem>) -> Option<EndMark> {
    let reap_after = metadata.parsed(labels::REAP_AFTER, problems)?;
    // A mark without its reason is damaged, and a damaged mark never ends an environment.
    if metadata.annotation(labels::REAP_REASON).is_none() {
        problems.push(ReadingProblem::Annotation { key: labels::REAP_REASON, text: String::new() });
    }
    Some(EndMark { reap_after, reason: metadata.parsed(labels::REAP_REASON, problems)? })
}

fn approval(metadata: &NamespaceMetadata<'_>, problems: &mut Vec<ReadingProblem>) -> Option<Approval> {
    let text = metadata.annotation(labels::APPROVED)?;
    let approval = serde_json::from_str(text).ok();
    if approval.is_none() {
        problems.push(ReadingProblem::Annotation { key: labels::APPROVED, text: text.to_owned() });
    }
    approval
}

/// Annotations of a mark, to be written by one merge patch. `None` removes the mark.
pub fn mark_annotations(mark: Option<EndMark>) -> BTreeMap<String, Option<String>> {
    [
        (labels::REAP_AFTER.to_owned(), mark.map(|mark| mark.reap_after.to_string())),
        (labels::REAP_REASON.to_owned(), mark.map(|mark| mark.reason.to_string())),
    ]
    .into()
}

#[cfg(test)]
mod tests;
