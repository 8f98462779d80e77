//! Adapts the models: documented, `#[non_exhaustive]`, and with `Eq` and `Hash` where their fields have them.

use std::collections::{BTreeMap, BTreeSet};

use openapiv3::{OpenAPI, ReferenceOr, Schema, SchemaKind, Type};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::{Attribute, Fields, Item, ItemEnum, ItemMod, ItemStruct, Token, Visibility, parse_quote, punctuated::Punctuated};

use super::{describe, explain_missing, functions, is_option, items, items_mut, last_segment, no_description};
use crate::codegen::metadata::Metadata;
use crate::codegen::names::type_name;
use crate::codegen::queries::{components, resolved};

/// Adapts every model in the module `types`.
pub fn adapt_models(types: &mut ItemMod, spec: &OpenAPI, metadata: &Metadata) {
    let schemas = Schemas { spec, by_type: components(spec).map(|(name, schema)| (type_name(name), schema)).collect() };
    for item in items_mut(types) {
        match item {
            Item::Struct(item) => adapt_struct(item, &schemas, metadata),
            Item::Enum(item) => adapt_union(item),
            Item::Impl(item) if item.trait_.is_none() => {
                for function in functions(item).filter(|function| function.sig.ident == "builder") {
                    describe(&mut function.attrs, "Returns a builder for this model.");
                }
            }
            _ => {}
        }
    }
    describe_builders(types);
    derive_eq_and_hash(types);
}

/// The components by the names of their types.
struct Schemas<'a> {
    spec: &'a OpenAPI,
    by_type: BTreeMap<String, &'a Schema>,
}

/// The names of all models, except one called `Client`.
pub fn names(types: &ItemMod) -> Vec<Ident> {
    let models = items(types).iter().filter_map(|item| match item {
        Item::Struct(ItemStruct { vis, ident, .. }) | Item::Enum(ItemEnum { vis, ident, .. }) => Some((vis, ident)),
        _ => None,
    });
    let public = models.filter(|(vis, ident)| matches!(vis, Visibility::Public(_)) && *ident != "Client");
    public.map(|(_, ident)| ident.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Documents a model and its fields, and lets upstream add fields without breaking users.
fn adapt_struct(item: &mut ItemStruct, schemas: &Schemas, metadata: &Metadata) {
    item.attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]));
    let component = item.ident.to_string();
    let lenient = metadata.lenient_integers.iter().filter(|(of, _)| type_name(of) == component).map(|(_, name)| name.as_str());
    let lenient = lenient.collect::<BTreeSet<_>>();
    let Fields::Named(fields) = &mut item.fields else { return };
    item.attrs.push(parse_quote!(#[non_exhaustive]));
    for field in &mut fields.named {
        let Some(property) = field.ident.as_ref().map(ToString::to_string) else { continue };
        let fallback = if property == "extra" {
            "All other properties, as they were sent.".to_owned()
        } else {
            referenced_description(schemas, &component, &property).unwrap_or_else(|| no_description(&property))
        };
        describe(&mut field.attrs, &fallback);
        // typify requires the property if the specification does, even if it is nullable; some releases leave it out.
        field.attrs.retain(|attribute| !attribute.to_token_stream().to_string().contains("\"::std::option::Option::deserialize\""));
        if lenient.contains(property.as_str()) && !is_option(&field.ty) {
            field.attrs.push(parse_quote!(#[serde(deserialize_with = "crate::compat::lenient_integer")]));
        }
    }
}

/// Documents the variants of a union, one for each of its types.
fn adapt_union(item: &mut ItemEnum) {
    item.attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]));
    item.attrs.push(parse_quote!(#[non_exhaustive]));
    for variant in &mut item.variants {
        let types = variant.fields.iter().filter_map(|field| last_segment(&field.ty)).map(ToString::to_string).collect::<Vec<_>>();
        let text = if types.is_empty() { format!("`{}`.", variant.ident) } else { format!("A value of `{}`.", types.join("`, `")) };
        describe(&mut variant.attrs, &text);
    }
}

/// The description of the component that a property refers to: OpenAPI 3.0 allows no description next to a `$ref`.
fn referenced_description(schemas: &Schemas, component: &str, property: &str) -> Option<String> {
    let SchemaKind::Type(Type::Object(object)) = &schemas.by_type.get(component)?.schema_kind else { return None };
    let property = object.properties.get(property).filter(|property| matches!(property, ReferenceOr::Reference { .. }))?;
    resolved(schemas.spec, property)?.schema.schema_data.description.clone()
}

/// Documents the builders in `types::builder`, which progenitor leaves undocumented.
fn describe_builders(types: &mut ItemMod) {
    let builders = items_mut(types).iter_mut().find_map(|item| match item {
        Item::Mod(item) if item.ident == "builder" => Some(item),
        _ => None,
    });
    // A document without models has no builders.
    for item in builders.into_iter().flat_map(items_mut) {
        match item {
            Item::Struct(item) => {
                let name = item.ident.to_string();
                describe(&mut item.attrs, &format!("Builder of a [`{name}`](super::{name})."));
            }
            Item::Impl(item) if item.trait_.is_none() => {
                let name = item.self_ty.to_token_stream().to_string();
                for function in functions(item) {
                    let field = function.sig.ident.to_string();
                    describe(&mut function.attrs, &format!("Sets [`{field}`](super::{name}::{field})."));
                }
            }
            Item::Impl(item) => {
                let name = item.self_ty.to_token_stream().to_string();
                for function in functions(item).filter(|function| function.sig.ident == "default") {
                    explain_missing(function, |setter| format!("`{setter}` of `{name}` is not set"));
                }
            }
            _ => {}
        }
    }
}

/// Derives `Eq` and `Hash` for every model whose fields implement them, at any depth.
fn derive_eq_and_hash(types: &mut ItemMod) {
    /// Types that do not implement `Eq` and `Hash`.
    const WITHOUT_EQ: [&str; 4] = ["f32", "f64", "HashMap", "HashSet"];
    let mut without_eq: BTreeSet<String> = WITHOUT_EQ.map(str::to_owned).into();
    let contents = items(types).iter().filter_map(contents).collect::<Vec<_>>();
    // A model that contains such a type does not implement them either. Repeats until no more are found.
    loop {
        let found = contents.iter().filter(|(name, idents)| !without_eq.contains(name) && !idents.is_disjoint(&without_eq));
        let found = found.map(|(name, _)| name.clone()).collect::<Vec<_>>();
        if found.is_empty() {
            break;
        }
        without_eq.extend(found);
    }
    for item in items_mut(types) {
        let (ident, attrs) = match item {
            Item::Struct(item) => (&item.ident, &mut item.attrs),
            Item::Enum(item) => (&item.ident, &mut item.attrs),
            _ => continue,
        };
        if !without_eq.contains(&ident.to_string()) {
            add_derives(attrs, &["Eq", "Hash"]);
        }
    }
}

/// The name of a model, and every identifier in the types of its fields.
fn contents(item: &Item) -> Option<(String, BTreeSet<String>)> {
    let mut idents = BTreeSet::new();
    let mut add = |fields: &Fields| fields.iter().for_each(|field| identifiers(field.ty.to_token_stream(), &mut idents));
    let name = match item {
        Item::Struct(item) => {
            add(&item.fields);
            &item.ident
        }
        Item::Enum(item) => {
            item.variants.iter().for_each(|variant| add(&variant.fields));
            &item.ident
        }
        _ => return None,
    };
    Some((name.to_string(), idents))
}

fn identifiers(tokens: TokenStream, found: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => drop(found.insert(ident.to_string())),
            TokenTree::Group(group) => identifiers(group.stream(), found),
            _ => {}
        }
    }
}

/// Adds traits to the `#[derive]` of an item, unless it has them already.
fn add_derives(attrs: &mut [Attribute], traits: &[&str]) {
    type Paths = Punctuated<syn::Path, Token![,]>;
    let Some(derive) = attrs.iter_mut().find(|attribute| attribute.path().is_ident("derive")) else { return };
    let Ok(mut derived) = derive.parse_args_with(Paths::parse_terminated) else { return };
    for name in traits.iter().map(|name| format_ident!("{name}")) {
        if !derived.iter().any(|path| path.segments.last().is_some_and(|last| last.ident == name)) {
            derived.push(name.into());
        }
    }
    *derive = parse_quote!(#[derive(#derived)]);
}
