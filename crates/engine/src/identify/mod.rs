//! The identify room (being built).
