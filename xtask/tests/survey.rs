//! `cargo xtask survey`, with ten list operations of different kinds.

mod common;

use common::{xtask, xtask_here};

/// Compiles a crate of its own, in `target/survey`, and lists 1,000 rows of each operation.
#[test]
fn operations_of_every_kind_are_listed_completely() {
    let outcome = xtask_here(&["survey", "tests/fixtures/ten_operations.yaml"]);
    let expected = "\
authentik 2025.6.4: 10 list operations, 9 complete, 1 without a key, 0 refused

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

#[test]
fn a_document_without_lists_is_an_error_with_help() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("document.yaml");
    std::fs::write(&document, "openapi: 3.0.3\ninfo: {title: authentik, version: 2025.6.4}\npaths: {}\n").unwrap();
    let outcome = xtask(&["survey", document.to_str().unwrap()]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("no list operation\n  help: give a document with operations"), "{}", outcome.err);
}
