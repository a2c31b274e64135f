//! All environments of an installation: its namespaces and its ledgers, joined by name.

use std::collections::BTreeMap;

use eod_clients::kubernetes::{ListContent, ListQuery};
use eod_domain::labels;
use eod_domain::ledger::{LedgerHead, place_in_queue};
use jiff::Timestamp;
use serde_json::Value;

use crate::arguments::OutputFormat;
use crate::environment_view::{EnvironmentView, QueuePlace};
use crate::failure::Failure;
use crate::session::OpsSession;

/// Environments of an installation.
#[derive(Debug)]
pub(crate) struct Fleet {
    /// Environments by name.
    pub(crate) environments: Vec<EnvironmentView>,
    /// Ledgers that cannot be read.
    pub(crate) problems: Vec<String>,
    /// Time of the API server.
    pub(crate) now: Timestamp,
}

impl Fleet {
    /// Reads all environments: namespaces and ledgers page by page, with their metadata only. JSON has their arguments, too.
    pub(crate) async fn read(session: &OpsSession, format: OutputFormat) -> Result<Self, Failure> {
        let (mut heads, mut problems) = heads(session).await?;
        let mut environments = Vec::new();
        let query = namespaces(session.settings.installation.as_str());
        let mut token = None;
        let now = loop {
            let page = session.kubernetes.list_page(&query, ListContent::Metadata, token.as_deref(), &session.deadline);
            let page = page.await?;
            let now = session.now()?;
            let view = |namespace| living(session, namespace, &mut heads, format, now);
            environments.extend(page.objects.iter().map(view));
            token = page.next;
            if token.is_none() {
                break now;
            }
        };
        let places = places(&heads, now);
        let absent = heads.iter().map(|(name, head)| EnvironmentView::absent(name, head, places.get(name).copied()));
        environments.extend(absent);
        environments.sort_by(|one, other| one.name.cmp(&other.name));
        problems.sort();
        Ok(Self { environments, problems, now })
    }
}

/// Query of the environments' namespaces.
pub(crate) fn namespaces(installation: &str) -> ListQuery {
    let selector = format!(
        "{}={},{}={installation},{}",
        labels::MANAGED_BY,
        labels::MANAGED_BY_VALUE,
        labels::INSTALLATION,
        labels::ENV
    );
    ListQuery {
        api_version: "v1".into(),
        plural: "namespaces".into(),
        namespace: None,
        label_selector: Some(selector),
        field_selector: None,
    }
}

/// Heads by environment, and the ledgers that cannot be read.
async fn heads(session: &OpsSession) -> Result<(BTreeMap<String, LedgerHead>, Vec<String>), Failure> {
    let (mut heads, mut problems, mut token) = (BTreeMap::new(), Vec::new(), None::<String>);
    loop {
        let page = session.ledgers.heads(token.as_deref(), &session.deadline).await?;
        for listed in page.heads {
            match listed.head {
                Ok(head) => drop(heads.insert(listed.environment, head)),
                Err(error) => problems.push(format!("ledger `{}` cannot be read: {error}", listed.name)),
            }
        }
        token = page.next;
        if token.is_none() {
            return Ok((heads, problems));
        }
    }
}

/// View of a namespace. Its head is removed from `heads`, unless the head belongs to another identity.
fn living(
    session: &OpsSession,
    namespace: &Value,
    heads: &mut BTreeMap<String, LedgerHead>,
    format: OutputFormat,
    now: Timestamp,
) -> EnvironmentView {
    let name = namespace.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let head = heads.remove(name);
    let reading = session.read(namespace, head.as_ref(), now);
    let view = EnvironmentView::living(namespace, &reading, head.as_ref(), session.settings.domain.as_ref());
    match format {
        OutputFormat::Table => view,
        OutputFormat::Json => view.with_arguments(namespace, &reading, &session.settings),
    }
}

/// Places of the waiting environments, by name.
fn places(heads: &BTreeMap<String, LedgerHead>, now: Timestamp) -> BTreeMap<String, QueuePlace> {
    let entry = |(name, head): (&String, &LedgerHead)| Some((place_in_queue(head, now)?, name.clone()));
    let mut waiting: Vec<(Timestamp, String)> = heads.iter().filter_map(entry).collect();
    waiting.sort_unstable();
    let count = waiting.len();
    let place = |(index, (_, name))| (name, QueuePlace { position: index + 1, waiting: count });
    waiting.into_iter().enumerate().map(place).collect()
}
