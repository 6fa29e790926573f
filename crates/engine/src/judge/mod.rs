//! The judge room (being built).
pub mod proof;
