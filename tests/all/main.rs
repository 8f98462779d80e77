//! The tests of the library, in a single binary: linking a binary for each file takes longer than running most of them.
//!
//! `cargo test --all-features --test all listing::` runs those in `listing/`.

mod api;
mod blocking;
mod build_modes;
mod client;
mod compatibility;
mod enums;
mod examples;
mod fake_server;
mod faults;
mod flows;
mod fuzz;
mod json_schema;
mod listing;
mod recordings;
