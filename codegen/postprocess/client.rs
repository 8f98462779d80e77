//! `Client`: without progenitor's constructors and hooks, and with examples that compile.

use std::collections::BTreeSet;

use heck::ToSnakeCase;
use openapiv3::OpenAPI;
use syn::{File, ImplItem, ImplItemFn, Item, ItemImpl, ItemStruct, parse_quote};

use super::{doc_text, functions, without_lifetime};
use crate::codegen::metadata::Metadata;

/// Adapts `Client`. `Client::builder` in `src/client/` creates one, and `src/transport/` sends its requests.
pub fn adapt_client(file: &mut File, spec: &OpenAPI, metadata: &Metadata) {
    // The prelude, `ClientInfo` and the assertion of `ClientHooks` are unused, because `send()` is ours.
    file.items.retain(|item| match item {
        Item::Mod(item) => item.ident != "prelude",
        Item::Impl(item) => item.trait_.is_none(),
        Item::Const(_) | Item::Use(_) => false,
        _ => true,
    });
    let listings = metadata.listings.iter().filter(|(_, listing)| listing.has_key()).map(|(id, _)| id.to_snake_case()).collect();
    for item in &mut file.items {
        match item {
            Item::Struct(client) => share_address(client),
            Item::Impl(operations) => adapt_methods(operations, &listings),
            _ => {}
        }
    }
    file.items.retain(|item| !matches!(item, Item::Impl(item) if item.items.is_empty()));
    let path = spec.servers.first().map_or("", |server| server.url.as_str()).trim_matches('/');
    file.items.push(parse_quote! {
        /// The path of the API below the address of a server.
        pub(crate) const API_PATH: &str = #path;
    });
}

/// Every request holds a clone of the client, so cloning must be cheap.
fn share_address(client: &mut ItemStruct) {
    for field in client.fields.iter_mut().filter(|field| field.ident.as_ref().is_some_and(|ident| ident == "baseurl")) {
        field.ty = parse_quote!(::std::sync::Arc<str>);
    }
}

fn adapt_methods(item: &mut ItemImpl, listings: &BTreeSet<String>) {
    item.attrs.clear();
    item.items
        .retain(|item| !matches!(item, ImplItem::Fn(function) if ["new", "new_with_client"].iter().any(|name| function.sig.ident == name)));
    for function in functions(item) {
        replace_example(function, listings);
        if let syn::ReturnType::Type(_, builder) = &mut function.sig.output {
            **builder = without_lifetime(builder);
            function.block = parse_quote!({ #builder::new(self.clone()) });
        }
    }
}

/// Replaces progenitor's example, which is not compiled, and its list of arguments, which the setters document.
fn replace_example(function: &mut ImplItemFn, listings: &BTreeSet<String>) {
    let operation = function.sig.ident.to_string();
    let call = if listings.contains(&operation) {
        format!("let rows = client.{operation}().paginate().await?;")
    } else {
        format!("let response = client.{operation}().send().await?;")
    };
    for attribute in &mut function.attrs {
        let Some(text) = doc_text(attribute).filter(|text| text.contains("```ignore")) else { continue };
        let description = text.split("\n\nArguments:").next().and_then(|text| text.split("```ignore").next()).unwrap_or_default();
        let text = format!("{}\n\n# Examples\n{}", description.trim_end(), example(&call));
        *attribute = parse_quote!(#[doc = #text]);
    }
}

/// An example with a client, as Markdown.
pub fn example(code: &str) -> String {
    format!(
        "```no_run\n\
         # async fn example(client: authentik_flow_bindings::Client) -> Result<(), authentik_flow_bindings::Error> {{\n\
         {code}\n\
         # Ok(()) }}\n\
         ```"
    )
}
