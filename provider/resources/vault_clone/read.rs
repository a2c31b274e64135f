//! Refresh: reads metadata only. An edit by a person is recorded and is not a difference.

use eod_clients::Deadline;
use eod_clients::vault::clone::{self, KeyState};
use eod_domain::vault::SecretRef;
use tfplugin::{Diag, Diags, RequestContext, State};

use super::recall::Forgotten;
use super::records::{self, Records};
use super::{VaultClone, absent, notices, place};
use crate::explain;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

pub(super) async fn read(
    cx: &Context,
    mut prior: State<VaultClone>,
    call: &RequestContext,
) -> Result<Option<State<VaultClone>>, Diags> {
    // After a failed create without an answer, the next operation is a destroy, and the destroy finds the stored
    // secrets.
    let Some(output) = &prior.output else { return Ok(Some(prior)) };
    let target = place::target(&prior.input)?;
    if !cx.is_vault_known() {
        call.warn(Diag::warning("The copies were not refreshed").detail(format!(
            "The provider's configuration is not known yet, so the state of the copy `{target}` is kept as it is."
        )));
        return Ok(Some(prior));
    }
    let vault = cx.vault()?;
    let mut owner = place::owner(cx, &prior)?;
    let recorded = records::recorded(output, &prior.private)?;
    let limit = TimeoutsArgs::of_or_default(prior.input.timeouts.as_ref(), Operation::Read);
    let remote = Deadline::within(limit, call.cancel.clone());
    let was_forgotten = prior.private.nonce.is_empty();
    if was_forgotten {
        let source = place::source(&prior.input);
        let forgotten = Forgotten { vault, source: &source, target: &target, owner: &owner };
        owner.nonce = forgotten.nonce(&recorded, &remote).await?.unwrap_or(owner.nonce);
        prior.private.nonce = owner.nonce.as_str().to_owned();
        prior.private.installation = Some(owner.installation.clone());
    }
    let found = clone::refresh(vault, target.mount(), &recorded, &owner, &remote)
        .await
        .map_err(|error| explain::remote(&error))?;
    let (mut present, mut lost, mut gone) = (Records::new(), Vec::new(), false);
    for (path, state) in found {
        match state {
            KeyState::Present(record) => {
                present.insert(path, record);
            }
            KeyState::Gone => gone = true,
            KeyState::Lost => lost.push(SecretRef::new(target.mount().clone(), path)),
        }
    }
    let is_complete = !gone && lost.is_empty();
    let is_interrupted_return =
        prior.private.absent || (was_forgotten && !is_complete && absent::can_return(cx, &prior, &remote).await);
    if is_interrupted_return && !present.is_empty() {
        // The next update creates what the interrupted one has left out, and adopts the rest. A destroy deletes all.
        prior.private.absent = true;
        return Ok(Some(prior));
    }
    // A secret of an interrupted run has no ownership metadata if the run was killed before it wrote them.
    let is_interrupted = was_forgotten || prior.private.absent;
    if !is_interrupted {
        notices::lost_warning(&target, &lost).into_iter().for_each(|warning| call.warn(warning));
    }
    if present.is_empty() {
        let is_ended = lost.is_empty() && absent::is_ended(cx, &prior, &remote, call).await;
        prior.private.absent = is_ended;
        return Ok(is_ended.then_some(prior));
    }
    prior.private.absent = false;
    let mut now = records::output(vault, &prior.input, &target, &present, cx.now());
    now.created_at.clone_from(&output.created_at);
    prior.private.created = records::created(&present);
    prior.output = Some(now);
    Ok(Some(prior))
}
