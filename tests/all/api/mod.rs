//! The public interface: every public item is on a reviewed list, and every public type can be stored, shared between threads and sent
//! to tasks.
#![cfg(operation = "flows_bindings_list")]

mod items;

use std::collections::BTreeSet;

use authentik_flow_bindings::{
    Client, ClientBuilder, ConnectionError, ConnectionErrorKind, DecodeError, Drift, DriftKind, Error, PolicyEvaluation, RequestSummary,
    ResponseValue, RetryPolicy, SignedLink, StatusError, VersionRange, builder, enums, pagination, testing, types,
};
use items::PublicItems;

const fn assert_owned<T: Send + Sync + 'static>() {}

/// Asserts at compile time that types are `Send + Sync + 'static`, and lists them for the test that checks that none is missing.
macro_rules! owned {
    ($($(#[$condition:meta])? $type:ty),* $(,)?) => {
        $($(#[$condition])? const _: () = assert_owned::<$type>();)*
        const OWNED: &[&str] = &[$(stringify!($type)),*];
    };
}

owned![
    Client,
    ClientBuilder,
    ConnectionError,
    ConnectionErrorKind,
    DecodeError,
    Drift,
    DriftKind,
    Error,
    PolicyEvaluation,
    RequestSummary,
    ResponseValue<types::PaginatedFlowStageBindingList>,
    RetryPolicy,
    SignedLink,
    StatusError,
    VersionRange,
    #[cfg(feature = "blocking")]
    authentik_flow_bindings::blocking::Iter<pagination::Items<types::FlowStageBinding>>,
    builder::FlowsBindingsList,
    enums::UnknownValue,
    enums::UnknownValueError,
    pagination::Items<types::FlowStageBinding>,
    pagination::Page<types::FlowStageBinding>,
    pagination::Pages<types::FlowStageBinding>,
    pagination::Paginator<types::FlowStageBinding>,
    pagination::Position,
    testing::FakeAuthentik,
    testing::FakeAuthentikBuilder,
    testing::Collation,
    testing::Fault,
    testing::ReceivedRequest,
    testing::Release,
    testing::Records,
    testing::Rows,
    types::DeniedAction,
    types::FlowDesignation,
    types::FlowLayout,
    types::FlowSet,
    types::FlowStageBinding,
    types::GenericError,
    types::InvalidResponseAction,
    types::PaginatedFlowStageBindingList,
    types::Pagination,
    types::PolicyEngineMode,
    types::Stage,
    types::ValidationError,
    types::builder::FlowSet,
    types::builder::FlowStageBinding,
    types::builder::GenericError,
    types::builder::PaginatedFlowStageBindingList,
    types::builder::Pagination,
    types::builder::Stage,
    types::builder::ValidationError,
    types::error::ConversionError,
];

/// A request borrows nothing, so a function can return it and drop the client.
#[test]
fn requests_outlive_the_client_that_made_them() {
    fn request() -> builder::FlowsBindingsList {
        let client = Client::builder("https://auth.example.com").token("not-a-real-token").build().unwrap();
        client.flows_bindings_list().page_size(20)
    }
    assert!(format!("{:?}", request()).contains("https://auth.example.com/api/v3"));
}

/// Every change to the public interface appears in `tests/api.txt` for review.
#[test]
fn public_items_are_on_the_reviewed_list() {
    let items = PublicItems::of_the_crate().lines.into_iter().collect::<Vec<_>>().join("\n") + "\n";
    if std::env::var_os("UPDATE_API").is_some() {
        std::fs::write("tests/api.txt", &items).unwrap();
    }
    let reviewed = std::fs::read_to_string("tests/api.txt").unwrap_or_default();
    pretty_assertions::assert_eq!(
        items,
        reviewed,
        "run `UPDATE_API=1 cargo test --all-features --test all api::`, and review the difference"
    );
}

#[test]
fn every_public_type_is_send_sync_and_static() {
    let asserted = OWNED.iter().map(|name| name.split('<').next().unwrap_or_default().replace(' ', "")).collect::<BTreeSet<_>>();
    let is_asserted = |name: &str| asserted.iter().any(|path| path == name || path.ends_with(&format!("::{name}")));
    let types = PublicItems::of_the_crate().types;
    let missing = types.keys().filter(|name| !is_asserted(name)).collect::<Vec<_>>();
    assert!(missing.is_empty(), "add to `owned!`: {missing:?}");
}

#[test]
fn models_and_payloads_can_gain_fields() {
    let mut types = PublicItems::of_the_crate().types;
    // Two booleans have four combinations, so there is nothing to add.
    types.remove("PolicyEvaluation");
    let closed = types.iter().filter(|(_, is_open)| !**is_open).map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    assert!(closed.is_empty(), "neither `#[non_exhaustive]` nor with private fields: {closed:?}");
}
