//! [`Service`]: the gRPC service that Terraform calls, over any [`Provider`]. One file per group of calls in `rpc/`.
//!
//! Every answer is a gRPC success with diagnostics. A gRPC error status cannot carry an attribute path or a state.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use eod_proto::tfplugin6 as wire;
use eod_proto::tfplugin6::provider_server::{Provider as Rpc, ProviderServer};
use futures::Stream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

use crate::data_source::AnyDataSource;
use crate::diag::{Diag, Diags};
use crate::ephemeral::AnyEphemeral;
use crate::host::{self, Work};
use crate::known::Known;
use crate::provider::Provider;
use crate::request_context::{Capabilities, RequestContext};
use crate::rpc;

/// The gRPC service of a provider.
pub struct Service<P: Provider>(Arc<Inner<P>>);

impl<P: Provider> Service<P> {
    /// Creates the service for tonic, with the message limits that Terraform expects.
    pub fn server(provider: P, work: Work) -> ProviderServer<Self> {
        ProviderServer::new(Self(Arc::new(Inner::new(provider, work))))
            .max_decoding_message_size(host::MESSAGE_LIMIT)
            .max_encoding_message_size(host::MESSAGE_LIMIT)
    }
}

/// Data that all calls share.
pub(crate) struct Inner<P: Provider> {
    pub(crate) provider: P,
    pub(crate) context: RwLock<Option<Arc<P::Context>>>,
    cancel: Mutex<CancellationToken>,
    resources: OnceLock<Vec<Known<P::Context>>>,
    work: Work,
}

impl<P: Provider> Inner<P> {
    fn new(provider: P, work: Work) -> Self {
        let cancel = Mutex::new(work.stopping().child_token());
        Self { provider, context: RwLock::default(), cancel, resources: OnceLock::new(), work }
    }

    /// Context of the last configuration.
    pub(crate) fn context(&self) -> Result<Arc<P::Context>, Diags> {
        let context = self.context.read().unwrap_or_else(PoisonError::into_inner).clone();
        context.ok_or_else(|| Diag::bug("a call came before the provider was configured").into())
    }

    pub(crate) fn resource(&self, name: &str) -> Result<&Known<P::Context>, Diags> {
        let known = || self.provider.resources().iter().map(|resource| Known::of(*resource)).collect();
        let known: &Vec<Known<P::Context>> = self.resources.get_or_init(known);
        known.iter().find(|known| known.resource.type_name() == name).ok_or_else(|| unknown("resource", name))
    }

    pub(crate) fn data_source(&self, name: &str) -> Result<&'static dyn AnyDataSource<P::Context>, Diags> {
        let found = self.provider.data_sources().iter().find(|source| source.type_name() == name);
        found.copied().ok_or_else(|| unknown("data source", name))
    }

    pub(crate) fn ephemeral(&self, name: &str) -> Result<&'static dyn AnyEphemeral<P::Context>, Diags> {
        let found = self.provider.ephemerals().iter().find(|ephemeral| ephemeral.type_name() == name);
        found.copied().ok_or_else(|| unknown("ephemeral resource", name))
    }

    /// Context of a request. It is cancelled when Terraform is interrupted.
    pub(crate) fn call(&self, capabilities: Option<wire::ClientCapabilities>) -> RequestContext {
        let cancel = self.cancel.lock().unwrap_or_else(PoisonError::into_inner).child_token();
        RequestContext::new(cancel, capabilities.map(rpc::wire::capabilities).unwrap_or_default())
    }

    /// Cancels the running calls. Later calls are not cancelled: Terraform closes ephemeral resources after a stop.
    fn stop(&self) {
        let mut cancel = self.cancel.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *cancel, self.work.stopping().child_token()).cancel();
    }
}

impl Capabilities {
    /// Reads the capabilities of the client.
    pub(crate) fn of(wire: Option<wire::ClientCapabilities>) -> Self {
        wire.map(rpc::wire::capabilities).unwrap_or_default()
    }
}

fn unknown(what: &str, name: &str) -> Diags {
    Diag::bug(format!("the {what} `{name}` is not in the registry of this provider")).into()
}

/// Runs one call to its end even if the connection is closed, so that no change is left incomplete. Adds a span to the
/// log.
async fn run<T: Send + 'static>(
    host: Work,
    name: &'static str,
    subject: String,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<Response<T>, Status> {
    let span = tracing::debug_span!("rpc", tf_rpc = name, tf_resource_type = subject);
    let work = async move {
        tracing::trace!("call received");
        let answer = work.await;
        tracing::trace!("call answered");
        answer
    };
    let answer = host.spawn(work.instrument(span)).await;
    answer.map(Response::new).map_err(|error| Status::internal(format!("{name} did not finish: {error}")))
}

type Events<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Return type of an `async` method in the generated trait, written out because `async_trait` does not expand `calls`.
type Answered<'a, T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send + 'a>>;

/// Generates the methods that unwrap the request and call a function of `rpc`.
macro_rules! calls {
    ($($method:ident($request:ident) -> $response:ident = $function:path, by $subject:expr;)*) => {$(
        fn $method<'a, 'async_trait>(&'a self, request: Request<wire::$request>) -> Answered<'async_trait, wire::$response>
        where
            'a: 'async_trait,
            Self: 'async_trait,
        {
            let (inner, request) = (Arc::clone(&self.0), request.into_inner());
            let of: fn(&wire::$request) -> &str = $subject;
            let subject = of(&request).to_owned();
            Box::pin(run(inner.work.clone(), stringify!($method), subject, async move { $function(&inner, request).await }))
        }
    )*};
}

#[tonic::async_trait]
impl<P: Provider> Rpc for Service<P> {
    type ListResourceStream = Events<wire::ListResourceEvent>;
    type InvokeActionStream = Events<wire::InvokeActionEvent>;

    calls! {
        get_provider_schema(GetProviderSchemaRequest) -> GetProviderSchemaResponse = rpc::schema::provider, by |_| "";
        get_functions(GetFunctionsRequest) -> GetFunctionsResponse = rpc::schema::functions, by |_| "";
        get_resource_identity_schemas(GetResourceIdentitySchemasRequest) -> GetResourceIdentitySchemasResponse = rpc::schema::identities, by |_| "";
        validate_provider_config(ValidateProviderConfigRequest) -> ValidateProviderConfigResponse = rpc::configure::validate_provider_config, by |_| "";
        configure_provider(ConfigureProviderRequest) -> ConfigureProviderResponse = rpc::configure::configure_provider, by |_| "";
        validate_resource_config(ValidateResourceConfigRequest) -> ValidateResourceConfigResponse = rpc::resource::validate_resource_config, by |request| &request.type_name;
        upgrade_resource_state(UpgradeResourceStateRequest) -> UpgradeResourceStateResponse = rpc::resource::upgrade_resource_state, by |request| &request.type_name;
        upgrade_resource_identity(UpgradeResourceIdentityRequest) -> UpgradeResourceIdentityResponse = rpc::resource::upgrade_resource_identity, by |request| &request.type_name;
        read_resource(ReadResourceRequest) -> ReadResourceResponse = rpc::resource::read_resource, by |request| &request.type_name;
        plan_resource_change(PlanResourceChangeRequest) -> PlanResourceChangeResponse = rpc::change::plan_resource_change, by |request| &request.type_name;
        apply_resource_change(ApplyResourceChangeRequest) -> ApplyResourceChangeResponse = rpc::change::apply_resource_change, by |request| &request.type_name;
        import_resource_state(ImportResourceStateRequest) -> ImportResourceStateResponse = rpc::resource::import_resource_state, by |request| &request.type_name;
        move_resource_state(MoveResourceStateRequest) -> MoveResourceStateResponse = rpc::resource::move_resource_state, by |request| &request.target_type_name;
        validate_data_resource_config(ValidateDataResourceConfigRequest) -> ValidateDataResourceConfigResponse = rpc::data_source::validate_data_resource_config, by |request| &request.type_name;
        read_data_source(ReadDataSourceRequest) -> ReadDataSourceResponse = rpc::data_source::read_data_source, by |request| &request.type_name;
        validate_ephemeral_resource_config(ValidateEphemeralResourceConfigRequest) -> ValidateEphemeralResourceConfigResponse = rpc::ephemeral::validate_ephemeral_resource_config, by |request| &request.type_name;
        open_ephemeral_resource(OpenEphemeralResourceRequest) -> OpenEphemeralResourceResponse = rpc::ephemeral::open_ephemeral_resource, by |request| &request.type_name;
        renew_ephemeral_resource(RenewEphemeralResourceRequest) -> RenewEphemeralResourceResponse = rpc::ephemeral::renew_ephemeral_resource, by |request| &request.type_name;
        close_ephemeral_resource(CloseEphemeralResourceRequest) -> CloseEphemeralResourceResponse = rpc::ephemeral::close_ephemeral_resource, by |request| &request.type_name;
        call_function(CallFunctionRequest) -> CallFunctionResponse = rpc::function::call_function, by |request| &request.name;
    }

    async fn stop_provider(
        &self,
        _: Request<wire::StopProviderRequest>,
    ) -> Result<Response<wire::StopProviderResponse>, Status> {
        tracing::info!("Terraform was interrupted; running calls are cancelled");
        self.0.stop();
        Ok(Response::new(wire::StopProviderResponse::default()))
    }

    async fn generate_resource_config(
        &self,
        _: Request<wire::GenerateResourceConfigRequest>,
    ) -> Result<Response<wire::GenerateResourceConfigResponse>, Status> {
        Err(not_offered())
    }

    async fn validate_list_resource_config(
        &self,
        _: Request<wire::ValidateListResourceConfigRequest>,
    ) -> Result<Response<wire::ValidateListResourceConfigResponse>, Status> {
        Err(not_offered())
    }

    async fn list_resource(
        &self,
        _: Request<wire::ListResourceRequest>,
    ) -> Result<Response<Self::ListResourceStream>, Status> {
        Err(not_offered())
    }

    async fn validate_action_config(
        &self,
        _: Request<wire::ValidateActionConfigRequest>,
    ) -> Result<Response<wire::ValidateActionConfigResponse>, Status> {
        Err(not_offered())
    }

    async fn plan_action(
        &self,
        _: Request<wire::PlanActionRequest>,
    ) -> Result<Response<wire::PlanActionResponse>, Status> {
        Err(not_offered())
    }

    async fn invoke_action(
        &self,
        _: Request<wire::InvokeActionRequest>,
    ) -> Result<Response<Self::InvokeActionStream>, Status> {
        Err(not_offered())
    }
}

fn not_offered() -> Status {
    Status::unimplemented("this provider has no list resources, no actions and no generated configuration")
}

#[cfg(test)]
mod tests;
