//! Import by name or identity, and moves from a plain namespace.
//!
//! An import only reads: Terraform runs it in a plan, which may never be applied. The import records the existing
//! claim, so until the first update both the importing state and the previous one own the environment. That update
//! writes a new claim, and the previous state no longer owns the environment. A destroy right after the import deletes
//! the environment.

use eod_clients::Deadline;
use eod_domain::{EnvironmentName, NamespaceFacts, Nonce, labels};
use std::time::Duration;
use tfplugin::{Diag, Diags, ImportSource, Imported, MoveSource, Partial, RequestContext, Text};

use super::model::{Input, Private};
use super::{EnvironmentResource, arguments, live};
use crate::explain;
use crate::provider::Context;

/// Maximum duration of an import, which is one read.
const LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn import(
    cx: &Context,
    source: ImportSource<EnvironmentResource>,
    call: &RequestContext,
) -> Result<Imported<EnvironmentResource>, Diags> {
    let name = name(cx, source)?;
    let remote = Deadline::within(LIMIT, call.cancel.clone());
    let installation = cx.settings()?.installation;
    let found = cx.reader()?.read(name.as_str(), &remote).await.map_err(|error| explain::remote(&error))?;
    let Some(found) = found else {
        return Err(Diag::error("The environment does not exist")
            .detail(format!("Expected namespace `{name}`, and the cluster has none of this name."))
            .hint("check the name and the cluster: `kubectl get namespaces -l app.kubernetes.io/managed-by=eod` lists all environments")
            .into());
    };
    let ownership = NamespaceFacts::read(&found.namespace).ownership;
    if ownership.managed_by.as_deref() != Some(labels::MANAGED_BY_VALUE)
        || ownership.installation.as_deref() != Some(installation.as_str())
    {
        return Err(Diag::error("The namespace belongs to another owner")
            .detail(format!("Namespace `{name}` does not have the ownership labels of EoD installation `{installation}`, so it cannot be imported."))
            .hint("set the provider's `installation` to the one that created it, or use a `moved` block for a `kubernetes_namespace`")
            .into());
    }
    let Some(mut spec) = live::recorded_spec(&found.namespace) else {
        return Err(Diag::error("The arguments of the environment are not recorded")
            .detail(format!("Annotation `{}` of namespace `{name}` is missing or invalid.", labels::SPEC))
            .hint("restore the annotation, or delete the environment and create it again")
            .into());
    };
    spec.name = Some(name);
    let input = arguments::input(&spec);
    let keys = arguments::environment(cx, &input).map(|environment| environment.namespace_labels());
    let effective = keys.unwrap_or_default();
    let private = Private {
        nonce: ownership.nonce,
        next_nonce: Some(Nonce::new(cx.random()).as_str().to_owned()),
        live: live::fingerprints(&found, &live::our_keys(&effective)),
        labels: Some(effective),
        ..Private::default()
    };
    Ok(Imported { attributes: Partial::of(&input), private })
}

fn name(cx: &Context, source: ImportSource<EnvironmentResource>) -> Result<EnvironmentName, Diag> {
    match source {
        ImportSource::Id(id) => id.parse().map_err(|error: eod_domain::NameError| {
            Diag::error("Invalid import id")
                .detail(format!("Expected the environment's name, such as `shop-pr-123`: {error}."))
                .hint("use the name of the environment's namespace")
        }),
        ImportSource::Identity(identity) => {
            let ours = cx.installation.clone().known();
            match (identity.installation, ours) {
                (Some(theirs), Some(ours)) if theirs.0 != ours => {
                    Err(Diag::error("The identity belongs to another installation")
                        .detail(format!(
                            "The identity names installation `{theirs}`, and the provider is configured for `{ours}`."
                        ))
                        .hint("use the provider with the `installation` of the environment"))
                }
                _ => Ok(identity.name.0),
            }
        }
    }
}

/// Moves the state of `kubernetes_namespace` and `kubernetes_namespace_v1`.
pub(super) fn moved(source: &MoveSource) -> Result<Option<Imported<EnvironmentResource>>, Diags> {
    let is_namespace = matches!(source.type_name.as_str(), "kubernetes_namespace" | "kubernetes_namespace_v1");
    if !is_namespace || !source.provider.ends_with("/kubernetes") {
        return Ok(None);
    }
    let metadata = source.state.pointer("/metadata/0");
    let text = |key: &str| metadata.and_then(|metadata| metadata.get(key)).and_then(serde_json::Value::as_str);
    let (Some(name), Some(uid)) = (text("name"), text("uid")) else {
        return Err(Diag::error("The state of the namespace cannot be moved")
            .detail("It has no `metadata[0].name` or no `metadata[0].uid`.")
            .hint("refresh the namespace with the provider that created it, then move it")
            .into());
    };
    let name: EnvironmentName = name.parse().map_err(|error: eod_domain::NameError| {
        Diag::error("The namespace cannot become an environment").detail(explain::sentence(&error.to_string()))
    })?;
    let attributes = Partial::new().with(Input::NAME, &Text(name));
    Ok(Some(Imported { attributes, private: Private { unmarked_uid: Some(uid.to_owned()), ..Private::default() } }))
}
