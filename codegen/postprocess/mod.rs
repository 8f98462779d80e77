//! What progenitor writes, made ours: tolerant fields, open enums, our errors and retries behind `send()`, `paginate()` on every
//! list operation, and a description on every public item.

use heck::{ToSnakeCase, ToUpperCamelCase};
use openapiv3::{OpenAPI, Operation, ReferenceOr, SchemaKind, Type};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Attribute, Fields, File, ImplItem, ImplItemFn, Item, ItemImpl, ItemMod, ItemStruct, Stmt, Visibility, parse_quote};

mod listing;

use super::Flaw;
use super::metadata::{Listing, Metadata, MovedProperty};
use listing::{list_request, shapes};

const CHANGED: &str = "progenitor's output has changed: compare `cargo xtask expand` with codegen/postprocess/";

/// Finishes the generated file.
pub fn finish(tokens: TokenStream, spec: &OpenAPI, metadata: &Metadata) -> Result<File, Flaw> {
    let unexpected = |problem: String| ("the generated Rust".to_owned(), problem, CHANGED);
    let mut file: File = syn::parse2(tokens).map_err(|error| unexpected(format!("is no Rust: {error}")))?;

    let pages = list_pages(module(&mut file, "types").map_err(unexpected)?);
    let types = module(&mut file, "types").map_err(unexpected)?;
    finish_types(types, spec, metadata).map_err(unexpected)?;
    let builders = module(&mut file, "builder").map_err(unexpected)?;
    finish_operations(builders, spec, metadata, &pages).map_err(unexpected)?;
    finish_client(&mut file, spec);
    file.items.push(shapes(metadata));
    Ok(file)
}

// --- models ---------------------------------------------------------------------------------------------------------

/// Structs that are one page of a list, with the type of their rows.
fn list_pages(types: &ItemMod) -> Vec<(Ident, syn::Type)> {
    let field =
        |item: &ItemStruct, name: &str| item.fields.iter().find(|field| field.ident.as_ref().is_some_and(|ident| ident == name)).cloned();
    items(types)
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) => Some(item),
            _ => None,
        })
        .filter_map(|item| {
            field(item, "pagination")?;
            let syn::Type::Path(rows) = field(item, "results")?.ty else { return None };
            let syn::PathArguments::AngleBracketed(arguments) = &rows.path.segments.last()?.arguments else { return None };
            let syn::GenericArgument::Type(row) = arguments.args.first()? else { return None };
            Some((item.ident.clone(), row.clone()))
        })
        .collect()
}

fn finish_types(types: &mut ItemMod, spec: &OpenAPI, metadata: &Metadata) -> Result<(), String> {
    let mut defaults = Vec::new();
    for item in items_mut(types) {
        match item {
            Item::Struct(item) => finish_struct(item, spec, metadata, &mut defaults),
            Item::Impl(item) if item.trait_.is_none() => {
                for function in functions(item).filter(|function| function.sig.ident == "builder") {
                    describe(&mut function.attrs, "A builder, which puts a value together field by field.");
                }
            }
            _ => {}
        }
    }
    finish_model_builders(types);
    if let Some(unused) = metadata.moved.iter().find(|moved| !defaults.iter().any(|(done, _)| same_property(done, moved))) {
        return Err(format!("has no field for `{}.{}`", unused.component, unused.property));
    }

    let functions = defaults.into_iter().filter_map(|(_, function)| function).collect::<Vec<_>>();
    if !functions.is_empty() {
        items_mut(types).push(parse_quote! {
            /// What stands for a property that the server did not send.
            mod absent {
                #[allow(unused_imports)]
                use super::*;

                #(#functions)*
            }
        });
    }
    for open_enum in &metadata.enums {
        let name = format_ident!("{}", open_enum.name);
        let doc = &open_enum.description;
        let variants = open_enum.values.iter().map(|value| {
            let variant = format_ident!("{}", value.variant);
            let doc = value.description.clone().unwrap_or_else(|| format!("`{}`, which has no description yet.", value.value));
            let (label, value) = (&value.label, &value.value);
            quote! { #[doc = #doc] #variant = #value, #label; }
        });
        items_mut(types).push(parse_quote! {
            crate::enums::open_enum! {
                #[doc = #doc]
                pub enum #name { #(#variants)* }
            }
        });
    }
    Ok(())
}

fn same_property(a: &MovedProperty, b: &MovedProperty) -> bool {
    (&a.component, &a.property) == (&b.component, &b.property)
}

/// Describes a model and its fields, derives its JSON Schema on request, and reads its moved properties.
fn finish_struct<'a>(
    item: &mut ItemStruct,
    spec: &OpenAPI,
    metadata: &'a Metadata,
    defaults: &mut Vec<(&'a MovedProperty, Option<TokenStream>)>,
) {
    item.attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]));
    let component = item.ident.to_string();
    let Fields::Named(fields) = &mut item.fields else { return };
    for field in &mut fields.named {
        let Some(ident) = &field.ident else { continue };
        let property = ident.to_string();
        let fallback = if property == "extra" {
            "Every other key, as it was sent.".to_owned()
        } else {
            referenced_description(spec, &component, &property)
        };
        describe(&mut field.attrs, &fallback);
        // What may be null and is required may be left out as well: typify would refuse the whole answer.
        field.attrs.retain(|attribute| !attribute.to_token_stream().to_string().contains("\"::std::option::Option::deserialize\""));

        let optional = matches!(&field.ty, syn::Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option"));
        if metadata.counters.contains(&(component.clone(), property.clone())) && !optional {
            field.attrs.push(parse_quote!(#[serde(deserialize_with = "crate::compat::lenient_integer")]));
        }
        let Some(moved) = metadata.moved.iter().find(|moved| moved.component == component && moved.property == property) else { continue };
        for alias in &moved.aliases {
            field.attrs.push(parse_quote!(#[serde(alias = #alias)]));
        }
        let function = moved.default.as_ref().map(|default| {
            let function = format_ident!("{}_{property}", component.to_snake_case());
            let path = format!("absent::{function}");
            field.attrs.push(parse_quote!(#[serde(default = #path)]));
            let ty = &field.ty;
            let value = match default {
                serde_json::Value::String(text) => quote!(#text.into()),
                serde_json::Value::Bool(flag) => quote!(#flag),
                serde_json::Value::Number(number) => {
                    number.to_string().parse().unwrap_or_else(|_| quote!(::std::default::Default::default()))
                }
                // A type around a map has no `Default`, and can be made of one.
                serde_json::Value::Object(_) if moved.free_form => quote!(::serde_json::Map::new().into()),
                _ => quote!(::std::default::Default::default()),
            };
            let value = if optional { quote!(Some(#value)) } else { value };
            quote! { pub(super) fn #function() -> #ty { #value } }
        });
        defaults.push((moved, function));
    }
}

/// The description of a property that is a bare `$ref`, beside which OpenAPI 3.0 allows none: the component's own.
fn referenced_description(spec: &OpenAPI, component: &str, property: &str) -> String {
    let schemas = spec.components.as_ref().map(|components| &components.schemas);
    let find = || {
        let Type::Object(object) = (match &schemas?.get(component)?.as_item()?.schema_kind {
            SchemaKind::Type(kind) => kind,
            _ => return None,
        }) else {
            return None;
        };
        let ReferenceOr::Reference { reference } = object.properties.get(property)? else { return None };
        let target = reference.strip_prefix("#/components/schemas/")?;
        schemas?.get(target)?.as_item()?.schema_data.description.clone()
    };
    find().unwrap_or_else(|| no_description(property))
}

/// `types::builder`: one builder for each model, which progenitor leaves without a word.
fn finish_model_builders(types: &mut ItemMod) {
    let builders = items_mut(types).iter_mut().find_map(|item| match item {
        Item::Mod(item) if item.ident == "builder" => Some(item),
        _ => None,
    });
    // Without models there is no builder.
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

// --- operations -----------------------------------------------------------------------------------------------------

/// Describes the parameters of every operation, puts our transport behind `send()`, adds `paginate()` to list operations.
fn finish_operations(builders: &mut ItemMod, spec: &OpenAPI, metadata: &Metadata, pages: &[(Ident, syn::Type)]) -> Result<(), String> {
    let mut additions = Vec::new();
    for item in items_mut(builders) {
        let item = match item {
            Item::Impl(item) => item,
            Item::Struct(item) => {
                own_client(item);
                continue;
            }
            _ => continue,
        };
        item.generics = syn::Generics::default();
        *item.self_ty = without_lifetime(&item.self_ty);
        let builder = item.self_ty.clone();
        let setters = functions(item)
            .map(|function| function.sig.ident.to_string())
            .filter(|name| name != "new" && name != "send")
            .collect::<Vec<_>>();
        let operation =
            operation_of(spec, &builder).ok_or_else(|| format!("has a builder for no operation: {}", builder.to_token_stream()))?;
        for function in functions(item) {
            match function.sig.ident.to_string().as_str() {
                "new" => {
                    function.vis = parse_quote!(pub(crate));
                    function.sig.inputs = parse_quote!(client: super::Client);
                }
                "send" => {}
                name => {
                    let description = parameters(operation)
                        .find(|parameter| parameter.name.to_snake_case() == name)
                        .and_then(|parameter| parameter.description.clone());
                    describe(&mut function.attrs, &description.unwrap_or_else(|| no_description(name)));
                }
            }
        }
        let send = functions(item).find(|function| function.sig.ident == "send").ok_or("has an operation without `send`")?;
        let answer = answer_type(send).ok_or("has a `send` that returns no `Result<ResponseValue<_>, _>`")?;
        let page = answer.to_token_stream().into_iter().last().map(|ident| ident.to_string()).unwrap_or_default();
        let counts_pages = ["page", "page_size", "ordering"].iter().all(|name| setters.iter().any(|setter| setter == name));
        let list = pages.iter().find(|(ident, _)| counts_pages && *ident == page);
        replace_send(item, &answer, list.is_some())?;
        if let Some((_, row)) = list {
            item.items.push(parse_quote! {
                /// Lists every row that the filters keep, on as many pages as it takes: see [`pagination`](crate::pagination).
                ///
                /// What this request says of `page` and `page_size` is not used: a listing counts its own pages.
                pub fn paginate(self) -> crate::pagination::Paginator<Self> {
                    crate::pagination::Paginator::new(self)
                }
            });
            let id = operation.operation_id.clone().unwrap_or_default();
            let default = Listing::default();
            let listing = metadata.listings.get(&id).unwrap_or(&default);
            additions.push(list_request(&builder, &id, &setters, &answer, row, listing));
        }
    }
    items_mut(builders).extend(additions);
    Ok(())
}

/// The operation of a builder, which is named after its id.
fn operation_of<'a>(spec: &'a OpenAPI, builder: &syn::Type) -> Option<&'a Operation> {
    let syn::Type::Path(path) = builder else { return None };
    let name = &path.path.segments.last()?.ident;
    let operations = spec.paths.iter().filter_map(|(_, item)| item.as_item()).flat_map(openapiv3::PathItem::iter);
    operations
        .map(|(_, operation)| operation)
        .find(|operation| operation.operation_id.as_ref().is_some_and(|id| *name == id.to_upper_camel_case()))
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &openapiv3::ParameterData> {
    operation.parameters.iter().filter_map(ReferenceOr::as_item).map(openapiv3::Parameter::parameter_data_ref)
}

/// A request keeps a clone of the client, which is cheap, so that it borrows nothing and can be stored and sent anywhere.
fn own_client(builder: &mut ItemStruct) {
    builder.generics = syn::Generics::default();
    builder.attrs.push(parse_quote!(#[must_use = "a request does nothing before it is sent"]));
    for field in &mut builder.fields {
        if field.ident.as_ref().is_some_and(|ident| ident == "client") {
            field.ty = parse_quote!(super::Client);
        }
    }
}

/// `FlowsBindingsList<'a>` as `FlowsBindingsList`.
fn without_lifetime(ty: &syn::Type) -> syn::Type {
    let mut ty = ty.clone();
    if let syn::Type::Path(path) = &mut ty
        && let Some(last) = path.path.segments.last_mut()
    {
        last.arguments = syn::PathArguments::None;
    }
    ty
}

/// Splits the `send()` of progenitor in two: `into_request()` builds the HTTP request, and a `send()` of ours gives it to the transport,
/// which authorizes, sends and retries it, and reads the response.
fn replace_send(item: &mut ItemImpl, answer: &syn::Type, is_list: bool) -> Result<(), String> {
    let into_request = functions(item).find(|function| function.sig.ident == "send").ok_or("has an operation without `send`")?;
    let statements = &mut into_request.block.stmts;
    let declares = |statement: &Stmt, name: &str| matches!(statement, Stmt::Local(local) if matches!(&local.pat, syn::Pat::Ident(pattern) if pattern.ident == name));
    let built = statements.iter().position(|statement| declares(statement, "info")).ok_or("has a `send` without `OperationInfo`")?;
    statements.truncate(built);
    // progenitor sends `api-version`, a convention of Dropshot servers that authentik does not know.
    statements.retain(|statement| !statement.to_token_stream().to_string().contains("\"api-version\""));
    let has_headers = statements.iter().any(|statement| statement.to_token_stream().to_string().starts_with("header_map . "));
    let Some(Stmt::Local(syn::Local { pat: syn::Pat::Ident(request), init: Some(init), attrs, .. })) = statements.last_mut() else {
        return Err("has a `send` that builds no request".into());
    };
    request.mutability = None;
    attrs.clear();
    if !has_headers {
        remove_call(&mut init.expr, "headers");
        statements.retain(|statement| !declares(statement, "header_map"));
    }
    statements.push(Stmt::Expr(parse_quote!(Ok(request)), None));
    into_request.sig.ident = format_ident!("into_request");
    into_request.sig.asyncness = None;
    into_request.sig.output = parse_quote!(-> Result<::reqwest::Request, Error<()>>);
    into_request.vis = Visibility::Inherited;
    into_request.attrs.clear();

    let mut sent = quote!(crate::transport::send(&client, self.into_request(), crate::transport::decode::decode).await);
    let mut number = None;
    if is_list {
        item.items.push(parse_quote! {
            /// Number of the page that is asked for.
            fn number(&self) -> u64 {
                self.page.as_ref().ok().copied().flatten().and_then(|page| page.try_into().ok()).unwrap_or(1)
            }
        });
        number = Some(quote!(let number = self.number();));
        sent = quote! {
            crate::transport::send(&client, self.into_request(), crate::pagination::read_answer::<Self>)
                .await
                .map_err(|error| error.on_page(number))
        };
    }
    item.items.push(parse_quote! {
        /// Sends this one request and reads the answer; a passing fault is retried as the client is set up to.
        ///
        /// # Errors
        /// Whatever keeps the answer from being read: see [`Error`](crate::Error).
        pub async fn send(self) -> Result<ResponseValue<#answer>, crate::Error> {
            #number
            let client = self.client.clone();
            #sent
        }
    });
    Ok(())
}

/// Removes the call of a method from a chain of calls.
fn remove_call(chain: &mut syn::Expr, method: &str) {
    match chain {
        syn::Expr::Try(outer) => remove_call(&mut outer.expr, method),
        syn::Expr::MethodCall(call) if call.method == method => *chain = (*call.receiver).clone(),
        syn::Expr::MethodCall(call) => remove_call(&mut call.receiver, method),
        _ => {}
    }
}

fn answer_type(send: &ImplItemFn) -> Option<syn::Type> {
    let syn::ReturnType::Type(_, output) = &send.sig.output else { return None };
    first_argument(&first_argument(output)?)
}

fn first_argument(ty: &syn::Type) -> Option<syn::Type> {
    let syn::Type::Path(path) = ty else { return None };
    let syn::PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    match arguments.args.first()? {
        syn::GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    }
}

// --- client ---------------------------------------------------------------------------------------------------------

/// Leaves the making of clients to `Client::builder`, keeps progenitor's hooks out, and replaces examples that rustdoc would have to ignore.
fn finish_client(file: &mut File, spec: &OpenAPI) {
    file.items.retain(|item| !matches!(item, Item::Mod(item) if item.ident == "prelude"));
    // What is left of `ClientInfo` and `ClientHooks`, which only the original `send()` uses.
    file.items.retain(|item| !matches!(item, Item::Const(_)) && !matches!(item, Item::Impl(item) if item.trait_.is_some()));
    file.items.retain_mut(|item| {
        let item = match item {
            Item::Impl(item) => item,
            Item::Struct(item) => {
                for field in item.fields.iter_mut().filter(|field| field.ident.as_ref().is_some_and(|ident| ident == "baseurl")) {
                    field.ty = parse_quote!(::std::sync::Arc<str>);
                }
                return true;
            }
            _ => return true,
        };
        item.items.retain(
            |item| !matches!(item, ImplItem::Fn(function) if function.sig.ident == "new" || function.sig.ident == "new_with_client"),
        );
        for function in functions(item) {
            replace_example(function);
            if let syn::ReturnType::Type(_, builder) = &mut function.sig.output {
                **builder = without_lifetime(builder);
                function.block = parse_quote!({ #builder::new(self.clone()) });
            }
        }
        !item.items.is_empty()
    });
    let path = spec.servers.first().map_or("", |server| server.url.as_str()).trim_matches('/');
    file.items.push(parse_quote! {
        /// Where the API stands below the address of a server.
        pub(crate) const API_PATH: &str = #path;
    });
}

/// Puts an example that compiles in the place of progenitor's.
fn replace_example(function: &mut ImplItemFn) {
    let operation = function.sig.ident.to_string();
    for attribute in &mut function.attrs {
        if let Some(text) = doc_text(attribute)
            && let Some((before, _)) = text.split_once("```ignore")
        {
            let text = format!(
                "{}\n\n# Examples\n```no_run\n\
                 # async fn example(client: authentik_flow_bindings::Client) -> Result<(), authentik_flow_bindings::Error> {{\n\
                 let answer = client.{operation}().send().await?;\n\
                 # Ok(()) }}\n```",
                before.trim_end()
            );
            *attribute = parse_quote!(#[doc = #text]);
        }
    }
}

// --- descriptions ---------------------------------------------------------------------------------------------------

fn no_description(name: &str) -> String {
    format!("`{name}`, which has no description yet.")
}

/// Describes an item that has no description.
fn describe(attrs: &mut Vec<Attribute>, text: &str) {
    if !attrs.iter().any(|attribute| attribute.path().is_ident("doc")) {
        attrs.insert(0, parse_quote!(#[doc = #text]));
    }
}

fn doc_text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        syn::Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

// --- walking the generated file -------------------------------------------------------------------------------------

fn module<'a>(file: &'a mut File, name: &str) -> Result<&'a mut ItemMod, String> {
    file.items
        .iter_mut()
        .find_map(|item| match item {
            Item::Mod(item) if item.ident == name => Some(item),
            _ => None,
        })
        .ok_or_else(|| format!("has no module `{name}`"))
}

fn items(module: &ItemMod) -> &[Item] {
    module.content.as_ref().map_or(&[], |(_, items)| items)
}

fn items_mut(module: &mut ItemMod) -> &mut Vec<Item> {
    &mut module.content.get_or_insert_with(Default::default).1
}

fn functions(item: &mut ItemImpl) -> impl Iterator<Item = &mut ImplItemFn> {
    item.items.iter_mut().filter_map(|item| match item {
        ImplItem::Fn(function) => Some(function),
        _ => None,
    })
}
