//! Contract of a backend: checks that every implementation passes, on a model or on the real system.

use eod_domain::EnvironmentName;

use crate::ports::{Backend, BackendItem, CallError};

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
