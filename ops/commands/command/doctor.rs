//! `eod doctor namespace`: everything that blocks the deletion of a namespace.

use eod_clients::kubernetes::ObjectRef;
use eod_domain::NamespaceName;
use serde_json::{Value, json};

use crate::arguments::{CommonArguments, OutputFormat};
use crate::failure::{Failure, Outcome};
use crate::output::{confirm, document, note, print};
use crate::session::OpsSession;

/// Runs the command.
pub(super) async fn run(
    session: &OpsSession,
    common: &CommonArguments,
    name: &NamespaceName,
    force_finalize: bool,
) -> Result<Outcome, Failure> {
    let object = ObjectRef::namespace(name.as_str());
    let namespace = session.kubernetes.get(&object, &session.deadline).await?;
    let now = session.now()?;
    let Some(namespace) = namespace else {
        return Err(Failure::failed(format!("namespace `{name}` does not exist")));
    };
    let deleting = namespace.pointer("/metadata/deletionTimestamp").and_then(Value::as_str);
    let Some(deleting) = deleting else {
        if force_finalize {
            return Err(Failure::failed(format!(
                "namespace `{name}` is not being deleted; --force-finalize is refused"
            )));
        }
        report(session, common.output, now, name, &json!({ "deleting_since": null, "blockers": null }))?;
        if common.output == OutputFormat::Table {
            print(&format!("namespace `{name}` is not being deleted\n"))?;
        }
        return Ok(Outcome::Done);
    };
    let blockers = session.kubernetes.blockers(&namespace, now, &session.deadline).await;
    let text = blockers.to_string();
    report(session, common.output, now, name, &json!({ "deleting_since": deleting, "blockers": text }))?;
    if common.output == OutputFormat::Table {
        print(&format!("{text}\n"))?;
    }
    if !force_finalize {
        return Ok(Outcome::Found);
    }
    if !session.is_ours(&namespace) {
        let failure = Failure::failed(format!("namespace `{name}` does not belong to this installation"));
        return Err(failure.remedy("check --installation; EoD never changes other namespaces"));
    }
    note(
        "warning: objects that still exist are no longer managed; load balancers and volumes may remain and cause cost",
    );
    let change = format!("remove the finalizers of namespace `{name}`");
    confirm(common.yes, &format!("cluster: {}", session.kubernetes.place()), &change)?;
    session.kubernetes.finalize_namespace(&namespace, &session.deadline).await?;
    note(&format!("namespace `{name}`: finalizers removed"));
    Ok(Outcome::Done)
}

fn report(
    session: &OpsSession,
    format: OutputFormat,
    now: jiff::Timestamp,
    name: &NamespaceName,
    fields: &Value,
) -> Result<(), Failure> {
    if format == OutputFormat::Table {
        return Ok(());
    }
    let mut fields = fields.clone();
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("namespace".to_owned(), json!(name));
    }
    print(&document(now, &session.settings.installation, fields))
}
