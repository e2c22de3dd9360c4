//! Whose servers are measured, and in which order.

use crate::progress::say;
use std::{io, path::Path};

/// Whose server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    Ours,
    Upstream,
}

impl Side {
    /// The sides whose programs are there. Ours must be.
    pub(crate) fn there<'a>(
        ours: &'a Path,
        upstream: Option<&'a Path>,
    ) -> io::Result<Vec<(Self, &'a Path)>> {
        if !ours.exists() {
            let why = format!("{} is not there: cargo build --release -p binaries", ours.display());
            return Err(io::Error::other(why));
        }
        let mut sides = vec![(Self::Ours, ours)];
        match upstream {
            Some(path) if path.exists() => sides.push((Self::Upstream, path)),
            Some(path) => say(&format!("{} is not there: only ours is measured", path.display())),
            None => say("no program of upstream's is given: only ours is measured"),
        }
        Ok(sides)
    }

    /// Whoever is first meets another machine than whoever is second: they take turns.
    pub(crate) fn in_turn<'a>(sides: &[(Self, &'a Path)], round: u16) -> Vec<(Self, &'a Path)> {
        let mut order = sides.to_vec();
        if round % 2 == 1 {
            order.reverse();
        }
        order
    }
}
