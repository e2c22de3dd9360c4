//! Executor, virtual time, seeded chance, and the trace with its hash.
