//! What an API server promises of objects of any kind, judged against the raw log of its storage.
//!
//! Every write carries a token in an annotation that belongs to its author alone ([`TOKEN`]), so that
//! the log says whose effect a state is, also where an answer was lost.

mod deeds;
mod fields;
mod identity;
mod informer;
mod leader;
mod parts;
mod quota;
mod released;
mod services;
mod webhooks;
mod writes;

pub use fields::FieldsOwned;
pub use identity::EstateIdentity;
pub use informer::InformerFaithful;
pub use leader::OneLeader;
pub use parts::PartsApart;
pub use quota::QuotaHeld;
pub use released::ServicesReleased;
pub use services::ServicesUnique;
pub use webhooks::WebhooksAsked;
pub use writes::EstateWrites;

use crate::{
    Broken, Kind, Observation, Oracle,
    history::{EstateCall, EstateChange, History},
};
use deeds::Deeds;
use serde_json::Value;

/// What the names of annotations with tokens begin with; the author's name follows.
pub const TOKEN: &str = "seaworthy.io/at-";

/// A promise that is judged when everything is known.
trait EstatePromise: Default + Send {
    /// [`Oracle::NAME`].
    const NAME: &'static str;
    /// [`Oracle::PROMISE`].
    const PROMISE: &'static str;

    /// Judges what users saw.
    fn judge(history: &History, deeds: &Deeds<'_>) -> Result<(), Broken>;
}

/// Makes an oracle of such a promise.
macro_rules! oracle {
    ($($promise:ty),*) => { $(
        impl Oracle for $promise {
            const NAME: &'static str = <Self as EstatePromise>::NAME;
            const KIND: Kind = Kind::History;
            const PROMISE: &'static str = <Self as EstatePromise>::PROMISE;
            const FACTS: Option<&'static [&'static str]> = Some(&[]);

            fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
                let Observation::History(record) = observation else { return Ok(()) };
                let deeds = Deeds::of(&record.history.estate.log);
                <Self as EstatePromise>::judge(record.history, &deeds)
            }
        }
    )* };
}
oracle!(
    EstateWrites,
    EstateIdentity,
    PartsApart,
    FieldsOwned,
    ServicesUnique,
    QuotaHeld,
    WebhooksAsked
);

/// A member of an object's metadata that is text; empty where it is not there.
fn meta<'a>(object: &'a Value, name: &str) -> &'a str {
    object["metadata"][name].as_str().unwrap_or_default()
}

/// The tokens that an object shows: annotation and token.
fn tokens(object: &Value) -> impl Iterator<Item = (&str, &str)> {
    let all = object["metadata"]["annotations"].as_object().into_iter().flatten();
    all.filter_map(|(name, token)| Some((name.as_str(), token.as_str()?)))
        .filter(|(name, _)| name.starts_with(TOKEN))
}

/// Members of an array.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The path of a request without its query.
fn path(call: &EstateCall) -> &str {
    call.path.split('?').next().unwrap_or_default()
}

fn broken(change: &EstateChange, text: impl Into<String>) -> Broken {
    Broken::new(change.at, format!("{} at {}: {}", change.key, change.revision, text.into()))
}

fn line(what: &impl serde::Serialize) -> String {
    serde_json::to_string(what).unwrap_or_default()
}
