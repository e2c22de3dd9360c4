//! Match conditions of webhooks: expressions that decide whether one is asked at all.
//!
//! Upstream: apiserver/pkg/admission/plugin/webhook/matchconditions.

use crate::{
    admission::{
        Attributes, Cluster,
        expressions::{Asking, Inputs, ROUNDS_MAX, Scope, conditions_hold, own_question, request},
        pod::items,
    },
    failure::Failure,
};
use cel::environment::kubernetes::MATCH_CONDITIONS_COST_MAX;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// Whether all of a webhook's conditions hold.
///
/// # Errors
/// One cannot be decided, and the webhook's failure policy is to fail.
pub(super) async fn hold(
    cluster: Cluster<'_>,
    write: &Attributes,
    hook: &Value,
) -> Result<bool, Failure> {
    let list = &hook["matchConditions"];
    if items(list).next().is_none() {
        return Ok(true);
    }
    let conditions = cluster.memory.conditions(list);
    let (request, asking, variables) = (request(write), Arc::default(), BTreeMap::new());
    let inputs = Inputs {
        request: &request,
        object: &write.object,
        old: &write.old,
        params: &Value::Null,
        namespace: &Value::Null,
    };
    let mut held = Err("authorization was asked too often".to_owned());
    for _ in 0..ROUNDS_MAX {
        held = {
            let asking: &Arc<Asking> = &asking;
            let (own, budget) = (own_question(write), MATCH_CONDITIONS_COST_MAX);
            conditions_hold(&Scope::new(&inputs, &variables, asking, own, budget), &conditions)
        };
        if !asking.answer(write.requester.as_ref()).await {
            break;
        }
    }
    match held {
        Ok(held) => Ok(held),
        Err(_) if hook["failurePolicy"] == "Ignore" => Ok(false),
        Err(why) => Err(write.forbidden(why)),
    }
}
