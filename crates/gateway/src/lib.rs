//! The edge: listeners, TLS, upstreams, and the five rooms of a request in a row.
//!
//! A worker accepts a connection ([`serve`]), takes each request through the rooms ([`path`]) and gives back an answer;
//! [`tap`] reads what a connection gives away, [`forward`] alone talks to the site, [`answering`] and [`reading`] put
//! the engine's answer room to work on a body, [`disclose`] charges and records, [`own`] and [`pages`] are what
//! visitors meet of ours, and [`control`] is the door for the brain and the command line.

pub mod chance;
pub mod clock;
pub mod counters;
pub mod forward;
pub mod headers;
pub mod listen;
pub mod local;
pub mod pages;
pub mod patience;
pub mod settings;
pub mod tap;
pub mod tls;
pub mod tunnel;
pub mod upgrade;
