//! Records of changes of a living environment.

use eod_clients::ErrorKind;
use eod_domain::ledger::{Event, EventKind, LedgerHead, LifeFacts, TransitionError};
use eod_domain::{Environment, labels};
use tfplugin::Text;

use super::{EnvironmentLedger, RecordError, StoredHead, request};
use crate::environment::model::Input;

/// Arguments before and after an update. Changes of tier, TTL, protection and extension are recorded.
pub(in super::super) struct RecordedArguments<'a> {
    pub(in super::super) before: &'a Input,
    pub(in super::super) after: &'a Input,
}

impl EnvironmentLedger<'_> {
    /// Appends events for the changes of an update, if there are any. Returns the generation, if it is known. A change of
    /// the tier is written to the head, too, because the steps of an end depend on it.
    ///
    /// The change itself is done already, so a ledger that cannot be written is a warning.
    pub(in super::super) async fn record_changes(
        &self,
        arguments: &RecordedArguments<'_>,
        generation: Option<u64>,
        environment: &Environment,
        uid: &str,
    ) -> Option<u64> {
        let kinds = arguments.changed();
        if kinds.is_empty() {
            return generation;
        }
        match self.append(arguments, &kinds, generation, environment, uid).await {
            Ok(generation) => Some(generation),
            Err(error) => {
                self.warn(&error);
                generation
            }
        }
    }

    async fn append(
        &self,
        arguments: &RecordedArguments<'_>,
        kinds: &[EventKind],
        generation: Option<u64>,
        environment: &Environment,
        uid: &str,
    ) -> Result<u64, RecordError> {
        let events = |generation: u64| -> Vec<Event> {
            kinds.iter().map(|kind| self.changed(*kind, arguments, generation, environment)).collect()
        };
        let is_in_head = kinds.contains(&EventKind::TierChanged);
        if let Some(generation) = generation.filter(|_| !is_in_head) {
            match self.ledgers.append(self.name, &events(generation), &self.deadline).await {
                Ok(()) => return Ok(generation),
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        // The environment is older than its ledger, the ledger was deleted, or it does not contain this life.
        let request = request(environment, false, false);
        let adopted = |head: Option<&LedgerHead>| -> Result<(LedgerHead, Vec<Event>), TransitionError> {
            let next = self.transitions().adopt(head, &request, uid)?;
            let adopted = self.priced(EventKind::Adopted, next.generation, environment);
            let all = [adopted].into_iter().chain(events(next.generation)).collect();
            Ok((next, all))
        };
        let Some(stored) = self.read().await? else {
            let (head, all) = adopted(None)?;
            self.ledgers.create(self.name, &head, &all, &self.deadline).await?;
            return Ok(head.generation);
        };
        let generation = stored.head.generation;
        if !is_life(&stored.head, environment, uid) {
            let stored = self.store(stored, |head| adopted(Some(head))).await?;
            return Ok(stored.head.generation);
        }
        if is_in_head {
            self.record_tier(stored, environment, events(generation)).await?;
        } else {
            self.ledgers.append(self.name, &events(generation), &self.deadline).await?;
        }
        Ok(generation)
    }

    /// Writes the tier to the head, with the events of its change.
    async fn record_tier(
        &self,
        stored: StoredHead,
        environment: &Environment,
        events: Vec<Event>,
    ) -> Result<(), RecordError> {
        let generation = stored.head.generation;
        let recorded = self.store(stored, |head| {
            let facts = LifeFacts { tier: Some(environment.tier), ..LifeFacts::default() };
            Ok((self.transitions().record(head, generation, facts)?, events.clone()))
        });
        recorded.await.map(drop)
    }

    fn changed(
        &self,
        kind: EventKind,
        arguments: &RecordedArguments<'_>,
        generation: u64,
        environment: &Environment,
    ) -> Event {
        let RecordedArguments { before, after } = arguments;
        let event = self.event(generation, kind);
        match kind {
            EventKind::TierChanged => {
                let event = self.priced(kind, generation, environment);
                let from = before.tier.as_ref().map(ToString::to_string).unwrap_or_default();
                event.with("from", &from).with("to", environment.tier.as_str())
            }
            EventKind::TtlChanged => event.with("from", &ttl(before)).with("to", &ttl(after)),
            EventKind::ProtectedChanged => event.with("to", &environment.protected),
            _ => event.with("text", after.extension.as_deref().unwrap_or_default()),
        }
    }
}

impl RecordedArguments<'_> {
    /// Events of the changes.
    fn changed(&self) -> Vec<EventKind> {
        let Self { before, after } = self;
        let is_extended =
            before.extension != after.extension && after.extension.as_ref().is_some_and(|text| !text.is_empty());
        let changes = [
            (EventKind::TierChanged, before.tier != after.tier),
            (EventKind::TtlChanged, before.ttl != after.ttl),
            (EventKind::ProtectedChanged, before.protected != after.protected),
            (EventKind::Extended, is_extended),
        ];
        changes.into_iter().filter(|(_, is_changed)| *is_changed).map(|(kind, _)| kind).collect()
    }
}

/// True if the head is that of the environment with this uid.
fn is_life(head: &LedgerHead, environment: &Environment, uid: &str) -> bool {
    head.identity == environment.identity.canonical() && head.uid.as_deref() == Some(uid)
}

fn ttl(input: &Input) -> String {
    input.ttl.as_ref().map_or_else(|| labels::NO_TTL.to_owned(), |Text(ttl)| ttl.to_string())
}
