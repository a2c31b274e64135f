//! Records events of a command in the ledger of an environment.

use eod_clients::ErrorKind;
use eod_domain::ledger::{Actor, Event, EventKind, EventText, LedgerHead, Transitions, pipeline_run};
use eod_domain::{Adoption, EnvironmentName, EnvironmentReading, adopt};
use jiff::Timestamp;

use crate::failure::Failure;
use crate::output::note;
use crate::session::OpsSession;

/// Maximum number of attempts to write the ledger of an adopted environment.
const ADOPTIONS: u32 = 3;

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

    /// User name of the caller at the API server.
    pub(crate) fn who(&self) -> &str {
        &self.who
    }

    /// An event of this caller.
    pub(crate) fn event(&self, at: Timestamp, generation: u64, kind: EventKind) -> Event {
        let mut event = Event::new(at, generation, kind, Actor::Cli);
        self.sign(&mut event);
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
            failure.remedy("run `eod reap` or wait for its next run, then try again")
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
        match reading.generation {
            0 => self.adopt_and_append(event, reading, now).await,
            _ => self.append_or_adopt(event, reading, now).await,
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

    /// Writes the ledger of an environment that has none of its own life, and returns its generation. A ledger with events
    /// from before the create, or of an earlier life, is continued.
    pub(crate) async fn adopt(&self, reading: &EnvironmentReading, now: Timestamp) -> Result<u64, Failure> {
        let Self { session, environment, .. } = self;
        let mut tries = 0;
        loop {
            let ledger = session.ledgers.get(environment, &session.deadline).await?;
            let head = ledger.as_ref().map(|ledger| ledger.head.as_ref()).transpose();
            let head = head.map_err(|problem| Failure::failed(format!("the ledger cannot be read: {problem}")))?;
            let is_adopted = |head: &&LedgerHead| head.uid.as_deref() == Some(reading.uid.as_str());
            if let Some(head) = reading.own_head(head).filter(is_adopted) {
                return Ok(head.generation);
            }
            let adopted = adopt(reading, head, Actor::Cli, &self.who, now);
            let Adoption { head, mut event } = adopted.map_err(|error| Failure::failed(error.to_string()))?;
            self.sign(&mut event);
            let (events, deadline) = ([event], &session.deadline);
            let written = match &ledger {
                Some(ledger) => {
                    let version = &ledger.resource_version;
                    session.ledgers.replace(environment, version, &head, &events, deadline).await
                }
                None => session.ledgers.create(environment, &head, &events, deadline).await,
            };
            tries += 1;
            match written {
                Ok(_) => return Ok(head.generation),
                // Somebody has written the ledger in the meantime.
                Err(error)
                    if tries < ADOPTIONS && matches!(error.kind, ErrorKind::AlreadyExists | ErrorKind::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Adds the caller's name and the run to an event.
    fn sign(&self, event: &mut Event) {
        event.who = EventText::cut(&self.who);
        event.run = EventText::cut(&self.run);
    }

    async fn append_or_adopt(&self, event: Event, reading: &EnvironmentReading, now: Timestamp) -> Result<(), Failure> {
        let Self { session, environment, .. } = self;
        let appended = session.ledgers.append(environment, std::slice::from_ref(&event), &session.deadline).await;
        match appended {
            Err(error) if error.kind == ErrorKind::NotFound => self.adopt_and_append(event, reading, now).await,
            result => result.map_err(Failure::from),
        }
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
