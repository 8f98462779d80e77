//! Descriptors of the document's objects, with which `src/compat` compares responses.

use heck::ToShoutySnakeCase;
use proc_macro2::Ident;
use quote::{format_ident, quote};
use syn::{Item, parse_quote};

use crate::codegen::metadata::{Field, Kind, Metadata};

/// The constant for the shape of a component, whose name may begin with a digit.
pub fn shape_name(component: &str) -> Ident {
    let name = component.to_shouty_snake_case();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format_ident!("_{name}") } else { format_ident!("{name}") }
}

/// The objects of the document, for the comparison with responses.
pub fn shapes(metadata: &Metadata) -> Item {
    let shapes = metadata.shapes.iter().map(|(component, shape)| {
        let (name, open) = (shape_name(component), shape.open);
        let fields = shape.fields.iter().map(|Field { name, aliases, required, kind }| {
            let kind = match kind {
                Kind::Object(component) => {
                    let shape = shape_name(component);
                    quote!(Object(&#shape))
                }
                Kind::Objects(component) => {
                    let shape = shape_name(component);
                    quote!(Objects(&#shape))
                }
                Kind::Enum(values) => quote!(Enum(&[#(#values),*])),
                Kind::Integer { minimum, maximum } => quote!(Integer { minimum: #minimum, maximum: #maximum }),
                Kind::Other => quote!(Other),
            };
            quote!(Field { name: #name, aliases: &[#(#aliases),*], required: #required, kind: FieldKind::#kind })
        });
        quote!(pub(crate) static #name: ObjectSchema = ObjectSchema { fields: &[#(#fields),*], open: #open };)
    });
    parse_quote! {
        /// The objects of the specification, which responses are compared with.
        #[allow(dead_code)]
        pub(crate) mod shapes {
            use crate::compat::schema::{Field, FieldKind, ObjectSchema};
            #(#shapes)*
        }
    }
}
