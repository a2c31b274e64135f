//! Reads an object of the state, and imports an object.

use super::change::{EncodedState, StateAnswer};
use super::state;
use crate::config::{Config, ObjectValue};
use crate::diag::Diags;
use crate::request_context::RequestContext;
use crate::resource::{ImportSource, Resource};
use crate::schema::Schema;

pub(super) async fn refresh<R: Resource>(
    resource: &R,
    cx: &R::Context,
    schema: &Schema,
    prior: EncodedState,
    call: &RequestContext,
) -> StateAnswer {
    let decoded = match state::decode::<R>(&prior.object, &prior.private) {
        Ok(decoded) => decoded,
        Err(diags) => return StateAnswer::failed(Some(prior), diags),
    };
    let current = match resource.read(cx, decoded, call).await {
        Ok(Some(current)) => current,
        Ok(None) => return StateAnswer::default(),
        Err(diags) => return StateAnswer::failed(Some(prior), diags),
    };
    let object = state::encode(schema, &current, &prior.object);
    let diags = state::unknown_diags(&object, "read");
    match state::encode_private::<R>(&current.private) {
        Ok(_) if diags.has_errors() => StateAnswer::failed(Some(prior), diags),
        Ok(private) => {
            let identity = prior.identity.or_else(|| state::identity_of(resource, cx, &current));
            StateAnswer { state: Some(EncodedState { object, private, identity }), diags }
        }
        Err(diags) => StateAnswer::failed(Some(prior), diags),
    }
}

pub(super) async fn import<R: Resource>(
    resource: &R,
    cx: &R::Context,
    id: &str,
    identity: Option<ObjectValue>,
    call: &RequestContext,
) -> Result<EncodedState, Diags> {
    let source = match &identity {
        None => ImportSource::Id(id.to_owned()),
        Some(object) => {
            let identity = Config::<R::Identity>::new(object);
            ImportSource::Identity(identity.decode().ok_or_else(|| identity.mistakes())?)
        }
    };
    let mut found = state::encode_imported(resource.import(cx, source, call).await?)?;
    let known = state::decode::<R>(&found.object, &found.private);
    found.identity = known.ok().and_then(|state| state::identity_of(resource, cx, &state));
    Ok(found)
}
