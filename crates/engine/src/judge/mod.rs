//! The judge room (being built).
