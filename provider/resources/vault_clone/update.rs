//! Update in place. Copies are not written again, except overrides with a higher version, into a copy without edits.

use eod_clients::Deadline;
use eod_clients::vault::SecretMap;
use eod_clients::vault::clone::{self, Updated};
use eod_domain::Nonce;
use eod_domain::vault::SecretRef;
use tfplugin::{Applied, ApplyFailure, Diag, RequestContext, State};

use super::model::Input;
use super::{VaultClone, create, place, records};
use crate::explain;
use crate::provider::{Context, unknown_vault_error};
use crate::timeouts::{Operation, TimeoutsArgs};

pub(super) async fn update(
    cx: &Context,
    prior: State<VaultClone>,
    input: Input,
    call: &RequestContext,
) -> Result<Applied<VaultClone>, ApplyFailure<VaultClone>> {
    let Some(mut output) = prior.output.clone() else {
        return Err(ApplyFailure::nothing(
            Diag::error("The create of the copy was not finished")
                .hint("replace it: `terraform apply -replace=<address>`"),
        ));
    };
    if input.environment.0 != prior.input.environment.0 {
        return Err(ApplyFailure::nothing(other_environment_error(&prior.input, &input)));
    }
    if prior.private.returns {
        let owner = place::owner(cx, &prior).map_err(ApplyFailure::nothing)?;
        let nonce = if owner.nonce.as_str().is_empty() { Nonce::new(cx.random()) } else { owner.nonce };
        return create::create_as(cx, &input, nonce, call).await;
    }
    output.sensitive_secret_ref = records::sensitive_ref(&input);
    let mut private = prior.private.clone();
    // An absent copy gets its overrides when it is created again.
    if !private.absent && is_raised(&prior.input, &input) {
        let mut recorded = records::recorded(&output, &private).map_err(ApplyFailure::nothing)?;
        overwrite(cx, &prior, &input, &mut recorded, call).await?;
        output.keys = records::keys(&recorded);
        private.created = records::created(&recorded);
    }
    Ok(Applied { output, private })
}

/// The error for an environment that was unknown in the plan and is another one at apply.
fn other_environment_error(before: &Input, after: &Input) -> Diag {
    Diag::error("The copy belongs to another environment")
        .detail(format!(
            "`environment` was not known in the plan, and is `{}` now. The copy is that of environment `{}`; it was not \
             changed.",
            after.environment, before.environment
        ))
        .hint("plan again: the plan replaces the copy")
        .at(Input::ENVIRONMENT)
}

/// True if overrides must be written again.
fn is_raised(before: &Input, after: &Input) -> bool {
    let is_higher = after.overrides_wo_version > before.overrides_wo_version;
    is_higher && after.overrides_wo.as_ref().is_some_and(|overrides| !overrides.is_empty())
}

async fn overwrite(
    cx: &Context,
    prior: &State<VaultClone>,
    input: &Input,
    recorded: &mut records::Records,
    call: &RequestContext,
) -> Result<(), ApplyFailure<VaultClone>> {
    let limit = TimeoutsArgs::of_or_default(input.timeouts.as_ref(), Operation::Update);
    let remote = Deadline::within(limit, call.cancel.clone());
    let vault = cx.vault().map_err(ApplyFailure::nothing)?;
    let owner = place::owner(cx, prior).map_err(ApplyFailure::nothing)?;
    let target = place::target(input).map_err(ApplyFailure::nothing)?;
    let Some(record) = recorded.get_mut(target.path()) else { return Ok(()) };
    // The patterns may have changed since the copy was created.
    let sensitive = cx.sensitive_paths().ok_or_else(|| ApplyFailure::nothing(unknown_vault_error()))?;
    if let Some(pattern) = sensitive.covering(&target) {
        let why = format!("it is sensitive now (`vault.sensitive_paths` has `{pattern}`), and is no longer read");
        call.warn(not_written_warning(&target, &why));
        return Ok(());
    }
    let overrides: SecretMap = input.overrides_wo.clone().unwrap_or_default().into_iter().collect();
    let updated =
        clone::update_overrides(vault, target.mount(), target.path(), record, &overrides, &owner, &remote).await;
    let why = match updated.map_err(|error| explain::remote(&error))? {
        Updated::Written(written) => {
            *record = written;
            return Ok(());
        }
        Updated::Edited => "the copy was edited or deleted, and an edit is never overwritten".to_owned(),
        Updated::Gone => "the copy was deleted; the next plan creates it again".to_owned(),
        Updated::NotOurs => "the secret at the target is not a copy of this configuration".to_owned(),
        Updated::Denied(error) => {
            format!("the token's policy does not allow it ({}); the policy needs `update` on the copy", error.chain())
        }
    };
    call.warn(not_written_warning(&target, &why));
    Ok(())
}

fn not_written_warning(target: &SecretRef, why: &str) -> Diag {
    Diag::warning(format!("The overrides were not written: {target}"))
        .detail(format!("The copy `{target}` was not changed: {why}."))
        .at(Input::OVERRIDES_WO_VERSION)
}
