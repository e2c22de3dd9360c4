//! Why a patch is refused, with the status code, the reason and the text that upstream answers.

use super::conflict::Conflicts;

/// A refusal. What it prints is the `message` of the answer's Status.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PatchError {
    /// The patch makes no sense, whatever the object.
    #[error("{0}")]
    BadRequest(String),
    /// The patch asks for more work than is done at once.
    #[error("Request entity is too large: {0}")]
    TooLarge(String),
    /// The patch does not fit the object. Upstream keeps the particulars, which are here, to itself
    /// (`NewGenericServerResponse` with 422 in apimachinery's pkg/api/errors).
    #[error("the server rejected our request due to an error in our request")]
    Rejected(String),
    /// What is stored cannot be worked with, whatever the patch.
    #[error("{0}")]
    Stored(String),
    /// An apply changes what others own.
    #[error("{0}")]
    Conflict(Conflicts),
}

/// One entry of a Status' `details.causes`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// `FieldManagerConflict`.
    pub reason: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where: `.spec.replicas`.
    pub field: String,
}

impl PatchError {
    /// HTTP's status code.
    pub fn code(&self) -> u16 {
        match self {
            Self::BadRequest(_) => 400,
            Self::TooLarge(_) => 413,
            Self::Rejected(_) => 422,
            Self::Stored(_) => 500,
            Self::Conflict(_) => 409,
        }
    }

    /// The Status' `reason`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "BadRequest",
            Self::TooLarge(_) => "RequestEntityTooLarge",
            Self::Rejected(_) => "Invalid",
            // Upstream gives none: the error is not one of its own kinds.
            Self::Stored(_) => "",
            Self::Conflict(_) => "Conflict",
        }
    }

    /// The Status' `details.causes`.
    pub fn causes(&self) -> Vec<Cause> {
        match self {
            Self::Conflict(conflicts) => conflicts.causes(),
            Self::BadRequest(_) | Self::TooLarge(_) | Self::Rejected(_) | Self::Stored(_) => {
                Vec::new()
            }
        }
    }
}
