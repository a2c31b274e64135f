//! Create: makes copies at paths without a secret, and adopts the copies of an interrupted run.
//!
//! The return of copies that were removed with their environment is a create with the nonce of the state: if the run is
//! killed, the state still owns what the run has created.

use eod_clients::Deadline;
use eod_clients::vault::clone::{self, CloneOptions, CopyOwner};
use eod_domain::Nonce;
use tfplugin::{Applied, ApplyFailure, Diags, RequestContext};

use super::model::{Input, Private};
use super::{VaultClone, notices, place, records};
use crate::explain;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

pub(super) async fn create(
    cx: &Context,
    input: &Input,
    call: &RequestContext,
) -> Result<Applied<VaultClone>, ApplyFailure<VaultClone>> {
    create_as(cx, input, Nonce::new(cx.random()), call).await
}

/// Creates the copies with this nonce in their ownership metadata.
pub(super) async fn create_as(
    cx: &Context,
    input: &Input,
    nonce: Nonce,
    call: &RequestContext,
) -> Result<Applied<VaultClone>, ApplyFailure<VaultClone>> {
    let limit = TimeoutsArgs::of_or_default(input.timeouts.as_ref(), Operation::Create);
    let remote = Deadline::within(limit, call.cancel.clone());
    let vault = cx.vault().map_err(ApplyFailure::nothing)?;
    let installation = cx.installation().map_err(ApplyFailure::nothing)?.clone();
    let target = place::target(input).map_err(ApplyFailure::nothing)?;
    let route = cx.route(place::source(input), target.clone()).map_err(ApplyFailure::nothing)?;
    let owner = CopyOwner { environment: input.environment.0.clone(), installation, nonce };
    let cloned = clone::clone(vault, &route, &options(input), &owner, &remote).await;
    notices::warnings(&target, &cloned.notices).into_iter().for_each(|warning| call.warn(warning));
    let private = Private {
        nonce: owner.nonce.as_str().to_owned(),
        installation: Some(owner.installation),
        created: records::created(&cloned.keys),
        ..Private::default()
    };
    let output = records::output(vault, input, &target, &cloned.keys, cx.now());
    match cloned.error {
        None => Ok(Applied { output, private }),
        Some(error) => {
            let at = Input::SOURCE_PATH.path();
            let diags = Diags::from(explain::unreadable_secret(&error, &place::source(input), at));
            if !cloned.keys.is_empty() {
                return Err(ApplyFailure::known(diags, Applied { output, private }));
            }
            // A write without an answer may have been stored; the nonce identifies it.
            Err(if error.outcome_unknown() {
                ApplyFailure::traced(diags, private)
            } else {
                ApplyFailure::nothing(diags)
            })
        }
    }
}

fn options(input: &Input) -> CloneOptions {
    CloneOptions {
        exclude_keys: input.exclude_keys.iter().flatten().cloned().collect(),
        overrides: input.overrides_wo.clone().unwrap_or_default().into_iter().collect(),
        recursive: input.recursive == Some(true),
        on_existing: input.on_existing.map(|choice| choice.0).unwrap_or_default(),
    }
}
