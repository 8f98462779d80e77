//! What the document says beyond OpenAPI, read for the generated Rust: shapes of objects, list operations, and what fixups find.

use std::collections::BTreeMap;

use openapiv3::{IntegerType, OpenAPI, Operation, Parameter, ReferenceOr, Schema, SchemaKind, Type};
use serde::Deserialize;
use serde_json::Value;

use super::Flaw;

/// What the fixups found that cannot be said in OpenAPI and is left for the generated Rust.
#[derive(Default)]
pub struct Metadata {
    /// Components that become open enums.
    pub enums: Vec<OpenEnum>,
    /// Properties that some releases name otherwise or leave out.
    pub moved: Vec<MovedProperty>,
    /// Page counters: component and property.
    pub counters: Vec<(String, String)>,
    /// List operations, by operation id.
    pub listings: BTreeMap<String, Listing>,
    /// Every object of the document, by component, as it was before any fixup.
    pub shapes: BTreeMap<String, Shape>,
    /// JSON pointers of answers without a description, refusals too, of which no Rust is made.
    pub undescribed_answers: Vec<String>,
    /// Components that are none in the document: the JSON pointer of where each stands.
    pub places: BTreeMap<String, String>,
}

impl Metadata {
    /// The JSON pointer of where a component stands in the document.
    pub fn place(&self, component: &str) -> String {
        self.places.get(component).cloned().unwrap_or_else(|| format!("#/components/schemas/{component}"))
    }
}

/// A string enum of the document, to be declared with `open_enum!`.
pub struct OpenEnum {
    /// Name of the component, such as `FlowLayoutEnum`.
    pub component: String,
    /// Name in Rust, such as `FlowLayout`.
    pub name: String,
    pub description: String,
    pub values: Vec<EnumValue>,
}

/// One value of an [`OpenEnum`].
pub struct EnumValue {
    pub value: String,
    pub variant: String,
    pub label: String,
    pub description: Option<String>,
}

/// A property that stands elsewhere, or nowhere, in the answers of some releases.
pub struct MovedProperty {
    pub component: String,
    pub property: String,
    /// Other names under which it is sent (`x-aliases`).
    pub aliases: Vec<String>,
    /// What it is taken for when it is not sent (`x-default-when-absent`).
    pub default: Option<Value>,
    /// Whether it is an object that may have whatever properties.
    pub free_form: bool,
}

/// How the rows of a list operation can be ordered and told apart (`x-listing`).
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Listing {
    /// The order that tells all rows apart.
    pub total_order: String,
    /// Terms of `ordering`, each with the path of the property that it sorts by.
    pub sort_terms: BTreeMap<String, String>,
    pub partition: Option<Partition>,
    #[serde(default)]
    pub traces: Vec<Trace>,
}

impl Default for Listing {
    fn default() -> Self {
        Self { total_order: "pk".into(), sort_terms: BTreeMap::from([("pk".into(), "pk".into())]), partition: None, traces: Vec::new() }
    }
}

/// A filter that divides a list into smaller ones.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Partition {
    pub parameter: String,
    /// Paths of the properties in which its values are found; `[]` stands for every item of an array.
    pub found_in: Vec<String>,
}

/// A key by which releases can be told apart: `sent-since` and `sent-until` where it is there, `always-since` where it is not.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Trace {
    pub key: String,
    pub sent_since: Option<String>,
    pub sent_until: Option<String>,
    pub always_since: Option<String>,
}

/// What the document says of an object.
pub struct Shape {
    pub fields: Vec<Field>,
    /// Whether it may have any other property.
    pub open: bool,
}

pub struct Field {
    pub name: String,
    pub aliases: Vec<String>,
    pub required: bool,
    pub kind: Kind,
}

pub enum Kind {
    Object(String),
    Objects(String),
    Enum(Vec<String>),
    Integer { minimum: i64, maximum: i64 },
    Other,
}

/// Notes what the document says of its objects, for the comparison of answers with it.
pub fn read_shapes(spec: &OpenAPI, metadata: &mut Metadata) {
    let Some(components) = &spec.components else { return };
    for (component, schema) in &components.schemas {
        let Some(SchemaKind::Type(Type::Object(object))) = schema.as_item().map(|schema| &schema.schema_kind) else { continue };
        let fields = object.properties.iter().map(|(name, schema)| {
            let extensions = schema.as_item().map(|schema| &schema.schema_data.extensions);
            Field {
                name: name.clone(),
                aliases: extensions.map(|extensions| texts(extensions.get("x-aliases"))).unwrap_or_default(),
                required: object.required.contains(name),
                kind: kind(&components.schemas, schema),
            }
        });
        let open = object.additional_properties.is_some();
        metadata.shapes.insert(component.clone(), Shape { fields: fields.collect(), open });
    }
}

type Schemas = indexmap::IndexMap<String, ReferenceOr<Schema>>;

fn kind<T: std::borrow::Borrow<Schema>>(schemas: &Schemas, schema: &ReferenceOr<T>) -> Kind {
    /// References on the way to a kind; a list of lists of itself has no end of them.
    const MOST_STEPS: usize = 16;
    kind_within(schemas, schema, MOST_STEPS)
}

fn kind_within<T: std::borrow::Borrow<Schema>>(schemas: &Schemas, schema: &ReferenceOr<T>, steps: usize) -> Kind {
    let Some(steps) = steps.checked_sub(1) else { return Kind::Other };
    let schema = match schema {
        ReferenceOr::Item(schema) => schema.borrow(),
        ReferenceOr::Reference { reference } => {
            let name = reference.trim_start_matches("#/components/schemas/");
            return match schemas.get(name) {
                Some(ReferenceOr::Item(schema)) if matches!(schema.schema_kind, SchemaKind::Type(Type::Object(_))) => {
                    Kind::Object(name.to_owned())
                }
                Some(schema) => kind_within(schemas, schema, steps),
                None => Kind::Other,
            };
        }
    };
    match &schema.schema_kind {
        SchemaKind::AllOf { all_of } if all_of.len() == 1 => kind_within(schemas, &all_of[0], steps),
        SchemaKind::Type(Type::Array(array)) => match array.items.as_ref().map(|items| kind_within(schemas, items, steps)) {
            Some(Kind::Object(name)) => Kind::Objects(name),
            _ => Kind::Other,
        },
        SchemaKind::Type(Type::Integer(IntegerType { minimum, maximum, .. })) => {
            Kind::Integer { minimum: minimum.unwrap_or(i64::MIN), maximum: maximum.unwrap_or(i64::MAX) }
        }
        _ => enum_values(schema).map_or(Kind::Other, Kind::Enum),
    }
}

/// Reads what the document says of its list operations, which is no fixup: it describes, and changes nothing.
pub fn read_listings(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<(), Flaw> {
    for (place, operation) in operations(spec) {
        let Some(listing) = operation.extensions.shift_remove("x-listing") else { continue };
        let listing: Listing = serde_json::from_value(listing).map_err(|error| {
            let remedy = "write total-order, sort-terms, partition and traces as codegen/metadata.rs reads them";
            (format!("{place}/x-listing"), error.to_string(), remedy)
        })?;
        check_listing(&listing, operation, &metadata.shapes)
            .map_err(|problem| (format!("{place}/x-listing"), problem, "name parameters of the operation, and properties of its rows"))?;
        metadata.listings.insert(operation.operation_id.clone().unwrap_or_default(), listing);
    }
    Ok(())
}

/// Whether what the listing names is there, so that the generated Rust compiles.
fn check_listing(listing: &Listing, operation: &Operation, shapes: &BTreeMap<String, Shape>) -> Result<(), String> {
    let paths = listing.sort_terms.values().chain(listing.partition.iter().flat_map(|partition| &partition.found_in));
    for path in paths {
        let known = |step: &str| shapes.values().any(|shape| shape.fields.iter().any(|field| field.name == step));
        if let Some(unknown) = path.split('.').find(|step| !known(step.trim_end_matches("[]"))) {
            return Err(format!("the path `{path}` has `{unknown}`, which is no property"));
        }
        if path.matches("[]").count() > 1 {
            return Err(format!("the path `{path}` has more than one `[]`"));
        }
    }
    if let Some(term) = listing.total_order.split(',').find(|term| !listing.sort_terms.contains_key(*term)) {
        return Err(format!("the total order has `{term}`, which is no sort term"));
    }
    let mut parameters = operation.parameters.iter().filter_map(ReferenceOr::as_item).map(Parameter::parameter_data_ref);
    match &listing.partition {
        Some(Partition { parameter, .. }) if !parameters.any(|data| data.name == *parameter) => {
            Err(format!("the partition has `{parameter}`, which is no parameter"))
        }
        _ => Ok(()),
    }
}

/// Every operation with its JSON pointer.
pub fn operations(spec: &mut OpenAPI) -> impl Iterator<Item = (String, &mut Operation)> {
    spec.paths.paths.iter_mut().filter_map(|(path, item)| Some((path, item_mut(item)?))).flat_map(|(path, item)| {
        let pointer = format!("#/paths/{}", path.replace('~', "~0").replace('/', "~1"));
        let methods = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
            ("options", &mut item.options),
            ("head", &mut item.head),
            ("patch", &mut item.patch),
            ("trace", &mut item.trace),
        ];
        methods.into_iter().filter_map(move |(method, operation)| Some((format!("{pointer}/{method}"), operation.as_mut()?)))
    })
}

/// What stands at a place itself, and not behind a `$ref`.
pub fn item_mut<T>(item: &mut ReferenceOr<T>) -> Option<&mut T> {
    match item {
        ReferenceOr::Item(item) => Some(item),
        ReferenceOr::Reference { .. } => None,
    }
}

pub fn enum_values(schema: &Schema) -> Option<Vec<String>> {
    match &schema.schema_kind {
        SchemaKind::Type(Type::String(string)) if !string.enumeration.is_empty() => {
            Some(string.enumeration.iter().flatten().cloned().collect())
        }
        _ => None,
    }
}

pub fn texts(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
