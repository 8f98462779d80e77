//! `cargo xtask survey` with ten list operations of different kinds, and a crate that also creates, updates and deletes.

use std::path::Path;

use crate::common::{xtask, xtask_here};

/// Compiles separate crates, one after the other, in `target/survey`.
#[test]
#[ignore = "part of the gate: compiles two crates with their dependencies"]
fn crates_with_other_operations_work() {
    lists_of_every_kind_are_complete();
    rows_are_written_with_typed_operations();
}

/// Lists 1,000 rows of each operation.
fn lists_of_every_kind_are_complete() {
    let outcome = xtask_here(&["survey", "tests/fixtures/ten_operations.yaml"]);
    let expected = "\
authentik 2025.6.4: 10 list operations, 9 complete, 1 without a key, 0 failed

authenticators_endpoints_list  complete
core_groups_list               complete
core_tokens_list               complete
core_users_list                complete
events_transports_list         complete
events_volume_list             no key
policies_reputation_list       complete
providers_all_list             complete
providers_ldap_list            complete
rbac_roles_list                complete
";
    assert_eq!(outcome.out, expected, "{}", outcome.err);
    assert_eq!(outcome.code, 0);
}

/// `cargo xtask sync` generates the same Rust code for a crate with these operations.
fn rows_are_written_with_typed_operations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = root.join("tests/fixtures/schemas/2025.6.4.yaml");
    let operations = ["list", "create", "retrieve", "update", "partial_update", "destroy"].map(|verb| format!("flows_bindings_{verb}"));
    let operations = operations.iter().map(String::as_str).collect::<Vec<_>>();
    let printed = xtask::run_program(root, &document, &operations, include_str!("../fixtures/writes.rs"));
    let expected = "\
created: order 70, stage known
retrieved: order 70
updated: order 80
partially updated: order 90
listed: 7
destroyed: 6 left
rejected: authentik responded with 400 Bad Request: The fields target, stage, order must make a unique set
not sent: the request cannot be sent: `flows_bindings_retrieve` needs `fsb_uuid`: call `.fsb_uuid(…)` before it is sent
not sent: the request cannot be sent: conversion to `FlowStageBindingRequest` for body failed: `order` of `FlowStageBindingRequest` is not set
";
    assert_eq!(printed.unwrap_or_else(|error| format!("{error:#}")), expected);
}

#[test]
fn a_document_without_lists_is_an_error_with_help() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("document.yaml");
    std::fs::write(&document, "openapi: 3.0.3\ninfo: {title: authentik, version: 2025.6.4}\npaths: {}\n").unwrap();
    let outcome = xtask(&["survey", document.to_str().unwrap()]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("no list operation\n  help: give a document with operations"), "{}", outcome.err);
}
