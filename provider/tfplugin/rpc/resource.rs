//! Managed resources except plan and apply: validate, read, upgrade, import, move.

use eod_proto::tfplugin6 as wire;

use super::wire::{diagnostics, identity, identity_data, object, raw, upgraded, written};
use crate::caught::caught_now;
use crate::config::ObjectValue;
use crate::diag::{Diag, Diags};
use crate::managed::{EncodedState, StateAnswer};
use crate::provider::Provider;
use crate::resource::MoveSource;
use crate::schema::{Attribute, Presence};
use crate::service::Inner;
use crate::value::Value;

pub(crate) async fn validate_resource_config<P: Provider>(
    inner: &Inner<P>,
    request: wire::ValidateResourceConfigRequest,
) -> wire::ValidateResourceConfigResponse {
    let work = || {
        let known = inner.resource(&request.type_name)?;
        let Some(config) = object(request.config.as_ref(), &known.ty)? else { return Ok(Diags::new()) };
        let mut diags = known.resource.validate_config(&config);
        if request.client_capabilities.is_some_and(|host| !host.write_only_attributes_allowed) {
            diags.extend(refused_write_only(&known.schema.attributes, &config));
        }
        Ok(diags)
    };
    wire::ValidateResourceConfigResponse { diagnostics: diagnostics(caught_now(work).unwrap_or_else(|diags| diags)) }
}

/// Errors for write-only arguments that are set: an old host would store their values.
fn refused_write_only(attributes: &[Attribute], config: &ObjectValue) -> Diags {
    let set = |attribute: &&Attribute| config.get(attribute.name).is_some_and(|value| !value.is_null());
    let refused = attributes.iter().filter(|attribute| attribute.write_only).filter(set).map(|attribute| {
        Diag::error("Write-only argument is not supported here")
            .detail(format!("This version of Terraform would store `{}` in the state.", attribute.name))
            .hint("use Terraform 1.11 or later, or OpenTofu 1.11 or later")
            .at(attribute.name)
    });
    refused.collect()
}

pub(crate) async fn read_resource<P: Provider>(
    inner: &Inner<P>,
    request: wire::ReadResourceRequest,
) -> wire::ReadResourceResponse {
    let call = inner.call(request.client_capabilities);
    let prepared = (|| {
        let known = inner.resource(&request.type_name)?;
        let current = object(request.current_state.as_ref(), &known.ty)?;
        let identity = identity(request.current_identity.as_ref(), &known.identity)?;
        Ok((inner.context()?, known, current, identity))
    })();
    let (context, known, current, identity) = match prepared {
        Ok(prepared) => prepared,
        Err(diags) => {
            return wire::ReadResourceResponse {
                new_state: request.current_state,
                private: request.private,
                new_identity: request.current_identity,
                diagnostics: diagnostics(diags),
                deferred: None,
            };
        }
    };
    let Some(object) = current else { return wire::ReadResourceResponse::default() };
    let prior = EncodedState { object, private: request.private.to_vec(), identity };
    let StateAnswer { state, mut diags } = known.resource.read_state(&context, &known.schema, prior, &call).await;
    let (object, private, identity) = parts(state);
    wire::ReadResourceResponse {
        new_state: written(object, &known.ty, &mut diags),
        private: private.into(),
        new_identity: identity_data(identity, &known.identity, &mut diags),
        diagnostics: diagnostics(diags),
        deferred: None,
    }
}

pub(crate) async fn upgrade_resource_state<P: Provider>(
    inner: &Inner<P>,
    request: wire::UpgradeResourceStateRequest,
) -> wire::UpgradeResourceStateResponse {
    let work = || {
        let known = inner.resource(&request.type_name)?;
        let state = known.resource.upgrade_state(request.version, raw(request.raw_state.as_ref())?)?;
        super::wire::dynamic(&upgraded(&state, &known.ty)?, &known.ty)
    };
    match caught_now(work) {
        Ok(state) => wire::UpgradeResourceStateResponse { upgraded_state: Some(state), diagnostics: Vec::new() },
        Err(diags) => wire::UpgradeResourceStateResponse { upgraded_state: None, diagnostics: diagnostics(diags) },
    }
}

pub(crate) async fn upgrade_resource_identity<P: Provider>(
    inner: &Inner<P>,
    request: wire::UpgradeResourceIdentityRequest,
) -> wire::UpgradeResourceIdentityResponse {
    let work = || {
        let ty = &inner.resource(&request.type_name)?.identity;
        super::wire::dynamic(&upgraded(&raw(request.raw_identity.as_ref())?, ty)?, ty)
    };
    match caught_now(work) {
        Ok(data) => wire::UpgradeResourceIdentityResponse {
            upgraded_identity: Some(wire::ResourceIdentityData { identity_data: Some(data) }),
            diagnostics: Vec::new(),
        },
        Err(diags) => {
            wire::UpgradeResourceIdentityResponse { upgraded_identity: None, diagnostics: diagnostics(diags) }
        }
    }
}

pub(crate) async fn import_resource_state<P: Provider>(
    inner: &Inner<P>,
    request: wire::ImportResourceStateRequest,
) -> wire::ImportResourceStateResponse {
    let call = inner.call(request.client_capabilities);
    let prepared = (|| {
        let known = inner.resource(&request.type_name)?;
        let identity = identity(request.identity.as_ref(), &known.identity)?;
        if let Some(identity) = &identity {
            missing_identity(&known.identities, identity).into_result(())?;
        }
        Ok((inner.context()?, known, identity))
    })();
    let (context, known, identity) = match prepared {
        Ok(prepared) => prepared,
        Err(diags) => {
            return wire::ImportResourceStateResponse { diagnostics: diagnostics(diags), ..Default::default() };
        }
    };
    let StateAnswer { state, mut diags } = known.resource.import_state(&context, &request.id, identity, &call).await;
    let imported_resources = match state {
        None => Vec::new(),
        state @ Some(_) => {
            let (object, private, identity) = parts(state);
            vec![wire::ImportedResource {
                type_name: request.type_name,
                state: written(object, &known.ty, &mut diags),
                private: private.into(),
                identity: identity_data(identity, &known.identity, &mut diags),
            }]
        }
    };
    wire::ImportResourceStateResponse { imported_resources, diagnostics: diagnostics(diags), deferred: None }
}

fn missing_identity(attributes: &[Attribute], identity: &ObjectValue) -> Diags {
    let absent = |attribute: &&Attribute| identity.get(attribute.name).is_none_or(Value::is_null);
    let missing = attributes.iter().filter(|attribute| attribute.presence == Presence::Required).filter(absent);
    missing
        .map(|attribute| {
            Diag::error("Incomplete identity").detail(format!("`{}` is missing.", attribute.name)).at(attribute.name)
        })
        .collect()
}

pub(crate) async fn move_resource_state<P: Provider>(
    inner: &Inner<P>,
    request: wire::MoveResourceStateRequest,
) -> wire::MoveResourceStateResponse {
    let work = || {
        let known = inner.resource(&request.target_type_name)?;
        let source = MoveSource {
            provider: request.source_provider_address.clone(),
            type_name: request.source_type_name.clone(),
            version: request.source_schema_version,
            state: raw(request.source_state.as_ref())?,
        };
        let found = known.resource.move_state(source)?.ok_or_else(|| {
            Diags::from(Diag::error("Unsupported move").detail(format!(
                "{} cannot take over the state of {}.",
                request.target_type_name, request.source_type_name
            )))
        })?;
        Ok((found, known))
    };
    match caught_now(work) {
        Ok((found, known)) => {
            let mut diags = Diags::new();
            wire::MoveResourceStateResponse {
                target_state: written(Some(found.object), &known.ty, &mut diags),
                target_private: found.private.into(),
                target_identity: None,
                diagnostics: diagnostics(diags),
            }
        }
        Err(diags) => {
            let diags: Diags = diags;
            wire::MoveResourceStateResponse { diagnostics: diagnostics(diags), ..Default::default() }
        }
    }
}

/// Object, private data and identity of a state; empty if there is no state.
pub(crate) fn parts(state: Option<EncodedState>) -> (Option<ObjectValue>, Vec<u8>, Option<ObjectValue>) {
    match state {
        Some(EncodedState { object, private, identity }) => (Some(object), private, identity),
        None => (None, Vec::new(), None),
    }
}
