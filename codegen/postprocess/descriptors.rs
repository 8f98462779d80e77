//! Descriptors of the document's objects, which `src/compat` compares with responses, and of its lists, which `src/testing` serves.

use heck::ToShoutySnakeCase;
use openapiv3::OpenAPI;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Item, parse_quote};

use crate::codegen::metadata::Metadata;
use crate::codegen::shapes::{Field, Kind, List, Shape, lists};

/// The name of the constant for the shape of a component. The name of the component may begin with a digit.
pub fn shape_name(component: &str) -> Ident {
    let name = component.to_shouty_snake_case();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format_ident!("_{name}") } else { format_ident!("{name}") }
}

/// The module `shapes`: the object schemas that responses are compared with, and the list operations.
pub fn shapes(spec: &OpenAPI, metadata: &Metadata) -> Item {
    let shapes = metadata.shapes.iter().map(|(component, shape)| {
        let (name, schema) = (shape_name(component), object_schema(shape));
        quote!(pub(crate) static #name: ObjectSchema = #schema;)
    });
    let lists = lists(spec, &metadata.shapes).map(|operation| list(&operation, metadata));
    parse_quote! {
        /// The object schemas of the specification. Responses are compared with them.
        #[allow(dead_code, unused_imports, reason = "not every specification uses all of them")]
        pub(crate) mod shapes {
            use crate::compat::schema::FieldKind::*;
            #[cfg(feature = "testing")]
            use crate::compat::schema::ListSchema;
            use crate::compat::schema::{Field, ObjectSchema};
            #(#shapes)*
            /// The list operations that the fake server serves.
            #[cfg(feature = "testing")]
            pub(crate) static LISTS: &[ListSchema] = &[#(#lists),*];
        }
    }
}

fn object_schema(Shape { fields, open }: &Shape) -> TokenStream {
    let fields = fields.iter().map(field);
    quote!(ObjectSchema { fields: &[#(#fields),*], open: #open })
}

fn field(Field { name, aliases, required, nullable, kind }: &Field) -> TokenStream {
    let constructor = format_ident!("{}", if *required { "required" } else { "optional" });
    let kind = field_kind(kind);
    let nullable = nullable.then(|| quote!(.nullable()));
    let aliases = (!aliases.is_empty()).then(|| quote!(.aliases(&[#(#aliases),*])));
    quote!(Field::#constructor(#name, #kind) #nullable #aliases)
}

fn field_kind(kind: &Kind) -> TokenStream {
    match kind {
        Kind::Object(component) => {
            let shape = shape_name(component);
            quote!(Object(&#shape))
        }
        Kind::InlineObject(shape) => {
            let schema = object_schema(shape);
            quote!(Object(&#schema))
        }
        Kind::List(items) => {
            let items = field_kind(items);
            quote!(List(&#items))
        }
        Kind::Map(values) => {
            let values = field_kind(values);
            quote!(Map(&#values))
        }
        Kind::Union(kinds) => {
            let kinds = kinds.iter().map(field_kind);
            quote!(Union(&[#(#kinds),*]))
        }
        Kind::Enum(values) => quote!(Enum(&[#(#values),*])),
        Kind::Integer { minimum, maximum } => quote!(Integer { minimum: #minimum, maximum: #maximum }),
        Kind::Number => quote!(Number),
        Kind::Boolean => quote!(Boolean),
        Kind::Uuid => quote!(Uuid),
        Kind::Date => quote!(Date),
        Kind::DateTime => quote!(DateTime),
        Kind::Text => quote!(Text),
        Kind::Any => quote!(Any),
    }
}

fn list(List { id, path, page, parameters, lookup, .. }: &List, metadata: &Metadata) -> TokenStream {
    let key = metadata.listings.get(*id).map(|listing| listing.key_terms().collect::<Vec<_>>()).unwrap_or_default();
    let key = key.iter().map(|(term, property)| quote!((#term, #property)));
    let lookup = lookup.map_or_else(|| quote!(None), |name| quote!(Some(#name)));
    let filters = parameters.iter().filter(|name| !["ordering", "page", "page_size", "search"].contains(name));
    let page = shape_name(page);
    quote! {
        ListSchema { id: #id, path: #path, page: &#page, key: &[#(#key),*], lookup: #lookup, filters: &[#(#filters),*] }
    }
}
