//! The answer room (being built).
