//! `eod approve`: approval of the end of a `compliance` environment.

use eod_clients::ErrorKind;
use eod_clients::kubernetes::ObjectRef;
use eod_domain::ledger::EventKind;
use eod_domain::{Approval, EnvironmentName, EnvironmentReading, Expiry, Tier, labels};
use eod_reaper::ports::{ApplicationFacts, ApplicationLookup, ApplicationsAge, ClusterPort as _, Ports as _};
use serde_json::json;

use super::end::check_not_permanent;
use crate::arguments::ApproveArguments;
use crate::failure::{Failure, Outcome};
use crate::output::{note, print};
use crate::ports::OpsPorts;
use crate::recorder::Recorder;
use crate::session::{MANAGER, OpsSession};

/// Runs the command.
pub(super) async fn run(session: &OpsSession, arguments: &ApproveArguments) -> Result<Outcome, Failure> {
    let ApproveArguments { environment, reason } = arguments;
    let recorder = Recorder::new(session, environment).await;
    if recorder.who().is_empty() {
        let failure =
            Failure::failed("the API server did not return the user name of the caller, which an approval requires");
        return Err(failure.remedy("allow `create` for `selfsubjectreviews.authentication.k8s.io`"));
    }
    let (loaded, _, reading) = session.load_living(environment).await?;
    check(&reading)?;
    // An approval is for one generation, so the ledger has to exist.
    let generation = match reading.generation {
        0 => recorder.adopt(&reading, loaded.now).await?,
        generation => generation,
    };
    let approval =
        Approval { by: recorder.who().to_owned(), at: loaded.now, expires_at: reading.expires_at(), generation };
    let patch = json!({ "metadata": {
        "uid": reading.uid,
        "resourceVersion": reading.resource_version,
        "annotations": { labels::APPROVED: json!(approval).to_string() },
    } });
    let reference = ObjectRef::namespace(environment.as_str());
    let written = session.kubernetes.merge_patch(&reference, &patch, MANAGER, &session.deadline).await;
    if let Err(error) = written {
        return Err(match error.kind {
            ErrorKind::Conflict => {
                let failure = Failure::failed(format!("environment `{environment}` was changed in the meantime"));
                failure.remedy(format!("look at it with `eod show {environment}`, and approve again"))
            }
            _ => error.into(),
        });
    }
    let mut event = recorder.event(loaded.now, generation, EventKind::Approved);
    if let Some(reason) = reason {
        event = event.with("reason", reason);
    }
    if let Some(end) = reading.expires_at() {
        event = event.with("expires_at", &end);
    }
    recorder.record(event, &reading, loaded.now).await;
    let end = reading.expires_at().map_or_else(|| "its end".to_owned(), |end| format!("its end at {end}"));
    print(&format!("{environment}: {end} in generation {generation} is approved by {}\n", recorder.who()))?;
    confirm_applications(session, environment).await?;
    Ok(Outcome::Done)
}

/// Refuses an environment with an end that needs no approval, is never due, or cannot be read. An approval of a protected
/// environment would confirm the deletion for which Argo CD waits.
fn check(reading: &EnvironmentReading) -> Result<(), Failure> {
    let name = &reading.name;
    if reading.tier != Some(Tier::Compliance) {
        let tier = reading.tier.map_or_else(|| "an unreadable tier".to_owned(), |tier| format!("tier {tier}"));
        return Err(Failure::failed(format!(
            "environment `{name}` has {tier}: only the end of a compliance environment needs an approval"
        )));
    }
    check_not_permanent(reading)?;
    if let Expiry::Unreadable(error) = &reading.times.expiry {
        return Err(Failure::failed(format!("the end of environment `{name}` cannot be read: {error}")));
    }
    Ok(())
}

/// Confirms the deletion of the Applications for which Argo CD waits. The reaper does the same in its next run, so a failure
/// is a warning.
async fn confirm_applications(session: &OpsSession, name: &EnvironmentName) -> Result<(), Failure> {
    let ports = OpsPorts::new(session);
    let applications = match ports.cluster().applications(name, ApplicationsAge::New).await {
        Ok(ApplicationLookup::Found(applications)) => applications,
        Ok(ApplicationLookup::NotConfigured) => return Ok(()),
        Err(error) => {
            note(&format!("warning: the Applications of `{name}` cannot be read: {error}"));
            return Ok(());
        }
    };
    // An approval is for an environment of this cluster.
    let awaits =
        |application: &&ApplicationFacts| application.awaits_confirmation && application.other_cluster.is_none();
    for application in applications.iter().filter(awaits) {
        let text = format!("{}/{}", application.namespace, application.name);
        match ports.cluster().confirm_deletion(application).await {
            Ok(()) => print(&format!("{name}: the deletion of Application {text} is confirmed\n"))?,
            Err(error) => note(&format!("warning: the deletion of Application {text} is not confirmed: {error}")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
