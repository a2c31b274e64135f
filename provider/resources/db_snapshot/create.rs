//! Create: a closed clone, its check, its opening, the Secret. A create that fails removes the clone again.
//!
//! The return of a database that was removed with its environment is a create with the nonce of the state: if the run is
//! killed, the state still owns what the run has created.
//!
//! A run that was killed after the opening and before the Secret has left a database with a password that nobody knows. The next
//! create finds it, because its Secret is missing or has the claim of an older database, and gives it a new password.

use std::time::Duration;

use eod_clients::Deadline;
use eod_domain::Nonce;
use eod_golden::GoldenError;
use eod_snapshot::{CloneError, ClonePassword, CloneRequest, CloneServer, CloneState, CloneStrategy};
use tfplugin::{Applied, ApplyFailure, Diags, RequestContext};

use super::model::{Input, Private};
use super::opened::{self, OpenedDatabase, SecretTarget, lock_is_awaited};
use super::secret::SecretState;
use super::wanted::WantedDatabase;
use super::{DbSnapshot, check, refusal};
use crate::explain;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

/// Time limit of the removal of a clone after a failure.
const CLEANUP: Duration = Duration::from_secs(60);
/// Size in bytes above which a copy is reported.
const LARGE: u64 = 256 << 20;

/// Failure of a create.
enum MakeFailure {
    /// The server is certainly unchanged.
    Refused(Diags),
    /// A clone of this run may exist.
    Begun(Diags),
}

pub(super) async fn create(
    cx: &Context,
    input: &Input,
    call: &RequestContext,
) -> Result<Applied<DbSnapshot>, ApplyFailure<DbSnapshot>> {
    create_as(cx, input, Nonce::new(cx.random()), call).await
}

/// Creates the database with this nonce in its mark.
pub(super) async fn create_as(
    cx: &Context,
    input: &Input,
    nonce: Nonce,
    call: &RequestContext,
) -> Result<Applied<DbSnapshot>, ApplyFailure<DbSnapshot>> {
    let limit = TimeoutsArgs::of_or_default(input.timeouts.as_ref(), Operation::Create);
    let remote = Deadline::within(limit, call.cancel.clone());
    let wanted = WantedDatabase::of(cx, input, nonce).map_err(ApplyFailure::nothing)?;
    let private = |nonce: &str| Private {
        nonce: nonce.to_owned(),
        installation: Some(wanted.owner.installation.clone()),
        ..Private::default()
    };
    match make(&wanted, &remote, call).await {
        Ok(opened) => Ok(Applied { output: opened.output(&wanted), private: private(&opened.mark.nonce) }),
        Err(MakeFailure::Refused(diags)) => Err(ApplyFailure::nothing(diags)),
        Err(MakeFailure::Begun(diags)) => match undo(&wanted).await {
            Ok(()) => Err(ApplyFailure::nothing(diags)),
            Err(_) => Err(ApplyFailure::traced(diags, private(wanted.nonce.as_str()))),
        },
    }
}

async fn make(
    wanted: &WantedDatabase<'_>,
    remote: &Deadline,
    call: &RequestContext,
) -> Result<OpenedDatabase, MakeFailure> {
    let WantedDatabase { cx, input, name, owner, .. } = wanted;
    // A Secret of somebody else is found before the database is created.
    let secret = opened::look_secret(cx, input, owner, name, remote).await.map_err(MakeFailure::Refused)?;
    let connected = CloneServer::connect(wanted.server, &owner.installation, remote).await;
    let mut clones = connected.map_err(|error| MakeFailure::Refused(explain::remote(&error).into()))?;
    let request = CloneRequest { name, owner, golden: wanted.golden, nonce: &wanted.nonce };
    let begun = loop {
        let begun = clones.begin(request, remote).await;
        if !lock_is_awaited(&begun, remote).await {
            break begun;
        }
    };
    let begun = match begun {
        Ok(begun) => begun,
        Err(CloneError::Exists(_)) => return continue_opened(wanted, &mut clones, secret, remote).await,
        Err(error) => return Err(failure(&error)),
    };
    check::check(wanted, &begun, remote).await.map_err(MakeFailure::Begun)?;
    let password = opened::new_password(cx);
    let facts = clones.open(name, owner, &password, remote).await;
    let facts = facts.map_err(|error| MakeFailure::Begun(refusal::clone_error(&error).into()))?;
    if begun.strategy == CloneStrategy::Copy && begun.bytes >= LARGE {
        call.warn(refusal::copy_warning(name, begun.bytes, begun.duration));
    }
    let opened = OpenedDatabase {
        mark: begun.mark,
        facts,
        strategy: begun.strategy,
        duration: begun.duration,
        bytes: begun.bytes,
    };
    write_secret(wanted, &opened, secret, &password, remote).await.map_err(MakeFailure::Begun)?;
    Ok(opened)
}

/// Continues a create that was killed between the opening and the Secret; fails for a complete database.
async fn continue_opened(
    wanted: &WantedDatabase<'_>,
    clones: &mut CloneServer,
    secret: SecretState,
    remote: &Deadline,
) -> Result<OpenedDatabase, MakeFailure> {
    let WantedDatabase { cx, input, name, owner, .. } = wanted;
    let failed = |error: &CloneError| MakeFailure::Refused(refusal::clone_error(error).into());
    let exists = || failed(&CloneError::Exists(name.clone()));
    let found = clones.look(name, owner, remote).await.map_err(|error| failed(&CloneError::from(error)))?;
    let CloneState::Open(mark, facts) = found else { return Err(exists()) };
    let is_complete = match &secret {
        SecretState::Ours(stored) => stored.nonce == mark.nonce,
        SecretState::Absent | SecretState::Foreign { .. } => false,
    };
    if input.secret.is_none() || is_complete {
        return Err(exists());
    }
    let password = opened::new_password(cx);
    clones.set_password(name, owner, &password, remote).await.map_err(|error| failed(&error))?;
    let opened = OpenedDatabase {
        duration: Duration::try_from(facts.opened_at.duration_since(mark.begun_at)).unwrap_or_default(),
        mark,
        facts,
        strategy: CloneStrategy::Unknown,
        bytes: 0,
    };
    // The database may have rows of people by now, so a failure keeps it, and the next apply continues again.
    write_secret(wanted, &opened, secret, &password, remote).await.map_err(MakeFailure::Refused)?;
    Ok(opened)
}

async fn write_secret(
    wanted: &WantedDatabase<'_>,
    opened: &OpenedDatabase,
    found: SecretState,
    password: &ClonePassword,
    remote: &Deadline,
) -> Result<(), Diags> {
    let WantedDatabase { cx, input, name, owner, place, .. } = wanted;
    let Some(at) = &input.secret else { return Ok(()) };
    let target = SecretTarget { cx, at, owner, name, nonce: &opened.mark.nonce, place };
    target.write(found, password, remote).await
}

/// Removes the clone of this run, and its Secret.
async fn undo(wanted: &WantedDatabase<'_>) -> Result<(), CloneError> {
    let WantedDatabase { cx, input, server, name, owner, nonce, .. } = wanted;
    let remote = Deadline::for_cleanup(CLEANUP);
    let mut clones = CloneServer::connect(server, &owner.installation, &remote).await?;
    opened::destroy(&mut clones, name, owner, Some(nonce), &remote).await?;
    if let Some(at) = &input.secret {
        // Its credentials are useless now. If it stays, the next create writes it again.
        drop(opened::remove_secret(cx, at, owner, name, Some(nonce.as_str()), &remote).await);
    }
    Ok(())
}

/// Failure of the begin of a create.
fn failure(error: &CloneError) -> MakeFailure {
    let diags = refusal::clone_error(error).into();
    if is_refusal(error) { MakeFailure::Refused(diags) } else { MakeFailure::Begun(diags) }
}

/// True for an error before the first statement that changes the server.
fn is_refusal(error: &CloneError) -> bool {
    match error {
        CloneError::Foreign { .. }
        | CloneError::Exists(_)
        | CloneError::Busy(_)
        | CloneError::NotPublished(_)
        | CloneError::Over { .. } => true,
        CloneError::Golden(error) => !matches!(error, GoldenError::Statement(_)),
        _ => false,
    }
}
