//! x

pub mod pages;
