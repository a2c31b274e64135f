//! Conversion of states, private data and identities between Terraform's format and the types of the resource.

use super::change::EncodedState;
use crate::config::{Config, ObjectValue};
use crate::diag::{Diag, Diags};
use crate::model::Model;
use crate::resource::{Imported, Resource, State};
use crate::schema::Schema;
use crate::value::Value;
use crate::values;

pub(super) fn decode<R: Resource>(object: &ObjectValue, private: &[u8]) -> Result<State<R>, Diags> {
    let private = decode_private::<R>(private)?;
    let output = Config::<R::Output>::new(object).decode();
    let input = Config::<R::Input>::new(object);
    match input.decode() {
        Some(input) => Ok(State { input, output, private }),
        None => Err(input.mistakes()),
    }
}

pub(super) fn encode<R: Resource>(schema: &Schema, state: &State<R>, prior: &ObjectValue) -> ObjectValue {
    let mut object = prior.clone();
    object.extend(state.input.encode_object());
    if let Some(output) = &state.output {
        object.extend(output.encode_object());
    }
    values::without_write_only(schema, values::prefer_all(&schema.attributes, prior, object))
}

pub(super) fn encode_imported<R: Resource>(imported: Imported<R>) -> Result<EncodedState, Diags> {
    let attributes = R::Input::attributes().into_iter().chain(R::Output::attributes());
    let mut known = imported.attributes.into_object();
    let object = attributes.map(|part| (part.name.to_owned(), known.remove(part.name).unwrap_or(Value::Null)));
    let (object, private) = (object.collect(), encode_private::<R>(&imported.private)?);
    Ok(EncodedState { object, private, identity: None })
}

pub(super) fn identity_of<R: Resource>(resource: &R, cx: &R::Context, state: &State<R>) -> Option<ObjectValue> {
    if R::Identity::attributes().is_empty() {
        return None;
    }
    Resource::identity(resource, cx, state).map(|identity| identity.encode_object())
}

pub(super) fn decode_private<R: Resource>(bytes: &[u8]) -> Result<R::Private, Diags> {
    if bytes.is_empty() {
        return Ok(R::Private::default());
    }
    serde_json::from_slice(bytes).map_err(|error| {
        Diag::error("Unreadable private data")
            .detail(format!("The state of this {} has data that this version of the provider cannot read.", R::TYPE))
            .cause(&error)
            .hint("use the version of the provider that wrote the state, or import the object again")
            .into()
    })
}

pub(super) fn encode_private<R: Resource>(private: &R::Private) -> Result<Vec<u8>, Diags> {
    serde_json::to_vec(private)
        .map_err(|error| Diag::bug(format!("the private data cannot be written: {error}")).into())
}

/// Removes unknown values and write-only values, because a state must not contain them.
pub(super) fn storable(schema: &Schema, mut object: ObjectValue) -> ObjectValue {
    for attribute in &schema.attributes {
        if let Some(value) = object.get_mut(attribute.name).filter(|value| !value.is_wholly_known()) {
            *value = std::mem::take(value).null_unknowns(&attribute.shape.ty());
        }
    }
    values::without_write_only(schema, object)
}

/// Returns a bug for each unknown attribute of an object that exists.
pub(crate) fn unknown_diags(object: &ObjectValue, after: &str) -> Diags {
    let unknown = object.iter().filter(|(_, value)| !value.is_wholly_known());
    unknown.map(|(name, _)| Diag::bug(format!("`{name}` is still unknown after {after}")).at(name.as_str())).collect()
}
