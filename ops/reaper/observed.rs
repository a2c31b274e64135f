//! Knowledge of a run about the environments of its installation.

use std::collections::BTreeSet;

use eod_domain::ledger::{LedgerHead, LedgerPhase};
use eod_domain::{EnvironmentName, EnvironmentReading, Identity, PullRequestState};
use jiff::Timestamp;

use crate::ports::{HeadEntry, ObjectVersion, PullRequestFacts};

/// Everything that a run knows of the installation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// Environments with a namespace, by name.
    pub(crate) environments: Vec<Observed>,
    /// Ledgers of environments without a namespace, by name.
    pub(crate) absent: Vec<HeadEntry>,
    /// Newest creation of a namespace.
    pub(crate) newest: Option<Timestamp>,
}

/// Environment with a namespace.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    /// Name of the environment.
    pub(crate) name: EnvironmentName,
    /// Reading of namespace and ledger.
    pub(crate) reading: EnvironmentReading,
    /// Ledger; none if there is none.
    pub(crate) entry: Option<HeadEntry>,
    /// State of the pull request.
    pub(crate) pull_request: KnownPullRequest,
}

/// State of a pull request or branch as far as it is known.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct KnownPullRequest {
    /// State for the decision.
    pub(crate) state: PullRequestState,
    /// Facts of the forge; none for a branch and for an unknown pull request.
    pub(crate) facts: Option<PullRequestFacts>,
    /// True if no forge can ever report it: none is configured, or the identity names no pull request and no branch.
    pub(crate) is_unknowable: bool,
}

impl Observed {
    /// Head of the ledger, if it can be read.
    pub(crate) fn head(&self) -> Option<&LedgerHead> {
        self.entry.as_ref()?.head.as_ref().ok()
    }

    /// Head of the environment's own ledger.
    pub(crate) fn own_head(&self) -> Option<&LedgerHead> {
        self.reading.own_head(self.head())
    }

    /// Head of the environment's own ledger, if it lives.
    pub(crate) fn live_head(&self) -> Option<&LedgerHead> {
        self.own_head().filter(|head| head.phase == LedgerPhase::Live)
    }

    /// Version of the namespace that was read.
    pub(crate) fn version(&self) -> ObjectVersion {
        ObjectVersion { uid: self.reading.uid.clone(), resource_version: self.reading.resource_version.clone() }
    }
}

impl Survey {
    /// Names of all environments with a namespace or a ledger.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        let living = self.environments.iter().map(|observed| observed.name.as_str());
        living.chain(self.absent.iter().map(|entry| entry.environment.as_str())).collect()
    }

    /// List that is much shorter than the last complete one, without ends that explain it. `since` is the time of
    /// that list, `gone` the number of environments without a namespace that are confirmed.
    pub(crate) fn short_list(&self, before: usize, since: Option<Timestamp>, gone: usize) -> Option<ShortList> {
        let now = self.environments.len();
        // The namespace of a running end may go long after the end has begun.
        let is_end = |head: &LedgerHead| {
            let is_new = since.is_some_and(|since| head.since >= since);
            // A return that was refused for lack of a place had an end, or gave its namespace back.
            let is_queued_return = head.phase == LedgerPhase::Queued && head.generation > 0;
            head.phase == LedgerPhase::Ending || ((head.is_ended() || is_queued_return) && is_new)
        };
        let ends = self.absent.iter().filter(|entry| entry.head.as_ref().is_ok_and(is_end)).count();
        let ends = ends.saturating_add(gone);
        let explained = now.saturating_add(ends);
        let missing = before.saturating_sub(explained);
        (explained.saturating_mul(2) < before).then_some(ShortList { now, before, ends, missing })
    }
}

/// List of namespaces that is less than half as long as the last complete one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the list of namespaces has {now} environments, the last complete list had {before}, and {ends} ends since then are recorded \
        or confirmed; check the cluster, and if the other {missing} environments are really gone, run `eod reap --accept {missing}`"
)]
pub(crate) struct ShortList {
    /// Number of environments.
    pub(crate) now: usize,
    /// Number of environments in the last complete list.
    pub(crate) before: usize,
    /// Number of recorded ends since that list, and of environments without a namespace that are confirmed.
    pub(crate) ends: usize,
    /// Number of environments without an explanation.
    pub(crate) missing: usize,
}

/// Identity in a ledger's head; none if it cannot be parsed.
pub(crate) fn identity_of(head: &LedgerHead) -> Option<Identity> {
    head.identity.parse().ok()
}
