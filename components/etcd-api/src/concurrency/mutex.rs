//! A lock that one session at a time holds (client/v3/concurrency/mutex.go).
//!
//! A holder must stop when [`Session::lost`] completes, and what it protects must check
//! [`Mutex::is_owner`] with each write: a lock in a network is only as good as its clocks.

use super::{
    RecipeError, Session,
    queue::{self, Place},
};
use crate::{
    client::{compare, op},
    etcdserverpb::{Compare, compare::CompareResult},
};
use bytes::Bytes;

/// A lock by name.
#[derive(Debug)]
pub struct Mutex<'a> {
    session: &'a Session,
    prefix: String,
    place: Option<Place>,
}

impl<'a> Mutex<'a> {
    /// The lock `name`, not held yet.
    pub fn new(session: &'a Session, name: &str) -> Self {
        Self { session, prefix: format!("{name}/"), place: None }
    }

    /// Takes the lock at once or not at all.
    ///
    /// # Errors
    /// [`RecipeError::Locked`], or a call failed.
    pub async fn try_lock(&mut self) -> Result<(), RecipeError> {
        let taken = queue::take(self.session, &self.prefix, Bytes::new()).await?;
        let first = taken.is_first();
        self.place = Some(taken.place);
        if first {
            return Ok(());
        }
        self.unlock().await?;
        Err(RecipeError::Locked)
    }

    /// Waits for the lock. When this is cancelled or fails, [`Mutex::unlock`] leaves the queue.
    ///
    /// # Errors
    /// The session ended meanwhile, or a call failed.
    pub async fn lock(&mut self) -> Result<(), RecipeError> {
        let taken = queue::take(self.session, &self.prefix, Bytes::new()).await?;
        let first = taken.is_first();
        let place = self.place.insert(taken.place);
        match first {
            true => Ok(()),
            false => queue::wait_for_turn(self.session.client(), &self.prefix, place).await,
        }
    }

    /// Gives the lock, or the place in its queue, back.
    ///
    /// # Errors
    /// There is nothing to give back, or the call failed; then it may be tried again.
    pub async fn unlock(&mut self) -> Result<(), RecipeError> {
        let place = self.place.clone().ok_or(RecipeError::LockReleased)?;
        self.session.client().delete(op::delete(place.key)).await?;
        self.place = None;
        Ok(())
    }

    /// The guard that holds while the lock does: to be put into every write it protects.
    pub fn is_owner(&self) -> Option<Compare> {
        let place = self.place.as_ref()?;
        let revision = place.revision;
        Some(compare::create_revision(place.key.clone(), CompareResult::Equal, revision))
    }

    /// The key that stands for this session in the queue.
    pub fn key(&self) -> Option<&Bytes> {
        self.place.as_ref().map(|place| &place.key)
    }

    /// The revision at which the place in the queue was taken: grows with every holder, and so
    /// serves as a fencing token.
    pub fn revision(&self) -> Option<i64> {
        self.place.as_ref().map(|place| place.revision)
    }
}
