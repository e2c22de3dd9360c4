//! What an API server promises of objects, judged against the raw log of its storage.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/>: resource versions, efficient
//! detection of changes, finalizers. The log is read by one who watches the storage itself; where
//! it has gaps, nothing is judged that depends on them.

mod age;
mod converges;
mod finalizers;
mod reads;
mod truth;
mod watch;
mod writes;

pub use age::ObjectAge;
pub use converges::ObjectConverges;
pub use finalizers::ObjectFinalizers;
pub use reads::ObjectReads;
pub use watch::ObjectWatchOrder;
pub use writes::ObjectWrites;

use crate::{
    Broken, Kind, Observation, Oracle,
    history::{Object, ObjectAnswer, ObjectCall, ObjectRequest, Objects, Time},
};
use truth::Truth;

/// A promise that is judged when everything is known.
trait ObjectPromise: Default + Send {
    /// [`Oracle::NAME`].
    const NAME: &'static str;
    /// [`Oracle::PROMISE`].
    const PROMISE: &'static str;

    /// Judges what users saw.
    fn judge(objects: &Objects, truth: &Truth<'_>) -> Result<(), Broken>;
}

/// Makes an oracle of such a promise.
macro_rules! oracle {
    ($($promise:ty),*) => { $(
        impl Oracle for $promise {
            const NAME: &'static str = <Self as ObjectPromise>::NAME;
            const KIND: Kind = Kind::History;
            const PROMISE: &'static str = <Self as ObjectPromise>::PROMISE;
            const FACTS: Option<&'static [&'static str]> = Some(&[]);

            fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
                let Observation::History(record) = observation else { return Ok(()) };
                let objects = &record.history.objects;
                <Self as ObjectPromise>::judge(objects, &Truth::of(&objects.log))
            }
        }
    )* };
}
oracle!(ObjectWrites, ObjectReads, ObjectWatchOrder, ObjectFinalizers, ObjectAge);

/// What newest reads must show: the highest revision that anybody had been told of by a time.
struct Floor(Vec<(Time, u64)>);

impl Floor {
    fn of(objects: &Objects, truth: &Truth<'_>) -> Self {
        let told = objects.calls.iter().filter_map(|call| told(call, truth));
        let mut all: Vec<(Time, u64)> = told.collect();
        all.sort_unstable();
        let mut highest = 0;
        for (_, revision) in &mut all {
            highest = highest.max(*revision);
            *revision = highest;
        }
        Self(all)
    }

    fn at(&self, time: Time) -> u64 {
        let before = self.0.partition_point(|(returned, _)| *returned < time);
        before.checked_sub(1).map_or(0, |last| self.0[last].1)
    }
}

/// The revision that an answer proves to have been reached when it came.
fn told(call: &ObjectCall, truth: &Truth<'_>) -> Option<(Time, u64)> {
    let (returned, answer) = call.answered()?;
    let revision = match answer {
        ObjectAnswer::Object(object) => object.revision,
        ObjectAnswer::List { revision, .. } => *revision,
        ObjectAnswer::Gone { uid } => truth.end_of(uid)?,
        ObjectAnswer::Missing => return None,
    };
    Some((returned, revision))
}

/// The object that a request names.
fn name(request: &ObjectRequest) -> Option<&str> {
    match request {
        ObjectRequest::Create(object) | ObjectRequest::Update { object, .. } => Some(&object.name),
        ObjectRequest::Patch { name, .. }
        | ObjectRequest::Delete { name, .. }
        | ObjectRequest::Get { name, .. } => Some(name),
        ObjectRequest::List { .. } => None,
    }
}

fn broken(call: &ObjectCall, text: String) -> Broken {
    let at = call.answered().map_or(call.called, |(returned, _)| returned);
    Broken::new(at, text).with(line(call))
}

fn line(what: &impl serde::Serialize) -> String {
    serde_json::to_string(what).unwrap_or_default()
}

/// An object in a few words.
fn said(object: Option<&Object>) -> String {
    match object {
        Some(it) => format!("{} of {} (token {})", it.name, it.revision, it.token),
        None => "no object".into(),
    }
}
