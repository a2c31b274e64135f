//! Data sources.

use eod_proto::tfplugin6 as wire;

use super::wire::{diagnostics, object, written};
use crate::diag::Diags;
use crate::managed::{Answer, guarded};
use crate::provider::Provider;
use crate::service::Inner;

pub(crate) async fn validate<P: Provider>(
    inner: &Inner<P>,
    request: wire::ValidateDataResourceConfigRequest,
) -> wire::ValidateDataResourceConfigResponse {
    let work = || {
        let source = inner.data_source(&request.type_name)?;
        let config = object(request.config.as_ref(), &source.schema().ty())?;
        Ok(config.map(|config| source.validate(&config)).unwrap_or_default())
    };
    wire::ValidateDataResourceConfigResponse { diagnostics: diagnostics(guarded(work).unwrap_or_else(|diags| diags)) }
}

pub(crate) async fn read<P: Provider>(
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
    let Answer { found, mut diags } = source.read(&context, &config, &call).await;
    let state = found.and_then(|found| written(Some(found.object), &ty, &mut diags));
    wire::ReadDataSourceResponse { state, diagnostics: diagnostics(diags), deferred: None }
}
