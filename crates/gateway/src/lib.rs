//! The edge.

pub mod tap;
pub mod tls;
