//! Makes models decode the properties that some releases rename or leave out.

use std::collections::BTreeMap;

use heck::ToSnakeCase;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;
use syn::{Attribute, Field, Item, ItemMod, ItemStruct, Token, parse_quote, punctuated::Punctuated};

use super::{is_option, items_mut};
use crate::codegen::metadata::TolerantProperty;
use crate::codegen::names::type_name;

/// Makes models accept each property under any of its names, and use its default if it is absent.
pub fn tolerate_other_releases(types: &mut ItemMod, properties: &[TolerantProperty]) -> Result<(), String> {
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
        return Err("a component with `x-aliases` or `x-default-when-absent` did not become a struct".into());
    }
    items_mut(types).extend(received);
    if !defaults.is_empty() {
        items_mut(types).push(parse_quote! {
            /// Defaults of absent properties.
            mod absent {
                #[allow(unused_imports)]
                use super::*;

                #(#defaults)*
            }
        });
    }
    Ok(())
}

/// Whether a field holds this property: typify adds `rename` if the name of the property is not a Rust identifier.
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

/// The function in `types::absent` that returns the default of a property.
fn default_function(property: &TolerantProperty) -> Ident {
    format_ident!("{}_{}", type_name(&property.component).to_snake_case(), property.property.to_snake_case())
}

fn default_value(default: &Value, free_form: bool, ty: &syn::Type) -> TokenStream {
    let value = match default {
        Value::String(text) => quote!(#text.into()),
        Value::Bool(flag) => quote!(#flag),
        Value::Number(number) => {
            let is_float = ["f32", "f64"].iter().any(|float| ty.to_token_stream().to_string().contains(float));
            let text = number.to_string();
            let point = if is_float && !text.contains(['.', 'e']) { ".0" } else { "" };
            format!("{text}{point}").parse().unwrap_or_else(|_| quote!(::std::default::Default::default()))
        }
        // A newtype around a map has no `Default`, but can be converted from a map.
        Value::Object(_) if free_form => quote!(::serde_json::Map::new().into()),
        _ => quote!(::std::default::Default::default()),
    };
    if is_option(ty) { quote!(Some(#value)) } else { value }
}

/// A private struct with one field for each name of a property; the model is converted from it.
///
/// `#[serde(alias)]` rejects an object that has a property under two names, as servers send it during a rename. Here the name in the
/// specification takes precedence, and `null` counts as absent.
fn received_struct(model: &mut ItemStruct, tolerant: &[&TolerantProperty]) -> [Item; 2] {
    let name = model.ident.clone();
    let received = format_ident!("{name}Received");
    let path = received.to_string();
    model.attrs.push(parse_quote!(#[serde(try_from = #path)]));
    model.attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", schemars(!try_from))]));
    // Properties that are also aliases of others.
    let aliases = tolerant.iter().flat_map(|property| &property.aliases);
    let shared =
        aliases.filter_map(|alias| Some((alias.as_str(), model.fields.iter().find(|field| is_property(field, alias))?.ident.clone()?)));
    let shared = shared.collect::<BTreeMap<_, _>>();
    let (mut fields, mut conversions) = (Vec::new(), Vec::new());
    for field in &mut model.fields {
        let Some(ident) = field.ident.clone() else { continue };
        let decoding = field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")).cloned().collect::<Vec<_>>();
        let ty = field.ty.clone();
        let property = tolerant.iter().copied().find(|property| is_property(field, &property.property));
        let shared_name = shared.iter().find(|(_, other)| **other == ident).map(|(name, _)| (*name).to_owned());
        let without_aliases = |property| TolerantProperty { component: name.to_string(), property, ..TolerantProperty::default() };
        let of_shared = shared_name.map(without_aliases);
        let property = property.filter(|property| !property.aliases.is_empty() || of_shared.is_some()).or(of_shared.as_ref());
        // These attributes affect decoding, which the private struct does.
        field.attrs.retain(|attribute| serde_argument(attribute, "deserialize_with").is_none());
        let Some(property) = property else {
            fields.push(quote!(#(#decoding)* #ident: #ty));
            conversions.push(quote!(#ident: received.#ident));
            continue;
        };
        let (names, value) = aliased_field(&ident, &ty, &decoding, property, &shared);
        fields.extend(names);
        conversions.push(quote!(#ident: #value));
    }
    let doc = format!("A [`{name}`] as servers of any release send it.");
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

/// The fields for the names of a property, and the expression that merges them.
fn aliased_field(
    ident: &Ident,
    ty: &syn::Type,
    decoding: &[Attribute],
    property: &TolerantProperty,
    shared: &BTreeMap<&str, Ident>,
) -> (Vec<TokenStream>, TokenStream) {
    let optional = if is_option(ty) { quote!(#ty) } else { quote!(::std::option::Option<#ty>) };
    let rename = decoding.iter().filter(|attribute| serde_argument(attribute, "rename").is_some());
    let mut fields = vec![quote!(#(#rename)* #ident: #optional)];
    let is_shared = shared.values().any(|other| other == ident);
    let mut value = if is_shared { quote!(received.#ident.clone()) } else { quote!(received.#ident) };
    for (index, alias) in property.aliases.iter().enumerate() {
        if let Some(other) = shared.get(alias.as_str()) {
            value = quote!(#value.or_else(|| received.#other.clone()));
            continue;
        }
        let own_name = syn::parse_str::<Ident>(alias);
        let other = own_name.unwrap_or_else(|_| format_ident!("{}_alias_{index}", ident.to_string().trim_start_matches("r#")));
        let rename = (other != alias).then(|| quote!(#[serde(rename = #alias)]));
        fields.push(quote!(#rename #other: #optional));
        value = quote!(#value.or(received.#other));
    }
    let has_default = decoding.iter().any(|attribute| serde_argument(attribute, "default").is_some());
    let missing = format!("missing field `{}`", property.property);
    let value = match (&property.default, is_option(ty)) {
        (Some(_), optional) => {
            let (method, function) = (if optional { quote!(or_else) } else { quote!(unwrap_or_else) }, default_function(property));
            quote!(#value.#method(absent::#function))
        }
        (None, true) => value,
        (None, false) if has_default => quote!(#value.unwrap_or_default()),
        (None, false) => quote!(#value.ok_or(#missing)?),
    };
    (fields, value)
}
