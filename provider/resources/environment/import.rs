//! Import by name or identity, and taking over the state of a plain namespace.

use eod_clients::Deadline;
use eod_domain::{EnvironmentName, NamespaceFacts, labels};
use std::time::Duration;
use tfplugin::{Diag, Diags, ImportSource, Imported, MoveSource, Partial, RequestContext, Text};

use super::create::recorded;
use super::model::{Input, Private};
use super::{EnvironmentResource, arguments, live};
use crate::explain;
use crate::provider::Context;

/// An import is one read.
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
        return Err(Diag::error("There is no such environment")
            .detail(format!("Expected namespace `{name}`, and the cluster has none of this name."))
            .hint("check the name and the cluster; `kubectl get namespaces -l app.kubernetes.io/managed-by=eod` lists what there is")
            .into());
    };
    let ownership = NamespaceFacts::read(&found.namespace).ownership;
    if ownership.managed_by.as_deref() != Some(labels::MANAGED_BY_VALUE)
        || ownership.installation.as_deref() != Some(installation.as_str())
    {
        return Err(Diag::error("The namespace is not ours")
            .detail(format!("Namespace `{name}` does not carry the marks of EoD installation `{installation}`, so it cannot be imported."))
            .hint("set the provider's `installation` to the one that made it, or use a `moved` block for a `kubernetes_namespace`")
            .into());
    }
    let Some(mut spec) = recorded(&found.namespace) else {
        return Err(Diag::error("The environment does not say how it was made")
            .detail(format!("Annotation `{}` of namespace `{name}` is missing or cannot be read.", labels::SPEC))
            .hint("restore the annotation, or delete the environment and create it again")
            .into());
    };
    spec.name = Some(name);
    let input = arguments::input(&spec);
    let keys = super::create::environment(cx, &input).map(|environment| environment.namespace_labels());
    let effective = keys.unwrap_or_default();
    let private = Private {
        nonce: ownership.nonce,
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
                    Err(Diag::error("The identity is of another installation")
                        .detail(format!(
                            "The identity names installation `{theirs}`, and the provider is configured for `{ours}`."
                        ))
                        .hint("use a provider whose `installation` is that of the environment"))
                }
                _ => Ok(identity.name.0),
            }
        }
    }
}

/// Takes over the state of `kubernetes_namespace` and `kubernetes_namespace_v1`.
pub(super) fn moved(source: &MoveSource) -> Result<Option<Imported<EnvironmentResource>>, Diags> {
    let is_namespace = matches!(source.type_name.as_str(), "kubernetes_namespace" | "kubernetes_namespace_v1");
    if !is_namespace || !source.provider.ends_with("/kubernetes") {
        return Ok(None);
    }
    let metadata = source.state.pointer("/metadata/0");
    let text = |key: &str| metadata.and_then(|metadata| metadata.get(key)).and_then(serde_json::Value::as_str);
    let (Some(name), Some(uid)) = (text("name"), text("uid")) else {
        return Err(Diag::error("The state of the namespace cannot be taken over")
            .detail("It has no `metadata[0].name` or no `metadata[0].uid`.")
            .hint("refresh the namespace with the provider that made it, then move it")
            .into());
    };
    let name: EnvironmentName = name.parse().map_err(|error: eod_domain::NameError| {
        Diag::error("The namespace cannot become an environment").detail(explain::sentence(&error.to_string()))
    })?;
    let attributes = Partial::new().with(Input::NAME, &Text(name));
    Ok(Some(Imported { attributes, private: Private { unmarked_uid: Some(uid.to_owned()), ..Private::default() } }))
}
