//! How faults are drawn.

use faults::{Family, Span};
use serde::{Deserialize, Serialize};

/// Faults that chance draws.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Chaos {
    /// From these families; all of them when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<Family>,
    /// Only these faults, by name; all of the families when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// How often.
    #[serde(default)]
    pub intensity: Intensity,
    /// The longest that a drawn fault lasts; the default is 8 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest: Option<Span>,
}

/// How often faults strike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Intensity {
    /// Six a minute: one at a time, mostly.
    Calm,
    /// Fifteen a minute.
    #[default]
    Breeze,
    /// Thirty a minute: several at once.
    Storm,
    /// Each seed decides.
    Any,
}

impl Chaos {
    /// The longest that a drawn fault lasts.
    pub fn longest(&self) -> Span {
        self.longest.unwrap_or(Span::secs(8))
    }
}
