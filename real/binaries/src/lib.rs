//! Flags to config to run: the production binaries.
