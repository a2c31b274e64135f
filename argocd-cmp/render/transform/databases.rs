//! Hooks that would wait forever for a database of the same source, because they run in a wave before it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eod_yaml::PathStep;
use serde_json::Value;

use super::hooks::{self, HELM_HOOK, HOOK, WAVE, Waves};
use crate::kind::SourceKind;
use crate::manifest::{Manifest, text};
use crate::refusal::{Refusal, RefusalRule};
use crate::workload::{CONTAINER_LISTS, at, items, template_path};

/// Ports of database servers: SQL Server, Oracle, MySQL and MariaDB, PostgreSQL, Cassandra, CockroachDB, MongoDB.
const PORTS: [u64; 7] = [1433, 1521, 3306, 5432, 9042, 26257, 27017];

/// A Service with the port of a database, and the workload behind it.
struct Database<'a> {
    service: &'a str,
    /// `Kind/name` of the workload.
    workload: String,
    /// First sync wave with both Service and workload.
    wave: i64,
}

/// Refusals of hooks in a wave before a database that they name. `manifests` are not rewritten yet.
pub(super) fn refuse_early_hooks(namespace: &str, manifests: &[Manifest], waves: &Waves) -> Vec<Refusal> {
    let databases = databases(manifests, waves);
    if databases.is_empty() {
        return Vec::new();
    }
    let data = ConfigData::new(manifests);
    let refusal = |hook: &Manifest| {
        let wave = hooks::wave_of_hook_job(hook, waves)?;
        let mut later = databases.iter().filter(|database| database.wave > wave);
        let texts = data.texts_of(pod(hook)?);
        let database = later.find(|database| texts.iter().any(|text| names_host(text, database.service, namespace)))?;
        Some(refuse(hook, database))
    };
    manifests.iter().filter_map(refusal).collect()
}

fn refuse(hook: &Manifest, database: &Database<'_>) -> Refusal {
    let Database { service, workload, wave } = database;
    let next = wave.saturating_add(1).min(hooks::LAST_WAVE);
    let wave = format!("`{WAVE}: \"{next}\"`, a wave after the database");
    let is_sync = hook.annotation(HOOK).is_some_and(|hook| !hook.contains("PreSync"));
    let (key, remedy) = match hook.annotation(HOOK) {
        Some(_) if is_sync => (WAVE, format!("write {wave}")),
        Some(_) => (HOOK, format!("write `{HOOK}: Sync` and {wave}")),
        None => (HELM_HOOK, format!("add `{HOOK}: Sync`, which replaces `{HELM_HOOK}` in Argo CD, and {wave}")),
    };
    let value = hook.annotation(key).unwrap_or("0");
    let message = format!(
        "is `{value}`, so the hook runs before its database {workload} (Service `{service}`) exists, and waits for it \
         forever"
    );
    let path = ["metadata", "annotations", key].map(|key| PathStep::Key(key.to_owned()));
    hook.refuse(&path, RefusalRule::Hook, message, remedy)
}

/// Spec of a workload's pods.
fn pod(manifest: &Manifest) -> Option<&Value> {
    let kind = SourceKind::of(manifest.group(), manifest.kind())?;
    at(&manifest.content, template_path(&kind)?)?.get("spec")
}

fn databases<'a>(manifests: &'a [Manifest], waves: &Waves) -> Vec<Database<'a>> {
    let is_service = |manifest: &&Manifest| (manifest.group(), manifest.kind()) == ("", "Service");
    let services = manifests.iter().filter(is_service).filter(|service| has_port_of_database(service));
    let database = |service: &'a Manifest| {
        let selector = at(&service.content, &["spec", "selector"])?.as_object().filter(|map| !map.is_empty())?;
        let is_selected = |workload: &&Manifest| {
            let labels = SourceKind::of(workload.group(), workload.kind())
                .filter(|kind| matches!(kind, SourceKind::Deployment | SourceKind::StatefulSet))
                .and_then(|kind| at(&workload.content, template_path(&kind)?)?.get("metadata")?.get("labels"));
            labels.is_some_and(|labels| selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
        };
        let workload = manifests.iter().find(is_selected)?;
        let wave = hooks::wave_of_object(service, waves).max(hooks::wave_of_object(workload, waves));
        Some(Database { service: service.name(), workload: workload.title(), wave })
    };
    services.filter_map(database).collect()
}

fn has_port_of_database(service: &Manifest) -> bool {
    let numbers = |port: &Value| [port.get("port"), port.get("targetPort")].map(|port| port.and_then(Value::as_u64));
    items(&service.content, &["spec", "ports"]).iter().any(|port| numbers(port).iter().flatten().any(is_database))
}

fn is_database(port: &u64) -> bool {
    PORTS.contains(port)
}

/// Data of the ConfigMaps and Secrets of a source by kind and name.
struct ConfigData<'a>(BTreeMap<(&'a str, &'a str), &'a Value>);

impl<'a> ConfigData<'a> {
    fn new(manifests: &'a [Manifest]) -> Self {
        let core = manifests.iter().filter(|manifest| manifest.group().is_empty());
        Self(core.map(|manifest| ((manifest.kind(), manifest.name()), &manifest.content)).collect())
    }

    /// Texts that containers of a pod get: commands, arguments, variables, and data of the source that they refer to.
    fn texts_of(&self, pod: &Value) -> Vec<String> {
        let mut texts = Vec::new();
        for container in CONTAINER_LISTS.iter().flat_map(|list| items(pod, &[list])) {
            let lines = ["command", "args"].into_iter().flat_map(|key| items(container, &[key]));
            texts.extend(lines.filter_map(Value::as_str).map(ToOwned::to_owned));
            for variable in items(container, &["env"]) {
                texts.push(text(variable, &["value"]).to_owned());
                for (kind, field) in [("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")] {
                    let key = text(variable, &["valueFrom", field, "key"]);
                    texts.extend(self.values(kind, text(variable, &["valueFrom", field, "name"]), Some(key)));
                }
            }
            for source in items(container, &["envFrom"]) {
                texts.extend(self.values("ConfigMap", text(source, &["configMapRef", "name"]), None));
                texts.extend(self.values("Secret", text(source, &["secretRef", "name"]), None));
            }
        }
        for volume in items(pod, &["volumes"]) {
            texts.extend(self.values("ConfigMap", text(volume, &["configMap", "name"]), None));
            texts.extend(self.values("Secret", text(volume, &["secret", "secretName"]), None));
        }
        texts
    }

    /// Values of an object's data: those of one key, or all.
    fn values(&self, kind: &str, name: &str, key: Option<&str>) -> Vec<String> {
        let Some(content) = self.0.get(&(kind, name)) else { return Vec::new() };
        let of = |field: &str| {
            let entries = content.get(field).and_then(Value::as_object).into_iter().flatten();
            let wanted = entries.filter(|(name, _)| key.is_none_or(|key| key == name.as_str()));
            wanted.filter_map(|(_, value)| value.as_str().map(ToOwned::to_owned)).collect::<Vec<_>>()
        };
        let decoded = |text: String| match (kind, STANDARD.decode(&text)) {
            ("Secret", Ok(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
            _ => text,
        };
        of("data").into_iter().map(decoded).chain(of("stringData")).collect()
    }
}

/// True if a text has the name of a Service as a host, such as `db`, `db:5432`, `postgres://user@db.shop.svc/app` or
/// `db-0.db`. Schemes and paths of URLs are not hosts, and `db.example.com` is another host.
fn names_host(text: &str, service: &str, namespace: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || ".-_".contains(character);
    let mut start = 0;
    for token in text.split(|character| !is_part(character)) {
        let (before, after) = (&text[..start], &text[start + token.len()..]);
        start += token.len() + after.chars().next().map_or(0, char::len_utf8);
        let is_path = before.ends_with('/') && !before.ends_with("//");
        if is_path || after.starts_with("://") {
            continue;
        }
        let labels: Vec<&str> = token.split('.').collect();
        let is_pod = |pod: &str| pod.rsplit_once('-').is_some_and(|(_, number)| number.parse::<u32>().is_ok());
        // A pod of a StatefulSet has a name before that of its Service.
        let labels = match labels.as_slice() {
            [pod, rest @ ..] if is_pod(pod) && rest.first() == Some(&service) => rest,
            all => all,
        };
        let is_local = match labels {
            [_] => true,
            [_, of] => *of == namespace,
            [_, of, after, ..] => *of == namespace || *after == "svc",
            [] => false,
        };
        if is_local && labels.first() == Some(&service) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
