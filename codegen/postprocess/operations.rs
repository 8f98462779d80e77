//! Adapts the builders of operations: each is an owned request whose `send()` uses our transport.

use std::collections::BTreeMap;

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use openapiv3::{OpenAPI, Operation, ParameterData};
use proc_macro2::Ident;
use quote::{ToTokens, format_ident, quote};
use syn::{Expr, Generics, ImplItem, ImplItemFn, Item, ItemEnum, ItemImpl, ItemMod, ItemStruct, Pat, Stmt, Visibility, parse_quote};

use super::client::example;
use super::listing::list_operation;
use super::{
    describe, explain_missing, field_type, first_argument, functions, items, items_mut, last_segment, no_description, redescribe,
    without_lifetime,
};
use crate::codegen::metadata::{Listing, Metadata};
use crate::codegen::queries::{operations, parameters};

/// A model that is a page of a list, with the type of its rows.
pub type ListPage = (Ident, syn::Type);

/// The models that are pages.
pub fn list_pages(types: &ItemMod) -> Vec<ListPage> {
    let models = items(types).iter().filter_map(|item| match item {
        Item::Struct(ItemStruct { ident, .. }) | Item::Enum(ItemEnum { ident, .. }) => Some(ident),
        _ => None,
    });
    let models = models.collect::<Vec<_>>();
    let page = |item: &Item| {
        let Item::Struct(item) = item else { return None };
        field_type(item, "pagination")?;
        let row = first_argument(field_type(item, "results")?)?;
        // Rows that are not models, such as strings, cannot be listed.
        models.contains(&last_segment(row)?).then(|| (item.ident.clone(), row.clone()))
    };
    items(types).iter().filter_map(page).collect()
}

/// Adapts every builder in the module.
pub fn adapt_operations(builders: &mut ItemMod, spec: &OpenAPI, metadata: &Metadata, pages: &[ListPage]) -> Result<(), String> {
    let named = operations(spec).filter_map(|(_, operation)| Some((operation.operation_id.as_ref()?.to_upper_camel_case(), operation)));
    let operations = named.collect::<BTreeMap<_, _>>();
    let mut descriptors = Vec::new();
    for item in items_mut(builders) {
        match item {
            Item::Struct(builder) => adapt_struct(builder, operation_of(&operations, &builder.ident)?, metadata),
            Item::Impl(builder) => descriptors.extend(adapt_impl(builder, &operations, metadata, pages)?),
            Item::Use(import) => {
                *import = if import.to_token_stream().to_string().contains("types") {
                    parse_quote!(
                        use super::types;
                    )
                } else {
                    parse_quote! {
                        #[allow(unused_imports)]
                        use progenitor_client::{Error, RequestBuilderExt, encode_path};
                    }
                };
            }
            _ => {}
        }
    }
    items_mut(builders).extend(descriptors);
    Ok(())
}

/// The operations by the names of their builders.
type Operations<'a> = BTreeMap<String, &'a Operation>;

fn operation_of<'a>(operations: &Operations<'a>, builder: &Ident) -> Result<&'a Operation, String> {
    operations.get(&builder.to_string()).copied().ok_or_else(|| format!("`{builder}` is not an operation of the document"))
}

/// Lets a request hold a clone of the client instead of a reference, so that it can be stored and sent to another task.
fn adapt_struct(builder: &mut ItemStruct, operation: &Operation, metadata: &Metadata) {
    builder.generics = Generics::default();
    builder.attrs.push(parse_quote!(#[must_use = "a request does nothing until it is sent"]));
    for field in &mut builder.fields {
        if field.ident.as_ref().is_some_and(|ident| ident == "client") {
            field.ty = parse_quote!(super::Client);
        }
    }
    let method = builder.ident.to_string().to_snake_case();
    let summary = operation.summary.as_deref().unwrap_or("Sends a request").trim_end_matches('.');
    let listing = operation.operation_id.as_ref().and_then(|id| metadata.listings.get(id));
    let usage = if listing.is_some_and(Listing::has_key) {
        let example = example(&format!(
            "let all = client.{method}().paginate().await?; // every row, from all pages\n\
             let page = client.{method}().page_size(20).send().await?; // one page, as the server sends it"
        ));
        format!(
            "[`paginate`](Self::paginate) lists all rows, [`send`](Self::send) requests one page. The other methods set parameters.\n\n{example}"
        )
    } else {
        "[`send`](Self::send) sends it. The other methods set parameters.".to_owned()
    };
    let text = format!("{summary}: the request that [`Client::{method}`](super::Client::{method}) returns.\n\n{usage}");
    redescribe(&mut builder.attrs, &text);
}

/// Adapts the methods of a builder; returns the descriptor of a list operation.
fn adapt_impl(item: &mut ItemImpl, operations: &Operations, metadata: &Metadata, pages: &[ListPage]) -> Result<Option<Item>, String> {
    item.generics = Generics::default();
    *item.self_ty = without_lifetime(&item.self_ty);
    let builder = last_segment(&item.self_ty).ok_or("an operation's builder has no name")?.clone();
    let operation = operation_of(operations, &builder)?;
    for function in functions(item) {
        let name = function.sig.ident.to_string();
        match name.as_str() {
            "new" => {
                function.vis = parse_quote!(pub(crate));
                function.sig.inputs = parse_quote!(client: super::Client);
                let method = builder.to_string().to_snake_case();
                explain_missing(function, |setter| format!("`{method}` needs `{setter}`: call `.{setter}(…)` before it is sent"));
            }
            "send" => {}
            _ => {
                let parameter = parameters(operation).find(|parameter| parameter.name.to_snake_case() == name);
                adapt_setter(function, parameter);
            }
        }
    }
    let send = functions(item).find(|function| function.sig.ident == "send").ok_or_else(|| format!("`{builder}` has no `send`"))?;
    let response = response_type(send).ok_or_else(|| format!("`{builder}::send` does not return a `ResponseValue`"))?;
    let page = last_segment(&response).cloned();
    let id = operation.operation_id.clone().unwrap_or_default();
    let listing = metadata.listings.get(&id).filter(|listing| listing.has_key());
    let list = listing.and_then(|listing| Some((listing, pages.iter().find(|(ident, _)| Some(ident) == page.as_ref())?)));
    let descriptor = format_ident!("{}", id.to_shouty_snake_case());
    replace_send(item, &response, list.map(|_| &descriptor)).map_err(|problem| format!("`{builder}::send` {problem}"))?;

    let list_operation = list.map(|(listing, (_, row))| {
        item.items.push(paginate(&id, row, &descriptor));
        list_operation(&descriptor, &id, &response, row, listing)
    });
    // Users look for this method first.
    item.items.sort_by_key(|item| match item {
        ImplItem::Fn(function) if function.sig.ident == "paginate" => 0,
        ImplItem::Fn(function) if function.sig.ident == "send" => 1,
        ImplItem::Fn(function) if matches!(function.vis, Visibility::Public(_)) => 2,
        _ => 3,
    });
    Ok(list_operation)
}

fn paginate(id: &str, row: &syn::Type, descriptor: &Ident) -> ImplItem {
    let example = example(&format!("let all = client.{id}().paginate().await?;"));
    parse_quote! {
        /// Lists all rows that match the filters, page by page: see [`pagination`](crate::pagination).
        ///
        /// The `page` and `page_size` of this request are ignored, because a listing chooses its own.
        ///
        /// # Examples
        #[doc = #example]
        pub fn paginate(self) -> crate::pagination::Paginator<types::#row> {
            let client = self.client.clone();
            crate::pagination::Paginator::new(client, self.into_request(), &#descriptor, crate::pagination::open)
        }
    }
}

// --- setters --------------------------------------------------------------------------------------------------------

/// Documents a setter. If it cannot convert a value, the error names the parameter, the value and the expected type.
fn adapt_setter(function: &mut ImplItemFn, parameter: Option<&ParameterData>) {
    let name = function.sig.ident.clone();
    let description = parameter.and_then(|parameter| parameter.description.clone());
    describe(&mut function.attrs, &description.unwrap_or_else(|| no_description(&name.to_string())));
    let Some(parameter) = parameter else { return };
    let Some(target) = conversion_target(function) else { return };
    let given = parameter.extensions.get("x-value-hint").and_then(serde_json::Value::as_str);
    let hint = given.map_or_else(|| value_hint(&target), str::to_owned);
    let convert = if function.block.to_token_stream().to_string().contains("map (Some)") { quote!(optional) } else { quote!(required) };
    let wire_name = &parameter.name;
    if let Some(clause) = &mut function.sig.generics.where_clause {
        *clause = parse_quote!(where V: ::std::convert::TryInto<#target> + ::std::fmt::Debug);
    }
    function.block = parse_quote!({
        self.#name = crate::parameters::#convert(#wire_name, #hint, value);
        self
    });
}

/// The `T` of a setter that takes a `V: TryInto<T>`.
fn conversion_target(function: &ImplItemFn) -> Option<syn::Type> {
    let clause = function.sig.generics.where_clause.as_ref().filter(|clause| clause.predicates.len() == 1)?;
    let syn::WherePredicate::Type(predicate) = clause.predicates.first()? else { return None };
    let syn::TypeParamBound::Trait(bound) = predicate.bounds.first()? else { return None };
    let path = &bound.path;
    let convert: syn::Type = parse_quote!(#path);
    (last_segment(&convert)? == "TryInto").then(|| first_argument(&convert).cloned()).flatten()
}

/// Describes the values that a parameter of this type accepts.
fn value_hint(ty: &syn::Type) -> String {
    let name = last_segment(ty).map(ToString::to_string).unwrap_or_default();
    match name.as_str() {
        "Uuid" => "a UUID".into(),
        "i32" | "i64" => "an integer".into(),
        "u32" | "u64" => "an integer from 0".into(),
        "NonZeroU32" | "NonZeroU64" => "an integer from 1".into(),
        "f32" | "f64" => "a number".into(),
        "bool" => "`true` or `false`".into(),
        "String" => "text".into(),
        "Vec" => first_argument(ty).map_or_else(|| "a list".into(), |item| format!("a list, each item {}", value_hint(item))),
        _ => format!("a value of `{name}`"),
    }
}

// --- send -----------------------------------------------------------------------------------------------------------

/// Splits progenitor's `send()` in two: `into_request()` builds the HTTP request, and our `send()` passes it to the transport, which adds
/// the token, sends and retries it, and decodes the response. Programs that use the crate would compile an `async fn` again, with
/// everything that it calls; a boxed future is compiled once.
fn replace_send(item: &mut ItemImpl, response: &syn::Type, list: Option<&Ident>) -> Result<(), String> {
    let send = functions(item).find(|function| function.sig.ident == "send").ok_or("is missing")?;
    keep_request(send)?;
    let response_of = if let Some(descriptor) = list {
        quote!(crate::pagination::send_one_page(&client, self.into_request(), #descriptor.version_markers).await)
    } else {
        // A response without content, as for a deletion, is not decoded.
        let is_empty = matches!(response, syn::Type::Tuple(tuple) if tuple.elems.is_empty());
        let decode = if is_empty { quote!(|_| Ok(())) } else { quote!(crate::transport::decode::decode) };
        quote!(crate::transport::send(&client, self.into_request(), #decode).await)
    };
    item.items.push(parse_quote! {
        /// Sends this one request and decodes the response; transient failures are retried, as the client is configured.
        ///
        /// # Errors
        /// See [`Error`](crate::Error).
        ///
        /// # Panics
        /// In a Tokio runtime without timers or I/O: see [`ClientBuilder`](crate::ClientBuilder#panics).
        pub fn send(self) -> ::std::pin::Pin<Box<dyn Future<Output = Result<crate::ResponseValue<#response>, crate::Error>> + Send>> {
            let client = self.client.clone();
            Box::pin(async move { #response_of })
        }
    });
    Ok(())
}

/// Keeps the statements that build the HTTP request.
fn keep_request(send: &mut ImplItemFn) -> Result<(), String> {
    let statements = &mut send.block.stmts;
    let built = statements.iter().position(|statement| declares(statement, "info")).ok_or("does not declare `info`")?;
    statements.truncate(built);
    // progenitor sends `api-version`, a convention of Dropshot servers that authentik does not know.
    statements.retain(|statement| !statement.to_token_stream().to_string().contains("\"api-version\""));
    let has_headers = statements.iter().any(|statement| statement.to_token_stream().to_string().starts_with("header_map . "));
    let Some(Stmt::Local(syn::Local { pat: Pat::Ident(_), init: Some(init), .. })) = statements.last_mut() else {
        return Err("does not build a request".into());
    };
    if !has_headers {
        remove_call(&mut init.expr, "headers");
    }
    // `Ok(….build()?)`
    let request = init.expr.clone();
    statements.pop();
    statements.retain(|statement| has_headers || !declares(statement, "header_map"));
    statements.push(Stmt::Expr(parse_quote!(Ok(#request)), None));
    send.sig.ident = format_ident!("into_request");
    send.sig.asyncness = None;
    send.sig.output = parse_quote!(-> Result<::reqwest::Request, Error<()>>);
    send.vis = Visibility::Inherited;
    redescribe(&mut send.attrs, "Builds the HTTP request; fails if a parameter has an invalid value.");
    Ok(())
}

fn declares(statement: &Stmt, name: &str) -> bool {
    matches!(statement, Stmt::Local(local) if matches!(&local.pat, Pat::Ident(pattern) if pattern.ident == name))
}

/// Removes a method call from a chain.
fn remove_call(chain: &mut Expr, method: &str) {
    match chain {
        Expr::Try(outer) => remove_call(&mut outer.expr, method),
        Expr::MethodCall(call) if call.method == method => *chain = (*call.receiver).clone(),
        Expr::MethodCall(call) => remove_call(&mut call.receiver, method),
        _ => {}
    }
}

/// The `T` of a `Result<ResponseValue<T>, _>`.
fn response_type(send: &ImplItemFn) -> Option<syn::Type> {
    let syn::ReturnType::Type(_, output) = &send.sig.output else { return None };
    first_argument(first_argument(output)?).cloned()
}
