//! The state room (being built).
