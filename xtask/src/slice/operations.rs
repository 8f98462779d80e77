//! One operation in canonical form: parameters, bodies, responses and headers are written where they are used.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::selection::Chosen;
use crate::canonical::{Canonical, sorted};
use crate::codegen::pointer::{child, to_component};
use crate::document::{Document, Error};

pub struct Slicer<'a> {
    pub document: &'a Document,
    pub canonical: Canonical<'a>,
    /// The security schemes that operations refer to.
    pub security: BTreeMap<String, Value>,
    pub keep_prose: bool,
}

impl<'a> Slicer<'a> {
    pub fn operation(&mut self, chosen: &Chosen<'a>) -> Result<Value, Error> {
        let Chosen { pointer, operation, .. } = chosen;
        let mut sliced = Map::new();
        sliced.extend(operation.get("operationId").map(|id| ("operationId".to_owned(), id.clone())));
        let servers = api_path(operation.get("servers").or(chosen.servers).or(self.document.root.get("servers")));
        if servers != api_path(self.document.root.get("servers")) {
            sliced.insert("servers".into(), servers);
        }
        if let Some(tags) = operation.get("tags").and_then(Value::as_array) {
            let tags = tags.iter().filter_map(Value::as_str).collect::<BTreeSet<_>>();
            sliced.insert("tags".into(), tags.into_iter().collect());
        }
        self.prose(operation, &mut sliced);
        keep_flags(operation, &["deprecated"], &mut sliced);

        let parameters = self.parameters(chosen)?;
        if !parameters.is_empty() {
            sliced.insert("parameters".into(), parameters.into());
        }
        if let Some(body) = operation.get("requestBody") {
            sliced.insert("requestBody".into(), self.request_body(body, child(pointer, "requestBody"))?);
        }
        for (key, is_right, form) in [
            ("responses", operation.get("responses").is_some_and(Value::is_object), "a mapping of statuses to responses"),
            ("security", operation.get("security").is_none_or(Value::is_array), "a list of mappings"),
            ("servers", operation.get("servers").is_none_or(Value::is_array), "a list of mappings"),
        ] {
            if !is_right {
                let problem = if operation.get(key).is_none() { "is missing" } else { "has the wrong type" };
                return Err(self.document.error(child(pointer, key), problem, format!("write {form}")));
            }
        }
        let mut responses = Map::new();
        for (status, response) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
            if !status.starts_with("x-") {
                responses.insert(status.clone(), self.response(response, child(&child(pointer, "responses"), status))?);
            }
        }
        sliced.insert("responses".into(), responses.into());

        self.security(operation, &mut sliced)?;
        Ok(sliced.into())
    }

    /// The parameters of the path item and of the operation. The operation's take precedence.
    fn parameters(&mut self, chosen: &Chosen<'a>) -> Result<Vec<Value>, Error> {
        let mut parameters = BTreeMap::new();
        let path_pointer = chosen.pointer.rsplit_once('/').map_or("#", |(path, _)| path);
        for (list, pointer) in [(chosen.shared, path_pointer), (chosen.operation.get("parameters"), chosen.pointer.as_str())] {
            if list.is_some_and(|list| !list.is_array()) {
                let help = "write a list of mappings";
                return Err(self.document.error(child(pointer, "parameters"), "is not a list", help));
            }
            for (index, parameter) in list.and_then(Value::as_array).into_iter().flatten().enumerate() {
                let (at, parameter) = self.resolved(parameter, format!("{pointer}/parameters/{index}"))?;
                let text = |key: &str| parameter.get(key).and_then(Value::as_str).map(str::to_owned);
                let (Some(mut name), Some(location)) = (text("name"), text("in")) else {
                    return Err(self.document.error(at, "has no `name` or no `in`", "write both"));
                };
                if location == "header" {
                    name.make_ascii_lowercase();
                }
                let mut sliced = Map::from_iter([("name".into(), name.clone().into()), ("in".into(), location.clone().into())]);
                self.prose(parameter, &mut sliced);
                keep_flags(parameter, &["required", "deprecated", "allowReserved", "allowEmptyValue"], &mut sliced);
                self.value(parameter, &at, &mut sliced)?;
                // How values are serialized, unless it is the default of the location.
                let style = if matches!(location.as_str(), "query" | "cookie") { "form" } else { "simple" };
                let own_style = text("style").filter(|own| own != style);
                let explode = own_style.as_deref().unwrap_or(style) == "form";
                sliced.extend(own_style.map(|style| ("style".to_owned(), style.into())));
                sliced
                    .extend(parameter.get("explode").filter(|own| **own != json!(explode)).map(|own| ("explode".to_owned(), own.clone())));
                parameters.insert((name, location), sliced.into());
            }
        }
        Ok(parameters.into_values().collect())
    }

    fn request_body(&mut self, body: &'a Value, pointer: String) -> Result<Value, Error> {
        let (at, body) = self.resolved(body, pointer)?;
        let mut sliced = Map::new();
        self.prose(body, &mut sliced);
        keep_flags(body, &["required"], &mut sliced);
        self.content(body, &at, &mut sliced)?;
        Ok(sliced.into())
    }

    fn response(&mut self, response: &'a Value, pointer: String) -> Result<Value, Error> {
        let (at, response) = self.resolved(response, pointer)?;
        let mut sliced = Map::from_iter([("description".into(), "".into())]);
        if at.starts_with("#/components/schemas/") {
            // Up to 2022.7, upstream refers to a schema in place of a response.
            let schema = self.canonical.reference(&at);
            sliced.insert("content".into(), json!({ "application/json": { "schema": schema } }));
            return Ok(sliced.into());
        }
        self.prose(response, &mut sliced);
        self.content(response, &at, &mut sliced)?;
        let mut headers = Map::new();
        for (name, header) in response.get("headers").and_then(Value::as_object).into_iter().flatten() {
            let (at, header) = self.resolved(header, child(&child(&at, "headers"), name))?;
            let mut whole = Map::new();
            self.prose(header, &mut whole);
            keep_flags(header, &["required", "deprecated"], &mut whole);
            self.value(header, &at, &mut whole)?;
            // https://www.rfc-editor.org/rfc/rfc9110#section-5.1: names of headers are case-insensitive.
            headers.insert(name.to_ascii_lowercase(), whole.into());
        }
        if !headers.is_empty() {
            sliced.insert("headers".into(), headers.into());
        }
        Ok(sliced.into())
    }

    /// The schema of a parameter or header, or its `content`.
    fn value(&mut self, part: &'a Value, pointer: &str, sliced: &mut Map<String, Value>) -> Result<(), Error> {
        if let Some(schema) = part.get("schema") {
            sliced.insert("schema".into(), self.canonical.parameter(schema, &child(pointer, "schema"))?);
        }
        self.content(part, pointer, sliced)
    }

    fn content(&mut self, part: &'a Value, pointer: &str, sliced: &mut Map<String, Value>) -> Result<(), Error> {
        let mut content = Map::new();
        self.examples(part, pointer)?;
        for (kind, media) in part.get("content").and_then(Value::as_object).into_iter().flatten() {
            let at = child(&child(pointer, "content"), kind);
            let mut whole = Map::new();
            self.examples(media, &at)?;
            if let Some(schema) = media.get("schema") {
                whole.insert("schema".into(), self.canonical.schema(schema, &child(&at, "schema"))?);
            }
            whole.extend(media.get("encoding").map(|encoding| ("encoding".to_owned(), encoding.clone())));
            content.insert(kind.clone(), whole.into());
        }
        if !content.is_empty() {
            sliced.insert("content".into(), content.into());
        }
        Ok(())
    }

    /// Examples are left out, but their references must be valid.
    fn examples(&self, part: &'a Value, pointer: &str) -> Result<(), Error> {
        for (name, example) in part.get("examples").and_then(Value::as_object).into_iter().flatten() {
            self.resolved(example, child(&child(pointer, "examples"), name))?;
        }
        Ok(())
    }

    fn security(&mut self, operation: &Value, sliced: &mut Map<String, Value>) -> Result<(), Error> {
        let required = operation.get("security").or(self.document.root.get("security")).and_then(Value::as_array);
        let with_scopes = |(name, scopes): (&String, &Value)| (name.clone(), sorted(scopes.as_array().cloned().unwrap_or_default()));
        let bare = |alternative: &Value| alternative.as_object().into_iter().flatten().map(with_scopes).collect::<Value>();
        let alternatives = sorted(required.into_iter().flatten().map(bare).collect());
        for name in alternatives.as_array().into_iter().flatten().filter_map(Value::as_object).flat_map(Map::keys) {
            let scheme = self.security_scheme(name)?;
            self.security.insert(name.clone(), scheme);
        }
        // Without a requirement, anyone may call the operation, which is also the default.
        if alternatives != json!([]) && alternatives != json!([{}]) {
            sliced.insert("security".into(), alternatives);
        }
        Ok(())
    }

    fn security_scheme(&self, name: &str) -> Result<Value, Error> {
        let pointer = to_component("securitySchemes", name);
        let Some(scheme) = self.document.root.pointer(&pointer[1..]) else {
            return Err(self.document.error(
                pointer,
                "is not defined, but operations require it",
                "define the scheme, or correct its name",
            ));
        };
        let (_, scheme) = self.resolved(scheme, pointer)?;
        let mut whole = scheme.as_object().cloned().unwrap_or_default();
        whole.retain(|key, _| self.keep_prose || !(key == "description" || key == "bearerFormat" || key.starts_with("x-")));
        // https://www.rfc-editor.org/rfc/rfc7235#section-2.1: names of schemes are case-insensitive.
        if let Some(Value::String(name)) = whole.get_mut("scheme") {
            name.make_ascii_lowercase();
        }
        let flows = whole.get_mut("flows").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
        for text in flows.filter_map(|flow| flow.get_mut("scopes")?.as_object_mut()).flat_map(Map::values_mut).filter(|_| !self.keep_prose)
        {
            *text = "".into();
        }
        Ok(whole.into())
    }

    /// A part of the document, or the target of its `$ref`.
    fn resolved(&self, part: &'a Value, pointer: String) -> Result<(String, &'a Value), Error> {
        if !part.is_object() {
            return Err(self.document.error(pointer, "is not a mapping", "compare it with https://spec.openapis.org/oas/v3.0.3"));
        }
        self.document.resolve(part, pointer)
    }

    fn prose(&self, part: &Value, sliced: &mut Map<String, Value>) {
        for key in ["summary", "description"] {
            sliced.extend(part.get(key).filter(|_| self.keep_prose).map(|text| (key.to_owned(), text.clone())));
        }
    }
}

/// Copies flags that are set.
fn keep_flags(part: &Value, flags: &[&str], sliced: &mut Map<String, Value>) {
    for flag in flags {
        if part.get(flag) == Some(&Value::Bool(true)) {
            sliced.insert((*flag).to_owned(), true.into());
        }
    }
}

/// The path of the API on its host, taken from the first server. Users have hosts of their own. Without a server it is the root:
/// <https://spec.openapis.org/oas/v3.0.3#openapi-object>.
pub fn api_path(servers: Option<&Value>) -> Value {
    let first = servers.and_then(|servers| servers.get(0)).unwrap_or(&Value::Null);
    let mut url = first.get("url").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (name, variable) in first.get("variables").and_then(Value::as_object).into_iter().flatten() {
        url = url.replace(&format!("{{{name}}}"), variable.get("default").and_then(Value::as_str).unwrap_or_default());
    }
    let below_host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest.find('/').map_or("", |slash| &rest[slash..]));
    json!([{ "url": format!("/{}", below_host.trim_matches('/')) }])
}
