//! Refresh: one query for all databases of the run, and one read of the Secret.

use eod_clients::{ConnectionFailure, Deadline, Error};
use eod_domain::Nonce;
use eod_snapshot::{CloneName, CloneOwner, InspectedClone};
use tfplugin::{Diag, Diags, RequestContext, State};

use super::model::SecretArgs;
use super::plan::{EXPIRED, FAILED, READY};
use super::secret::{CredentialSecret, SecretState};
use super::{DbSnapshot, absent, drift, place, refusal};
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

/// DatabasePresence of the database of a state.
enum DatabasePresence<'a> {
    /// The database of this state.
    Ours(&'a InspectedClone),
    /// Another database has the name.
    Another,
    /// Neither the database nor its owner role exists.
    Absent,
}

pub(super) async fn read(
    cx: &Context,
    mut prior: State<DbSnapshot>,
    call: &RequestContext,
) -> Result<Option<State<DbSnapshot>>, Diags> {
    // After a failed create the next operation is a destroy, which finds the rest of the database.
    if prior.output.is_none() {
        return Ok(Some(prior));
    }
    let name = place::name(&prior.input)?;
    if !cx.is_postgres_known() {
        call.warn(Diag::warning("The database was not refreshed").detail(format!(
            "The provider's configuration is not known yet, so the state of database `{name}` is kept."
        )));
        return Ok(Some(prior));
    }
    let owner = place::owner(cx, &prior)?;
    let limit = TimeoutsArgs::of_or_default(prior.input.timeouts.as_ref(), Operation::Read);
    let remote = Deadline::within(limit, call.cancel.clone());
    let clones = cx.clones(&remote).await?;
    match presence(clones.get(&name), &owner, place::claim(&prior.private).as_ref()) {
        DatabasePresence::Ours(clone) => present(cx, prior, &name, &owner, clone, &remote, call).await.map(Some),
        DatabasePresence::Another => {
            call.warn(another_warning(&name));
            Ok(None)
        }
        DatabasePresence::Absent => {
            let is_ended = absent::is_ended(cx, &prior, &remote, call).await;
            prior.private.absent = is_ended;
            if !is_ended {
                return without_database(cx, prior, &name, &owner, &remote, call).await;
            }
            if let Some(output) = &mut prior.output {
                EXPIRED.clone_into(&mut output.status);
                output.drift.clear();
            }
            Ok(Some(prior))
        }
    }
}

/// The state of a database that is gone: none, unless its Secret is left, as after a destroy that was killed.
async fn without_database(
    cx: &Context,
    mut prior: State<DbSnapshot>,
    name: &CloneName,
    owner: &CloneOwner,
    remote: &Deadline,
    call: &RequestContext,
) -> Result<Option<State<DbSnapshot>>, Diags> {
    let is_left = match look_secret(cx, &prior, name, owner, remote, call).await? {
        None => true,
        Some(SecretState::Ours(stored)) => {
            let claim = place::claim(&prior.private);
            claim.is_none_or(|claim| claim.as_str() == stored.nonce)
        }
        Some(SecretState::Absent | SecretState::Foreign { .. }) => false,
    };
    if let (true, Some(output)) = (is_left, &mut prior.output) {
        FAILED.clone_into(&mut output.status);
        output.drift = vec![format!("Database `{name}` was removed.")];
    }
    Ok(is_left.then_some(prior))
}

/// State of the Secret: absent without one, and none if the cluster cannot be reached.
async fn look_secret(
    cx: &Context,
    prior: &State<DbSnapshot>,
    name: &CloneName,
    owner: &CloneOwner,
    remote: &Deadline,
    call: &RequestContext,
) -> Result<Option<SecretState>, Diags> {
    let (Some(at), Ok(kubernetes)) = (&prior.input.secret, cx.kubernetes()) else {
        return Ok(Some(SecretState::Absent));
    };
    let secret = CredentialSecret { kubernetes, at, owner, name };
    match secret.look(remote).await {
        Ok(state) => Ok(Some(state)),
        Err(error) if ConnectionFailure::of(&error).is_some() => {
            call.warn(unread_secret_warning(at, &error));
            Ok(None)
        }
        Err(error) => Err(refusal::secret_error(&error).into()),
    }
}

/// The database of a state among those on the server. A claim that was lost is that of the environment's database.
fn presence<'a>(found: Option<&'a InspectedClone>, owner: &CloneOwner, claim: Option<&Nonce>) -> DatabasePresence<'a> {
    match found {
        None => DatabasePresence::Absent,
        Some(clone) if clone.mark.owner != *owner => DatabasePresence::Another,
        Some(clone) if claim.is_some_and(|claim| !clone.mark.is_of(claim)) => DatabasePresence::Another,
        Some(clone) => DatabasePresence::Ours(clone),
    }
}

/// The state of a database that exists, or of which a part exists.
async fn present(
    cx: &Context,
    mut prior: State<DbSnapshot>,
    name: &CloneName,
    owner: &CloneOwner,
    clone: &InspectedClone,
    remote: &Deadline,
    call: &RequestContext,
) -> Result<State<DbSnapshot>, Diags> {
    prior.private.nonce.clone_from(&clone.mark.nonce);
    prior.private.installation = Some(owner.installation.clone());
    let (Some(facts), Some(access)) = (&clone.facts, clone.access) else {
        // The return of an absent database was interrupted: the next update creates it again.
        if !prior.private.absent
            && let Some(output) = &mut prior.output
        {
            FAILED.clone_into(&mut output.status);
            output.drift = vec![format!("A part of database `{name}` was removed.")];
        }
        return Ok(prior);
    };
    let mut found = drift::of_access(name, access);
    found.extend(secret_drift(cx, &prior, name, owner, &clone.mark.nonce, remote, call).await?);
    let was_absent = std::mem::take(&mut prior.private.absent);
    if let Some(output) = &mut prior.output {
        READY.clone_into(&mut output.status);
        output.drift = found;
        output.golden_version.clone_from(&clone.mark.golden_version);
        if was_absent {
            output.created_at = facts.opened_at.to_string();
        }
    }
    Ok(prior)
}

/// Difference of the Secret. The Secret of an environment that is being ended goes with its namespace.
async fn secret_drift(
    cx: &Context,
    prior: &State<DbSnapshot>,
    name: &CloneName,
    owner: &CloneOwner,
    nonce: &str,
    remote: &Deadline,
    call: &RequestContext,
) -> Result<Option<String>, Diags> {
    let Some(at) = prior.input.secret.as_ref().filter(|_| cx.kubernetes().is_ok()) else { return Ok(None) };
    let Some(state) = look_secret(cx, prior, name, owner, remote, call).await? else { return Ok(None) };
    if state == SecretState::Absent && absent::is_ending(cx, prior, remote).await {
        return Ok(None);
    }
    Ok(drift::of_secret(at, &state, nonce))
}

fn another_warning(name: &CloneName) -> Diag {
    Diag::warning(format!("The database was replaced: {name}"))
        .detail(format!(
            "Database `{name}` is not the one that this configuration created: that one was removed, and another run has created a \
             database with its name. It was not changed."
        ))
        .hint("choose another name with `database`, or import the new database")
}

fn unread_secret_warning(SecretArgs { name, namespace }: &SecretArgs, error: &Error) -> Diag {
    Diag::warning(format!("The Secret was not refreshed: {namespace}/{name}"))
        .detail("The cluster cannot be reached, so changes of the Secret are not known.")
        .cause(error)
        .hint("check the argument `kubernetes` of the provider, or run again when the API server answers")
}
