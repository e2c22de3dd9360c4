//! Promises about the whole history of one cluster.
//!
//! Where another cluster took over from a snapshot they are not judged: what nobody was told of may
//! have been otherwise in the first, and the second may not know of all that the first had.

use crate::{Broken, Kind, Observation, Oracle, World, history::History};

/// A promise that is judged when everything is known. The doc comment of the type is the promise.
pub(crate) trait ClusterPromise: Default + Send {
    /// [`Oracle::NAME`].
    const NAME: &'static str;
    /// [`Oracle::PROMISE`].
    const PROMISE: &'static str;

    /// Judges what clients saw.
    fn judge(history: &History) -> Result<(), Broken>;
}

/// The oracle of such a promise.
#[derive(Debug, Default)]
pub(crate) struct OneCluster<P> {
    restored: bool,
    _promise: P,
}

impl<P: ClusterPromise> Oracle for OneCluster<P> {
    const NAME: &'static str = P::NAME;
    const KIND: Kind = Kind::History;
    const PROMISE: &'static str = P::PROMISE;
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::World { event: World::Restored, .. } => self.restored = true,
            Observation::History(record) if !self.restored => return P::judge(record.history),
            _ => {}
        }
        Ok(())
    }
}
