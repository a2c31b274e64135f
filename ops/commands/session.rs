//! OpsSession of a command: settings, client, ledgers and time limit.

use std::collections::BTreeMap;

use eod_clients::Deadline;
use eod_clients::kubernetes::{Kubernetes, LedgerConfigMaps, LedgerSnapshot, ObjectRef};
use eod_clients::vault::Vault;
use eod_domain::ledger::LedgerHead;
use eod_domain::{EnvironmentName, EnvironmentReading, labels};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::arguments::{CommonArguments, DEFAULT_TIMEOUT};
use crate::cluster;
use crate::failure::Failure;
use crate::forges::Forges;
use crate::output::note;
use crate::settings::OpsSettings;

/// Field manager of writes to the ledger and to annotations, except the clock.
pub(crate) const MANAGER: &str = "eod-cli";
/// Field manager of the clock annotations. They are never in an applied set.
pub(crate) const CLOCK_MANAGER: &str = "eod-clock";
/// Minimum difference of the clocks for a warning.
const SKEW_MAX: SignedDuration = SignedDuration::from_mins(2);

/// OpsSession of a command.
#[derive(Debug)]
pub(crate) struct OpsSession {
    /// Settings of the command.
    pub(crate) settings: OpsSettings,
    /// Client of the cluster.
    pub(crate) kubernetes: Kubernetes,
    /// Ledgers of the installation.
    pub(crate) ledgers: LedgerConfigMaps,
    /// Forges of the repositories.
    pub(crate) forges: Forges,
    /// Vault with the copies of environments; none if it is not configured.
    pub(crate) vault: Option<Vault>,
    /// Time limit of the command.
    pub(crate) deadline: Deadline,
    /// Environment variables of the process.
    pub(crate) variables: BTreeMap<String, String>,
}

/// Environment with its namespace and its ledger.
#[derive(Debug)]
pub(crate) struct LoadedEnvironment {
    /// Namespace; none if it does not exist.
    pub(crate) namespace: Option<Value>,
    /// Ledger; none if there is none.
    pub(crate) ledger: Option<LedgerSnapshot>,
    /// Reading of the namespace.
    pub(crate) reading: Option<EnvironmentReading>,
    /// Time of the API server.
    pub(crate) now: Timestamp,
}

impl OpsSession {
    /// Reads the settings and selects the cluster. Nothing is contacted.
    pub(crate) fn new(
        arguments: &CommonArguments,
        command: &str,
        variables: BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        let settings = OpsSettings::read(arguments, &variables)?;
        let access = cluster::access(arguments, &variables)?;
        let user_agent = format!("eod/{} ({command})", env!("CARGO_PKG_VERSION"));
        let forges = Forges::new(&settings.forges, &variables, &user_agent)?;
        let vault = settings.vault.is_used().then(|| settings.vault.access(&variables)).transpose();
        let vault = vault.map_err(Failure::usage)?.map(|access| Vault::new(access, &user_agent));
        let kubernetes = Kubernetes::new(access, &user_agent);
        let ledgers = LedgerConfigMaps::new(
            kubernetes.clone(),
            settings.control_namespace.to_string(),
            settings.installation.clone(),
            MANAGER,
        );
        let limit = arguments.time_limit(DEFAULT_TIMEOUT);
        let deadline = Deadline::within(limit, CancellationToken::new());
        Ok(Self { settings, kubernetes, ledgers, forges, vault, deadline, variables })
    }

    /// Time of the API server. Warns if the local clock differs by more than two minutes.
    pub(crate) fn now(&self) -> Result<Timestamp, Failure> {
        let time = self.kubernetes.server_time();
        let time = time.ok_or_else(|| Failure::failed("the responses of the API server have no `Date` header"))?;
        if time.skew().abs() > SKEW_MAX {
            let direction = if time.skew().is_negative() { "behind" } else { "ahead of" };
            note(&format!(
                "warning: the clock of this machine is {} s {direction} the API server's; the API server's time is used",
                time.skew().abs().as_secs()
            ));
        }
        Ok(time.server)
    }

    /// Reads an environment: its namespace and its ledger.
    pub(crate) async fn load(&self, name: &EnvironmentName) -> Result<LoadedEnvironment, Failure> {
        let namespace = self.kubernetes.get(&ObjectRef::namespace(name.as_str()), &self.deadline).await?;
        let namespace = namespace.filter(|namespace| self.is_ours(namespace));
        let ledger = self.ledgers.get(name, &self.deadline).await?;
        let now = self.now()?;
        let head = ledger.as_ref().and_then(|ledger| ledger.head.as_ref().ok());
        let reading = namespace.as_ref().map(|namespace| self.read(namespace, head, now));
        Ok(LoadedEnvironment { namespace, ledger, reading, now })
    }

    /// Reads a living environment.
    pub(crate) async fn load_living(
        &self,
        name: &EnvironmentName,
    ) -> Result<(LoadedEnvironment, Value, EnvironmentReading), Failure> {
        let mut loaded = self.load(name).await?;
        match (loaded.namespace.take(), loaded.reading.take()) {
            (Some(namespace), Some(reading)) if !reading.terminating => Ok((loaded, namespace, reading)),
            (Some(_), Some(_)) => Err(Failure::failed(format!("environment `{name}` is being deleted"))),
            _ => Err(self.missing(name, &loaded)),
        }
    }

    /// Reading of a namespace.
    pub(crate) fn read(&self, namespace: &Value, head: Option<&LedgerHead>, now: Timestamp) -> EnvironmentReading {
        EnvironmentReading::new(namespace, head, &self.settings.tiers, &self.settings.prices, now)
    }

    /// User name of the caller at the API server; empty if the API server did not return it.
    pub(crate) async fn caller(&self) -> String {
        let review = ObjectRef {
            api_version: "authentication.k8s.io/v1".into(),
            plural: "selfsubjectreviews".into(),
            kind: "SelfSubjectReview".into(),
            namespace: None,
            name: String::new(),
        };
        let body = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
        let answer = self.kubernetes.create(&review, &body, MANAGER, &self.deadline).await;
        let name = |answer: Value| Some(answer.pointer("/status/userInfo/username")?.as_str()?.to_owned());
        answer.ok().and_then(name).unwrap_or_default()
    }

    /// Failure for an environment without a namespace.
    pub(crate) fn missing(&self, name: &EnvironmentName, loaded: &LoadedEnvironment) -> Failure {
        let installation = &self.settings.installation;
        let head = loaded.ledger.as_ref().and_then(|ledger| ledger.head.as_ref().ok());
        let failure = match head {
            Some(head) => Failure::failed(format!("environment `{name}` is {} and has no namespace", head.phase)),
            None => Failure::failed(format!("installation `{installation}` has no environment `{name}`")),
        };
        failure.remedy("run `eod list --all`, and check --installation and --context")
    }

    /// True if the object has the ownership labels of this installation.
    pub(crate) fn is_ours(&self, object: &Value) -> bool {
        let label = |key: &str| object.get("metadata")?.get("labels")?.get(key)?.as_str();
        label(labels::MANAGED_BY) == Some(labels::MANAGED_BY_VALUE)
            && label(labels::INSTALLATION) == Some(self.settings.installation.as_str())
            && label(labels::ENV).is_some()
    }
}
