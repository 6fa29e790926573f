//! The edge: listeners, TLS, upstreams, and the five rooms of a request in a row.
//!
//! A worker accepts a connection ([`serve`]), takes each request through the rooms ([`path`]) and gives back an answer;
//! [`tap`] reads what a connection gives away, [`forward`] alone talks to the site, [`answering`] and [`reading`] put
//! the engine's answer room to work on a body, [`disclose`] charges and records, [`own`] and [`pages`] are what
//! visitors meet of ours, and [`control`] is the door for the brain and the command line.

pub mod ages;
pub mod answering;
pub mod body;
pub mod caching;
pub mod chance;
pub mod clock;
pub mod committing;
pub mod control;
pub mod counters;
pub mod disclose;
pub mod edge;
pub mod faults;
pub mod form;
pub mod forward;
pub mod headers;
pub mod intake;
pub mod listen;
pub mod local;
pub mod lookups;
pub mod measures;
pub mod memory;
pub mod onward;
pub mod own;
pub mod pages;
pub mod path;
pub mod patience;
pub mod reach;
pub mod reading;
pub mod replay;
pub mod respond;
pub mod revealing;
pub mod security_txt;
pub mod self_test;
pub mod serve;
pub mod settings;
pub mod sites;
pub mod streams;
pub mod tap;
pub mod telling;
pub mod tls;
pub mod token_counts;
pub mod token_keys;
pub mod tunnel;
pub mod upgrade;
pub mod worker;

pub use edge::run;
