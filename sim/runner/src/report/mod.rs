//! What a run did, for a terminal, a program and a browser.

pub(crate) mod html;
pub(crate) mod json;
mod lanes;
pub(crate) mod text;
