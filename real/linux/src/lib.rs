//! tokio and Linux behind the host traits.
