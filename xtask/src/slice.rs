//! A slice: the chosen operations of a document with everything that they reach, in canonical form.
//!
//! Canonical means that the same API gives the same bytes. Parameters, answers, bodies, headers and security requirements stand where
//! they are used; schemas are in `canonical.rs`. What people read (descriptions, titles, examples, tags' order), what is said though it
//! goes without saying (`required: false`) and what a server asks of others (`callbacks`) is left out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::canonical::{Canonical, Direction, made_of_itself, sorted};
use crate::document::{Document, Error, step};

/// The keys of a path that are operations.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Which operations are looked at.
#[derive(Clone)]
pub enum Selection {
    /// Those with these operation ids.
    Only(Vec<String>),
    All,
}

/// Slices a document.
///
/// # Errors
/// An operation is not there, a `$ref` leads out of the document or to nothing, or something is no OpenAPI.
pub fn slice(document: &Document, selection: &Selection, keep_prose: bool) -> Result<Value, Error> {
    canonical_slice(document, selection, keep_prose).map_err(|error| document.with_line(error))
}

fn canonical_slice(document: &Document, selection: &Selection, keep_prose: bool) -> Result<Value, Error> {
    let chosen = choose(document, selection)?;
    let mut slicer = Slicer { document, canonical: Canonical::new(document, keep_prose), security: BTreeSet::new(), keep_prose };
    for operation in &chosen {
        slicer.canonical.note_directions(operation.operation);
    }
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in &chosen {
        let written = slicer.operation(operation)?;
        paths.entry(operation.path).or_default().insert(operation.method.into(), written);
    }
    let schemas = slicer.canonical.reached()?;
    if let Some(name) = made_of_itself(&schemas) {
        let place = step("#/components/schemas", name);
        return Err(document.error(place, "is made of itself", "take the reference to itself out of its allOf, oneOf or anyOf"));
    }
    let security = slicer.security_schemes()?;

    let root = &document.root;
    let mut info = json!({ "title": "", "version": document.release() });
    for key in ["title", "description"] {
        if let Some(prose) = root["info"].get(key).filter(|_| keep_prose) {
            info[key] = prose.clone();
        }
    }
    // The versions of OpenAPI 3.0 differ in wording only.
    let mut whole = json!({ "openapi": "3.0.3", "info": info, "servers": api_path(root.get("servers")), "paths": paths });
    for (collection, parts) in [("schemas", schemas), ("securitySchemes", security)] {
        if !parts.is_empty() {
            whole["components"][collection] = Value::Object(parts);
        }
    }
    Ok(whole)
}

/// An operation as the document has it.
struct Chosen<'a> {
    path: &'a str,
    method: &'static str,
    place: String,
    /// The parameters of all operations at the path.
    shared: Option<&'a Value>,
    /// Servers of all operations at the path.
    servers: Option<&'a Value>,
    operation: &'a Value,
}

fn choose<'a>(document: &'a Document, selection: &Selection) -> Result<Vec<Chosen<'a>>, Error> {
    let mut chosen = Vec::new();
    let mut names = BTreeSet::new();
    for (path, item) in document.root["paths"].as_object().into_iter().flatten().filter(|(path, _)| path.starts_with('/')) {
        let mut at = step("#/paths", path);
        let mut item = item;
        if let Some(reference) = item.get("$ref").and_then(Value::as_str) {
            (at, item) = document.follow(reference, &step(&at, "$ref"))?;
        }
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let place = step(&at, method);
            if !operation.is_object() {
                return Err(document.error(place, "is no operation", "an operation of OpenAPI 3.0 is a mapping"));
            }
            let name = operation.get("operationId").and_then(Value::as_str);
            if let Some(name) = name.filter(|name| !names.insert(*name)) {
                let problem = format!("has the `operationId` `{name}`, which another operation has too");
                return Err(document.error(place, problem, "give each operation an id of its own"));
            }
            let wanted = match selection {
                Selection::All => true,
                Selection::Only(wanted) => name.is_some_and(|name| wanted.iter().any(|wanted| wanted == name)),
            };
            if wanted {
                chosen.push(Chosen { path, method, place, shared: item.get("parameters"), servers: item.get("servers"), operation });
            }
        }
    }
    if let Selection::Only(wanted) = selection
        && let Some(missing) = wanted.iter().find(|wanted| !names.contains(wanted.as_str()))
    {
        let mut nearest = names.iter().map(|name| (strsim::jaro_winkler(missing, name), name)).collect::<Vec<_>>();
        nearest.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let nearest = nearest.iter().take(3).map(|(_, name)| format!("`{name}`")).collect::<Vec<_>>();
        let remedy = match nearest.as_slice() {
            [] => "the document has no operation with an `operationId`: is it the right one?".to_owned(),
            names => format!("correct `operations` in openapi/upstream.toml; the nearest names are {}", names.join(", ")),
        };
        return Err(document.error("#/paths", format!("has no operation `{missing}`"), remedy));
    }
    Ok(chosen)
}

struct Slicer<'a> {
    document: &'a Document,
    canonical: Canonical<'a>,
    /// Security schemes that operations name.
    security: BTreeSet<String>,
    keep_prose: bool,
}

impl<'a> Slicer<'a> {
    fn operation(&mut self, chosen: &Chosen<'a>) -> Result<Value, Error> {
        let Chosen { place, operation, .. } = chosen;
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
            let (at, body) = self.resolved(body, step(place, "requestBody"))?;
            let mut whole = Map::new();
            self.prose(body, &mut whole);
            keep_flags(body, &["required"], &mut whole);
            self.content(body, &at, Direction::REQUEST, &mut whole)?;
            sliced.insert("requestBody".into(), whole.into());
        }
        for (key, is_right, form) in [
            ("responses", operation.get("responses").is_some_and(Value::is_object), "a mapping of answers by their status"),
            ("security", operation.get("security").is_none_or(Value::is_array), "a list of mappings"),
            ("servers", operation.get("servers").is_none_or(Value::is_array), "a list of mappings"),
        ] {
            if !is_right {
                return Err(self.document.error(step(place, key), "is not what it should be", format!("write {form} there")));
            }
        }
        let mut responses = Map::new();
        for (status, response) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
            if !status.starts_with("x-") {
                responses.insert(status.clone(), self.response(response, step(&step(place, "responses"), status))?);
            }
        }
        sliced.insert("responses".into(), responses.into());

        if let Some(alternatives) = operation.get("security").or(self.document.root.get("security")).and_then(Value::as_array) {
            let with_scopes = |(name, scopes): (&String, &Value)| (name.clone(), sorted(scopes.as_array().cloned().unwrap_or_default()));
            let bare = |alternative: &Value| alternative.as_object().into_iter().flatten().map(with_scopes).collect::<Value>();
            let alternatives = sorted(alternatives.iter().map(bare).collect());
            for name in alternatives.as_array().into_iter().flatten().filter_map(Value::as_object).flat_map(Map::keys) {
                self.security.insert(name.clone());
            }
            // Everybody may: that needs no words.
            if alternatives != json!([]) && alternatives != json!([{}]) {
                sliced.insert("security".into(), alternatives);
            }
        }
        Ok(sliced.into())
    }

    /// The parameters of the path and of the operation, of which the latter count where both have one.
    fn parameters(&mut self, chosen: &Chosen<'a>) -> Result<Vec<Value>, Error> {
        let mut parameters = BTreeMap::new();
        let path_place = chosen.place.rsplit_once('/').map_or("#", |(path, _)| path);
        for (list, place) in [(chosen.shared, path_place), (chosen.operation.get("parameters"), chosen.place.as_str())] {
            if list.is_some_and(|list| !list.is_array()) {
                let remedy = "the parameters of an operation are a list of mappings";
                return Err(self.document.error(step(place, "parameters"), "is no list", remedy));
            }
            for (index, parameter) in list.and_then(Value::as_array).into_iter().flatten().enumerate() {
                let (at, parameter) = self.resolved(parameter, format!("{place}/parameters/{index}"))?;
                let text = |key: &str| parameter.get(key).and_then(Value::as_str).map(str::to_owned);
                let (Some(mut name), Some(location)) = (text("name"), text("in")) else {
                    return Err(self.document.error(at, "has no `name` or no `in`", "every parameter has both"));
                };
                if location == "header" {
                    name.make_ascii_lowercase();
                }
                let mut sliced = Map::from_iter([("name".into(), name.clone().into()), ("in".into(), location.clone().into())]);
                self.prose(parameter, &mut sliced);
                keep_flags(parameter, &["required", "deprecated", "allowReserved", "allowEmptyValue"], &mut sliced);
                self.value(parameter, &at, Direction::REQUEST, &mut sliced)?;
                // How a value is written, where it is not written as all are at that place.
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

    fn response(&mut self, response: &'a Value, place: String) -> Result<Value, Error> {
        let (at, response) = self.resolved(response, place)?;
        let mut sliced = Map::from_iter([("description".into(), "".into())]);
        if at.starts_with("#/components/schemas/") {
            // Up to 2022.7 upstream refers to a schema where a response is due.
            let schema = self.canonical.reference(&at);
            sliced.insert("content".into(), json!({ "application/json": { "schema": schema } }));
            return Ok(sliced.into());
        }
        self.prose(response, &mut sliced);
        self.content(response, &at, Direction::RESPONSE, &mut sliced)?;
        let mut headers = Map::new();
        for (name, header) in response.get("headers").and_then(Value::as_object).into_iter().flatten() {
            let (at, header) = self.resolved(header, step(&step(&at, "headers"), name))?;
            let mut whole = Map::new();
            self.prose(header, &mut whole);
            keep_flags(header, &["required", "deprecated"], &mut whole);
            self.value(header, &at, Direction::RESPONSE, &mut whole)?;
            // https://www.rfc-editor.org/rfc/rfc9110#section-5.1: names of headers are the same in either case.
            headers.insert(name.to_ascii_lowercase(), whole.into());
        }
        if !headers.is_empty() {
            sliced.insert("headers".into(), headers.into());
        }
        Ok(sliced.into())
    }

    /// The schema of a parameter or header, or the `content` that stands for it.
    fn value(&mut self, part: &'a Value, place: &str, direction: Direction, sliced: &mut Map<String, Value>) -> Result<(), Error> {
        if let Some(schema) = part.get("schema") {
            sliced.insert("schema".into(), self.canonical.parameter(schema, &step(place, "schema"), direction)?);
        }
        self.content(part, place, direction, sliced)
    }

    fn content(&mut self, part: &'a Value, place: &str, direction: Direction, sliced: &mut Map<String, Value>) -> Result<(), Error> {
        let mut content = Map::new();
        self.examples(part, place)?;
        for (kind, media) in part.get("content").and_then(Value::as_object).into_iter().flatten() {
            let at = step(&step(place, "content"), kind);
            let mut whole = Map::new();
            self.examples(media, &at)?;
            if let Some(schema) = media.get("schema") {
                whole.insert("schema".into(), self.canonical.schema(schema, &step(&at, "schema"), direction)?);
            }
            whole.extend(media.get("encoding").map(|encoding| ("encoding".to_owned(), encoding.clone())));
            content.insert(kind.clone(), whole.into());
        }
        if !content.is_empty() {
            sliced.insert("content".into(), content.into());
        }
        Ok(())
    }

    /// Examples are prose and left out, but what they refer to must be there.
    fn examples(&self, part: &'a Value, place: &str) -> Result<(), Error> {
        for (name, example) in part.get("examples").and_then(Value::as_object).into_iter().flatten() {
            self.resolved(example, step(&step(place, "examples"), name))?;
        }
        Ok(())
    }

    /// The security schemes that operations name.
    fn security_schemes(&self) -> Result<Map<String, Value>, Error> {
        let mut schemes = Map::new();
        for name in &self.security {
            let place = step("#/components/securitySchemes", name);
            let Some(scheme) = self.document.root.pointer(&place[1..]) else {
                return Err(self.document.error(place, "is not there, but operations require it", "add the scheme, or correct its name"));
            };
            let (_, scheme) = self.resolved(scheme, place)?;
            let mut whole = scheme.as_object().cloned().unwrap_or_default();
            whole.retain(|key, _| self.keep_prose || !(key == "description" || key == "bearerFormat" || key.starts_with("x-")));
            // https://www.rfc-editor.org/rfc/rfc7235#section-2.1: `Bearer` and `bearer` are one scheme.
            if let Some(Value::String(name)) = whole.get_mut("scheme") {
                name.make_ascii_lowercase();
            }
            let flows = whole.get_mut("flows").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
            for text in
                flows.filter_map(|flow| flow.get_mut("scopes")?.as_object_mut()).flat_map(Map::values_mut).filter(|_| !self.keep_prose)
            {
                *text = "".into();
            }
            schemes.insert(name.clone(), whole.into());
        }
        Ok(schemes)
    }

    /// What stands at a place, behind a `$ref` or not.
    fn resolved(&self, part: &'a Value, place: String) -> Result<(String, &'a Value), Error> {
        match part.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.document.follow(reference, &step(&place, "$ref")),
            None if part.is_object() => Ok((place, part)),
            None => Err(self.document.error(place, "is no mapping", "compare the place with https://spec.openapis.org/oas/v3.0.3")),
        }
    }

    fn prose(&self, part: &Value, sliced: &mut Map<String, Value>) {
        for key in ["summary", "description"] {
            sliced.extend(part.get(key).filter(|_| self.keep_prose).map(|text| (key.to_owned(), text.clone())));
        }
    }
}

/// Keeps flags that are set: one that is not goes without saying.
fn keep_flags(part: &Value, flags: &[&str], sliced: &mut Map<String, Value>) {
    for flag in flags {
        if part.get(flag) == Some(&Value::Bool(true)) {
            sliced.insert((*flag).to_owned(), true.into());
        }
    }
}

/// Where on its host the API is, by the first server, as all that servers say to a client whose users have a host of their own. Without
/// a server it is at the root: <https://spec.openapis.org/oas/v3.0.3#openapi-object>.
fn api_path(servers: Option<&Value>) -> Value {
    let first = servers.and_then(|servers| servers.get(0)).unwrap_or(&Value::Null);
    let mut url = first.get("url").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (name, variable) in first.get("variables").and_then(Value::as_object).into_iter().flatten() {
        url = url.replace(&format!("{{{name}}}"), variable.get("default").and_then(Value::as_str).unwrap_or_default());
    }
    let below_host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest.find('/').map_or("", |slash| &rest[slash..]));
    json!([{ "url": format!("/{}", below_host.trim_matches('/')) }])
}
