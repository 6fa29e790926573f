//! The record room (being built).
