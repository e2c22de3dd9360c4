//! What a world promises to those who break it, each promise shown by small programs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chaos;
mod clocks;
mod disks;
mod echo;
mod foreign;
mod isolation;
mod leaks;
mod network;
mod partitions;
mod processes;
mod programs;
