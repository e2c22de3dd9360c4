//! Patches: cases as data, and laws that hold for any object.

mod json_patch;
mod merge_patch;
mod random;
