//! Generates the descriptor of a list operation, which the paginator reads.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Item, parse_quote};

use super::descriptors::shape_name;
use crate::codegen::metadata::{Listing, Partition};
use crate::codegen::names::field_name;

/// The descriptor of an operation that lists rows of the type `row` on pages of the type `page`.
pub fn list_operation(name: &Ident, id: &str, page: &syn::Type, row: &syn::Type, listing: &Listing) -> Item {
    let sort_term = |(term, path): (&String, &String)| {
        let fields = path.split('.').map(field_name);
        quote!(SortTerm { name: #term, property: #path, value: |item| (&item #(.#fields)*).into() })
    };
    let key = listing.key_terms().map(sort_term);
    let sort_terms = listing.sort_terms.iter().map(sort_term);
    let reliable_terms = listing.total_order.split(',');
    let schema = page.to_token_stream().into_iter().last().map_or_else(String::new, |ident| ident.to_string());
    let schema = shape_name(&schema);
    let version_markers = listing.version_markers.iter().map(|marker| {
        let key = format!("\"{}\":", marker.key);
        let [sent_since, sent_until, always_since] =
            [&marker.sent_since, &marker.sent_until, &marker.always_since].map(|release| month(release.as_deref()));
        quote!(VersionMarker { key: #key, sent_since: #sent_since, sent_until: #sent_until, always_since: #always_since })
    });
    let partition = partition(listing.partition.as_ref());
    let doc = format!("Describes `{id}` to the paginator.");
    parse_quote! {
        #[doc = #doc]
        static #name: crate::pagination::Operation<types::#row> = {
            #[allow(unused_imports)]
            use crate::compat::version::VersionMarker;
            #[allow(unused_imports)]
            use crate::pagination::{Operation, Partition, SortTerm};
            Operation {
                id: #id,
                key: &[#(#key),*],
                sort_terms: &[#(#sort_terms),*],
                reliable_terms: &[#(#reliable_terms),*],
                partition: #partition,
                schema: &super::shapes::#schema,
                version_markers: &[#(#version_markers),*],
                decode_page: |body| crate::transport::decode::decode(body).map(|page: #page| (page.pagination, page.results)),
                decode_rows: crate::transport::decode::decode,
                decode_row: crate::transport::decode::decode,
            }
        };
    }
}

/// The filter that divides the list, as code.
fn partition(partition: Option<&Partition>) -> TokenStream {
    let Some(Partition { parameter, found_in }) = partition else { return quote!(None) };
    let values = found_in.iter().map(|path| found_values(path));
    quote!(Some(Partition {
        parameter: #parameter,
        values: |item| {
            let mut values = Vec::new();
            #(#values)*
            values
        },
    }))
}

/// A release such as `2025.12` as code for its year and month.
fn month(release: Option<&str>) -> TokenStream {
    let parsed = release
        .and_then(|release| release.split_once('.'))
        .and_then(|(year, month)| Some((year.parse::<u16>().ok()?, month.parse::<u8>().ok()?)));
    parsed.map_or_else(|| quote!(None), |(year, month)| quote!(Some((#year, #month))))
}

/// Code that adds the values at a path such as `stage_obj.flow_set[].pk` to `values`.
fn found_values(path: &str) -> TokenStream {
    let fields = |path: &str| path.split('.').filter(|field| !field.is_empty()).map(field_name).collect::<Vec<_>>();
    if let Some((list, value)) = path.split_once("[]") {
        let (list, value) = (fields(list), fields(value));
        quote!(values.extend(item #(.#list)*.iter().map(|each| (&each #(.#value)*).into()));)
    } else {
        let value = fields(path);
        quote!(values.push((&item #(.#value)*).into());)
    }
}
