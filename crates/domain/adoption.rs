//! Adoption of an environment whose current life has no ledger.
//!
//! The reaper and the commands of `eod` use this function, so that history and cost are the same in both cases.

use jiff::Timestamp;

use crate::ledger::{Actor, CreateRequest, Event, EventKind, LedgerHead, MadeBy, TransitionError, Transitions};
use crate::reading::EnvironmentReading;

/// First record of an adopted environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Adoption {
    /// Head with identity, tier, owner, commit and tool of the environment.
    pub head: LedgerHead,
    /// Event `adopted` with the creation of the namespace, and with the price of a day, which begins a cost segment.
    pub event: Event,
}

/// Reasons to refuse an adoption.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AdoptionError {
    /// The identity of the environment is missing or invalid.
    #[error("the identity of the environment cannot be read")]
    Identity,
    /// The tier of the environment is missing or invalid.
    #[error("the tier of the environment cannot be read")]
    Tier,
    /// The ledger does not allow an adoption.
    #[error(transparent)]
    Transition(#[from] TransitionError),
}

/// Adopts an environment from its reading. `head` is the head of its ledger, which may be of an earlier life; `holder`
/// is the id of the run.
///
/// # Errors
///
/// Identity or tier cannot be read, or the ledger has a running life.
pub fn adopt(
    reading: &EnvironmentReading,
    head: Option<&LedgerHead>,
    by: Actor,
    holder: &str,
    now: Timestamp,
) -> Result<Adoption, AdoptionError> {
    let request = CreateRequest {
        identity: reading.identity.as_ref().ok_or(AdoptionError::Identity)?.canonical(),
        tier: reading.tier.ok_or(AdoptionError::Tier)?,
        owner: reading.owner.clone(),
        head_sha: reading.head_sha.clone(),
        made_by: reading.made_by.unwrap_or(MadeBy::Terraform),
        holder: holder.to_owned(),
        namespace_is_gone: false,
        lifted: false,
    };
    let head = Transitions::at(now).adopt(head, &request, &reading.uid)?;
    let mut event = Event::new(now, head.generation, EventKind::Adopted, by).with("made-by", &request.made_by);
    if let Some(created) = reading.times.created_at {
        event = event.with("created", &created);
    }
    if let Some(price) = reading.cost_per_day {
        event = event.with("price_micros", &price.micros());
    }
    Ok(Adoption { head, event })
}

#[cfg(test)]
mod tests;
