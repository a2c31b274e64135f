//! One list of all Applications for all environments of a run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use eod_clients::kubernetes::ListQuery;
use eod_domain::EnvironmentName;
use eod_reaper::ports::{ApplicationFacts, ApplicationLookup, ApplicationsAge, CallError};

use super::application::{self, ApplicationFields};
use crate::ports::call::call_error;
use crate::ports::call_deadline;
use crate::session::OpsSession;

/// Maximum age of a list of the kind [`ApplicationsAge::Recent`].
const RECENT: Duration = Duration::from_secs(30);

/// Applications of a run, shared by all environments.
#[derive(Default)]
pub(super) struct SharedApplications {
    last: RefCell<Option<Rc<ApplicationList>>>,
}

/// List of all Applications.
struct ApplicationList {
    /// Time before the first page was read.
    begun: Instant,
    /// Facts by the namespace of the destination. An error is of every environment, so that a refusal is not repeated for
    /// each of them.
    by_destination: Result<BTreeMap<String, Vec<ApplicationFacts>>, CallError>,
}

impl SharedApplications {
    /// Applications that deploy into the namespace of an environment.
    pub(super) async fn find(
        &self,
        session: &OpsSession,
        name: &EnvironmentName,
        age: ApplicationsAge,
    ) -> Result<ApplicationLookup, CallError> {
        if session.settings.argocd.is_empty() {
            return Ok(ApplicationLookup::NotConfigured);
        }
        let last = self.last.borrow().clone().filter(|list| list.is_enough(age));
        if let Some(list) = last {
            let found = list.of(name)?;
            return Ok(ApplicationLookup::Found(match age {
                ApplicationsAge::Run => found,
                ApplicationsAge::Recent | ApplicationsAge::New => read_again(session, name, &found).await?,
            }));
        }
        let list = Rc::new(ApplicationList { begun: Instant::now(), by_destination: read_all(session).await });
        *self.last.borrow_mut() = Some(Rc::clone(&list));
        Ok(ApplicationLookup::Found(list.of(name)?))
    }
}

impl ApplicationList {
    fn is_enough(&self, age: ApplicationsAge) -> bool {
        match age {
            ApplicationsAge::Run => true,
            ApplicationsAge::Recent => self.by_destination.is_ok() && self.begun.elapsed() < RECENT,
            ApplicationsAge::New => false,
        }
    }

    fn of(&self, name: &EnvironmentName) -> Result<Vec<ApplicationFacts>, CallError> {
        let by_destination = self.by_destination.as_ref().map_err(Clone::clone)?;
        Ok(by_destination.get(name.as_str()).cloned().unwrap_or_default())
    }
}

/// Reads the Applications of all configured namespaces, page by page, and keeps only their facts.
async fn read_all(session: &OpsSession) -> Result<BTreeMap<String, Vec<ApplicationFacts>>, CallError> {
    let mut by_destination: BTreeMap<String, Vec<ApplicationFacts>> = BTreeMap::new();
    for namespace in &session.settings.argocd {
        let query = ListQuery {
            api_version: application::API_VERSION.to_owned(),
            plural: application::PLURAL.to_owned(),
            namespace: Some(namespace.to_string()),
            ..ListQuery::default()
        };
        let mut token = None::<String>;
        loop {
            let page = session.kubernetes.list_fields(&query, token.as_deref(), &call_deadline(session)?).await;
            let (found, next): (Vec<ApplicationFields>, _) = page.map_err(|error| call_error(&error))?;
            for application in found {
                let Some(destination) = application.destination_namespace() else { continue };
                by_destination.entry(destination.to_owned()).or_default().push(application.facts());
            }
            token = next;
            if token.is_none() {
                break;
            }
        }
    }
    Ok(by_destination)
}

/// Reads Applications again by their names. One that is gone, or deploys elsewhere now, is not found any more; one that was
/// created again under its name is found with its new uid.
async fn read_again(
    session: &OpsSession,
    name: &EnvironmentName,
    found: &[ApplicationFacts],
) -> Result<Vec<ApplicationFacts>, CallError> {
    let mut again = Vec::new();
    for facts in found {
        let object = application::reference(&facts.namespace, &facts.name);
        let read = session.kubernetes.get(&object, &call_deadline(session)?).await;
        let Some(value) = read.map_err(|error| call_error(&error))? else { continue };
        let application = ApplicationFields::of(value)?;
        if application.destination_namespace() == Some(name.as_str()) {
            again.push(application.facts());
        }
    }
    Ok(again)
}
