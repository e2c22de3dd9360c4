//! Where a webhook's word is needed nothing is written without it.

use super::{Deeds, EstatePromise, broken, line};
use crate::{
    Broken,
    facts::SECOND,
    history::{History, Time},
};

/// Once a validating webhook whose failure policy is `Fail` is known to all servers, nothing that it
/// concerns is created unless it was asked and let it through before.
#[derive(Debug, Default)]
pub struct WebhooksAsked;

const CONFIGURATIONS: &str = "validatingwebhookconfigurations/";
/// What the one webhook concerns, by what its keys begin with.
const CONCERNED: &str = "secrets/";
/// A server's cache is not older than that while it reaches its storage, and without it nothing is
/// written.
const KNOWN_AFTER: Time = 30 * SECOND;

impl EstatePromise for WebhooksAsked {
    const NAME: &'static str = "webhooks_asked";
    const PROMISE: &'static str = "failurePolicy Fail means that an error calling the webhook causes \
        the admission to fail and the API request to be rejected (dynamic admission control)";

    fn judge(history: &History, deeds: &Deeds<'_>) -> Result<(), Broken> {
        let mut configured = deeds
            .all()
            .filter(|deed| deed.change.key.starts_with(CONFIGURATIONS) && deed.after().is_some());
        let Some(since) = configured.next().map(|deed| deed.change.at) else { return Ok(()) };
        let calls = super::deeds::by_token(&history.estate.calls);
        for deed in deeds.all().filter(|deed| deed.change.key.starts_with(CONCERNED)) {
            if deed.before.is_some() {
                continue;
            }
            for (_, token) in deed.new_tokens() {
                let late = |at: Time| at > since + KNOWN_AFTER;
                let Some(call) = calls.get(token).filter(|call| late(call.called)) else {
                    continue;
                };
                let mut reviews = history.estate.reviews.iter();
                let let_through = |review: &crate::history::Review| review.token == token;
                if !reviews.any(|review| let_through(review) && review.at <= deed.change.at) {
                    let text = "created without the webhook's word";
                    return Err(broken(deed.change, text).with(line(call)));
                }
            }
        }
        Ok(())
    }
}
