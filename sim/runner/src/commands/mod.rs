//! One command a file.

pub(crate) mod digest;
pub(crate) mod hunt;
pub(crate) mod list;
pub(crate) mod museum;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod shrink;
pub(crate) mod verify;
