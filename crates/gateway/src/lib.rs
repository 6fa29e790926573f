//! The edge.

pub mod tap;
