//! The edge: listeners, TLS, upstreams, and the five rooms of a request in a row.
pub mod chance;
pub mod clock;
pub mod counters;
pub mod forward;
pub mod headers;
pub mod listen;
pub mod local;
pub mod patience;
pub mod settings;
pub mod tunnel;
pub mod upgrade;
