//! Taps: what a connection says about itself before, under and beside HTTP.
//!
//! In comes a byte stream from a visitor or from a front we trust. Out comes the same byte stream, plus small facts: who the
//! PROXY protocol says is there, how the TLS client introduced itself ([`hello`], [`ja4`]), how the HTTP/2 client did
//! ([`flight`]), and in which order HTTP/1 header names came ([`heads`]). The one tap that changes anything is [`guard`]: it stops
//! requests whose framing two readers could understand differently. A tap never guesses, never waits without a bound in bytes
//! (time limits are the caller's), and never judges: a print is evidence for the judge and nothing more.

pub mod flight;
pub mod framing;
pub mod guard;
pub mod head;
pub mod heads;
pub mod hello;
pub mod hpack;
pub mod ja4;
pub mod prefixed;
pub mod proxy_protocol;
pub mod refusal;
pub mod wire;
mod writes;
