//! Components placed on machines as a scenario asks.
