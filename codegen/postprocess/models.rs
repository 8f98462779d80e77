//! The models: documented, open to new fields, and tolerant of what other releases send.

use std::collections::BTreeSet;

use heck::ToSnakeCase;
use openapiv3::{OpenAPI, ReferenceOr, SchemaKind, Type};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;
use syn::{Attribute, Field, Fields, Item, ItemEnum, ItemMod, ItemStruct, Token, Visibility, parse_quote, punctuated::Punctuated};

use super::{describe, functions, is_option, items, items_mut, last_segment, no_description};
use crate::codegen::metadata::{Metadata, TolerantProperty};
use crate::codegen::names::type_name;
use crate::codegen::spec::{components, resolved};

/// Adapts every model in the module `types`.
pub fn adapt_models(types: &mut ItemMod, spec: &OpenAPI, metadata: &Metadata) -> Result<(), String> {
    for item in items_mut(types) {
        match item {
            Item::Struct(item) => adapt_struct(item, spec, metadata),
            Item::Enum(item) => adapt_union(item),
            Item::Impl(item) if item.trait_.is_none() => {
                for function in functions(item).filter(|function| function.sig.ident == "builder") {
                    describe(&mut function.attrs, "Begins a value, to be built field by field.");
                }
            }
            _ => {}
        }
    }
    describe_builders(types);
    derive_eq_and_hash(types);
    tolerate_other_releases(types, &metadata.tolerant_properties)
}

/// The names of all models, but for one called like the client.
pub fn names(types: &ItemMod) -> Vec<Ident> {
    let models = items(types).iter().filter_map(|item| match item {
        Item::Struct(ItemStruct { vis, ident, .. }) | Item::Enum(ItemEnum { vis, ident, .. }) => Some((vis, ident)),
        _ => None,
    });
    let public = models.filter(|(vis, ident)| matches!(vis, Visibility::Public(_)) && *ident != "Client");
    public.map(|(_, ident)| ident.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Documents a model and its fields, and lets upstream add fields without breaking users.
fn adapt_struct(item: &mut ItemStruct, spec: &OpenAPI, metadata: &Metadata) {
    item.attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]));
    let component = item.ident.to_string();
    let Fields::Named(fields) = &mut item.fields else { return };
    item.attrs.push(parse_quote!(#[non_exhaustive]));
    for field in &mut fields.named {
        let Some(property) = field.ident.as_ref().map(ToString::to_string) else { continue };
        let fallback = if property == "extra" {
            "All other properties, as they were sent.".to_owned()
        } else {
            referenced_description(spec, &component, &property).unwrap_or_else(|| no_description(&property))
        };
        describe(&mut field.attrs, &fallback);
        // typify requires a nullable property that the specification requires; releases that leave it out are read all the same.
        field.attrs.retain(|attribute| !attribute.to_token_stream().to_string().contains("\"::std::option::Option::deserialize\""));
        if metadata.lenient_integers.iter().any(|(of, name)| type_name(of) == component && *name == property) && !is_option(&field.ty) {
            field.attrs.push(parse_quote!(#[serde(deserialize_with = "crate::compat::lenient_integer")]));
        }
    }
}

/// Documents the variants of a union, each of which holds one of its types.
fn adapt_union(item: &mut ItemEnum) {
    item.attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]));
    item.attrs.push(parse_quote!(#[non_exhaustive]));
    for variant in &mut item.variants {
        let types = variant.fields.iter().filter_map(|field| last_segment(&field.ty)).map(ToString::to_string).collect::<Vec<_>>();
        let text = if types.is_empty() { format!("`{}`.", variant.ident) } else { format!("A value of `{}`.", types.join("`, `")) };
        describe(&mut variant.attrs, &text);
    }
}

/// The description of the component that a property is a bare `$ref` to: OpenAPI 3.0 allows no description beside one.
fn referenced_description(spec: &OpenAPI, component: &str, property: &str) -> Option<String> {
    let (_, schema) = components(spec).find(|(name, _)| type_name(name) == component)?;
    let SchemaKind::Type(Type::Object(object)) = &schema.schema_kind else { return None };
    let property = object.properties.get(property).filter(|property| matches!(property, ReferenceOr::Reference { .. }))?;
    resolved(spec, property)?.schema.schema_data.description.clone()
}

/// `types::builder` has a builder for each model, which progenitor does not document.
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
            _ => {}
        }
    }
}

// --- derives --------------------------------------------------------------------------------------------------------

/// Derives `Eq` and `Hash` on every model whose fields, however deep, have them.
fn derive_eq_and_hash(types: &mut ItemMod) {
    /// Types that have no `Eq`, or no `Hash`.
    const WITHOUT: [&str; 4] = ["f32", "f64", "HashMap", "HashSet"];
    let mut without: BTreeSet<String> = WITHOUT.map(str::to_owned).into();
    let contents = items(types).iter().filter_map(contents).collect::<Vec<_>>();
    // A model that contains one without is itself without, until nothing more is found.
    loop {
        let found = contents.iter().filter(|(name, idents)| !without.contains(name) && !idents.is_disjoint(&without));
        let found = found.map(|(name, _)| name.clone()).collect::<Vec<_>>();
        if found.is_empty() {
            break;
        }
        without.extend(found);
    }
    for item in items_mut(types) {
        let (ident, attrs) = match item {
            Item::Struct(item) => (&item.ident, &mut item.attrs),
            Item::Enum(item) => (&item.ident, &mut item.attrs),
            _ => continue,
        };
        if !without.contains(&ident.to_string()) {
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

/// Adds traits to the `#[derive]` of an item, unless they are there.
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

// --- properties that releases rename or leave out -------------------------------------------------------------------

/// Decodes properties under each of their names, and gives those that are absent their default.
fn tolerate_other_releases(types: &mut ItemMod, properties: &[TolerantProperty]) -> Result<(), String> {
    let (mut defaults, mut received) = (Vec::new(), Vec::new());
    let mut found = 0;
    for item in items_mut(types) {
        let Item::Struct(item) = item else { continue };
        let component = item.ident.to_string();
        let tolerant = properties.iter().filter(|property| type_name(&property.component) == component).collect::<Vec<_>>();
        for property in &tolerant {
            let field = item.fields.iter_mut().find(|field| is_property(field, &property.property));
            let Some(field) = field else { return Err(format!("`{component}` has no field for `{}`", property.property)) };
            found += 1;
            if let Some(default) = &property.default {
                let function = default_function(property);
                let path = format!("absent::{function}");
                field.attrs.retain(|attribute| serde_argument(attribute, "default").is_none());
                field.attrs.push(parse_quote!(#[serde(default = #path)]));
                let (ty, value) = (&field.ty, default_value(default, property.free_form, &field.ty));
                defaults.push(quote! { pub(super) fn #function() -> #ty { #value } });
            }
        }
        if tolerant.iter().any(|property| !property.aliases.is_empty()) {
            received.extend(received_struct(item, &tolerant));
        }
    }
    if found < properties.len() {
        return Err("a component with `x-aliases` or `x-default-when-absent` became no struct".into());
    }
    items_mut(types).extend(received);
    if !defaults.is_empty() {
        items_mut(types).push(parse_quote! {
            /// Values of properties that a server did not send.
            mod absent {
                #[allow(unused_imports)]
                use super::*;

                #(#defaults)*
            }
        });
    }
    Ok(())
}

/// Whether a field is the one for a property: typify notes the name of a property that is not an identifier of Rust.
fn is_property(field: &Field, property: &str) -> bool {
    let renamed = field.attrs.iter().find_map(|attribute| serde_argument(attribute, "rename"));
    match renamed.flatten() {
        Some(name) => name == property,
        None => field.ident.as_ref().is_some_and(|ident| ident == property),
    }
}

/// An argument of `#[serde(…)]`: `Some(None)` for `default`, `Some(Some("x"))` for `rename = "x"`.
#[allow(clippy::option_option, reason = "an argument may be absent, and may have no value")]
fn serde_argument(attribute: &Attribute, name: &str) -> Option<Option<String>> {
    let arguments =
        attribute.path().is_ident("serde").then(|| attribute.parse_args_with(Punctuated::<syn::Meta, Token![,]>::parse_terminated));
    arguments?.ok()?.into_iter().find(|argument| argument.path().is_ident(name)).map(|argument| match argument {
        syn::Meta::NameValue(syn::MetaNameValue { value: syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }), .. }) => {
            Some(text.value())
        }
        _ => None,
    })
}

/// The function in `types::absent` that makes the default of a property.
fn default_function(property: &TolerantProperty) -> Ident {
    format_ident!("{}_{}", property.component.to_snake_case(), property.property.to_snake_case())
}

fn default_value(default: &Value, free_form: bool, ty: &syn::Type) -> TokenStream {
    let value = match default {
        Value::String(text) => quote!(#text.into()),
        Value::Bool(flag) => quote!(#flag),
        Value::Number(number) => number.to_string().parse().unwrap_or_else(|_| quote!(::std::default::Default::default())),
        // A newtype of a map has no `Default`, but can be converted from one.
        Value::Object(_) if free_form => quote!(::serde_json::Map::new().into()),
        _ => quote!(::std::default::Default::default()),
    };
    if is_option(ty) { quote!(Some(#value)) } else { value }
}

/// A private struct with one field for each name of a property, from which the model is converted.
///
/// `#[serde(alias)]` rejects an object that has a property under two names, as servers do while they move from one to the other. Here the
/// name in the specification wins, and `null` counts as absent.
fn received_struct(model: &mut ItemStruct, tolerant: &[&TolerantProperty]) -> [Item; 2] {
    let name = model.ident.clone();
    let received = format_ident!("{name}Received");
    let path = received.to_string();
    model.attrs.push(parse_quote!(#[serde(try_from = #path)]));
    model.attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", schemars(!try_from))]));
    let (mut fields, mut conversions) = (Vec::new(), Vec::new());
    for field in &mut model.fields {
        let Some(ident) = field.ident.clone() else { continue };
        let decoding = field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")).cloned().collect::<Vec<_>>();
        let ty = field.ty.clone();
        let property = tolerant.iter().find(|property| !property.aliases.is_empty() && is_property(field, &property.property));
        // Serde takes these to be of decoding, which the other struct does.
        field.attrs.retain(|attribute| serde_argument(attribute, "deserialize_with").is_none());
        let Some(property) = property else {
            fields.push(quote!(#(#decoding)* #ident: #ty));
            conversions.push(quote!(#ident: received.#ident));
            continue;
        };
        let optional = if is_option(&ty) { quote!(#ty) } else { quote!(::std::option::Option<#ty>) };
        let rename = decoding.iter().filter(|attribute| serde_argument(attribute, "rename").is_some());
        fields.push(quote!(#(#rename)* #ident: #optional));
        let mut value = quote!(received.#ident);
        for (index, alias) in property.aliases.iter().enumerate() {
            let own_name = syn::parse_str::<Ident>(alias);
            let other = own_name.unwrap_or_else(|_| format_ident!("{}_alias_{index}", ident.to_string().trim_start_matches("r#")));
            let rename = (other != alias).then(|| quote!(#[serde(rename = #alias)]));
            fields.push(quote!(#rename #other: #optional));
            value = quote!(#value.or(received.#other));
        }
        let has_default = decoding.iter().any(|attribute| serde_argument(attribute, "default").is_some());
        let missing = format!("missing field `{}`", property.property);
        let value = match (&property.default, is_option(&ty)) {
            (Some(_), optional) => {
                let (method, function) = (if optional { quote!(or_else) } else { quote!(unwrap_or_else) }, default_function(property));
                quote!(#value.#method(absent::#function))
            }
            (None, true) => value,
            (None, false) if has_default => quote!(#value.unwrap_or_default()),
            (None, false) => quote!(#value.ok_or(#missing)?),
        };
        conversions.push(quote!(#ident: #value));
    }
    let doc = format!("A [`{name}`] as servers send it: some releases name its properties differently.");
    [
        parse_quote! {
            #[doc = #doc]
            #[derive(::serde::Deserialize)]
            struct #received { #(#fields,)* }
        },
        parse_quote! {
            impl ::std::convert::TryFrom<#received> for #name {
                type Error = &'static str;

                fn try_from(received: #received) -> Result<Self, Self::Error> {
                    Ok(Self { #(#conversions,)* })
                }
            }
        },
    ]
}
