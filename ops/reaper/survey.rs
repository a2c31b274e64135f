//! Survey of an installation: its namespaces and ledgers, read page by page.

use std::collections::{BTreeMap, BTreeSet};

use eod_domain::ledger::{EndReason, LedgerPhase};
use eod_domain::{EnvironmentName, EnvironmentReading, labels};
use jiff::Timestamp;
use serde_json::Value;

use crate::mutation::mutated;
use crate::observed::{KnownPullRequest, Observed, Survey};
use crate::ports::{CallError, CallErrorKind, ClusterPort, HeadEntry, LedgerPort, ListPage, Ports};
use crate::run::Run;

impl<P: Ports> Run<'_, P> {
    /// Reads all ledgers, then all namespaces. A namespace that is missing in the second list was missing after its ledger
    /// was read.
    pub(crate) async fn survey(&mut self, now: Timestamp) -> Result<Survey, CallError> {
        let mut heads = self.heads().await?;
        let mut survey = Survey::default();
        let mut names = BTreeSet::new();
        let mut page = None;
        loop {
            let ListPage { items, next } = self.ports.cluster().namespaces(page.as_ref()).await?;
            for namespace in items {
                let Some(name) = self.environment_name(&namespace) else { continue };
                survey.newest = survey.newest.max(creation(&namespace));
                // A list that continues after a change may contain an object twice.
                if names.insert(name.clone()) {
                    let entry = heads.remove(&name);
                    survey.environments.push(self.observed(name, &namespace, entry, now));
                }
            }
            if next.is_none() {
                break;
            }
            page = next;
        }
        survey.environments.sort_by(|one, other| one.name.cmp(&other.name));
        survey.absent = heads.into_values().collect();
        self.count(&survey);
        Ok(survey)
    }

    async fn heads(&mut self) -> Result<BTreeMap<EnvironmentName, HeadEntry>, CallError> {
        let mut heads = BTreeMap::new();
        let mut page = None;
        loop {
            let ListPage { items, next } = self.ports.ledgers().heads(page.as_ref()).await?;
            for item in items {
                match item {
                    Ok(entry) => drop(heads.insert(entry.environment.clone(), entry)),
                    Err(problem) => self.report.problem("ledgers", problem),
                }
            }
            if next.is_none() {
                return Ok(heads);
            }
            page = next;
        }
    }

    /// Combines a namespace with its ledger.
    pub(crate) fn observed(
        &self,
        name: EnvironmentName,
        namespace: &Value,
        entry: Option<HeadEntry>,
        now: Timestamp,
    ) -> Observed {
        let head = entry.as_ref().and_then(|entry| entry.head.as_ref().ok());
        let settings = self.settings;
        let reading = EnvironmentReading::new(namespace, head, &settings.tiers, &settings.prices, now);
        Observed { name, reading, entry, pull_request: KnownPullRequest::default() }
    }

    /// Reads namespace and ledger of one environment again; none if there is no namespace.
    pub(crate) async fn look(&self, name: &EnvironmentName, now: Timestamp) -> Result<Option<Observed>, CallError> {
        let entry = self.ports.ledgers().head(name).await?;
        let Some(namespace) = self.ports.cluster().namespace(name).await? else { return Ok(None) };
        if !self.is_ours(&namespace) {
            return Err(CallError::new(CallErrorKind::Invalid, self.unlabelled_namespace(name.as_str())));
        }
        Ok(Some(self.observed(name.clone(), &namespace, entry, now)))
    }

    /// Name of an environment; a namespace with an impossible name, or of another installation, is reported.
    fn environment_name(&mut self, namespace: &Value) -> Option<EnvironmentName> {
        let name = namespace.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        if !self.is_ours(namespace) {
            let problem = self.unlabelled_namespace(name);
            self.report.problem(name, problem);
            return None;
        }
        match name.parse() {
            Ok(name) => Some(name),
            Err(error) => {
                self.report
                    .problem(name, format!("the namespace has ownership labels and cannot be one of EoD: {error}"));
                None
            }
        }
    }

    /// True if a namespace has the ownership labels of this installation. The list of namespaces selects by the same labels.
    pub(crate) fn is_ours(&self, namespace: &Value) -> bool {
        let label = |key: &str| namespace.get("metadata")?.get("labels")?.get(key)?.as_str();
        label(labels::MANAGED_BY) == Some(labels::MANAGED_BY_VALUE)
            && label(labels::INSTALLATION) == Some(self.settings.installation.as_str())
            && label(labels::ENV).is_some()
    }

    /// Problem of a namespace that is not ours although an environment has its name, with its remedy.
    pub(crate) fn unlabelled_namespace(&self, name: &str) -> String {
        format!(
            "namespace `{name}` exists without the ownership labels of this installation, so its environment neither lives \
                nor ends: set the labels `{}={}`, `{}={}` and `{}={name}` again, or delete the namespace",
            labels::MANAGED_BY,
            labels::MANAGED_BY_VALUE,
            labels::INSTALLATION,
            self.settings.installation,
            labels::ENV,
        )
    }

    fn count(&mut self, survey: &Survey) {
        for observed in &survey.environments {
            *self.report.environments.entry(observed.reading.status).or_default() += 1;
        }
        // A deletion of others, which may be stuck for ever, holds up no end.
        let is_counted =
            |observed: &&Observed| observed.reading.terminating && (is_ending(observed) || mutated!(AllDeletionsCount));
        let deleting = survey.environments.iter().filter(is_counted);
        self.in_deletion = deleting.map(|observed| observed.name.clone()).collect();
    }
}

/// True if an end of the reaper runs for the environment. A destroy is not one.
fn is_ending(observed: &Observed) -> bool {
    let head = observed.own_head().filter(|head| head.phase == LedgerPhase::Ending);
    head.is_some_and(|head| head.reason != Some(EndReason::Destroyed))
}

fn creation(namespace: &Value) -> Option<Timestamp> {
    namespace.pointer("/metadata/creationTimestamp")?.as_str()?.parse().ok()
}
