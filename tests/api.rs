//! The public interface: every public item is on a reviewed list, and every public type can be stored, shared between threads and sent
//! to tasks.

use std::collections::BTreeSet;

use authentik_flow_bindings::{
    Client, ClientBuilder, ConnectionError, DecodeError, Drift, DriftKind, Error, PolicyEvaluation, ResponseValue, SignedLink, StatusError,
    VersionRange, builder, enums, pagination, types,
};
use quote::ToTokens;
use syn::{File, ImplItem, Item, Visibility};

const fn owned<T: Send + Sync + 'static>() {}

const _: () = {
    owned::<Client>();
    owned::<ClientBuilder>();
    owned::<builder::FlowsBindingsList>();
    owned::<ResponseValue<types::PaginatedFlowStageBindingList>>();
    owned::<types::FlowStageBinding>();
    owned::<types::FlowSet>();
    owned::<types::Stage>();
    owned::<types::Pagination>();
    owned::<types::GenericError>();
    owned::<types::ValidationError>();
    owned::<types::builder::FlowStageBinding>();
    owned::<types::DeniedAction>();
    owned::<types::FlowDesignation>();
    owned::<types::FlowLayout>();
    owned::<types::InvalidResponseAction>();
    owned::<types::PolicyEngineMode>();
    owned::<enums::UnknownValue>();
    owned::<enums::UnknownValueError>();
    owned::<Error>();
    owned::<StatusError>();
    owned::<DecodeError>();
    owned::<ConnectionError>();
    owned::<Drift>();
    owned::<DriftKind>();
    owned::<VersionRange>();
    owned::<PolicyEvaluation>();
    owned::<SignedLink>();
    owned::<pagination::Paginator<builder::FlowsBindingsList>>();
    owned::<pagination::Position>();
};

/// A request borrows nothing, so a function can return it after the client is gone.
#[test]
fn requests_outlive_the_client_that_made_them() {
    fn request() -> builder::FlowsBindingsList {
        let client = Client::builder("https://auth.example.com").token("not-a-real-token").build().unwrap();
        client.flows_bindings_list().page_size(20)
    }
    assert!(format!("{:?}", request()).contains("https://auth.example.com/api/v3"));
}

/// What a change of the generator or of the specification does to users is reviewed here.
#[test]
fn generated_public_items_are_on_the_reviewed_list() {
    let file: File = syn::parse_file(include_str!("../openapi/flows_bindings_list.rs")).unwrap();
    let mut items = BTreeSet::new();
    collect("", &file.items, &mut items);
    let items = items.into_iter().collect::<Vec<_>>().join("\n") + "\n";
    if std::env::var_os("UPDATE_API").is_some() {
        std::fs::write("tests/api.txt", &items).unwrap();
    }
    let reviewed = std::fs::read_to_string("tests/api.txt").unwrap_or_default();
    pretty_assertions::assert_eq!(items, reviewed, "run `UPDATE_API=1 cargo test --test api`, and review the difference");
}

fn collect(module: &str, list: &[Item], found: &mut BTreeSet<String>) {
    let is_public = |visibility: &Visibility| matches!(visibility, Visibility::Public(_));
    let text = |tokens: &dyn ToTokens| tokens.to_token_stream().to_string();
    for item in list {
        match item {
            Item::Mod(inner) if is_public(&inner.vis) => {
                let path = format!("{module}{}::", inner.ident);
                collect(&path, inner.content.as_ref().map_or(&[], |(_, list)| list), found);
            }
            Item::Struct(item) if is_public(&item.vis) => {
                found.insert(format!("{module}{}", item.ident));
                for field in item.fields.iter().filter(|field| is_public(&field.vis)) {
                    let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                    found.insert(format!("{module}{}.{name}: {}", item.ident, text(&field.ty)));
                }
            }
            Item::Enum(item) if is_public(&item.vis) => {
                found.extend(item.variants.iter().map(|variant| format!("{module}{}::{}", item.ident, text(&variant.ident))));
            }
            Item::Impl(item) if item.trait_.is_none() => {
                for function in &item.items {
                    if let ImplItem::Fn(function) = function
                        && is_public(&function.vis)
                    {
                        found.insert(format!("{module}{}: {}", text(&item.self_ty), text(&function.sig)));
                    }
                }
            }
            _ => {}
        }
    }
}
