//! The public interface: every public item is on a reviewed list, and every public type can be stored, shared between threads and sent
//! to tasks.
#![cfg(operation = "flows_bindings_list")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use authentik_flow_bindings::{
    Client, ClientBuilder, ConnectionError, ConnectionErrorKind, DecodeError, Drift, DriftKind, Error, PolicyEvaluation, RequestSummary,
    ResponseValue, RetryPolicy, SignedLink, StatusError, VersionRange, builder, enums, pagination, testing, types,
};
use quote::ToTokens;
use syn::{Attribute, Fields, File, ImplItem, Item, Type, UseTree, Visibility};

const fn assert_owned<T: Send + Sync + 'static>() {}

/// Asserts at compile time that types are `Send + Sync + 'static`, and names them for the test that none is left out.
macro_rules! owned {
    ($($type:ty),* $(,)?) => {
        const _: () = { $(assert_owned::<$type>();)* };
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

/// A request borrows nothing, so a function can return it after the client is gone.
#[test]
fn requests_outlive_the_client_that_made_them() {
    fn request() -> builder::FlowsBindingsList {
        let client = Client::builder("https://auth.example.com").token("not-a-real-token").build().unwrap();
        client.flows_bindings_list().page_size(20)
    }
    assert!(format!("{:?}", request()).contains("https://auth.example.com/api/v3"));
}

/// What a change of the generator, of the specification or of `src/` does to users is reviewed here.
#[test]
fn public_items_are_on_the_reviewed_list() {
    let items = PublicItems::of_the_crate().lines.into_iter().collect::<Vec<_>>().join("\n") + "\n";
    if std::env::var_os("UPDATE_API").is_some() {
        std::fs::write("tests/api.txt", &items).unwrap();
    }
    let reviewed = std::fs::read_to_string("tests/api.txt").unwrap_or_default();
    pretty_assertions::assert_eq!(items, reviewed, "run `UPDATE_API=1 cargo test --all-features --test api`, and review the difference");
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

/// The public items of the generated code, and of the types that `src/` exports.
#[derive(Default)]
struct PublicItems {
    lines: BTreeSet<String>,
    /// Each type, and whether it can gain a field or variant without breaking its users.
    types: BTreeMap<String, bool>,
    /// The names that handwritten modules export; generated code exports all that is public.
    exported: Option<BTreeSet<String>>,
}

impl PublicItems {
    fn of_the_crate() -> Self {
        let mut found = Self::default();
        found.collect("", &parse(Path::new("openapi/flows_bindings_list.rs")).items);
        let files = rust_files(Path::new("src")).iter().map(|path| (path.ends_with("src/enums.rs"), parse(path))).collect::<Vec<_>>();
        // Handwritten code adds methods to generated types.
        let mut exported = found.types.keys().filter_map(|name| name.rsplit("::").next()).map(str::to_owned).collect::<BTreeSet<_>>();
        for (is_public, file) in &files {
            for item in &file.items {
                match item {
                    Item::Use(item) if is_public_item(&item.vis) => names(&item.tree, &mut exported),
                    Item::Struct(item) if *is_public && is_public_item(&item.vis) => _ = exported.insert(item.ident.to_string()),
                    _ => {}
                }
            }
        }
        found.exported = Some(exported);
        for (_, file) in &files {
            found.collect("", &file.items);
        }
        found
    }

    fn is_exported(&self, visibility: &Visibility, attributes: &[Attribute], name: &str) -> bool {
        let is_hidden = attributes.iter().any(|attribute| text(&attribute.meta) == "doc (hidden)");
        is_public_item(visibility) && !is_hidden && self.exported.as_ref().is_none_or(|exported| exported.contains(name))
    }

    fn collect(&mut self, module: &str, items: &[Item]) {
        for item in items {
            match item {
                Item::Mod(inner) if self.exported.is_none() && is_public_item(&inner.vis) => {
                    let items = inner.content.as_ref().map_or(&[][..], |(_, items)| items);
                    self.collect(&format!("{module}{}::", inner.ident), items);
                }
                Item::Struct(item) if self.is_exported(&item.vis, &item.attrs, &item.ident.to_string()) => {
                    let name = format!("{module}{}", item.ident);
                    let is_closed = item.fields.iter().all(|field| is_public_item(&field.vis)) && !is_non_exhaustive(&item.attrs);
                    self.lines.extend(fields(&item.fields).map(|field| format!("{name}.{field}")));
                    self.lines.insert(name.clone());
                    self.types.insert(name, !is_closed);
                }
                Item::Enum(item) if self.is_exported(&item.vis, &item.attrs, &item.ident.to_string()) => {
                    let name = format!("{module}{}", item.ident);
                    for variant in &item.variants {
                        let name = format!("{name}::{}", variant.ident);
                        self.lines
                            .extend(variant.fields.iter().filter_map(|field| field.ident.as_ref()).map(|field| format!("{name}.{field}")));
                        self.lines.insert(name);
                    }
                    self.types.insert(name, is_non_exhaustive(&item.attrs));
                }
                Item::Fn(item) if self.is_exported(&item.vis, &item.attrs, &item.sig.ident.to_string()) => {
                    self.lines.insert(format!("{module}{}", text(&item.sig)));
                }
                Item::Impl(item) if item.trait_.is_none() => self.methods(module, &item.self_ty, &item.items),
                _ => {}
            }
        }
    }

    fn methods(&mut self, module: &str, of: &Type, items: &[ImplItem]) {
        let Type::Path(path) = of else { return };
        let name = path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        for item in items {
            if let ImplItem::Fn(function) = item
                && self.is_exported(&function.vis, &function.attrs, &name)
            {
                self.lines.insert(format!("{module}{}: {}", text(of), text(&function.sig)));
            }
        }
    }
}

fn is_public_item(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_non_exhaustive(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("non_exhaustive"))
}

fn fields(fields: &Fields) -> impl Iterator<Item = String> {
    let public = fields.iter().filter(|field| is_public_item(&field.vis));
    public.map(|field| format!("{}: {}", field.ident.as_ref().map(ToString::to_string).unwrap_or_default(), text(&field.ty)))
}

fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

/// The names that a `pub use` exports.
fn names(tree: &UseTree, found: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(path) => names(&path.tree, found),
        UseTree::Group(group) => group.items.iter().for_each(|tree| names(tree, found)),
        UseTree::Name(name) => _ = found.insert(name.ident.to_string()),
        // The models, which are generated.
        UseTree::Glob(_) => {}
        UseTree::Rename(_) => panic!("export items under their own names"),
    }
}

fn parse(path: &Path) -> File {
    syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn rust_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
