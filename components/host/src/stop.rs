//! Cancellation: one side says stop, any number of others notice.

use crate::watch;

/// Says stop, explicitly or by being dropped.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Notices a stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// A connected pair.
pub fn stop_pair() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Asks all holders of the other half to stop.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// True once stop was said.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Completes when stop is said or its speaker is gone.
    pub async fn stopped(&mut self) {
        // An error means that the stopper was dropped, which is also a stop.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }
}
