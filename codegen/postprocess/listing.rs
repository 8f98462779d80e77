//! `ListRequest` for the builders of list operations: what the paginator needs to know about one.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Item, parse_quote};

use super::descriptors::shape_name;
use crate::codegen::metadata::{Listing, Partition};

/// What the paginator needs to know of a list operation.
pub fn list_request(builder: &syn::Type, id: &str, setters: &[String], answer: &syn::Type, row: &syn::Type, listing: &Listing) -> Item {
    let total_order = &listing.total_order;
    let terms = listing.sort_terms.keys().collect::<Vec<_>>();
    let values = listing.sort_terms.values().map(|path| {
        let fields = path.split('.').map(|field| format_ident!("{field}"));
        quote!(item #(.#fields)*)
    });
    let filters =
        setters.iter().filter(|name| !["page", "page_size", "ordering"].contains(&name.as_str())).map(|name| format_ident!("{name}"));
    let template = format!("{{}} {id}{}", " {:?}".repeat(filters.clone().count()));
    let shape = answer.to_token_stream().into_iter().last().map_or_else(String::new, |ident| ident.to_string());
    let shape = shape_name(&shape);
    let version_markers = listing.version_markers.iter().map(|marker| {
        let key = format!("\"{}\":", marker.key);
        let [sent_since, sent_until, always_since] =
            [&marker.sent_since, &marker.sent_until, &marker.always_since].map(|release| month(release.as_deref()));
        quote!(crate::compat::version::VersionMarker { key: #key, sent_since: #sent_since, sent_until: #sent_until, always_since: #always_since })
    });
    let (for_partition, partitions) = match &listing.partition {
        Some(Partition { parameter, found_in }) => {
            let parameter = format_ident!("{parameter}");
            let found = found_in.iter().map(|path| found_values(path));
            (
                quote!(matches!(self.#parameter, Ok(None)).then(|| self.clone().#parameter(partition))),
                quote!(let mut found = Vec::new(); #(#found)* found),
            )
        }
        None => (quote!(None), quote!(Vec::new())),
    };
    parse_quote! {
        impl crate::pagination::ListRequest for #builder {
            type Answer = #answer;
            type Item = types::#row;

            const SORT_TERMS: &'static [&'static str] = &[#(#terms),*];
            const TOTAL_ORDER: &'static str = #total_order;

            fn ordering(&self) -> Result<Option<&str>, crate::Error> {
                let ordering = self.ordering.as_ref().map(Option::as_deref);
                ordering.map_err(|message| crate::Error::InvalidRequest { message: message.clone() })
            }

            fn identity(&self) -> String {
                format!(#template, self.client.baseurl, #(self.#filters),*)
            }

            fn for_page(&self, ordering: &str, page: u64, page_size: u64) -> Self {
                self.clone().ordering(ordering).page(page).page_size(page_size)
            }

            fn for_partition(&self, partition: ::uuid::Uuid) -> Option<Self> {
                let _ = partition;
                #for_partition
            }

            async fn send_page(self, watch: &crate::compat::drift::DriftReporter) -> Result<crate::pagination::RawPage<Self::Item>, crate::Error> {
                let page = self.number();
                let size = self.page_size.as_ref().ok().copied().flatten().and_then(|size| size.try_into().ok()).unwrap_or(0_u64);
                let start = (page - 1).saturating_mul(size);
                let read = |body: &[u8]| crate::pagination::read_page::<Self>(body, page, start, watch);
                let answer = crate::transport::send(&self.client.clone(), self.into_request(), read).await;
                answer.map(crate::ResponseValue::into_inner).map_err(|error| error.on_page(page))
            }

            fn split(answer: Self::Answer) -> (types::Pagination, Vec<Self::Item>) {
                (answer.pagination, answer.results)
            }

            fn shape() -> &'static crate::compat::schema::ObjectSchema {
                &super::shapes::#shape
            }

            fn version_markers() -> &'static [crate::compat::version::VersionMarker] {
                &[#(#version_markers),*]
            }

            fn key(item: &Self::Item) -> ::uuid::Uuid {
                item.pk
            }

            fn sort_value(item: &Self::Item, term: &str) -> Option<crate::pagination::SortValue> {
                match term {
                    #(#terms => Some((&#values).into()),)*
                    _ => None,
                }
            }

            fn partitions(item: &Self::Item) -> Vec<::uuid::Uuid> {
                #partitions
            }
        }
    }
}

/// A release such as `2025.12` as code for its year and month.
fn month(release: Option<&str>) -> TokenStream {
    let parsed = release
        .and_then(|release| release.split_once('.'))
        .and_then(|(year, month)| Some((year.parse::<u16>().ok()?, month.parse::<u8>().ok()?)));
    parsed.map_or_else(|| quote!(None), |(year, month)| quote!(Some((#year, #month))))
}

/// Code that adds the values at a path such as `stage_obj.flow_set[].pk` to `found`.
fn found_values(path: &str) -> TokenStream {
    let fields = |path: &str| path.split('.').filter(|field| !field.is_empty()).map(|field| format_ident!("{field}")).collect::<Vec<_>>();
    if let Some((list, value)) = path.split_once("[]") {
        let (list, value) = (fields(list), fields(value));
        quote!(found.extend(item #(.#list)*.iter().map(|each| each #(.#value)*));)
    } else {
        let value = fields(path);
        quote!(found.push(item #(.#value)*);)
    }
}
