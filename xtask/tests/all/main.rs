//! The tests of the commands. All of them are one program, because linking one for each file takes longer than running most of them.
//!
//! `cargo test --package xtask --test all sync::` runs those of `sync`.

mod annotations;
mod canonical;
mod certificates;
mod common;
mod diff;
mod errors;
mod expand;
mod follow_ups;
mod fuzz;
mod generator;
mod interrupted;
mod manifest;
mod modules;
mod operations;
mod release;
mod reports;
mod slice;
mod source;
mod survey;
mod sync;
mod workflows;
