//! Custom objects from one version of their definition to another: by name alone, or as a webhook
//! says.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/conversion.

mod questions;
mod review;
mod turns;

pub(crate) use questions::Questions;
pub(super) use turns::Turns;

use super::{Registry, metadata};
use crate::{failure::Failure, webhook};
use api::definition::Custom;
use http::StatusCode;
use review::Asked;
use serde_json::Value;

/// A webhook has so long (apiserver/pkg/util/webhook/authentication.go).
const SECONDS: u64 = 30;
/// Objects in one review. Upstream asks for each object of a list alone.
const REVIEW_OBJECTS_MAX: usize = 500;

/// The objects in the API version that is wanted; those that are in it stay as they are.
///
/// # Errors
/// The webhook does not answer, or not as it has to.
pub(super) async fn converted(
    registry: &Registry,
    custom: &Custom,
    mut objects: Vec<Value>,
    wanted: &str,
) -> Result<Vec<Value>, Failure> {
    let Some(webhook) = &custom.webhook else {
        objects.iter_mut().for_each(|object| object["apiVersion"] = wanted.into());
        return Ok(objects);
    };
    let others = |object: &Value| object["apiVersion"] != wanted;
    let places: Vec<usize> = (0..objects.len()).filter(|at| others(&objects[*at])).collect();
    for places in places.chunks(REVIEW_OBJECTS_MAX) {
        let asked: Vec<Value> = places.iter().map(|at| objects[*at].take()).collect();
        let answers = ask(registry, webhook, &asked, wanted).await;
        let answers = answers.map_err(|why| failure(&why))?;
        for (at, answer) in places.iter().zip(answers) {
            objects[*at] = answer;
        }
    }
    Ok(objects)
}

async fn ask(
    registry: &Registry,
    webhook: &Value,
    objects: &[Value],
    wanted: &str,
) -> Result<Vec<Value>, String> {
    let uid = metadata::uid(&registry.host);
    let asked = Asked::new(webhook, objects, wanted, &uid)?;
    let (client, review) = (&webhook["clientConfig"], asked.request());
    let answer = webhook::post(registry, client, &review, SECONDS).await;
    let answer = answer.map_err(|why| asked.told(&format!("failed: {why}")))?;
    asked.converted(&answer)
}

/// Upstream tells it as an error that is no status.
fn failure(why: &str) -> Failure {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "", why)
}
