//! Generates open enums instead of the closed ones of progenitor.

use quote::{format_ident, quote};
use syn::{Item, parse_quote};

use super::no_description;
use crate::codegen::metadata::OpenEnum;

/// The declaration of an enum and the macro call that implements it.
pub fn open_enum(open_enum: &OpenEnum) -> [Item; 2] {
    let name = format_ident!("{}", open_enum.name);
    let description = format!("{}\n\nAn open enum: see [`enums`](crate::enums).", open_enum.description);
    let variants = open_enum.values.iter().map(|value| {
        let variant = format_ident!("{}", value.variant);
        let description = value.description.clone().unwrap_or_else(|| no_description(&value.value));
        quote!(#[doc = #description] #variant)
    });
    let implemented = open_enum.values.iter().map(|value| {
        let (variant, label, value) = (format_ident!("{}", value.variant), &value.label, &value.value);
        quote!(#variant = #value, #label;)
    });
    let declaration = parse_quote! {
        #[doc = #description]
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            /// A value that this release of the crate does not know.
            Unknown(crate::enums::UnknownValue),
        }
    };
    [declaration, parse_quote!(crate::enums::open_enum! { #name { #(#implemented)* } })]
}
