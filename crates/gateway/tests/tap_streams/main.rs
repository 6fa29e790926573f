//! The taps and TLS, from the outside.

mod flight;
mod guard;
mod hello;
mod proxy_protocol;
mod smuggling;
mod tls;
