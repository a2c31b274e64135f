//! Update in place: a new password, the Secret, and the access that was changed by hand. No row is changed.

use eod_clients::Deadline;
use eod_domain::Nonce;
use eod_snapshot::{CloneError, CloneName, CloneOwner, CloneServer, CloneState};
use tfplugin::{Applied, ApplyFailure, Diag, Diags, RequestContext, State};

use super::model::{Input, Output, Private};
use super::opened::{self, SecretTarget, lock_is_awaited};
use super::plan::READY;
use super::secret::SecretState;
use super::{DbSnapshot, create, place, refusal};
use crate::explain;
use crate::provider::{AdvertisedPlace, Context};
use crate::timeouts::{Operation, TimeoutsArgs};

pub(super) async fn update(
    cx: &Context,
    prior: State<DbSnapshot>,
    input: &Input,
    call: &RequestContext,
) -> Result<Applied<DbSnapshot>, ApplyFailure<DbSnapshot>> {
    let Some(mut output) = prior.output.clone() else {
        return Err(ApplyFailure::nothing(
            Diag::error("The create of the database was not finished")
                .hint("replace it: `terraform apply -replace=<address>`"),
        ));
    };
    if input.environment.0 != prior.input.environment.0 {
        return Err(ApplyFailure::nothing(other_environment_error(&prior.input, input)));
    }
    if prior.private.returns {
        place::owner(cx, &prior).map_err(ApplyFailure::nothing)?;
        let nonce = place::claim(&prior.private).unwrap_or_else(|| Nonce::new(cx.random()));
        return create::create_as(cx, input, nonce, call).await;
    }
    output.secret_ref = opened::secret_ref(input);
    if prior.private.absent {
        return Ok(Applied { output, private: prior.private });
    }
    let private = change(cx, &prior, input, &mut output, call).await?;
    output.drift.clear();
    READY.clone_into(&mut output.status);
    Ok(Applied { output, private })
}

/// Changes the access and the Secret as far as necessary.
async fn change(
    cx: &Context,
    prior: &State<DbSnapshot>,
    input: &Input,
    output: &mut Output,
    call: &RequestContext,
) -> Result<Private, Diags> {
    let limit = TimeoutsArgs::of_or_default(input.timeouts.as_ref(), Operation::Update);
    let remote = Deadline::within(limit, call.cancel.clone());
    let (owner, name) = (place::owner(cx, prior)?, place::name(&prior.input)?);
    let place = place::advertised(cx)?;
    let is_moved = output.host != place.host || output.port != u64::from(place.port);
    (output.host, output.port) = (place.host.clone(), place.port.into());
    let is_drifted = !output.drift.is_empty();
    let is_rotated = input.credentials_version != prior.input.credentials_version;
    let is_other_secret = input.secret != prior.input.secret;
    if !(is_moved || is_drifted || is_rotated || is_other_secret) {
        return Ok(prior.private.clone());
    }
    let access =
        AccessChange { cx, input, owner: &owner, name: &name, place: &place, claim: place::claim(&prior.private) };
    let nonce = access.apply(is_moved || is_drifted || is_rotated, is_drifted, &remote).await?;
    if is_other_secret && let Some(former) = &prior.input.secret {
        let removed = opened::remove_secret(cx, former, &owner, &name, Some(&nonce), &remote).await;
        removed.map_err(|error| Diags::from(refusal::secret_error(&error)))?;
    }
    Ok(Private { nonce, installation: Some(owner.installation), ..prior.private.clone() })
}

/// A change of the access to an open database.
struct AccessChange<'a> {
    cx: &'a Context,
    input: &'a Input,
    owner: &'a CloneOwner,
    name: &'a CloneName,
    place: &'a AdvertisedPlace,
    claim: Option<Nonce>,
}

impl AccessChange<'_> {
    /// Sets a new password and writes the Secret; returns the nonce of the database. A Secret that has the credentials of the
    /// database already, as after an import, is kept unless the password must change.
    async fn apply(&self, must_rotate: bool, must_repair: bool, remote: &Deadline) -> Result<String, Diags> {
        let secret = opened::look_secret(self.cx, self.input, self.owner, self.name, remote).await?;
        let connected = CloneServer::connect(self.cx.postgres()?, &self.owner.installation, remote).await;
        let mut clones = connected.map_err(|error| explain::remote(&error))?;
        let nonce = self.nonce(&mut clones, remote).await.map_err(|error| refusal::clone_error(&error))?;
        let is_current = match &secret {
            SecretState::Ours(stored) => stored.is_unchanged && stored.nonce == nonce,
            SecretState::Absent | SecretState::Foreign { .. } => self.input.secret.is_none(),
        };
        if is_current && !must_rotate {
            return Ok(nonce);
        }
        let password = opened::new_password(self.cx);
        loop {
            let changed = if must_repair {
                clones.repair(self.name, self.owner, &password, remote).await
            } else {
                clones.set_password(self.name, self.owner, &password, remote).await
            };
            if !lock_is_awaited(&changed, remote).await {
                changed.map_err(|error| refusal::clone_error(&error))?;
                break;
            }
        }
        if let Some(at) = &self.input.secret {
            let (cx, owner, name, place) = (self.cx, self.owner, self.name, self.place);
            let target = SecretTarget { cx, at, owner, name, nonce: &nonce, place };
            target.write(secret, &password, remote).await?;
        }
        Ok(nonce)
    }

    /// Nonce of the database, which must be that of the state.
    async fn nonce(&self, clones: &mut CloneServer, remote: &Deadline) -> Result<String, CloneError> {
        let mark = match clones.look(self.name, self.owner, remote).await? {
            CloneState::Open(mark, _) => mark,
            CloneState::Foreign { reason } => return Err(CloneError::Foreign { name: self.name.clone(), reason }),
            _ => return Err(CloneError::NotBegun(self.name.clone())),
        };
        match &self.claim {
            Some(claim) if !mark.is_of(claim) => Err(CloneError::Successor(self.name.clone())),
            _ => Ok(mark.nonce),
        }
    }
}

/// The error for an environment that was unknown in the plan and is another one at apply.
fn other_environment_error(before: &Input, after: &Input) -> Diag {
    Diag::error("The database belongs to another environment")
        .detail(format!(
            "`environment` was not known in the plan, and is `{}` now. The database is that of environment `{}`; it was not changed.",
            after.environment, before.environment
        ))
        .hint("plan again: the plan replaces the database")
        .at(Input::ENVIRONMENT)
}
