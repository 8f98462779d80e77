//! Adapts progenitor's output: tolerant models, open enums, `send()` through our transport, `paginate()` on every list operation, and a
//! description for every public item.

use openapiv3::OpenAPI;
use proc_macro2::{Ident, TokenStream};
use quote::format_ident;
use syn::{
    Attribute, Expr, File, ImplItem, ImplItemFn, Item, ItemEnum, ItemImpl, ItemMod, ItemStruct, Member, Stmt, UseTree, Visibility,
    parse_quote,
};

use super::diagnostic::Diagnostic;
use super::metadata::Metadata;

mod client;
mod descriptors;
mod enums;
mod formatting;
mod listing;
mod models;
mod operations;
mod tolerance;

/// Turns progenitor's output into the file that `src/lib.rs` includes.
pub fn postprocess(tokens: TokenStream, spec: &OpenAPI, metadata: &Metadata) -> Result<File, Diagnostic> {
    adapt(tokens, spec, metadata).map_err(|problem| {
        let help = "progenitor's output has changed: compare `cargo xtask expand` with codegen/postprocess/";
        Diagnostic::new("the generated Rust", problem, help)
    })
}

fn adapt(tokens: TokenStream, spec: &OpenAPI, metadata: &Metadata) -> Result<File, String> {
    let mut file: File = syn::parse2(tokens).map_err(|error| format!("not valid Rust: {error}"))?;
    let types = module_mut(&mut file, "types")?;
    let pages = operations::list_pages(types);
    models::adapt_models(types, spec, metadata);
    tolerance::tolerate_other_releases(types, &metadata.tolerant_properties)?;
    let own_types = metadata.own_types.iter().map(|name| format_ident!("{name}"));
    items_mut(types).extend(own_types.map(|name| parse_quote!(pub use crate::#name;)));
    items_mut(types).extend(metadata.enums.iter().flat_map(enums::open_enum));
    operations::adapt_operations(module_mut(&mut file, "builder")?, spec, metadata, &pages)?;
    client::adapt_client(&mut file, spec, metadata);
    let models = models::names(module_mut(&mut file, "types")?);
    file.items.push(parse_quote!(pub use types::{#(#models),*};));
    file.items.push(descriptors::shapes(spec, metadata));
    formatting::make_readable(&mut file);
    Ok(file)
}

/// The operations: the public methods of `Client`.
pub fn operations(file: &File) -> impl Iterator<Item = &Ident> {
    let items = file.items.iter().filter_map(|item| match item {
        Item::Impl(item) if last_segment(&item.self_ty).is_some_and(|name| name == "Client") => Some(&item.items),
        _ => None,
    });
    items.flatten().filter_map(|item| match item {
        ImplItem::Fn(function) if matches!(function.vis, Visibility::Public(_)) => Some(&function.sig.ident),
        _ => None,
    })
}

/// The models, including those that types in `src/` replace.
pub fn models(file: &File) -> impl Iterator<Item = &Ident> {
    let modules = file.items.iter().filter_map(|item| match item {
        Item::Mod(item) if item.ident == "types" => Some(items(item)),
        _ => None,
    });
    modules.flatten().filter_map(|item| match item {
        Item::Struct(ItemStruct { vis: Visibility::Public(_), ident, .. })
        | Item::Enum(ItemEnum { vis: Visibility::Public(_), ident, .. }) => Some(ident),
        Item::Use(item) => re_exported(&item.tree),
        _ => None,
    })
}

/// `SignedLink` for `pub use crate::SignedLink`.
fn re_exported(tree: &UseTree) -> Option<&Ident> {
    match tree {
        UseTree::Path(path) => re_exported(&path.tree),
        UseTree::Name(name) => Some(&name.ident),
        _ => None,
    }
}

// --- walking the generated file -------------------------------------------------------------------------------------

fn module_mut<'a>(file: &'a mut File, name: &str) -> Result<&'a mut ItemMod, String> {
    let modules = file.items.iter_mut().filter_map(|item| match item {
        Item::Mod(item) => Some(item),
        _ => None,
    });
    modules.into_iter().find(|module| module.ident == name).ok_or_else(|| format!("no module `{name}`"))
}

fn items(module: &ItemMod) -> &[Item] {
    module.content.as_ref().map_or(&[], |(_, items)| items)
}

fn items_mut(module: &mut ItemMod) -> &mut Vec<Item> {
    &mut module.content.get_or_insert_with(Default::default).1
}

fn functions(item: &mut ItemImpl) -> impl Iterator<Item = &mut ImplItemFn> {
    item.items.iter_mut().filter_map(|item| match item {
        ImplItem::Fn(function) => Some(function),
        _ => None,
    })
}

/// The type of a field with this name.
fn field_type<'a>(item: &'a syn::ItemStruct, name: &str) -> Option<&'a syn::Type> {
    item.fields.iter().find(|field| field.ident.as_ref().is_some_and(|ident| ident == name)).map(|field| &field.ty)
}

/// The `T` of a `Wrapper<T>` or `Wrapper<T, E>`.
fn first_argument(ty: &syn::Type) -> Option<&syn::Type> {
    let syn::Type::Path(path) = ty else { return None };
    let syn::PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    match arguments.args.first()? {
        syn::GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

/// The last segment of a path: `Option` for `::std::option::Option<bool>`.
fn last_segment(ty: &syn::Type) -> Option<&syn::Ident> {
    match ty {
        syn::Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

/// `FlowsBindingsList` for `FlowsBindingsList<'a>`.
fn without_lifetime(ty: &syn::Type) -> syn::Type {
    let mut ty = ty.clone();
    if let syn::Type::Path(path) = &mut ty
        && let Some(last) = path.path.segments.last_mut()
    {
        last.arguments = syn::PathArguments::None;
    }
    ty
}

fn is_option(ty: &syn::Type) -> bool {
    last_segment(ty).is_some_and(|ident| ident == "Option")
}

/// Replaces progenitor's message for each field of a builder that must be set because it has no default.
fn explain_missing(function: &mut ImplItemFn, explain: impl Fn(&Ident) -> String) {
    let Some(Stmt::Expr(Expr::Struct(builder), _)) = function.block.stmts.last_mut() else { return };
    for field in &mut builder.fields {
        let is_error = matches!(&field.expr, Expr::Call(call) if matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Err")));
        if let (Member::Named(name), true) = (&field.member, is_error) {
            let message = explain(name);
            field.expr = parse_quote!(Err(#message.to_string()));
        }
    }
}

// --- descriptions ---------------------------------------------------------------------------------------------------

fn no_description(name: &str) -> String {
    format!("`{name}`; the specification has no description.")
}

/// Describes an item that has no description.
fn describe(attrs: &mut Vec<Attribute>, text: &str) {
    if !attrs.iter().any(|attribute| attribute.path().is_ident("doc")) {
        attrs.insert(0, parse_quote!(#[doc = #text]));
    }
}

/// Replaces the description of an item.
fn redescribe(attrs: &mut Vec<Attribute>, text: &str) {
    attrs.retain(|attribute| !attribute.path().is_ident("doc"));
    describe(attrs, text);
}

fn doc_text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        syn::Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
