//! Promises, judged from outside.
