//! The write-ahead log: what a member promised, in checksummed segments.
