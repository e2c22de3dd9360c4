//! Patches: cases as data, and laws that hold for any object.

mod deployments;
mod json_patch;
mod merge_patch;
mod random;
mod schemas;
mod strategic;
mod strategic_difference;
