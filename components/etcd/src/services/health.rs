//! gRPC health checks: serving from the moment on that requests are accepted.
//!
//! As upstream's (api/v3rpc/health.go) they say nothing of a leader: that is what `/health` is for.

use crate::receiver_stream::ReceiverStream;
use etcd_api::grpc::health_v1::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_server::Health,
};
use host::Host;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status};

/// The health service of a member.
#[derive(Clone)]
pub(crate) struct HealthService(pub(crate) Host);

/// etcd registers the server as a whole only.
fn status(service: &str) -> ServingStatus {
    if service.is_empty() { ServingStatus::Serving } else { ServingStatus::ServiceUnknown }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for HealthService {
    type WatchStream = ReceiverStream<Result<HealthCheckResponse, Status>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match status(&request.get_ref().service) {
            ServingStatus::Serving => Ok(Response::new(answer(ServingStatus::Serving))),
            _ => Err(Status::not_found("unknown service")),
        }
    }

    /// One answer, and no other until the stream ends: the status never changes.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (sender, receiver) = mpsc::channel(1);
        let first = answer(status(&request.get_ref().service));
        let work = async move {
            if sender.send(Ok(first)).await.is_ok() {
                sender.closed().await;
            }
        };
        self.0.spawn("etcd/health-watch", work).detach();
        Ok(Response::new(ReceiverStream(receiver)))
    }
}
