//! Objects of the contestants in the cluster: counted, and removed at the end.

use anyhow::{Context, ensure};
use eod_testkit::cluster::Cluster;
use serde_json::Value;

/// Kinds of the objects of an environment, except its namespace.
const KINDS: [&str; 5] = [
    "/api/v1/resourcequotas",
    "/api/v1/limitranges",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    "/apis/rbac.authorization.k8s.io/v1/roles",
];

/// Deletes all remaining objects when it is dropped.
///
/// It does not wait: the testbed ends with the process, and another cluster finishes by itself.
pub(crate) struct Traces<'a> {
    cluster: &'a Cluster,
    prefix: &'static str,
}

impl<'a> Traces<'a> {
    /// All namespaces with this prefix.
    pub(crate) fn of(cluster: &'a Cluster, prefix: &'static str) -> Self {
        Self { cluster, prefix }
    }
}

impl Drop for Traces<'_> {
    fn drop(&mut self) {
        let all = names(self.cluster, "/api/v1/namespaces", "name");
        for name in all.into_iter().filter(|name| name.starts_with(self.prefix)) {
            drop(self.cluster.call("DELETE", &format!("/api/v1/namespaces/{name}"), None));
        }
    }
}

/// Number of objects of one environment with this prefix.
///
/// # Errors
/// If the number of namespaces is wrong, or if the environments differ, so that costs cannot be compared.
pub(crate) fn objects(cluster: &Cluster, prefix: &str, environments: usize) -> anyhow::Result<f64> {
    let made = |path: &str, field: &str| {
        let names = names(cluster, path, field);
        names.into_iter().filter(|name| name.starts_with(prefix)).count()
    };
    let namespaces = made("/api/v1/namespaces", "name");
    ensure!(namespaces == environments, "expected {environments} namespaces {prefix}*, found {namespaces}");
    let all: usize = namespaces + KINDS.iter().map(|path| made(path, "namespace")).sum::<usize>();
    ensure!(all.is_multiple_of(environments), "{all} objects do not make {environments} environments that are alike");
    let each = u32::try_from(all / environments).context("more objects than anybody can count")?;
    Ok(f64::from(each))
}

/// One field of the metadata of every object in a list.
fn names(cluster: &Cluster, path: &str, field: &str) -> Vec<String> {
    let list = cluster.read(path).unwrap_or_default();
    let items = list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let name = |item: &Value| item.get("metadata")?.get(field)?.as_str().map(str::to_owned);
    items.iter().filter_map(name).collect()
}
