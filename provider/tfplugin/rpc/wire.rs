//! Conversions between protobuf messages and the types of this crate.

use std::collections::BTreeMap;

use eod_proto::tfplugin6 as wire;

use crate::config::ObjectValue;
use crate::diag::{Diag, Diags, Severity};
use crate::draft::Deferral;
use crate::path::{Path, Step};
use crate::request_context::Capabilities;
use crate::schema::Attribute;
use crate::ty::Type;
use crate::value::Value;
use crate::{json, msgpack};

pub(crate) fn capabilities(wire: wire::ClientCapabilities) -> Capabilities {
    let wire::ClientCapabilities { deferral_allowed, write_only_attributes_allowed, .. } = wire;
    Capabilities { deferral_allowed, write_only_allowed: write_only_attributes_allowed }
}

pub(crate) fn diagnostics(diags: Diags) -> Vec<wire::Diagnostic> {
    diags.into_iter().map(diagnostic).collect()
}

fn diagnostic(diag: Diag) -> wire::Diagnostic {
    let severity = match diag.severity {
        Severity::Error => wire::diagnostic::Severity::Error,
        Severity::Warning => wire::diagnostic::Severity::Warning,
    };
    wire::Diagnostic {
        severity: severity.into(),
        detail: diag.body(),
        summary: diag.summary,
        attribute: diag.path.as_ref().filter(|path| !path.is_root()).map(path),
    }
}

pub(crate) fn path(path: &Path) -> wire::AttributePath {
    use wire::attribute_path::step::Selector;
    let steps = path.steps().iter().map(|step| {
        let selector = match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        };
        wire::attribute_path::Step { selector: Some(selector) }
    });
    wire::AttributePath { steps: steps.collect() }
}

pub(crate) fn deferred(deferral: Deferral) -> wire::Deferred {
    use wire::deferred::Reason;
    let reason = match deferral {
        Deferral::ResourceConfigUnknown => Reason::ResourceConfigUnknown,
        Deferral::ProviderConfigUnknown => Reason::ProviderConfigUnknown,
        Deferral::AbsentPrerequisite => Reason::AbsentPrereq,
    };
    wire::Deferred { reason: reason.into() }
}

/// Decodes a value of any type. An absent value is null.
pub(crate) fn value(value: Option<&wire::DynamicValue>, ty: &Type) -> Result<Value, Diags> {
    let decoded = match value {
        Some(value) if !value.msgpack.is_empty() => msgpack::decode(&value.msgpack, ty),
        Some(value) if !value.json.is_empty() => json::decode_state(&value.json, ty),
        _ => return Ok(Value::Null),
    };
    decoded.map_err(|error| Diag::bug(format!("a value from Terraform could not be read: {error}")).into())
}

/// Decodes an object. `None` for null.
pub(crate) fn object(wire: Option<&wire::DynamicValue>, ty: &Type) -> Result<Option<ObjectValue>, Diags> {
    match value(wire, ty)? {
        Value::Map(object) => Ok(Some(object)),
        Value::Null => Ok(None),
        _ => Err(Diag::bug("Terraform sent a value that is not an object").into()),
    }
}

pub(crate) fn dynamic(value: &Value, ty: &Type) -> Result<wire::DynamicValue, Diags> {
    match msgpack::encode(value, ty) {
        Ok(bytes) => Ok(wire::DynamicValue { msgpack: bytes.into(), ..Default::default() }),
        Err(error) => Err(Diag::bug(format!("an answer could not be written: {error}")).into()),
    }
}

/// Encodes an object; `None` becomes null. An error is added to `diags`.
pub(crate) fn written(object: Option<ObjectValue>, ty: &Type, diags: &mut Diags) -> Option<wire::DynamicValue> {
    let value = object.map_or(Value::Null, Value::Map);
    match dynamic(&value, ty) {
        Ok(value) => Some(value),
        Err(bugs) => {
            diags.extend(bugs);
            None
        }
    }
}

pub(crate) fn identity_type(attributes: &[Attribute]) -> Type {
    Type::Object(attributes.iter().map(|part| (part.name.to_owned(), part.shape.ty())).collect())
}

pub(crate) fn identity(wire: Option<&wire::ResourceIdentityData>, ty: &Type) -> Result<Option<ObjectValue>, Diags> {
    match wire {
        Some(wire) => object(wire.identity_data.as_ref(), ty),
        None => Ok(None),
    }
}

pub(crate) fn identity_data(
    identity: Option<ObjectValue>,
    ty: &Type,
    diags: &mut Diags,
) -> Option<wire::ResourceIdentityData> {
    let value = Value::Map(identity?);
    match dynamic(&value, ty) {
        Ok(data) => Some(wire::ResourceIdentityData { identity_data: Some(data) }),
        Err(bugs) => {
            diags.extend(bugs);
            None
        }
    }
}

/// JSON of a raw state.
pub(crate) fn raw(raw: Option<&wire::RawState>) -> Result<serde_json::Value, Diags> {
    match raw {
        Some(raw) if !raw.json.is_empty() => serde_json::from_slice(&raw.json)
            .map_err(|error| Diag::error("Unreadable state").detail("The state is not JSON.").cause(&error).into()),
        Some(raw) if !raw.flatmap.is_empty() => Err(Diag::error("State of Terraform 0.11 or older")
            .detail("Terraform 0.12 and later do not support the format of the state.")
            .hint("remove the object from the state and import it")
            .into()),
        _ => Ok(serde_json::Value::Null),
    }
}

pub(crate) fn upgraded(state: &serde_json::Value, ty: &Type) -> Result<Value, Diags> {
    let unreadable = |error: &dyn std::error::Error| {
        Diags::from(
            Diag::error("Unreadable state")
                .detail(format!("The state does not have the shape of this resource: {error}."))
                .hint("correct the state, or remove the object from it and import it again"),
        )
    };
    let bytes = serde_json::to_vec(state).map_err(|error| unreadable(&error))?;
    json::decode_state(&bytes, ty).map_err(|error| unreadable(&error))
}

/// Collects schemas by name.
pub(crate) fn named<T>(items: impl Iterator<Item = (&'static str, T)>) -> BTreeMap<String, T> {
    items.map(|(name, item)| (name.to_owned(), item)).collect()
}
