//! Plans of a create, an update or a destroy.

use super::change::{EncodedState, PlanAnswer, ResourceChange};
use super::state;
use crate::config::Config;
use crate::diag::Diags;
use crate::plan;
use crate::request_context::RequestContext;
use crate::resource::{DraftOf, Resource};
use crate::schema::Schema;

pub(super) async fn plan_or_fail<R: Resource>(
    resource: &R,
    cx: &R::Context,
    schema: &Schema,
    change: ResourceChange<'_>,
    call: &RequestContext,
) -> Result<PlanAnswer, Diags> {
    let private = state::decode_private::<R>(change.private)?;
    if change.planned.is_none() {
        let Some(prior) = change.prior else { return Ok(PlanAnswer::default()) };
        let prior = state::decode::<R>(prior, change.private)?;
        return Ok(PlanAnswer { diags: resource.plan_destroy(cx, &prior, call).await, ..PlanAnswer::default() });
    }
    Config::<R::Input>::new(change.config).mistakes().sorted().into_result(())?;
    let mut draft: DraftOf<'_, R> = plan::start(schema, change.config, change.prior, private);
    let mut diags = resource.plan(cx, &mut draft, call).await.sorted();
    if diags.has_errors() {
        return Err(diags);
    }
    let planned = match plan::finish(draft) {
        Ok(planned) => planned,
        Err(bugs) => {
            diags.extend(bugs);
            return Err(diags);
        }
    };
    let private = state::encode_private::<R>(&planned.private)?;
    let state = EncodedState { object: planned.object, private, identity: change.identity.cloned() };
    let deferral = planned.deferral.filter(|_| call.capabilities.deferral_allowed);
    Ok(PlanAnswer { planned: Some(state), replace: planned.replace, deferral, diags })
}
