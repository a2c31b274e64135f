//! Ephemeral resources.

use eod_proto::tfplugin6 as wire;
use jiff::Timestamp;

use super::wire::{diagnostics, object, written};
use crate::caught::caught_now;
use crate::diag::Diags;
use crate::ephemeral::Lease;
use crate::provider::Provider;
use crate::service::Inner;

pub(crate) async fn validate_ephemeral_resource_config<P: Provider>(
    inner: &Inner<P>,
    request: wire::ValidateEphemeralResourceConfigRequest,
) -> wire::ValidateEphemeralResourceConfigResponse {
    let work = || {
        let ephemeral = inner.ephemeral(&request.type_name)?;
        let config = object(request.config.as_ref(), &ephemeral.schema().ty())?;
        Ok(config.map(|config| ephemeral.validate_config(&config)).unwrap_or_default())
    };
    wire::ValidateEphemeralResourceConfigResponse {
        diagnostics: diagnostics(caught_now(work).unwrap_or_else(|diags| diags)),
    }
}

pub(crate) async fn open_ephemeral_resource<P: Provider>(
    inner: &Inner<P>,
    request: wire::OpenEphemeralResourceRequest,
) -> wire::OpenEphemeralResourceResponse {
    let call = inner.call(request.client_capabilities);
    let prepared = (|| {
        let ephemeral = inner.ephemeral(&request.type_name)?;
        let ty = ephemeral.schema().ty();
        let config = object(request.config.as_ref(), &ty)?.unwrap_or_default();
        Ok((inner.context()?, ephemeral, ty, config))
    })();
    let (context, ephemeral, ty, config) = match prepared {
        Ok(prepared) => prepared,
        Err(diags) => {
            let diags: Diags = diags;
            return wire::OpenEphemeralResourceResponse { diagnostics: diagnostics(diags), ..Default::default() };
        }
    };
    let Lease { object, renew_at, private, mut diags } = ephemeral.open_lease(&context, &config, &call).await;
    wire::OpenEphemeralResourceResponse {
        result: object.and_then(|object| written(Some(object), &ty, &mut diags)),
        renew_at: renew_at.map(timestamp),
        private: Some(private.into()),
        diagnostics: diagnostics(diags),
        deferred: None,
    }
}

pub(crate) async fn renew_ephemeral_resource<P: Provider>(
    inner: &Inner<P>,
    request: wire::RenewEphemeralResourceRequest,
) -> wire::RenewEphemeralResourceResponse {
    let call = inner.call(None);
    let kept = request.private.unwrap_or_default();
    let prepared = (|| Ok((inner.context()?, inner.ephemeral(&request.type_name)?)))();
    match prepared {
        Ok((context, ephemeral)) => {
            let Lease { renew_at, private, diags, .. } = ephemeral.renew_lease(&context, &kept, &call).await;
            wire::RenewEphemeralResourceResponse {
                renew_at: renew_at.map(timestamp),
                private: Some(private.into()),
                diagnostics: diagnostics(diags),
            }
        }
        Err(diags) => {
            let diags: Diags = diags;
            wire::RenewEphemeralResourceResponse {
                private: Some(kept),
                diagnostics: diagnostics(diags),
                renew_at: None,
            }
        }
    }
}

pub(crate) async fn close_ephemeral_resource<P: Provider>(
    inner: &Inner<P>,
    request: wire::CloseEphemeralResourceRequest,
) -> wire::CloseEphemeralResourceResponse {
    let call = inner.call(None);
    let prepared = (|| Ok((inner.context()?, inner.ephemeral(&request.type_name)?)))();
    let diags = match prepared {
        Ok((context, ephemeral)) => ephemeral.close_lease(&context, &request.private.unwrap_or_default(), &call).await,
        Err(diags) => diags,
    };
    wire::CloseEphemeralResourceResponse { diagnostics: diagnostics(diags) }
}

fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() }
}
