//! View of an environment: the values of a row in a list, in texts and in JSON.

mod attributes;

use std::collections::BTreeMap;

use eod_domain::ledger::{EndReason, EndStep, LedgerHead, LedgerPhase, MadeBy, StepOutcome};
use eod_domain::{
    Domain, EndMark, EnvironmentName, EnvironmentReading, HeadSha, Identity, Money, Status, Subject, Tier,
    environment_host, labels,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::duration_text::{age, rough};
use crate::settings::OpsSettings;

/// Label of every namespace with its name, set by the API server.
const SERVER_LABEL: &str = "kubernetes.io/metadata.name";
/// Number of characters of a commit in a table.
const SHORT_SHA: usize = 7;

/// Environment as shown: living, queued or ended.
#[derive(Clone, Debug)]
pub(crate) struct EnvironmentView {
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) tier: Option<Tier>,
    pub(crate) owner: Option<String>,
    pub(crate) identity: Option<Identity>,
    pub(crate) pull_request_url: Option<String>,
    pub(crate) head_sha: Option<HeadSha>,
    pub(crate) deployed_sha: Option<HeadSha>,
    pub(crate) uid: Option<String>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) last_activity_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) ended_reason: Option<String>,
    pub(crate) ttl: Option<String>,
    pub(crate) protected: bool,
    pub(crate) permanent: bool,
    pub(crate) asleep: bool,
    pub(crate) failing: Option<String>,
    pub(crate) made_by: Option<MadeBy>,
    pub(crate) mark: Option<EndMark>,
    pub(crate) generation: u64,
    pub(crate) cost_per_day: Option<Money>,
    pub(crate) queue: Option<QueuePlace>,
    pub(crate) left: Vec<EndStep>,
    /// True if a step in `left` has failed, or is left by a finished end. The steps of a running end are expected, and so is
    /// the rest of a recorded destroy: the next run of the reaper takes it.
    pub(crate) is_left_wrong: bool,
    pub(crate) extension: Option<String>,
    pub(crate) host: Option<String>,
    /// Recorded arguments as the text of a JSON object; empty for a table, which shows none of them. A text needs much less
    /// memory than the parsed object.
    arguments: Box<str>,
    /// Values that cannot be read.
    pub(crate) problems: Vec<String>,
}

/// Place of a waiting environment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct QueuePlace {
    /// Position, from 1.
    pub(crate) position: usize,
    /// Number of waiting environments.
    pub(crate) waiting: usize,
}

impl EnvironmentView {
    /// View of a namespace with its reading.
    pub(crate) fn living(
        namespace: &Value,
        reading: &EnvironmentReading,
        head: Option<&LedgerHead>,
        domain: Option<&Domain>,
    ) -> Self {
        let text = |key: &str| annotation(namespace, key).map(ToOwned::to_owned);
        let head = reading.own_head(head);
        let domain = domain.filter(|_| attributes::has_hosts(namespace));
        let named = reading.name.parse::<EnvironmentName>().ok().zip(domain);
        Self {
            name: reading.name.clone(),
            status: reading.status,
            tier: reading.tier,
            owner: text(labels::OWNER).or_else(|| label(namespace, labels::OWNER).map(ToOwned::to_owned)),
            identity: reading.identity.clone(),
            pull_request_url: text(labels::PR_URL),
            head_sha: reading.head_sha.clone(),
            deployed_sha: reading.deployed_sha.clone(),
            uid: Some(reading.uid.clone()),
            created_at: reading.times.created_at,
            last_activity_at: reading.times.last_activity_at,
            expires_at: reading.expires_at(),
            ended_at: None,
            ended_reason: None,
            ttl: reading.ttl().map(|ttl| ttl.to_string()),
            protected: reading.protected,
            permanent: reading.is_permanent(),
            asleep: reading.asleep,
            failing: reading.failing.clone(),
            made_by: reading.made_by.or_else(|| head.map(|head| head.made_by)),
            mark: reading.mark,
            generation: reading.generation,
            cost_per_day: reading.cost_per_day,
            queue: None,
            left: head.map(LedgerHead::left).unwrap_or_default(),
            is_left_wrong: head.is_some_and(is_left_wrong),
            extension: text(labels::EXTENSION),
            host: named.as_ref().map(|(name, domain)| environment_host(name, domain)),
            arguments: Box::default(),
            problems: reading.problems.iter().map(ToString::to_string).collect(),
        }
    }

    /// Adds the recorded arguments of a namespace, for JSON.
    #[must_use]
    pub(crate) fn with_arguments(
        mut self,
        namespace: &Value,
        reading: &EnvironmentReading,
        settings: &OpsSettings,
    ) -> Self {
        self.arguments = Value::Object(attributes::recorded(namespace, reading, settings)).to_string().into();
        self
    }

    /// View of a ledger without a namespace.
    pub(crate) fn absent(name: &str, head: &LedgerHead, queue: Option<QueuePlace>) -> Self {
        let is_queued = head.phase == LedgerPhase::Queued;
        let is_over = head.phase == LedgerPhase::Ended;
        Self {
            name: name.to_owned(),
            status: if matches!(head.phase, LedgerPhase::Queued | LedgerPhase::Creating) {
                Status::Pending
            } else {
                Status::Destroyed
            },
            tier: Some(head.tier),
            owner: head.owner.as_ref().map(ToString::to_string),
            identity: head.identity.parse().ok(),
            pull_request_url: None,
            head_sha: head.head_sha.clone(),
            deployed_sha: None,
            uid: head.uid.clone(),
            created_at: None,
            last_activity_at: None,
            expires_at: None,
            ended_at: is_over.then_some(head.since),
            ended_reason: head.reason.filter(|_| head.is_absent()).map(|reason| reason.to_string()),
            ttl: None,
            protected: false,
            permanent: false,
            asleep: false,
            failing: None,
            made_by: Some(head.made_by),
            mark: None,
            generation: head.generation,
            cost_per_day: None,
            queue: queue.filter(|_| is_queued),
            left: head.left(),
            is_left_wrong: is_left_wrong(head),
            extension: None,
            host: None,
            arguments: Box::default(),
            problems: Vec::new(),
        }
    }

    /// True for an environment that is shown only on request: ended, or waiting for a place.
    pub(crate) fn is_hidden(&self) -> bool {
        self.ended_at.is_some() || self.queue.is_some() || (self.uid.is_none() && self.status == Status::Pending)
    }

    /// Repository in its short form.
    pub(crate) fn repository(&self) -> Option<String> {
        Some(self.identity.as_ref()?.repository.as_ref()?.short())
    }

    /// URL of the environment.
    pub(crate) fn url(&self) -> Option<String> {
        self.host.as_ref().map(|host| format!("https://{host}"))
    }

    /// Commit for a table; with a `*` if another commit runs.
    pub(crate) fn commit(&self) -> String {
        let short = self.head_sha.as_ref().map(short_sha).unwrap_or_default();
        let differs = |(head, deployed): (&HeadSha, &HeadSha)| !head.is_same_commit(deployed);
        let runs_other = self.head_sha.as_ref().zip(self.deployed_sha.as_ref()).is_some_and(differs);
        if runs_other { format!("{short}*") } else { short }
    }

    /// Commit that runs, for a table.
    pub(crate) fn runs(&self) -> String {
        self.deployed_sha.as_ref().map(short_sha).unwrap_or_default()
    }

    /// Age for a table.
    pub(crate) fn age(&self, now: Timestamp) -> String {
        self.created_at.map(|created| age(created, now)).unwrap_or_default()
    }

    /// Time of the next end; none if there is none. A mark can be later than the expiry, because a warning needs its time.
    pub(crate) fn end(&self) -> Option<Timestamp> {
        if self.permanent {
            return None;
        }
        self.expires_at.max(self.mark.map(|mark| mark.reap_after))
    }

    /// End for a table.
    pub(crate) fn ends(&self, now: Timestamp) -> String {
        if let Some(ended) = self.ended_at {
            return format!("ended {} ago", age(ended, now));
        }
        if let Some(QueuePlace { position, waiting }) = self.queue {
            return format!("queued {position} of {waiting}");
        }
        if self.status == Status::Destroyed {
            return "ending".to_owned();
        }
        if self.protected {
            return "protected".to_owned();
        }
        if self.status == Status::AwaitingApproval {
            return "awaits approval".to_owned();
        }
        match self.end() {
            Some(end) if end <= now => "now".to_owned(),
            Some(end) => format!("in {}", rough(end.duration_since(now))),
            None if !self.problems.is_empty() => "unreadable".to_owned(),
            None => "never".to_owned(),
        }
    }

    /// Cost for a table.
    pub(crate) fn cost(&self) -> String {
        self.cost_per_day.map(|cost| format!("${:.2}", dollars(cost))).unwrap_or_default()
    }

    /// Steps that an end has left, for a table.
    pub(crate) fn left_text(&self) -> String {
        self.left.iter().map(|step| step.as_str()).collect::<Vec<_>>().join(",")
    }

    /// JSON object; the keys are the attributes of `eod_environment` and those of operations.
    pub(crate) fn json(&self) -> Value {
        let identity = self.identity.as_ref();
        let (pull_request, branch) = match identity.map(|identity| &identity.subject) {
            Some(Subject::PullRequest(number)) => (Some(number.get()), None),
            Some(Subject::Branch(branch)) => (None, Some(branch.as_str())),
            Some(Subject::Given) | None => (None, None),
        };
        let mut all = attributes::nulls();
        all.extend(serde_json::from_str::<Map<String, Value>>(&self.arguments).unwrap_or_default());
        let known = json!({
            "id": self.name,
            "name": self.name,
            "namespace": self.name,
            "uid": self.uid,
            "repository": self.repository(),
            "pull_request": pull_request,
            "branch": branch,
            "pull_request_url": self.pull_request_url,
            "head_sha": self.head_sha,
            "owner": self.owner,
            "tier": self.tier,
            "ttl": self.ttl,
            "extension": self.extension,
            "protected": self.protected,
            "host": self.host,
            "url": self.url(),
            "status": self.status,
            "created_at": self.created_at,
            "last_activity_at": self.last_activity_at,
            "expires_at": self.expires_at,
            "ended_at": self.ended_at,
            "ended_reason": self.ended_reason,
            "cost_per_day_usd": self.cost_per_day.map(dollars),
            "deployed_sha": self.deployed_sha,
            "made_by": self.made_by,
            "reap_after": self.mark.map(|mark| mark.reap_after),
            "reap_reason": self.mark.map(|mark| mark.reason),
            "asleep": self.asleep,
            "failing": self.failing,
            "queue": self.queue.map(|queue| json!({ "position": queue.position, "waiting": queue.waiting })),
            "left": self.left,
            "generation": self.generation,
            "problems": self.problems,
        });
        if let Value::Object(known) = known {
            all.extend(known);
        }
        Value::Object(all)
    }
}

/// True if a finished end has left steps, or if a step has failed. The steps of a running end and the untried rest of a
/// recorded destroy are not wrong.
fn is_left_wrong(head: &LedgerHead) -> bool {
    let is_failed = |step: &EndStep| head.steps.get(step) == Some(&StepOutcome::Failed);
    let left = head.left();
    match head.phase {
        LedgerPhase::Ending => left.iter().any(is_failed),
        LedgerPhase::Ended if head.reason == Some(EndReason::Destroyed) => left.iter().any(is_failed),
        LedgerPhase::Ended | LedgerPhase::Queued | LedgerPhase::Creating | LedgerPhase::Live => !left.is_empty(),
    }
}

/// An annotation of an object.
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

/// A label of an object.
pub(crate) fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("labels")?.get(key)?.as_str()
}

/// All labels of a namespace, except the one that the API server sets.
fn all_labels(namespace: &Value) -> BTreeMap<String, String> {
    let labels = namespace.get("metadata").and_then(|metadata| metadata.get("labels")).and_then(Value::as_object);
    let labels = labels.into_iter().flatten().filter(|(key, _)| *key != SERVER_LABEL);
    labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn short_sha(sha: &HeadSha) -> String {
    sha.as_str().chars().take(SHORT_SHA).collect()
}

/// Amount in dollars, for people and for JSON numbers. Amounts below a billion dollars are exact to a millionth.
#[expect(clippy::cast_precision_loss, reason = "an amount has at most 15 significant digits")]
fn dollars(money: Money) -> f64 {
    money.micros() as f64 / 1e6
}

#[cfg(test)]
mod tests;
