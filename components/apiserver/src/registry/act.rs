//! Writes that are neither of an object nor of a part of it: what a door such as `binding` does.

use super::{ATTEMPTS_MAX, Registry, Target, Writing, place, served};
use crate::{
    admission::{Attributes, Operation},
    failure::Failure,
    storage::Refused,
};
use bytes::Bytes;
use serde_json::Value;

impl Registry {
    /// What admission makes of an object that is sent to a door, such as a binding.
    ///
    /// # Errors
    /// A plugin's refusal.
    pub(crate) async fn admitted_act(
        &self,
        door: &Target,
        object: Value,
        how: &Writing,
    ) -> Result<Value, Failure> {
        let mut act = Attributes::new(Operation::Create, door, object, Value::Null, how);
        self.admission.mutate(self, &mut act).await?;
        self.admission.validate(self, &act).await?;
        Ok(act.object)
    }

    /// What admission makes of a door's options before somebody goes through it.
    ///
    /// # Errors
    /// A plugin's refusal.
    pub(crate) async fn admitted_connect(
        &self,
        door: &Target,
        options: Value,
        how: &Writing,
    ) -> Result<Value, Failure> {
        let mut act = Attributes::new(Operation::Connect, door, options, Value::Null, how);
        self.admission.mutate(self, &mut act).await?;
        self.admission.validate(self, &act).await?;
        Ok(act.object)
    }

    /// Changes an object as the server itself wants it: nobody is asked, nobody owns the change.
    /// `decide` gets the present object and may be asked again.
    ///
    /// # Errors
    /// There is no such object, `decide` refuses, or others keep changing it.
    pub(crate) async fn rewrite(
        &self,
        target: &Target,
        dry_run: bool,
        decide: impl Fn(&Value) -> Result<Value, Failure>,
    ) -> Result<Bytes, Failure> {
        let key = target.key(&self.storage);
        for _ in 0..ATTEMPTS_MAX {
            let Some(stored) = self.storage.get(&key).await? else {
                return Err(target.not_found());
            };
            let new = decide(&self.decoded(&target.resource, &stored).await?)?;
            let bytes = self.encoded(&target.resource, &new).await?;
            if dry_run || bytes[..] == stored.bytes[..] {
                return Ok(served(&new, stored.revision));
            }
            match self.storage.put_if(&key, stored.revision, bytes, 0).await {
                Ok(revision) => return Ok(served(&new, revision)),
                Err(Refused::Changed(_)) => {}
                Err(Refused::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::modified(place::named(&target.resource, &target.name)))
    }
}
