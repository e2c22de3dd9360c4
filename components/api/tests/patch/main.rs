//! Patches: cases as data, and laws that hold for any object.

mod any_kind;
mod apply;
mod apply_laws;
mod deployments;
mod fields;
mod json_patch;
mod leaves;
mod managers;
mod merge_patch;
mod random;
mod schemas;
mod strategic;
mod strategic_difference;
mod updates;
