//! Questions that are answered and forgotten: who am I, may I, is this token good.
//!
//! Upstream: pkg/registry/authentication and pkg/registry/authorization.

mod access;
mod token;

use super::{
    Asked, Server, answer,
    body::{self, Upload},
};
use crate::{
    authorization::Attributes,
    failure::{Cause, Failure, Named},
};
use api::resources::Resource;
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use wire::Response;

impl Server {
    /// The resource of a review that the request is about.
    pub(super) fn review(&self, asked: &Asked) -> Option<Arc<Resource>> {
        let info = &asked.info;
        let resource = self.registry.resource(&info.group, &info.version, &info.resource)?;
        let asks = info.verb == "create" && info.subresource.is_empty();
        (asks && resource.kind.kind.ends_with("Review")).then_some(resource)
    }

    /// Answers it.
    pub(super) async fn reviewed(
        &self,
        asked: &Asked,
        resource: &Resource,
        body: Upload,
    ) -> Result<Response, Failure> {
        let mut review = self.decode(asked, &resource.kind, &body::read(body).await?)?.object;
        let user = &asked.requester.user;
        let status = match resource.kind.kind.as_str() {
            "SelfSubjectReview" => json!({"userInfo": user.info()}),
            "SelfSubjectAccessReview" => {
                access::check(resource, &review, &[])?;
                self.access(access::attributes(&review["spec"], user.clone())).await
            }
            "SubjectAccessReview" => {
                access::check(resource, &review, &access::subject(&review))?;
                let subject = Arc::new(access::user(&review["spec"]));
                self.access(access::attributes(&review["spec"], subject)).await
            }
            "LocalSubjectAccessReview" => {
                let mut causes = access::subject(&review);
                causes.extend(access::local(&review, &asked.info.namespace)?);
                access::check(resource, &review, &causes)?;
                let subject = Arc::new(access::user(&review["spec"]));
                self.access(access::attributes(&review["spec"], subject)).await
            }
            "SelfSubjectRulesReview" => {
                let namespace = review["spec"]["namespace"].as_str().unwrap_or_default();
                if namespace.is_empty() {
                    return Err(Failure::bad_request("no namespace on request"));
                }
                access::rights(&self.authorization.rights(user, namespace).await)
            }
            "TokenReview" => token::status(&self.authenticator, &review["spec"]).await?,
            _ => return Err(Failure::no_such_resource()),
        };
        review["status"] = status;
        Ok(answer::value(StatusCode::CREATED, &review))
    }

    async fn access(&self, attributes: Attributes) -> Value {
        access::status(self.authorization.decide(&attributes).await)
    }
}

/// A review that makes no sense.
fn invalid(resource: &Resource, causes: &[Cause]) -> Result<(), Failure> {
    match causes.is_empty() {
        true => Ok(()),
        false => {
            let of = Named { group: &resource.kind.group, resource: &resource.kind.kind, name: "" };
            Err(Failure::invalid(of, causes))
        }
    }
}
