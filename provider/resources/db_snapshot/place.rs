//! Name and owner of a database.

use eod_domain::Nonce;
use eod_golden::GoldenName;
use eod_snapshot::{CloneName, CloneOwner};
use tfplugin::{Attr, Diag, Diags, State};

use super::model::{Input, Private};
use super::{DbSnapshot, refusal};
use crate::provider::{AdvertisedPlace, Context};

/// Golden database of the arguments.
pub(super) fn golden(input: &Input) -> Result<&GoldenName, Diag> {
    let golden = input.golden.as_ref().map(|golden| &golden.0);
    golden.ok_or_else(|| Diag::error("Missing golden").hint("set `golden`").at(Input::GOLDEN))
}

/// Name of the database: that of the plan, or its default.
pub(super) fn name(input: &Input) -> Result<CloneName, Diag> {
    match &input.database {
        Some(database) => Ok(database.0.clone()),
        None => Ok(CloneName::of(golden(input)?, &input.environment)),
    }
}

/// Owner of the database of new arguments.
pub(super) fn new_owner(cx: &Context, input: &Input) -> Result<CloneOwner, Diag> {
    Ok(CloneOwner { environment: input.environment.0.clone(), installation: cx.installation()?.clone() })
}

/// Owner of the database in a state.
///
/// # Errors
/// The database belongs to another installation. Without the state no tool would remove it.
pub(super) fn owner(cx: &Context, prior: &State<DbSnapshot>) -> Result<CloneOwner, Diag> {
    let ours = cx.installation()?;
    let theirs = prior.private.installation.as_ref().unwrap_or(ours);
    if theirs != ours {
        return Err(Diag::error("The database belongs to another installation")
            .detail(format!(
                "The database of environment `{}` was created by installation `{theirs}`; this one is `{ours}`. It was not \
                 changed.",
                prior.input.environment
            ))
            .hint("set the provider's `installation` to the one that created it, or remove the resource from this state"));
    }
    Ok(CloneOwner { environment: prior.input.environment.0.clone(), installation: theirs.clone() })
}

/// The claim of a state; none if it was lost.
pub(super) fn claim(private: &Private) -> Option<Nonce> {
    (!private.nonce.is_empty()).then(|| Nonce::recorded(&private.nonce))
}

/// Place at which applications reach the server.
///
/// # Errors
/// The host is not known, or is not one host.
pub(super) fn advertised(cx: &Context) -> Result<AdvertisedPlace, Diags> {
    match cx.advertised() {
        Attr::Known(place) if place.is_one_host() => Ok(place.clone()),
        Attr::Known(place) => Err(refusal::no_advertised_host_error(&place.host)),
        Attr::Null | Attr::Unknown => {
            cx.postgres()?;
            Err(refusal::no_advertised_host_error(""))
        }
    }
}
