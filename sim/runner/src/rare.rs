//! The rare states that components mark; made by `build.rs` from their source.

include!(concat!(env!("OUT_DIR"), "/rare.rs"));
