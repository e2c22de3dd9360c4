//! gRPC health checks: serving while the member has a leader.

use crate::{member::Member, receiver_stream::ReceiverStream};
use etcd_api::grpc::health_v1::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_server::Health,
};
use std::sync::Arc;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status};

/// The health service of a member.
#[derive(Clone)]
pub(crate) struct HealthService(pub(crate) Arc<Member>);

fn status(member: &Member) -> HealthCheckResponse {
    let serving = member.leadership.borrow().leader != 0;
    let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for HealthService {
    type WatchStream = ReceiverStream<Result<HealthCheckResponse, Status>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        // etcd registers the server as a whole only.
        if !request.get_ref().service.is_empty() {
            return Err(Status::not_found("unknown service"));
        }
        Ok(Response::new(status(&self.0)))
    }

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (sender, receiver) = mpsc::channel(1);
        let member = self.0.clone();
        let work = async move {
            let mut leadership = member.leadership.clone();
            let mut last = None;
            loop {
                let now = status(&member);
                if last.as_ref() != Some(&now) {
                    if sender.send(Ok(now)).await.is_err() {
                        return;
                    }
                    last = Some(now);
                }
                if leadership.changed().await.is_err() {
                    return;
                }
            }
        };
        self.0.host.spawn("etcd/health-watch", work).detach();
        Ok(Response::new(ReceiverStream(receiver)))
    }
}
