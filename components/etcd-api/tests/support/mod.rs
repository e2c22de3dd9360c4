//! A host in memory with a paused clock, and a server that says what the test has written down.

mod machine;
mod script;

pub(crate) use machine::run;
pub(crate) use script::{Script, client};
