//! What upstream's schema does that hurts a client, and what we do about it: one function for each quirk.
//!
//! A fixup returns the number of places that it changed. One that changes nothing is no longer needed, and the build
//! says so, so that none can rot.

#![allow(clippy::unnecessary_wraps, reason = "fixups share one signature, and some can fail")]

use std::collections::BTreeMap;

use heck::ToUpperCamelCase;
use openapiv3::{
    AdditionalProperties, IntegerType, OpenAPI, Operation, Parameter, ParameterSchemaOrContent, ReferenceOr, Schema, SchemaKind,
    StatusCode, Type, VariantOrUnknownOrEmpty,
};
use serde::Deserialize;
use serde_json::Value;

use super::Flaw;

type Fixup = fn(&mut OpenAPI, &mut Plan) -> Result<usize, Flaw>;

/// Every fixup by name, in the order in which they run.
pub const ALL: &[(&str, Fixup)] = &[
    ("page_counters_are_unsigned", page_counters_are_unsigned),
    ("error_answers_are_decoded_by_hand", error_answers_are_decoded_by_hand),
    ("answers_are_not_validated", answers_are_not_validated),
    ("enums_are_open", enums_are_open),
    ("filters_share_the_enums_of_rows", filters_share_the_enums_of_rows),
    ("moved_properties_are_read", moved_properties_are_read),
];

/// What the fixups found that cannot be said in OpenAPI and is left for the generated Rust.
#[derive(Default)]
pub struct Plan {
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

/// A key by which releases can be told apart: `sent-since` and `sent-until` where it is there, `always-since` where it is not.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Trace {
    pub key: String,
    pub sent_since: Option<String>,
    pub sent_until: Option<String>,
    pub always_since: Option<String>,
}

/// A filter that divides a list into smaller ones.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Partition {
    pub parameter: String,
    /// Paths of the properties in which its values are found; `[]` stands for every item of an array.
    pub found_in: Vec<String>,
}

impl Default for Listing {
    fn default() -> Self {
        Self { total_order: "pk".into(), sort_terms: BTreeMap::from([("pk".into(), "pk".into())]), partition: None, traces: Vec::new() }
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
}

/// Upstream declares page counters as `number`, which becomes `f64`; servers send whole numbers from 0.
fn page_counters_are_unsigned(spec: &mut OpenAPI, plan: &mut Plan) -> Result<usize, Flaw> {
    let mut changed = 0;
    for_each_schema(spec, &mut |place, schema| {
        let SchemaKind::Type(Type::Object(object)) = &mut schema.schema_kind else { return };
        if !object.properties.contains_key("total_pages") {
            return;
        }
        let component = place.rsplit('/').next().unwrap_or_default();
        for (name, counter) in &mut object.properties {
            let Some(counter) = item_mut(counter) else { continue };
            if matches!(counter.schema_kind, SchemaKind::Type(Type::Number(_))) {
                let unsigned = VariantOrUnknownOrEmpty::Unknown("uint64".into());
                counter.schema_kind =
                    SchemaKind::Type(Type::Integer(IntegerType { format: unsigned, minimum: Some(0), ..Default::default() }));
                plan.counters.push((component.to_owned(), name.clone()));
                changed += 1;
            }
        }
    });
    Ok(changed)
}

/// Upstream gives each error status a schema of its own, on which progenitor panics (`response_types.len() <= 1`). Without them a
/// refused request arrives as it was answered, with status, headers and body, and `src/error.rs` reads it.
fn error_answers_are_decoded_by_hand(spec: &mut OpenAPI, _: &mut Plan) -> Result<usize, Flaw> {
    let mut changed = 0;
    for (_, operation) in operations(spec) {
        let before = operation.responses.responses.len();
        operation.responses.responses.retain(|status, _| matches!(status, StatusCode::Code(200..=299) | StatusCode::Range(2)));
        changed += before - operation.responses.responses.len();
    }
    Ok(changed)
}

/// Upstream repeats its database's limits (`pattern`, `maxLength`, `minimum` …) in answers, where progenitor would refuse a whole
/// page for one odd slug or number. A client has no business refusing what the server holds.
fn answers_are_not_validated(spec: &mut OpenAPI, _: &mut Plan) -> Result<usize, Flaw> {
    let mut changed = 0;
    for_each_schema(spec, &mut |_, schema| {
        let limits = match &mut schema.schema_kind {
            SchemaKind::Type(Type::String(string)) => {
                [string.pattern.take().is_some(), string.min_length.take().is_some(), string.max_length.take().is_some()]
            }
            SchemaKind::Type(Type::Integer(integer)) if integer.format == VariantOrUnknownOrEmpty::Empty => {
                [integer.minimum.take().is_some(), integer.maximum.take().is_some(), integer.multiple_of.take().is_some()]
            }
            _ => return,
        };
        changed += usize::from(limits.contains(&true));
    });
    Ok(changed)
}

/// Upstream adds values to its enums (two layouts in 2026.2), and a closed Rust enum then refuses the page. Every string enum
/// becomes an open one, and loses the `Enum` that upstream hangs on some names.
fn enums_are_open(spec: &mut OpenAPI, plan: &mut Plan) -> Result<usize, Flaw> {
    name_inline_enums(spec);
    for (component, schema) in spec.components.iter().flat_map(|components| &components.schemas) {
        let ReferenceOr::Item(schema) = schema else { continue };
        let Some(values) = enum_values(schema) else { continue };
        let text = |extension: &str, value: &str| schema.schema_data.extensions.get(extension)?.get(value)?.as_str().map(str::to_owned);
        let values = values
            .into_iter()
            .map(|value| EnumValue {
                variant: variant_name(&value),
                label: text("x-enum-labels", &value).unwrap_or_else(|| value.clone()),
                description: text("x-enum-descriptions", &value),
                value,
            })
            .collect::<Vec<_>>();
        for (index, value) in values.iter().enumerate() {
            if values[..index].iter().any(|earlier| earlier.variant == value.variant) {
                return Err((
                    format!("#/components/schemas/{component}/enum/{index}"),
                    format!("`{}` becomes the variant `{}`, which is taken", value.value, value.variant),
                    "teach `variant_name` in openapi/fixups.rs to tell the two values apart",
                ));
            }
        }
        plan.enums.push(OpenEnum {
            name: component.strip_suffix("Enum").unwrap_or(component).to_upper_camel_case(),
            component: component.clone(),
            description: schema.schema_data.description.clone().unwrap_or_default(),
            values,
        });
    }
    Ok(plan.enums.len())
}

/// An enum that stands in a property becomes a component, named after both.
fn name_inline_enums(spec: &mut OpenAPI) {
    let Some(components) = &mut spec.components else { return };
    let mut named = Vec::new();
    for (component, schema) in &mut components.schemas {
        let Some(SchemaKind::Type(Type::Object(object))) = item_mut(schema).map(|schema| &mut schema.schema_kind) else { continue };
        for (property, schema) in &mut object.properties {
            let Some(inline) = schema.as_item().filter(|schema| enum_values(schema).is_some()) else { continue };
            let name = format!("{component}{}", property.to_upper_camel_case());
            named.push((name.clone(), ReferenceOr::Item(*inline.clone())));
            *schema = ReferenceOr::ref_(&format!("#/components/schemas/{name}"));
        }
    }
    components.schemas.extend(named);
}

/// Up to 2026.2 upstream writes the enum of a filter out beside the filter, so that a filter would not take the type that a row
/// has. It becomes the component with the same values.
fn filters_share_the_enums_of_rows(spec: &mut OpenAPI, plan: &mut Plan) -> Result<usize, Flaw> {
    let sorted = |mut values: Vec<String>| {
        values.sort();
        values
    };
    let mut changed = 0;
    for (_, operation) in operations(spec) {
        for parameter in operation.parameters.iter_mut().filter_map(item_mut) {
            let ParameterSchemaOrContent::Schema(schema) = &mut parameter_data_mut(parameter).format else { continue };
            let Some(values) = schema.as_item().and_then(enum_values).map(sorted) else { continue };
            let same = |open: &&OpenEnum| sorted(open.values.iter().map(|value| value.value.clone()).collect()) == values;
            if let Some(open_enum) = plan.enums.iter().find(same) {
                *schema = ReferenceOr::ref_(&format!("#/components/schemas/{}", open_enum.component));
                changed += 1;
            }
        }
    }
    Ok(changed)
}

/// Upstream renames properties and adds required ones between releases, and one client reads them all: other names and what
/// stands for a missing value are written beside the property (`x-aliases`, `x-default-when-absent`).
fn moved_properties_are_read(spec: &mut OpenAPI, plan: &mut Plan) -> Result<usize, Flaw> {
    for (component, schema) in spec.components.iter().flat_map(|components| &components.schemas) {
        let Some(SchemaKind::Type(Type::Object(object))) = schema.as_item().map(|schema| &schema.schema_kind) else { continue };
        for (property, schema) in &object.properties {
            let Some(extensions) = schema.as_item().map(|schema| &schema.schema_data.extensions) else { continue };
            let place = format!("#/components/schemas/{component}/properties/{property}");
            let aliases = texts(extensions.get("x-aliases"));
            if extensions.contains_key("x-aliases") && aliases.is_empty() {
                return Err((format!("{place}/x-aliases"), "is no list of names".into(), "write the names as a YAML list"));
            }
            let default = extensions.get("x-default-when-absent").cloned();
            if default.as_ref().is_some_and(|default| !may_be(schema, default)) {
                let remedy = "write a value of the property's own type";
                return Err((format!("{place}/x-default-when-absent"), "is of another type than the property".into(), remedy));
            }
            if aliases.is_empty() && default.is_none() {
                continue;
            }
            if let Some(taken) = aliases.iter().find(|alias| object.properties.contains_key(*alias)) {
                return Err((
                    format!("{place}/x-aliases"),
                    format!("names `{taken}`, which is a property of its own"),
                    "a name can be read into one field only: remove the alias or the property",
                ));
            }
            plan.moved.push(MovedProperty { component: component.clone(), property: property.clone(), aliases, default });
        }
    }
    Ok(plan.moved.len())
}

/// Puts parameters and answers that stand in `components` (as they do since 2025.10) where they are referred to.
pub fn inline_parts(spec: &mut OpenAPI) {
    let Some(components) = spec.components.clone() else { return };
    for (_, operation) in operations(spec) {
        for parameter in &mut operation.parameters {
            put_in_place(parameter, "#/components/parameters/", &components.parameters);
        }
        for response in operation.responses.responses.values_mut() {
            put_in_place(response, "#/components/responses/", &components.responses);
        }
    }
}

fn put_in_place<T: Clone>(part: &mut ReferenceOr<T>, prefix: &str, components: &indexmap::IndexMap<String, ReferenceOr<T>>) {
    if let ReferenceOr::Reference { reference } = part
        && let Some(component) = reference.strip_prefix(prefix).and_then(|name| components.get(name))
    {
        *part = component.clone();
    }
}

/// Notes what the document says of its objects, for the comparison of answers with it.
pub fn read_shapes(spec: &OpenAPI, plan: &mut Plan) {
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
        plan.shapes.insert(component.clone(), Shape { fields: fields.collect(), open });
    }
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

type Schemas = indexmap::IndexMap<String, ReferenceOr<Schema>>;

fn kind<T: std::borrow::Borrow<Schema>>(schemas: &Schemas, schema: &ReferenceOr<T>) -> Kind {
    let schema = match schema {
        ReferenceOr::Item(schema) => schema.borrow(),
        ReferenceOr::Reference { reference } => {
            let name = reference.trim_start_matches("#/components/schemas/");
            return match schemas.get(name) {
                Some(ReferenceOr::Item(schema)) if matches!(schema.schema_kind, SchemaKind::Type(Type::Object(_))) => {
                    Kind::Object(name.to_owned())
                }
                Some(schema) => kind(schemas, schema),
                None => Kind::Other,
            };
        }
    };
    match &schema.schema_kind {
        SchemaKind::AllOf { all_of } if all_of.len() == 1 => kind(schemas, &all_of[0]),
        SchemaKind::Type(Type::Array(array)) => match array.items.as_ref().map(|items| kind(schemas, items)) {
            Some(Kind::Object(name)) => Kind::Objects(name),
            _ => Kind::Other,
        },
        SchemaKind::Type(Type::Integer(IntegerType { minimum, maximum, .. })) => {
            Kind::Integer { minimum: minimum.unwrap_or(i64::MIN), maximum: maximum.unwrap_or(i64::MAX) }
        }
        _ => enum_values(schema).map_or(Kind::Other, Kind::Enum),
    }
}

fn texts(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Reads what the document says of its list operations, which is no fixup: it describes, and changes nothing.
pub fn read_listings(spec: &mut OpenAPI, plan: &mut Plan) -> Result<(), Flaw> {
    for (place, operation) in operations(spec) {
        let Some(listing) = operation.extensions.shift_remove("x-listing") else { continue };
        let listing: Listing = serde_json::from_value(listing).map_err(|error| {
            let remedy = "write total-order, sort-terms and partition as openapi/fixups.rs reads them";
            (format!("{place}/x-listing"), error.to_string(), remedy)
        })?;
        check_listing(&listing, operation, &plan.shapes)
            .map_err(|problem| (format!("{place}/x-listing"), problem, "name parameters of the operation, and properties of its rows"))?;
        plan.listings.insert(operation.operation_id.clone().unwrap_or_default(), listing);
    }
    Ok(())
}

/// Whether a property can have this value.
fn may_be<T: std::borrow::Borrow<Schema>>(schema: &ReferenceOr<T>, value: &Value) -> bool {
    match schema.as_item().map(|schema| &schema.borrow().schema_kind) {
        Some(SchemaKind::Type(Type::String(_))) => value.is_string(),
        Some(SchemaKind::Type(Type::Boolean(_))) => value.is_boolean(),
        Some(SchemaKind::Type(Type::Number(_) | Type::Integer(_))) => value.is_number(),
        Some(SchemaKind::Type(Type::Array(_))) => value.as_array().is_some_and(Vec::is_empty),
        // A single `allOf`, which stands for an enum or an object.
        Some(_) => value.is_string() || value.as_object().is_some_and(serde_json::Map::is_empty),
        None => false,
    }
}

/// Every operation with its JSON pointer.
fn operations(spec: &mut OpenAPI) -> impl Iterator<Item = (String, &mut Operation)> {
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

/// Shows every schema of the components, however deep, with its JSON pointer.
fn for_each_schema(spec: &mut OpenAPI, visit: &mut dyn FnMut(&str, &mut Schema)) {
    for (name, schema) in spec.components.iter_mut().flat_map(|components| &mut components.schemas) {
        if let ReferenceOr::Item(schema) = schema {
            visit_schema(&format!("#/components/schemas/{name}"), schema, visit);
        }
    }
}

fn visit_schema(place: &str, schema: &mut Schema, visit: &mut dyn FnMut(&str, &mut Schema)) {
    visit(place, schema);
    let mut inner: Vec<(String, &mut Schema)> = Vec::new();
    match &mut schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => {
            for (name, property) in &mut object.properties {
                inner.extend(item_mut(property).map(|property| (format!("properties/{name}"), &mut **property)));
            }
            if let Some(AdditionalProperties::Schema(value)) = &mut object.additional_properties {
                inner.extend(item_mut(value).map(|value| ("additionalProperties".to_owned(), value)));
            }
        }
        SchemaKind::Type(Type::Array(array)) => {
            inner.extend(array.items.iter_mut().filter_map(item_mut).map(|items| ("items".to_owned(), &mut **items)));
        }
        SchemaKind::OneOf { one_of: parts } | SchemaKind::AllOf { all_of: parts } | SchemaKind::AnyOf { any_of: parts } => {
            let parts = parts.iter_mut().enumerate();
            inner.extend(parts.filter_map(|(index, part)| Some((format!("parts/{index}"), item_mut(part)?))));
        }
        SchemaKind::Type(_) | SchemaKind::Not { .. } | SchemaKind::Any(_) => {}
    }
    for (step, schema) in inner {
        visit_schema(&format!("{place}/{step}"), schema, visit);
    }
}

/// What stands at a place itself, and not behind a `$ref`.
fn item_mut<T>(item: &mut ReferenceOr<T>) -> Option<&mut T> {
    match item {
        ReferenceOr::Item(item) => Some(item),
        ReferenceOr::Reference { .. } => None,
    }
}

fn parameter_data_mut(parameter: &mut Parameter) -> &mut openapiv3::ParameterData {
    match parameter {
        Parameter::Query { parameter_data, .. }
        | Parameter::Header { parameter_data, .. }
        | Parameter::Path { parameter_data, .. }
        | Parameter::Cookie { parameter_data, .. } => parameter_data,
    }
}

fn enum_values(schema: &Schema) -> Option<Vec<String>> {
    match &schema.schema_kind {
        SchemaKind::Type(Type::String(string)) if !string.enumeration.is_empty() => {
            Some(string.enumeration.iter().flatten().cloned().collect())
        }
        _ => None,
    }
}

/// The Rust variant for a value; `Unknown` is taken by the value that we do not know.
fn variant_name(value: &str) -> String {
    match value.to_upper_camel_case().as_str() {
        "" => "Empty".into(),
        "Unknown" | "Self" => format!("{}Value", value.to_upper_camel_case()),
        name if !name.starts_with(|first: char| first.is_alphabetic()) => format!("Value{name}"),
        name => name.into(),
    }
}
