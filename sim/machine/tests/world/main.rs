//! What a world promises to those who break it, each promise shown by small programs.

mod echo;
mod programs;
