//! Plan and apply.

use eod_proto::tfplugin6 as wire;

use super::resource::parts;
use super::wire::{deferred, diagnostics, identity, identity_data, object, path, written};
use crate::diag::Diags;
use crate::managed::{ResourceChange, StateAnswer};
use crate::provider::Provider;
use crate::service::Inner;

pub(crate) async fn plan_resource_change<P: Provider>(
    inner: &Inner<P>,
    request: wire::PlanResourceChangeRequest,
) -> wire::PlanResourceChangeResponse {
    let call = inner.call(request.client_capabilities);
    let prepared = (|| {
        let known = inner.resource(&request.type_name)?;
        let prior = object(request.prior_state.as_ref(), &known.ty)?;
        let proposed = object(request.proposed_new_state.as_ref(), &known.ty)?;
        let config = object(request.config.as_ref(), &known.ty)?.unwrap_or_default();
        let identity = identity(request.prior_identity.as_ref(), &known.identity)?;
        Ok((inner.context()?, known, prior, proposed, config, identity))
    })();
    let (context, known, prior, proposed, config, identity) = match prepared {
        Ok(prepared) => prepared,
        Err(diags) => {
            let diags: Diags = diags;
            return wire::PlanResourceChangeResponse { diagnostics: diagnostics(diags), ..Default::default() };
        }
    };
    let change = ResourceChange {
        prior: prior.as_ref(),
        planned: proposed.as_ref(),
        config: &config,
        private: &request.prior_private,
        identity: identity.as_ref(),
    };
    let answer = known.resource.plan_change(&context, &known.schema, change, &call).await;
    let mut diags = answer.diags;
    // The destroy needs the private data and the identity of the prior state.
    let (object, private, planned_identity) = match answer.planned {
        Some(planned) => parts(Some(planned)),
        None => (None, request.prior_private.to_vec(), identity),
    };
    wire::PlanResourceChangeResponse {
        planned_state: written(object, &known.ty, &mut diags),
        requires_replace: answer.replace.iter().map(path).collect(),
        planned_private: private.into(),
        planned_identity: identity_data(planned_identity, &known.identity, &mut diags),
        deferred: answer.deferral.map(deferred),
        diagnostics: diagnostics(diags),
        legacy_type_system: false,
    }
}

pub(crate) async fn apply_resource_change<P: Provider>(
    inner: &Inner<P>,
    request: wire::ApplyResourceChangeRequest,
) -> wire::ApplyResourceChangeResponse {
    let call = inner.call(None);
    let prepared = (|| {
        let known = inner.resource(&request.type_name)?;
        let prior = object(request.prior_state.as_ref(), &known.ty)?;
        let planned = object(request.planned_state.as_ref(), &known.ty)?;
        let config = object(request.config.as_ref(), &known.ty)?.unwrap_or_default();
        let identity = identity(request.planned_identity.as_ref(), &known.identity)?;
        Ok((inner.context()?, known, prior, planned, config, identity))
    })();
    let (context, known, prior, planned, config, identity) = match prepared {
        Ok(prepared) => prepared,
        Err(diags) => {
            let diags: Diags = diags;
            return wire::ApplyResourceChangeResponse {
                new_state: request.prior_state,
                private: request.planned_private,
                new_identity: request.planned_identity,
                diagnostics: diagnostics(diags),
                legacy_type_system: false,
            };
        }
    };
    let change = ResourceChange {
        prior: prior.as_ref(),
        planned: planned.as_ref(),
        config: &config,
        private: &request.planned_private,
        identity: identity.as_ref(),
    };
    let StateAnswer { state, mut diags } = known.resource.apply_change(&context, &known.schema, change, &call).await;
    let (object, private, identity) = parts(state);
    wire::ApplyResourceChangeResponse {
        new_state: written(object, &known.ty, &mut diags),
        private: private.into(),
        new_identity: identity_data(identity, &known.identity, &mut diags),
        diagnostics: diagnostics(diags),
        legacy_type_system: false,
    }
}
