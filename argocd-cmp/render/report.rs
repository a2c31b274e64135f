//! The ConfigMap that every render adds: source, commit, version, and everything that was removed.

use serde_json::{Map, Value, json};

use crate::application::{Application, Preview};
use crate::manifest::Manifest;
use crate::narrow::Narrowed;
use crate::source::SourceForm;

/// Maximum number of lines about removed requests.
const MAX_LINES: usize = 200;

/// The report of a render, named `<application>-render`.
pub(crate) fn config_map(
    preview: &Preview<'_>,
    application: &Application,
    form: SourceForm,
    narrowed: &[Narrowed],
) -> Manifest {
    let mut data = Map::new();
    data.insert("source".to_owned(), json!(form.as_str()));
    data.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
    if let Some(commit) = &preview.parameters.head_sha {
        data.insert("head-sha".to_owned(), json!(commit.text));
    }
    if !narrowed.is_empty() {
        data.insert("narrowed".to_owned(), json!(lines(narrowed)));
    }
    Manifest::added(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": name(application), "namespace": preview.name().as_str(), "labels": preview.labels },
        "data": Value::Object(data),
    }))
}

/// One line for each removed request, sorted by location.
fn lines(narrowed: &[Narrowed]) -> String {
    let mut text: String = narrowed.iter().take(MAX_LINES).map(|one| format!("{one}\n")).collect();
    if narrowed.len() > MAX_LINES {
        text.push_str(&format!("... and {} more\n", narrowed.len() - MAX_LINES));
    }
    text
}

/// Name of the ConfigMap. The name of an Application in another namespace than Argo CD's is `<namespace>_<name>`.
fn name(application: &Application) -> String {
    format!("{}-render", application.name.replace('_', "-"))
}
