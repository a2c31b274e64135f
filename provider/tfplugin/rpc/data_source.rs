//! Data sources.

use eod_proto::tfplugin6 as wire;

use super::wire::{diagnostics, object, written};
use crate::caught::caught_now;
use crate::data_source::DataAnswer;
use crate::diag::Diags;
use crate::provider::Provider;
use crate::service::Inner;

pub(crate) async fn validate_data_resource_config<P: Provider>(
    inner: &Inner<P>,
    request: wire::ValidateDataResourceConfigRequest,
) -> wire::ValidateDataResourceConfigResponse {
    let work = || {
        let source = inner.data_source(&request.type_name)?;
        let config = object(request.config.as_ref(), &source.schema().ty())?;
        Ok(config.map(|config| source.validate_config(&config)).unwrap_or_default())
    };
    wire::ValidateDataResourceConfigResponse {
        diagnostics: diagnostics(caught_now(work).unwrap_or_else(|diags| diags)),
    }
}

pub(crate) async fn read_data_source<P: Provider>(
    inner: &Inner<P>,
    request: wire::ReadDataSourceRequest,
) -> wire::ReadDataSourceResponse {
    let call = inner.call(request.client_capabilities);
    let prepared = (|| {
        let source = inner.data_source(&request.type_name)?;
        let ty = source.schema().ty();
        let config = object(request.config.as_ref(), &ty)?.unwrap_or_default();
        Ok((inner.context()?, source, ty, config))
    })();
    let (context, source, ty, config) = match prepared {
        Ok(prepared) => prepared,
        Err(diags) => {
            let diags: Diags = diags;
            return wire::ReadDataSourceResponse { diagnostics: diagnostics(diags), ..Default::default() };
        }
    };
    let DataAnswer { object, mut diags } = source.read_data(&context, &config, &call).await;
    let state = object.and_then(|object| written(Some(object), &ty, &mut diags));
    wire::ReadDataSourceResponse { state, diagnostics: diagnostics(diags), deferred: None }
}
