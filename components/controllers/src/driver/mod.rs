//! Runs a controller: wakes it, shows it the world, carries its plans out.

mod ask;
mod awaited;
mod carry;
mod informers;
mod run;

pub(crate) use ask::answer;
pub(crate) use carry::Hand;
pub(crate) use informers::Informers;
pub(crate) use run::{Driver, Office};
