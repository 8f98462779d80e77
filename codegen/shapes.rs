//! The shapes of objects and lists. Responses are compared with them, and the fake server generates rows from them.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use openapiv3::{
    AdditionalProperties, IntegerType, ObjectType, OpenAPI, Operation, ReferenceOr, Schema, SchemaKind, StatusCode, StringFormat, Type,
    VariantOrUnknownOrEmpty,
};

use super::queries::{Resolved, components, enum_values, parameters, resolved, strings};

/// The properties of an object.
pub struct Shape {
    pub fields: Vec<Field>,
    /// Whether any other property may be sent.
    pub open: bool,
}

pub struct Field {
    pub name: String,
    pub aliases: Vec<String>,
    pub required: bool,
    pub nullable: bool,
    pub kind: Kind,
}

pub enum Kind {
    /// A component.
    Object(String),
    /// An inline object.
    InlineObject(Shape),
    List(Box<Kind>),
    /// An object with arbitrary keys and values of one kind.
    Map(Box<Kind>),
    /// One of several kinds, not all of them enums.
    Union(Vec<Kind>),
    Enum(Vec<String>),
    Integer {
        minimum: i64,
        maximum: i64,
    },
    Number,
    Boolean,
    Uuid,
    Date,
    DateTime,
    Text,
    /// Any value.
    Any,
}

/// A list operation.
pub struct List<'a> {
    pub id: &'a str,
    pub path: &'a str,
    /// The components of its pages and of its rows.
    pub page: String,
    pub row: String,
    pub parameters: Vec<&'a str>,
    /// The path parameter that selects one row, such as `slug`.
    pub lookup: Option<&'a str>,
}

/// The shape of every component that is an object.
pub fn read_shapes(spec: &OpenAPI) -> BTreeMap<String, Shape> {
    let objects = components(spec).filter_map(|(component, schema)| match &schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => Some((component.clone(), shape(spec, object, MAX_DEPTH))),
        _ => None,
    });
    objects.collect()
}

fn shape(spec: &OpenAPI, object: &ObjectType, deeper: usize) -> Shape {
    let fields = object.properties.iter().map(|(name, schema)| {
        let data = schema.as_item().map(|schema| &schema.schema_data);
        let target = resolved(spec, schema);
        Field {
            name: name.clone(),
            aliases: data.map(|data| strings(data.extensions.get("x-aliases"))).unwrap_or_default(),
            required: object.required.contains(name),
            nullable: data.is_some_and(|data| data.nullable) || target.is_some_and(|target| target.schema.schema_data.nullable),
            kind: kind(spec, schema, deeper),
        }
    });
    Shape { fields: fields.collect(), open: object.additional_properties.is_some() }
}

/// The depth to which arrays, maps, unions and inline objects are followed: an array may contain itself. Deeper values have the kind `Any`.
const MAX_DEPTH: usize = 8;

fn kind<T: Borrow<Schema>>(spec: &OpenAPI, schema: &ReferenceOr<T>, deeper: usize) -> Kind {
    let (Some(target), Some(deeper)) = (resolved(spec, schema), deeper.checked_sub(1)) else { return Kind::Any };
    if let Some(component) = object_component(&target) {
        return Kind::Object(component);
    }
    match &target.schema.schema_kind {
        SchemaKind::Type(Type::Array(array)) => {
            Kind::List(Box::new(array.items.as_ref().map_or(Kind::Any, |items| kind(spec, items, deeper))))
        }
        SchemaKind::Type(Type::Object(object)) => match &object.additional_properties {
            Some(AdditionalProperties::Schema(values)) => Kind::Map(Box::new(kind(spec, values, deeper))),
            _ if !object.properties.is_empty() => Kind::InlineObject(shape(spec, object, deeper)),
            _ => Kind::Map(Box::new(Kind::Any)),
        },
        SchemaKind::Type(Type::Integer(IntegerType { minimum, maximum, .. })) => {
            Kind::Integer { minimum: minimum.unwrap_or(i64::MIN), maximum: maximum.unwrap_or(i64::MAX) }
        }
        SchemaKind::Type(Type::Number(_)) => Kind::Number,
        SchemaKind::Type(Type::Boolean(_)) => Kind::Boolean,
        SchemaKind::Type(Type::String(string)) => enum_values(target.schema).map_or_else(|| text_kind(&string.format), Kind::Enum),
        SchemaKind::OneOf { one_of: parts } | SchemaKind::AnyOf { any_of: parts } => {
            union(parts.iter().map(|part| kind(spec, part, deeper)).collect())
        }
        _ => Kind::Any,
    }
}

fn text_kind(format: &VariantOrUnknownOrEmpty<StringFormat>) -> Kind {
    match format {
        VariantOrUnknownOrEmpty::Item(StringFormat::Date) => Kind::Date,
        VariantOrUnknownOrEmpty::Item(StringFormat::DateTime) => Kind::DateTime,
        VariantOrUnknownOrEmpty::Unknown(format) if format == "uuid" => Kind::Uuid,
        _ => Kind::Text,
    }
}

/// Upstream writes an enum that also allows the empty string as a union of two enums.
fn union(kinds: Vec<Kind>) -> Kind {
    let values = kinds.iter().map(|kind| match kind {
        Kind::Enum(values) => Some(values.clone()),
        _ => None,
    });
    match values.collect::<Option<Vec<_>>>() {
        Some(values) => Kind::Enum(values.concat()),
        None => Kind::Union(kinds),
    }
}

/// The component that was resolved, if it is an object.
fn object_component(target: &Resolved) -> Option<String> {
    let is_object = matches!(target.schema.schema_kind, SchemaKind::Type(Type::Object(_)));
    target.component.as_ref().filter(|_| is_object).map(|name| name.clone().into_owned())
}

/// The list operations of the document: those whose pages have `pagination` and `results`.
pub fn lists<'a>(spec: &'a OpenAPI, shapes: &'a BTreeMap<String, Shape>) -> impl Iterator<Item = List<'a>> {
    let items = spec.paths.paths.iter().filter_map(|(path, item)| Some((path, item.as_item()?.get.as_ref()?)));
    items.filter_map(|(path, operation)| {
        let page = page(spec, operation)?;
        let shape = shapes.get(&page)?;
        let Kind::List(rows) = &field(shape, "results")?.kind else { return None };
        let (Kind::Object(row), Some(_)) = (&**rows, field(shape, "pagination")) else { return None };
        let id = operation.operation_id.as_deref()?;
        let parameters = parameters(operation).map(|data| data.name.as_str()).collect();
        Some(List { id, path, row: row.clone(), page, parameters, lookup: lookup(spec, path) })
    })
}

fn field<'a>(shape: &'a Shape, name: &str) -> Option<&'a Field> {
    shape.fields.iter().find(|field| field.name == name)
}

/// The component of a successful response.
fn page(spec: &OpenAPI, operation: &Operation) -> Option<String> {
    let response = operation.responses.responses.get(&StatusCode::Code(200))?.as_item()?;
    object_component(&resolved(spec, response.content.get("application/json")?.schema.as_ref()?)?)
}

/// The path parameter of the operation that retrieves one row: its path has one more segment.
fn lookup<'a>(spec: &'a OpenAPI, list: &str) -> Option<&'a str> {
    let rests = spec.paths.paths.keys().filter_map(|path| path.strip_prefix(list)?.strip_prefix('{')?.strip_suffix("}/"));
    rests.into_iter().find(|name| !name.contains('/'))
}
