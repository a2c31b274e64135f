//! Contract of a backend: checks that every implementation passes, on a model or on the real system.

use eod_domain::{EnvironmentName, Installation, labels};
use jiff::SignedDuration;
use serde_json::Value;

use crate::ports::{
    Backend, BackendItem, BackendKind, BoxFuture, CallError, CallErrorKind, ClockPort, ClusterPort, ListPage,
    ObjectVersion, PageToken, Ports,
};
use crate::records::version_of;

/// Time between two looks at a namespace in deletion.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(1);
/// Maximum time until a deleted namespace is gone.
const DELETION_MAX: SignedDuration = SignedDuration::from_mins(2);

/// Prepared environments of a contract test. The names of both begin alike, such as `pr-1` and `pr-12`.
#[derive(Clone, Copy, Debug)]
pub struct ContractFixture<'a> {
    /// Environment with at least one item; its items are ended.
    pub ended: &'a EnvironmentName,
    /// Environment with at least one item; its items must stay.
    pub living: &'a EnvironmentName,
    /// Environment without items.
    pub empty: &'a EnvironmentName,
}

/// Namespaces of a cluster as a backend: the calls of the engine pass the same contract as all other backends.
pub struct NamespaceBackend<'a, P> {
    ports: &'a P,
    installation: &'a Installation,
}

impl<'a, P: Ports> NamespaceBackend<'a, P> {
    /// Namespaces of an installation.
    pub fn new(ports: &'a P, installation: &'a Installation) -> Self {
        Self { ports, installation }
    }

    /// Item of a namespace; none without the ownership labels of the installation.
    fn item(&self, namespace: &Value) -> Option<BackendItem> {
        let metadata = namespace.get("metadata")?;
        let label = |key: &str| metadata.get("labels")?.get(key)?.as_str();
        let is_ours = label(labels::MANAGED_BY) == Some(labels::MANAGED_BY_VALUE)
            && label(labels::INSTALLATION) == Some(self.installation.as_str());
        let name = metadata.get("name")?.as_str().filter(|_| is_ours)?.to_owned();
        Some(BackendItem {
            kind: "Namespace".to_owned(),
            environment: name.clone(),
            name,
            version: version_of(namespace).uid,
        })
    }

    async fn find_items(&self, environment: &EnvironmentName) -> Result<Vec<BackendItem>, CallError> {
        let found = self.ports.cluster().namespace(environment).await?;
        Ok(found.and_then(|namespace| self.item(&namespace)).into_iter().collect())
    }

    /// Deletes the namespace that was found, and waits until it is gone.
    async fn end_item(&self, item: &BackendItem) -> Result<(), CallError> {
        let invalid = |_| CallError::new(CallErrorKind::Invalid, format!("`{}` is not an environment", item.name));
        let name: EnvironmentName = item.name.parse().map_err(invalid)?;
        let start = self.ports.clock().read().await?.elapsed;
        let Some(live) = self.ports.cluster().namespace(&name).await? else { return Ok(()) };
        let resource_version = version_of(&live).resource_version;
        let version = ObjectVersion { uid: item.version.clone(), resource_version };
        self.ports.cluster().delete_namespace(&name, &version).await?;
        while self.ports.cluster().namespace(&name).await?.is_some() {
            if self.ports.clock().read().await?.elapsed.saturating_sub(start) > DELETION_MAX {
                return Err(CallError::new(CallErrorKind::Unavailable, format!("namespace `{name}` still exists")));
            }
            self.ports.clock().sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn sweep_page(&self, page: Option<&PageToken>) -> Result<ListPage<BackendItem>, CallError> {
        let ListPage { items, next } = self.ports.cluster().namespaces(page).await?;
        Ok(ListPage { items: items.iter().filter_map(|namespace| self.item(namespace)).collect(), next })
    }
}

impl<P: Ports> Backend for NamespaceBackend<'_, P> {
    fn kind(&self) -> BackendKind {
        BackendKind::Namespace
    }

    fn find<'a>(&'a self, environment: &'a EnvironmentName) -> BoxFuture<'a, Result<Vec<BackendItem>, CallError>> {
        Box::pin(self.find_items(environment))
    }

    fn end<'a>(&'a self, item: &'a BackendItem) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(self.end_item(item))
    }

    fn sweep<'a>(&'a self, page: Option<&'a PageToken>) -> BoxFuture<'a, Result<ListPage<BackendItem>, CallError>> {
        Box::pin(self.sweep_page(page))
    }
}

/// Checks a backend against its contract. Returns the broken rules: one sentence each.
///
/// # Errors
///
/// A call failed.
pub async fn check_backend(backend: &dyn Backend, fixture: ContractFixture<'_>) -> Result<Vec<String>, CallError> {
    let ContractFixture { ended, living, empty } = fixture;
    let mut broken = Vec::new();
    let mut check = |holds: bool, rule: &str| {
        if !holds {
            broken.push(rule.to_owned());
        }
    };
    let items = backend.find(ended).await?;
    let others = backend.find(living).await?;
    check(!items.is_empty() && !others.is_empty(), "both environments have items");
    check(backend.find(empty).await?.is_empty(), "an environment without items has none");
    check(items.iter().all(|item| item.environment == ended.as_str()), "only items of the environment are found");
    check(items == backend.find(ended).await?, "items are found again in the same order and version");
    let all = sweep(backend).await?;
    check(items.iter().chain(&others).all(|item| all.contains(item)), "a sweep finds the items of all environments");
    for item in &items {
        let stale = BackendItem { version: format!("{}-stale", item.version), ..item.clone() };
        let refused = backend.end(&stale).await;
        check(refused.is_err_and(|error| error.is_conflict()), "an item that was created again is not ended");
    }
    check(backend.find(ended).await? == items, "a refused end changes nothing");
    for item in &items {
        backend.end(item).await?;
    }
    check(backend.find(ended).await?.is_empty(), "no ended item is found");
    for item in &items {
        check(backend.end(item).await.is_ok(), "an end can be repeated");
    }
    check(backend.find(living).await? == others, "items of an environment with a name that begins alike stay");
    let all = sweep(backend).await?;
    check(!items.iter().any(|item| all.contains(item)), "a sweep finds no ended item");
    Ok(broken)
}

async fn sweep(backend: &dyn Backend) -> Result<Vec<BackendItem>, CallError> {
    let mut items = Vec::new();
    let mut page = None;
    loop {
        let found = backend.sweep(page.as_ref()).await?;
        items.extend(found.items);
        if found.next.is_none() {
            return Ok(items);
        }
        page = found.next;
    }
}
