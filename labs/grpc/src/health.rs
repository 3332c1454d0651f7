//! `grpc.health.v1.Health`: serving until the server stops.
//!
//! tonic-health has a server too; its watch answers NOT_FOUND for a service
//! that it doesn't know, where the protocol wants SERVICE_UNKNOWN, and doesn't
//! end when the server does.

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use lab_proto::pb::order_service_server::SERVICE_NAME;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// The service; it reports NOT_SERVING from `stop` on.
pub(crate) fn service(stop: CancellationToken) -> HealthServer<impl Health> {
    HealthServer::new(UntilStop { stop })
}

struct UntilStop {
    stop: CancellationToken,
}

impl UntilStop {
    /// The status of a service; "" is the whole server.
    fn status(&self, service: &str) -> ServingStatus {
        match service {
            "" | SERVICE_NAME if self.stop.is_cancelled() => ServingStatus::NotServing,
            "" | SERVICE_NAME => ServingStatus::Serving,
            _ => ServingStatus::ServiceUnknown,
        }
    }
}

#[tonic::async_trait]
impl Health for UntilStop {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        match self.status(&request.into_inner().service) {
            ServingStatus::ServiceUnknown => Err(Status::not_found("this server has no such service")),
            status => Ok(Response::new(HealthCheckResponse { status: status.into() })),
        }
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    /// The status now; when the server stops, the last one, and the end.
    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let now = self.status(&request.into_inner().service);
        let stop = self.stop.clone();
        let last = stream::once(async move {
            stop.cancelled_owned().await;
            if now == ServingStatus::Serving { ServingStatus::NotServing } else { now }
        });
        let statuses = stream::iter([now]).chain(last);
        Ok(Response::new(statuses.map(|status| Ok(HealthCheckResponse { status: status.into() })).boxed()))
    }
}
