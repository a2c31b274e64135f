//! Records events of a command in the ledger of an environment.

use eod_clients::ErrorKind;
use eod_domain::ledger::{Actor, CreateRequest, Event, EventKind, EventText, MadeBy, Transitions, pipeline_run};
use eod_domain::{EnvironmentName, EnvironmentReading};
use jiff::Timestamp;

use crate::failure::Failure;
use crate::output::note;
use crate::session::OpsSession;

/// Records events with the caller's name and the run of the pipeline.
#[derive(Debug)]
pub(crate) struct Recorder<'a> {
    session: &'a OpsSession,
    environment: &'a EnvironmentName,
    who: String,
    run: String,
}

impl<'a> Recorder<'a> {
    /// A recorder for one environment. Reads the name of the caller.
    pub(crate) async fn new(session: &'a OpsSession, environment: &'a EnvironmentName) -> Self {
        let run = pipeline_run(&session.variables).unwrap_or_default();
        Self { session, environment, who: session.caller().await, run }
    }

    /// Sets the run.
    pub(crate) fn set_run(&mut self, run: &str) {
        run.clone_into(&mut self.run);
    }

    /// Name of the caller, as the API server knows it.
    pub(crate) fn who(&self) -> &str {
        &self.who
    }

    /// An event of this caller.
    pub(crate) fn event(&self, at: Timestamp, generation: u64, kind: EventKind) -> Event {
        let mut event = Event::new(at, generation, kind, Actor::Cli);
        event.who = EventText::cut(&self.who);
        event.run = EventText::cut(&self.run);
        event
    }

    /// Checks that the ledger has room for a further event.
    ///
    /// # Errors
    ///
    /// The ledger is full until the reaper has sealed its events, or it cannot be read.
    pub(crate) async fn check_room(&self) -> Result<(), Failure> {
        let Self { session, environment, .. } = self;
        let ledger = session.ledgers.get(environment, &session.deadline).await?;
        ledger.map_or(Ok(()), |ledger| ledger.fill.check()).map_err(|full| {
            let failure = Failure::failed(format!("the ledger of `{environment}` is full: {full}"));
            failure.remedy("run `eod reap`, which seals them, or wait for its next run; then try again")
        })
    }

    /// Appends an event to the ledger. A ledger that is missing is created from the reading of the namespace, because an
    /// environment that Argo CD renders has none before the first run of the reaper.
    ///
    /// The change itself is done by now, so a ledger that cannot be written is a warning.
    pub(crate) async fn record(&self, event: Event, reading: &EnvironmentReading, now: Timestamp) {
        if let Err(failure) = self.try_record(event, reading, now).await {
            note(&format!("warning: the change is done, but its event is not recorded: {failure}"));
        }
    }

    async fn try_record(&self, event: Event, reading: &EnvironmentReading, now: Timestamp) -> Result<(), Failure> {
        self.check_room().await?;
        let Self { session, environment, .. } = self;
        match session.ledgers.append(environment, std::slice::from_ref(&event), &session.deadline).await {
            Err(error) if error.kind == ErrorKind::NotFound => self.adopt_and_append(event, reading, now).await,
            result => result.map_err(Failure::from),
        }
    }

    /// Appends an event to the ledger of an environment that does not exist yet. A ledger that is missing is created.
    pub(crate) async fn announce(&self, event: Event, now: Timestamp) -> Result<(), Failure> {
        let Self { session, environment, .. } = self;
        let events = [event];
        match session.ledgers.append(environment, &events, &session.deadline).await {
            Err(error) if error.kind == ErrorKind::NotFound => {}
            result => return result.map_err(Failure::from),
        }
        let head = Transitions::at(now).announced();
        match session.ledgers.create(environment, &head, &events, &session.deadline).await {
            Err(error) if error.kind == ErrorKind::AlreadyExists => {
                Ok(session.ledgers.append(environment, &events, &session.deadline).await?)
            }
            result => result.map(drop).map_err(Failure::from),
        }
    }

    /// Creates the ledger of an environment that has none, and returns its generation.
    pub(crate) async fn adopt(&self, reading: &EnvironmentReading, now: Timestamp) -> Result<u64, Failure> {
        let identity = reading.identity.as_ref();
        let identity = identity.ok_or_else(|| Failure::failed("the identity of the environment cannot be read"))?;
        let request = CreateRequest {
            identity: identity.canonical(),
            tier: reading.tier.unwrap_or_default(),
            owner: None,
            head_sha: reading.head_sha.clone(),
            made_by: reading.made_by.unwrap_or(MadeBy::Terraform),
            holder: self.who.clone(),
            namespace_is_gone: false,
            lifted: false,
        };
        let head = Transitions::at(now).adopt(None, &request, &reading.uid);
        let head = head.map_err(|error| Failure::failed(error.to_string()))?;
        let adopted = self.event(now, head.generation, EventKind::Adopted);
        let Self { session, environment, .. } = self;
        session.ledgers.create(environment, &head, &[adopted], &session.deadline).await?;
        Ok(head.generation)
    }

    async fn adopt_and_append(
        &self,
        mut event: Event,
        reading: &EnvironmentReading,
        now: Timestamp,
    ) -> Result<(), Failure> {
        event.g = self.adopt(reading, now).await?;
        let Self { session, environment, .. } = self;
        Ok(session.ledgers.append(environment, &[event], &session.deadline).await?)
    }
}
