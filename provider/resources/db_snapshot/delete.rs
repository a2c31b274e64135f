//! Destroy: the database with its sessions, its roles, then the Secret. Each of them may be gone already, also the golden database.

use eod_clients::{ConnectionFailure, Deadline, Error, ErrorKind};
use eod_snapshot::{CloneError, CloneName, CloneServer};
use tfplugin::{Diag, Diags, RequestContext, State};

use super::model::SecretArgs;
use super::{DbSnapshot, opened, place, refusal};
use crate::explain;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

pub(super) async fn delete(cx: &Context, prior: &State<DbSnapshot>, call: &RequestContext) -> Result<(), Diags> {
    let limit = TimeoutsArgs::of_or_default(prior.input.timeouts.as_ref(), Operation::Delete);
    let remote = Deadline::within(limit, call.cancel.clone());
    let (owner, name) = (place::owner(cx, prior)?, place::name(&prior.input)?);
    // The private data of a plan are not those of the object, whose claim is not known then.
    let claim = place::claim(&prior.private).filter(|_| !prior.private.planned);
    let connected = CloneServer::connect(cx.postgres()?, &owner.installation, &remote).await;
    let mut clones = connected.map_err(|error| explain::remote(&error))?;
    match opened::destroy(&mut clones, &name, &owner, claim.as_ref(), &remote).await {
        Ok(()) => {}
        Err(CloneError::Successor(_)) => {
            call.warn(successor_warning(&name));
            return Ok(());
        }
        Err(error) => return Err(refusal::clone_error(&error).into()),
    }
    let Some(at) = &prior.input.secret else { return Ok(()) };
    let nonce = claim.as_ref().map(eod_domain::Nonce::as_str);
    match opened::remove_secret(cx, at, &owner, &name, nonce, &remote).await {
        Ok(()) => Ok(()),
        // The credentials are useless without the database, so a cluster that is gone holds up nothing.
        Err(error) if is_unreachable(&error) => {
            call.warn(left_secret_warning(at, &error));
            Ok(())
        }
        Err(error) => Err(refusal::secret_error(&error).into()),
    }
}

fn is_unreachable(error: &Error) -> bool {
    error.kind == ErrorKind::Unavailable && ConnectionFailure::of(error).is_some()
}

fn successor_warning(name: &CloneName) -> Diag {
    Diag::warning(format!("The database was not removed: {name}"))
        .detail(format!("Database `{name}` was created again by another run, which owns it now. It was not changed."))
        .hint("destroy it with the configuration that has created it")
}

fn left_secret_warning(SecretArgs { name, namespace }: &SecretArgs, error: &Error) -> Diag {
    Diag::warning(format!("The Secret was not deleted: {namespace}/{name}"))
        .detail("The database and its roles are removed, so the credentials in the Secret no longer work.")
        .cause(error)
        .hint("delete the Secret if the cluster still exists")
}
