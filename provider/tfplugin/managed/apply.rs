//! Applies a planned change: create, update or delete.

use super::change::{EncodedState, ResourceChange, StateAnswer};
use super::state;
use crate::caught::caught;
use crate::config::{Config, ObjectValue};
use crate::diag::{Diag, Diags};
use crate::model::Model;
use crate::request_context::RequestContext;
use crate::resource::{Applied, ApplyFailure, Left, Resource};
use crate::schema::Schema;
use crate::values;

pub(super) async fn apply<R: Resource>(
    resource: &R,
    cx: &R::Context,
    schema: &Schema,
    change: ResourceChange<'_>,
    call: &RequestContext,
) -> StateAnswer {
    let Some(planned) = change.planned else {
        let answer = caught(delete(resource, cx, change, call)).await;
        return answer.unwrap_or_else(|panic| StateAnswer::failed(change.unchanged(), panic));
    };
    let answer = caught(create_or_update(resource, cx, schema, change, planned, call)).await;
    answer.unwrap_or_else(|panic| {
        let left = change.unchanged().unwrap_or_else(|| partial(change, schema, planned, change.private.to_vec()));
        StateAnswer::failed(Some(left), panic)
    })
}

async fn delete<R: Resource>(
    resource: &R,
    cx: &R::Context,
    change: ResourceChange<'_>,
    call: &RequestContext,
) -> StateAnswer {
    let Some(prior) = change.prior else { return StateAnswer::default() };
    let deleted = match state::decode::<R>(prior, change.private) {
        Ok(state) => resource.delete(cx, state, call).await,
        Err(diags) => Err(diags),
    };
    match deleted {
        Ok(()) => StateAnswer::default(),
        Err(diags) => StateAnswer::failed(change.unchanged(), diags),
    }
}

async fn create_or_update<R: Resource>(
    resource: &R,
    cx: &R::Context,
    schema: &Schema,
    change: ResourceChange<'_>,
    planned: &ObjectValue,
    call: &RequestContext,
) -> StateAnswer {
    let unchanged = change.unchanged();
    let mut arguments = planned.clone();
    values::with_write_only(&schema.attributes, change.config, &mut arguments);
    let arguments = Config::<R::Input>::new(&arguments);
    let Some(input) = arguments.decode() else {
        let mut diags = arguments.mistakes();
        if !diags.has_errors() {
            diags.push(Diag::bug("an argument is still unknown at apply; the plan has to set every argument"));
        }
        return StateAnswer::failed(unchanged, diags);
    };
    let applied = match change.prior {
        None => resource.create(cx, input, call).await,
        Some(prior) => match state::decode::<R>(prior, change.private) {
            Ok(prior) => resource.update(cx, prior, input, call).await,
            Err(diags) => return StateAnswer::failed(unchanged, diags),
        },
    };
    match applied {
        Ok(applied) => applied_answer(resource, cx, schema, change, planned, &applied),
        Err(ApplyFailure { diags, left }) => {
            let state = match left {
                Left::Nothing => unchanged,
                Left::Something | Left::Traced(_) if unchanged.is_some() => unchanged,
                Left::Something => Some(partial(change, schema, planned, change.private.to_vec())),
                Left::Traced(private) => {
                    let private = state::encode_private::<R>(&private).unwrap_or_else(|_| change.private.to_vec());
                    Some(partial(change, schema, planned, private))
                }
                Left::Known(applied) => applied_answer(resource, cx, schema, change, planned, &applied).state,
            };
            StateAnswer::failed(state, diags)
        }
    }
}

/// State after a failed create: arguments as planned, and null for every unknown output.
fn partial(change: ResourceChange<'_>, schema: &Schema, planned: &ObjectValue, private: Vec<u8>) -> EncodedState {
    EncodedState { object: state::storable(schema, planned.clone()), private, identity: change.identity.cloned() }
}

/// State after a create or an update: arguments as planned, outputs as returned.
fn applied_answer<R: Resource>(
    resource: &R,
    cx: &R::Context,
    schema: &Schema,
    change: ResourceChange<'_>,
    planned: &ObjectValue,
    applied: &Applied<R>,
) -> StateAnswer {
    let mut diags = Diags::new();
    let mut object = planned.clone();
    let mut outputs = applied.output.encode_object();
    for attribute in &schema.attributes {
        let Some(output) = outputs.remove(attribute.name) else { continue };
        let Some(planned) = planned.get(attribute.name).filter(|planned| !planned.is_wholly_known()) else {
            // Other resources use the planned value, so it must not change. The next refresh reads a newer one.
            continue;
        };
        if !planned.can_become(&output, &attribute.shape.ty()) {
            let text = format!("`{}` after apply contradicts the known parts of its planned value", attribute.name);
            diags.push(Diag::bug(text).at(attribute.name));
        }
        object.insert(attribute.name.to_owned(), output);
    }
    diags.extend(state::unknown_diags(&object, "apply"));
    let object = state::storable(schema, object);
    let private = state::encode_private::<R>(&applied.private).unwrap_or_else(|bugs| {
        diags.extend(bugs);
        change.private.to_vec()
    });
    let identity = change.identity.cloned().or_else(|| {
        let state = state::decode::<R>(&object, &private).ok()?;
        state::identity_of(resource, cx, &state)
    });
    StateAnswer { state: Some(EncodedState { object, private, identity }), diags }
}
