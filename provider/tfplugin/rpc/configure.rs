//! The provider block.

use std::sync::{Arc, PoisonError};

use eod_proto::tfplugin6 as wire;

use super::wire::{diagnostics, object};
use crate::caught::caught_now;
use crate::config::{Config, ObjectValue};
use crate::diag::Diags;
use crate::model::{Field as _, Model};
use crate::provider::{Host, Provider};
use crate::request_context::Capabilities;
use crate::service::Inner;

pub(crate) async fn validate_provider_config<P: Provider>(
    inner: &Inner<P>,
    request: wire::ValidateProviderConfigRequest,
) -> wire::ValidateProviderConfigResponse {
    let work = || Ok(mistakes(inner, &read::<P>(request.config.as_ref())?));
    let diags = caught_now(work).unwrap_or_else(|diags| diags);
    wire::ValidateProviderConfigResponse { diagnostics: diagnostics(diags) }
}

pub(crate) async fn configure_provider<P: Provider>(
    inner: &Inner<P>,
    request: wire::ConfigureProviderRequest,
) -> wire::ConfigureProviderResponse {
    let host = Host { version: request.terraform_version, capabilities: Capabilities::of(request.client_capabilities) };
    let outcome = caught_now(|| {
        let config = read::<P>(request.config.as_ref())?;
        mistakes(inner, &config).into_result(())?;
        inner.provider.configure(Config::new(&config), &host)
    });
    let diags = match outcome {
        Ok(context) => {
            *inner.context.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(context));
            Diags::new()
        }
        Err(diags) => diags,
    };
    wire::ConfigureProviderResponse { diagnostics: diagnostics(diags.sorted()) }
}

fn mistakes<P: Provider>(inner: &Inner<P>, config: &ObjectValue) -> Diags {
    let mut diags = Config::<P::Config>::new(config).mistakes();
    diags.extend(inner.provider.validate(Config::new(config)));
    diags.sorted()
}

/// Decodes the provider block. A missing block is the same as a block without arguments.
fn read<P: Provider>(config: Option<&wire::DynamicValue>) -> Result<ObjectValue, Diags> {
    let empty = || P::Config::attributes().into_iter().map(|part| (part.name.to_owned(), crate::Value::Null)).collect();
    Ok(object(config, &P::Config::shape().ty())?.unwrap_or_else(empty))
}
