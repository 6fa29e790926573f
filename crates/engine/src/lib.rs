//! The engine: who is asking, what they may be shown, what the answer shows, and the record of it.
//!
//! Four of the five rooms of a request live here, in the order in which a request passes them:
//! [`identify`] → [`judge`] → (forward, in the gateway) → [`answer`] → [`record`]. [`state`] is what they
//! share (budgets, posture), [`policy`] is the operator's words compiled to tables, [`measures`] what a person decided
//! about one principal, and [`doors`] holds the small types that pass from one room to the next. No sockets, no Python, no clock: time comes in as an
//! argument, so the same code serves the gateway, a middleware, a log replay and a rehearsal.

pub mod answer;
pub mod doors;
pub mod identify;
pub mod judge;
pub mod measures;
pub mod policy;
pub mod record;
pub mod state;
