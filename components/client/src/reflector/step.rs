//! What goes into a reflector's core, and what comes out.

use crate::{Error, List, ListOptions, Object, WatchEvent, WatchOptions};
use std::time::Duration;

/// Which objects of the resource.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// Empty: all.
    pub label_selector: String,
    /// Empty: all.
    pub field_selector: String,
}

/// What is to be done now.
#[derive(Clone, PartialEq, Debug)]
pub enum Next {
    /// Read all objects.
    List(ListOptions),
    /// Begin a watch; one that runs is dropped.
    Watch(WatchOptions),
    /// Wait for the next event of the watch.
    Read,
    /// Do nothing for a while.
    Wait(Duration),
}

/// How it ended.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// All objects, or none.
    Listed(Result<List, Error>),
    /// The watch has begun, or not.
    Opened(Result<(), Error>),
    /// An event; none: the server ended the watch in good order.
    Read(Result<Option<WatchEvent>, Error>),
    /// The wait is over.
    Waited,
}

/// A change to the copy of the resource's objects.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    /// These are all.
    Replaced {
        /// Every object.
        objects: Vec<Object>,
        /// The state that they show.
        resource_version: String,
    },
    /// It is new, or different.
    Set(Object),
    /// It is gone; its last state.
    Gone(Object),
    /// Nothing else has happened up to here.
    Reached(String),
}

/// An answer of the core.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// What to change.
    pub change: Option<Change>,
    /// What to do.
    pub next: Next,
}

impl From<Next> for Step {
    fn from(next: Next) -> Self {
        Self { change: None, next }
    }
}
