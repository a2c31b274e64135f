//! Additional services that go-plugin expects on the connection: controller, stdio, broker, health.
//!
//! Only the controller has an effect: it ends the process. The streams are empty and end when the server stops, so that
//! the graceful shutdown of the server does not wait for them.

use std::pin::Pin;

use eod_proto::health::health_check_response::ServingStatus;
use eod_proto::health::health_server::{Health, HealthServer};
use eod_proto::health::{HealthCheckRequest, HealthCheckResponse};
use eod_proto::plugin::grpc_broker_server::{GrpcBroker, GrpcBrokerServer};
use eod_proto::plugin::grpc_controller_server::{GrpcController, GrpcControllerServer};
use eod_proto::plugin::grpc_stdio_server::{GrpcStdio, GrpcStdioServer};
use eod_proto::plugin::{ConnInfo, ShutdownRequest, ShutdownResponse, StdioData};
use futures::{Stream, StreamExt as _, future, stream};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Service name in the health checks of go-plugin.
const PLUGIN: &str = "plugin";

/// Adds these services to the routes of the provider. `shutdown` is cancelled when the host calls Shutdown; the streams
/// end when `stop` is cancelled.
pub(crate) fn beside(routes: Routes, shutdown: CancellationToken, stop: &CancellationToken) -> Routes {
    routes
        .add_service(GrpcControllerServer::new(Controller { shutdown }))
        .add_service(GrpcStdioServer::new(Stdio { stop: stop.clone() }))
        .add_service(GrpcBrokerServer::new(Broker { stop: stop.clone() }))
        .add_service(HealthServer::new(Serving { stop: stop.clone() }))
}

struct Controller {
    shutdown: CancellationToken,
}

#[tonic::async_trait]
impl GrpcController for Controller {
    /// The server finishes running calls before it stops, including this one, so the host receives its answer.
    async fn shutdown(&self, _: Request<ShutdownRequest>) -> Result<Response<ShutdownResponse>, Status> {
        self.shutdown.cancel();
        Ok(Response::new(ShutdownResponse {}))
    }
}

struct Stdio {
    stop: CancellationToken,
}

#[tonic::async_trait]
impl GrpcStdio for Stdio {
    type StreamStdioStream = Answers<StdioData>;

    /// The host reads stderr itself, and stdout is redirected after the handshake, so the stream is empty.
    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<Self::StreamStdioStream>, Status> {
        Ok(Response::new(silence(&self.stop)))
    }
}

struct Broker {
    stop: CancellationToken,
}

#[tonic::async_trait]
impl GrpcBroker for Broker {
    type StartStreamStream = Answers<ConnInfo>;

    /// Terraform opens this stream and never uses it. Incoming messages are read and dropped, so that the stream stays
    /// open.
    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Self::StartStreamStream>, Status> {
        let offers = request.into_inner().filter_map(|_| future::ready(None));
        Ok(Response::new(Box::pin(offers.take_until(self.stop.clone().cancelled_owned()))))
    }
}

struct Serving {
    stop: CancellationToken,
}

#[tonic::async_trait]
impl Health for Serving {
    type WatchStream = Answers<HealthCheckResponse>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if is_known(&service) {
            Ok(Response::new(health(ServingStatus::Serving)))
        } else {
            Err(Status::not_found(format!("unsupported service {service:?}: supported is {PLUGIN:?}")))
        }
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let known = is_known(&request.into_inner().service);
        let status = if known { ServingStatus::Serving } else { ServingStatus::ServiceUnknown };
        let first = stream::once(future::ready(Ok(health(status))));
        Ok(Response::new(Box::pin(first.chain(silence(&self.stop)))))
    }
}

fn is_known(service: &str) -> bool {
    service.is_empty() || service == PLUGIN
}

fn health(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

/// A stream without items that ends when `stop` is cancelled.
fn silence<T: Send + 'static>(stop: &CancellationToken) -> Answers<T> {
    Box::pin(stream::pending().take_until(stop.clone().cancelled_owned()))
}

#[cfg(test)]
mod tests;
