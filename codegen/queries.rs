//! Iterators over a parsed document, and queries about schemas that several passes share.

use std::borrow::{Borrow, BorrowMut, Cow};

use openapiv3::{
    AdditionalProperties, AnySchema, IntegerFormat, OpenAPI, Operation, Parameter, ParameterData, PathItem, ReferenceOr, Schema,
    SchemaKind, StringFormat, Type, VariantOrUnknownOrEmpty,
};
use serde_json::Value;

use super::pointer::{child, component, to_component};

/// Every operation with its JSON pointer.
pub fn operations(spec: &OpenAPI) -> impl Iterator<Item = (String, &Operation)> {
    spec.paths
        .paths
        .iter()
        .filter_map(|(path, item)| Some((child("#/paths", path), item.as_item()?)))
        .flat_map(|(pointer, item)| item.iter().map(move |(method, operation)| (child(&pointer, method), operation)))
}

/// Like [`operations`], but mutable.
pub fn operations_mut(spec: &mut OpenAPI) -> impl Iterator<Item = (String, &mut Operation)> {
    spec.paths.paths.iter_mut().filter_map(|(path, item)| Some((child("#/paths", path), item_mut(item)?))).flat_map(|(pointer, item)| {
        let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
        let methods = [
            ("get", get),
            ("put", put),
            ("post", post),
            ("delete", delete),
            ("options", options),
            ("head", head),
            ("patch", patch),
            ("trace", trace),
        ];
        methods.into_iter().filter_map(move |(method, operation)| Some((child(&pointer, method), operation.as_mut()?)))
    })
}

/// The parameters of an operation. The passes have inlined those behind a `$ref`.
pub fn parameters(operation: &Operation) -> impl Iterator<Item = &ParameterData> {
    operation.parameters.iter().filter_map(ReferenceOr::as_item).map(Parameter::parameter_data_ref)
}

/// Like [`parameters`], but mutable.
pub fn parameters_mut(operation: &mut Operation) -> impl Iterator<Item = &mut ParameterData> {
    operation.parameters.iter_mut().filter_map(item_mut).map(|parameter| match parameter {
        Parameter::Query { parameter_data, .. }
        | Parameter::Header { parameter_data, .. }
        | Parameter::Path { parameter_data, .. }
        | Parameter::Cookie { parameter_data, .. } => parameter_data,
    })
}

/// The schemas in `components`, without those that are only a `$ref`.
pub fn components(spec: &OpenAPI) -> impl Iterator<Item = (&String, &Schema)> {
    let schemas = spec.components.iter().flat_map(|components| &components.schemas);
    schemas.filter_map(|(name, schema)| Some((name, schema.as_item()?)))
}

/// The item itself; `None` if it is a `$ref`.
pub fn item_mut<T>(item: &mut ReferenceOr<T>) -> Option<&mut T> {
    match item {
        ReferenceOr::Item(item) => Some(item),
        ReferenceOr::Reference { .. } => None,
    }
}

/// A schema or a `$ref` to one; openapiv3 boxes some of them.
pub trait SchemaSlot {
    /// The schema itself; `None` if it is a `$ref`.
    fn schema_mut(&mut self) -> Option<&mut Schema>;

    /// Replaces it with a `$ref` to a component.
    fn refer_to(&mut self, component: &str);
}

impl<T: BorrowMut<Schema>> SchemaSlot for ReferenceOr<T> {
    fn schema_mut(&mut self) -> Option<&mut Schema> {
        item_mut(self).map(BorrowMut::borrow_mut)
    }

    fn refer_to(&mut self, component: &str) {
        *self = Self::ref_(&to_component("schemas", component));
    }
}

/// The schemas directly inside another, each with the steps of the JSON pointer to it, such as `["properties", "name"]`.
pub fn inner_schemas(schema: &mut Schema) -> Vec<(Vec<String>, &mut dyn SchemaSlot)> {
    let mut inner: Vec<(Vec<String>, &mut dyn SchemaSlot)> = Vec::new();
    match &mut schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => {
            let properties = object.properties.iter_mut();
            inner.extend(properties.map(|(name, property)| (vec!["properties".into(), name.clone()], property as &mut dyn SchemaSlot)));
            if let Some(AdditionalProperties::Schema(values)) = &mut object.additional_properties {
                inner.push((vec!["additionalProperties".into()], &mut **values));
            }
        }
        SchemaKind::Type(Type::Array(array)) => {
            inner.extend(array.items.iter_mut().map(|items| (vec!["items".into()], items as &mut dyn SchemaSlot)));
        }
        SchemaKind::OneOf { one_of: parts } => inner.extend(numbered("oneOf", parts)),
        SchemaKind::AnyOf { any_of: parts } => inner.extend(numbered("anyOf", parts)),
        SchemaKind::AllOf { all_of: parts } => inner.extend(numbered("allOf", parts)),
        SchemaKind::Type(_) | SchemaKind::Not { .. } | SchemaKind::Any(_) => {}
    }
    inner
}

fn numbered<'a>(keyword: &str, parts: &'a mut [ReferenceOr<Schema>]) -> impl Iterator<Item = (Vec<String>, &'a mut dyn SchemaSlot)> {
    parts.iter_mut().enumerate().map(move |(index, part)| (vec![keyword.to_owned(), index.to_string()], part as &mut dyn SchemaSlot))
}

/// Calls `visit` with every schema in `components`, at any depth, and its JSON pointer.
pub fn for_each_schema(spec: &mut OpenAPI, visit: &mut dyn FnMut(&str, &mut Schema)) {
    for (name, schema) in spec.components.iter_mut().flat_map(|components| &mut components.schemas) {
        if let Some(schema) = item_mut(schema) {
            visit_schema(&to_component("schemas", name), schema, visit);
        }
    }
}

/// Calls `visit` with a schema and with every schema inside it that is not behind a `$ref`.
pub fn visit_schema(pointer: &str, schema: &mut Schema, visit: &mut dyn FnMut(&str, &mut Schema)) {
    visit(pointer, schema);
    for (steps, slot) in inner_schemas(schema) {
        if let Some(schema) = slot.schema_mut() {
            visit_schema(&steps.iter().fold(pointer.to_owned(), |pointer, key| child(&pointer, key)), schema, visit);
        }
    }
}

/// The values of a string enum.
pub fn enum_values(schema: &Schema) -> Option<Vec<String>> {
    match &schema.schema_kind {
        SchemaKind::Type(Type::String(string)) if !string.enumeration.is_empty() => {
            Some(string.enumeration.iter().flatten().cloned().collect())
        }
        _ => None,
    }
}

/// The target of `$ref`s and of `allOf`s with a single part.
pub struct Resolved<'a> {
    /// The last component that was followed, if any.
    pub component: Option<Cow<'a, str>>,
    pub schema: &'a Schema,
}

/// Follows `$ref`s and `allOf`s with a single part. `None` if a reference is dangling or circular.
pub fn resolved<'a, T: Borrow<Schema>>(spec: &'a OpenAPI, schema: &'a ReferenceOr<T>) -> Option<Resolved<'a>> {
    let mut visited = Vec::new();
    let mut next = item_or_reference(schema);
    loop {
        next = match next {
            Ok(schema) => match &schema.schema_kind {
                SchemaKind::AllOf { all_of } if all_of.len() == 1 => item_or_reference(&all_of[0]),
                _ => return Some(Resolved { component: visited.pop(), schema }),
            },
            Err(reference) => {
                let name = component(reference, "schemas").filter(|name| !visited.contains(name))?;
                let target = spec.components.as_ref()?.schemas.get(name.as_ref())?;
                visited.push(name);
                item_or_reference(target)
            }
        };
    }
}

fn item_or_reference<T: Borrow<Schema>>(schema: &ReferenceOr<T>) -> Result<&Schema, &str> {
    match schema {
        ReferenceOr::Item(schema) => Ok(schema.borrow()),
        ReferenceOr::Reference { reference } => Err(reference),
    }
}

/// Whether a schema is a free-form object: it declares no properties and allows any.
pub fn is_free_form(schema: &Schema) -> bool {
    let SchemaKind::Type(Type::Object(object)) = &schema.schema_kind else { return false };
    let takes_any = match &object.additional_properties {
        Some(AdditionalProperties::Schema(values)) => {
            values.as_item().is_some_and(|values| matches!(&values.schema_kind, SchemaKind::Any(any) if *any == AnySchema::default()))
        }
        others => *others != Some(AdditionalProperties::Any(false)),
    };
    object.properties.is_empty() && takes_any
}

/// Whether a schema allows a value that the generator can write as Rust. Arrays and objects must be empty.
pub fn allows(schema: &Schema, value: &Value) -> bool {
    let is_empty_object = value.as_object().is_some_and(serde_json::Map::is_empty);
    match &schema.schema_kind {
        SchemaKind::Type(Type::String(string)) => value.is_string() && !is_parsed(&string.format),
        SchemaKind::Type(Type::Boolean(_)) => value.is_boolean(),
        SchemaKind::Type(Type::Number(number)) => value.is_number() && number.enumeration.is_empty(),
        SchemaKind::Type(Type::Integer(integer)) => holds(&integer.format, value) && integer.enumeration.is_empty(),
        SchemaKind::Type(Type::Array(_)) => value.as_array().is_some_and(Vec::is_empty),
        SchemaKind::Type(Type::Object(object)) => is_empty_object && object.required.is_empty(),
        _ => is_empty_object,
    }
}

/// Whether strings of a format become a type that not every string can be converted to.
fn is_parsed(format: &VariantOrUnknownOrEmpty<StringFormat>) -> bool {
    match format {
        VariantOrUnknownOrEmpty::Unknown(format) => ["uuid", "ip", "ipv4", "ipv6"].contains(&format.as_str()),
        VariantOrUnknownOrEmpty::Item(format) => matches!(format, StringFormat::Date | StringFormat::DateTime),
        VariantOrUnknownOrEmpty::Empty => false,
    }
}

/// Whether the Rust integer of a format, such as `u8` for `uint8`, can hold a value.
fn holds(format: &VariantOrUnknownOrEmpty<IntegerFormat>, value: &Value) -> bool {
    let value = value.as_i64().map(i128::from).or(value.as_u64().map(i128::from));
    let (is_signed, bits) = match format {
        VariantOrUnknownOrEmpty::Item(IntegerFormat::Int32) => (true, 32),
        VariantOrUnknownOrEmpty::Unknown(format) => {
            let digits = format.trim_start_matches("uint").trim_start_matches("int");
            (!format.starts_with("uint"), digits.parse().ok().filter(|bits| [8, 16, 32, 64].contains(bits)).unwrap_or(64))
        }
        VariantOrUnknownOrEmpty::Item(IntegerFormat::Int64) | VariantOrUnknownOrEmpty::Empty => (true, 64_u32),
    };
    let range = if is_signed { -(1_i128 << (bits - 1))..1_i128 << (bits - 1) } else { 0..1_i128 << bits };
    value.is_some_and(|value| range.contains(&value))
}

/// The strings in a JSON array.
pub fn strings(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
