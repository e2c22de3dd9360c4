//! Reviews of tokens.
//!
//! Upstream: pkg/registry/authentication/tokenreview/storage.go.

use crate::{authentication::Authenticator, failure::Failure};
use serde_json::{Value, json};

/// `TokenReviewStatus` of what a review asks about.
///
/// # Errors
/// It asks about nothing.
pub(super) async fn status(authenticator: &Authenticator, spec: &Value) -> Result<Value, Failure> {
    let token = spec["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        let why = "token is required for TokenReview in authentication";
        return Err(Failure::bad_request(why));
    }
    let audiences = spec["audiences"].as_array().into_iter().flatten();
    let audiences = audiences.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    Ok(match authenticator.token(token, &audiences).await {
        Ok(Some(found)) => {
            let mut status = json!({"authenticated": true, "user": found.user.info()});
            if !found.audiences.is_empty() {
                status["audiences"] = json!(found.audiences);
            }
            status
        }
        // A bearer token that nobody knows is an error there (bearertoken's errInvalidToken).
        Ok(None) => json!({"user": {}, "error": "invalid bearer token"}),
        Err(why) => json!({"user": {}, "error": format!("[invalid bearer token, {why}]")}),
    })
}
