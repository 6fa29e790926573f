//! The room as the others use it, in virtual time.

mod budgets;
mod crowds;
mod history;
mod order;
mod signals;
