//! Workarounds for quirks of upstream's schema, one function for each.
//!
//! A fixup returns the number of places that it changed. If it changes nothing in a document with the operation that it was written for, it
//! is no longer needed and fails the build, so that no workaround outlives its reason. The documentation of each says what upstream does,
//! why that hurts a client, and what we do.

#![allow(clippy::unnecessary_wraps, reason = "fixups share one signature, and some can fail")]

use openapiv3::{
    ArrayType, IntegerType, OpenAPI, ParameterSchemaOrContent, ReferenceOr, Schema, SchemaKind, StatusCode, StringFormat, StringType, Type,
    VariantOrUnknownOrEmpty,
};
use serde_json::Value;

use super::hoist::{filter_values, hoist_enums, sorted};
use crate::codegen::diagnostic::Diagnostic;
use crate::codegen::metadata::{EnumValue, Metadata, OpenEnum, TolerantProperty};
use crate::codegen::names::{enum_name, type_name, variant_name};
use crate::codegen::pointer::{child, to_component};
use crate::codegen::queries::{
    SchemaSlot, allows, components, enum_values, for_each_schema, is_free_form, item_mut, operations, operations_mut, parameters_mut,
    resolved, strings, visit_schema,
};

type Fixup = fn(&mut OpenAPI, &mut Metadata) -> Result<usize, Diagnostic>;

/// Every fixup by name, with an operation that needs it, in the order in which they run.
const ALL: &[(&str, &str, Fixup)] = &[
    ("page_counters_are_unsigned", "flows_bindings_list", page_counters_are_unsigned),
    ("error_responses_are_decoded_by_hand", "flows_bindings_list", error_responses_are_decoded_by_hand),
    ("responses_are_not_validated", "flows_bindings_list", responses_are_not_validated),
    ("enums_are_open", "flows_bindings_list", enums_are_open),
    ("filters_share_the_enums_of_rows", "flows_bindings_list", filters_share_the_enums_of_rows),
    ("signed_links_have_a_type", "flows_bindings_list", signed_links_have_a_type),
    ("dates_are_text", "core_users_list", dates_are_text),
    ("releases_differ_in_properties", "flows_bindings_list", releases_differ_in_properties),
];

/// Applies every fixup, and returns those that found nothing to do although the document has the operation that needs them.
pub fn apply_all(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<Vec<&'static str>, Diagnostic> {
    let ids = operations(spec).filter_map(|(_, operation)| operation.operation_id.clone()).collect::<Vec<_>>();
    let mut stale = Vec::new();
    for (name, needed_by, apply) in ALL {
        if apply(spec, metadata)? == 0 && ids.iter().any(|id| id == needed_by) {
            stale.push(*name);
        }
    }
    Ok(stale)
}

/// Upstream declares page counters as `number`, which becomes `f64`, but counts with integers from 0:
/// <https://github.com/goauthentik/authentik/blob/version/2025.6.4/authentik/api/pagination.py>.
/// We declare them as `uint64`, and decode `20.0` as well as `20`.
fn page_counters_are_unsigned(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<usize, Diagnostic> {
    let mut changed = 0;
    for (component, schema) in spec.components.iter_mut().flat_map(|components| &mut components.schemas) {
        let Some(Schema { schema_kind: SchemaKind::Type(Type::Object(object)), .. }) = item_mut(schema) else { continue };
        if !object.properties.contains_key("total_pages") {
            continue;
        }
        for (name, counter) in object.properties.iter_mut().filter_map(|(name, counter)| Some((name, item_mut(counter)?))) {
            if matches!(counter.schema_kind, SchemaKind::Type(Type::Number(_))) {
                let unsigned = VariantOrUnknownOrEmpty::Unknown("uint64".into());
                counter.schema_kind = SchemaKind::Type(Type::Integer(IntegerType { format: unsigned, ..Default::default() }));
                metadata.lenient_integers.push((component.clone(), name.clone()));
                changed += 1;
            }
        }
    }
    Ok(changed)
}

/// Upstream gives each error status a schema of its own, and progenitor panics on an operation with several error schemas:
/// <https://github.com/oxidecomputer/progenitor/issues/344>.
/// We remove the error responses; `src/error/` decodes them from status, headers and body.
fn error_responses_are_decoded_by_hand(spec: &mut OpenAPI, _: &mut Metadata) -> Result<usize, Diagnostic> {
    let mut changed = 0;
    for (_, operation) in operations_mut(spec) {
        let responses = &mut operation.responses;
        let before = responses.responses.len();
        responses.responses.retain(|status, _| matches!(status, StatusCode::Code(200..=299) | StatusCode::Range(2)));
        changed += before - responses.responses.len();
        // If there is a success response, `default` describes errors.
        if !responses.responses.is_empty() {
            changed += usize::from(responses.default.take().is_some());
        }
    }
    Ok(changed)
}

/// Upstream repeats the limits of its database columns (`pattern`, `maxLength`, `minimum` …) in responses. typify turns them into checks
/// while decoding, so that a single unusual slug makes a whole page undecodable. Limits also change, as that of slugs did in 2025.12. We
/// remove the limits: a client should not reject what the server stores.
fn responses_are_not_validated(spec: &mut OpenAPI, _: &mut Metadata) -> Result<usize, Diagnostic> {
    let mut changed = 0;
    for_each_schema(spec, &mut |_, schema| {
        let limits = match &mut schema.schema_kind {
            SchemaKind::Type(Type::String(string)) => {
                [string.pattern.take().is_some(), string.min_length.take().is_some(), string.max_length.take().is_some()]
            }
            SchemaKind::Type(Type::Integer(integer)) => {
                [integer.minimum.take().is_some(), integer.maximum.take().is_some(), integer.multiple_of.take().is_some()]
            }
            SchemaKind::Type(Type::Array(array)) => [array.min_items.take().is_some(), array.max_items.take().is_some(), false],
            _ => return,
        };
        changed += usize::from(limits.contains(&true));
    });
    Ok(changed)
}

/// Upstream adds values to its enums in minor releases (two layouts in 2026.2), and a closed Rust enum then rejects the page.
/// We generate open enums (`src/enums.rs`), named without the `Enum` that drf-spectacular appends:
/// <https://drf-spectacular.readthedocs.io/en/latest/settings.html> (`ENUM_NAME_OVERRIDES`).
fn enums_are_open(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<usize, Diagnostic> {
    hoist_enums(spec, metadata);
    let mut enums = Vec::new();
    for (component, schema) in components(spec) {
        if let Some(values) = enum_values(schema) {
            enums.push(open_enum(component, schema, values, metadata)?);
        }
    }
    // `ProviderEnum` cannot become `Provider` if there is a model of that name: it keeps its full name.
    let others =
        components(spec).map(|(component, _)| component).filter(|name| !enums.iter().any(|open_enum| open_enum.component == **name));
    let mut names = others.map(|component| type_name(component)).collect::<Vec<_>>();
    names.extend(enums.iter().map(|open_enum| open_enum.name.clone()));
    for open_enum in &mut enums {
        if names.iter().filter(|name| **name == open_enum.name).count() > 1 {
            open_enum.name = type_name(&open_enum.component);
            metadata.renamed.push((metadata.pointer(&open_enum.component), open_enum.name.clone()));
        }
    }
    metadata.enums = enums;
    Ok(metadata.enums.len())
}

fn open_enum(component: &str, schema: &Schema, values: Vec<String>, metadata: &Metadata) -> Result<OpenEnum, Diagnostic> {
    let text = |extension: &str, value: &str| schema.schema_data.extensions.get(extension)?.get(value)?.as_str().map(str::to_owned);
    let values = values.into_iter().map(|value| EnumValue {
        variant: variant_name(&value),
        label: text("x-enum-labels", &value).unwrap_or_else(|| value.clone()),
        description: text("x-enum-descriptions", &value),
        value,
    });
    let values = values.collect::<Vec<_>>();
    for (index, value) in values.iter().enumerate() {
        if let Some(other) = values[..index].iter().find(|earlier| earlier.variant == value.variant) {
            return Err(Diagnostic::new(
                child(&child(&metadata.pointer(component), "enum"), &index.to_string()),
                format!("`{}` and `{}` both become the variant `{}`", other.value, value.value, value.variant),
                "change `variant_name` in codegen/names.rs so that they get different names",
            ));
        }
    }
    let description = schema.schema_data.description.clone().unwrap_or_default();
    Ok(OpenEnum { name: enum_name(component), component: component.to_owned(), description, values })
}

/// Up to 2026.2 upstream repeats an enum inline in each filter, so a filter would not accept the type of the property:
/// <https://github.com/tfranzel/drf-spectacular/issues/520>.
/// We refer to the component with the same values.
fn filters_share_the_enums_of_rows(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<usize, Diagnostic> {
    let mut changed = 0;
    for (_, operation) in operations_mut(spec) {
        for parameter in parameters_mut(operation) {
            let ParameterSchemaOrContent::Schema(schema) = &mut parameter.format else { continue };
            let Some(values) = schema.as_item().and_then(filter_values) else { continue };
            let same = |open: &&OpenEnum| sorted(open.values.iter().map(|value| value.value.clone()).collect()) == values;
            let Some(open_enum) = metadata.enums.iter().find(same) else { continue };
            match schema {
                ReferenceOr::Item(Schema { schema_kind: SchemaKind::Type(Type::Array(ArrayType { items: Some(items), .. })), .. }) => {
                    items.refer_to(&open_enum.component);
                }
                one => one.refer_to(&open_enum.component),
            }
            changed += 1;
        }
    }
    Ok(changed)
}

/// Since 2025.12 upstream signs the URLs of files: their query is a short-lived credential, but the property is a plain string.
/// We mark such properties with `x-signed-link`, and give them a type that keeps the query out of logs (`src/signed_link.rs`).
fn signed_links_have_a_type(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<usize, Diagnostic> {
    replace_strings(spec, metadata, "SignedLink", |schema, _| {
        schema.schema_data.extensions.get("x-signed-link") == Some(&Value::Bool(true))
    })
}

/// Upstream sends dates with and without microseconds, and with `Z` or an offset. If a date library rejects one of
/// them, the whole page cannot be decoded. Users of the crate should also be free to choose their date library.
/// We give them a type that keeps the text (`src/date_time.rs`).
fn dates_are_text(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<usize, Diagnostic> {
    replace_strings(spec, metadata, "DateTime", |_, string| {
        matches!(string.format, VariantOrUnknownOrEmpty::Item(StringFormat::Date | StringFormat::DateTime))
    })
}

/// Replaces strings with a type in `src/` that any string can be converted to.
fn replace_strings(
    spec: &mut OpenAPI,
    metadata: &mut Metadata,
    type_name: &'static str,
    is_meant: impl Fn(&Schema, &StringType) -> bool,
) -> Result<usize, Diagnostic> {
    let mut changed = 0;
    let mut replace = |_: &str, schema: &mut Schema| {
        let is_meant = matches!(&schema.schema_kind, SchemaKind::Type(Type::String(string)) if is_meant(schema, string));
        if is_meant {
            schema.schema_kind = SchemaKind::AllOf { all_of: vec![ReferenceOr::ref_(&to_component("schemas", type_name))] };
            changed += 1;
        }
    };
    for_each_schema(spec, &mut replace);
    for (_, operation) in operations_mut(spec) {
        for parameter in parameters_mut(operation) {
            let ParameterSchemaOrContent::Schema(ReferenceOr::Item(schema)) = &mut parameter.format else { continue };
            visit_schema("", schema, &mut replace);
        }
    }
    if changed > 0 {
        let schemas = &mut spec.components.get_or_insert_default().schemas;
        if schemas.contains_key(type_name) {
            let help = "rename the component: src/ has a type of this name";
            return Err(Diagnostic::new(to_component("schemas", type_name), "the name is taken", help));
        }
        let data = openapiv3::SchemaData { description: Some(format!("A `{type_name}`.")), ..Default::default() };
        let string = Schema { schema_data: data, schema_kind: SchemaKind::Type(Type::String(StringType::default())) };
        schemas.insert(type_name.into(), ReferenceOr::Item(string));
        metadata.own_types.push(type_name);
    }
    Ok(changed)
}

/// Upstream renames properties and adds required ones in minor releases, which breaks clients of other releases:
/// <https://github.com/goauthentik/authentik/issues/15801>, <https://github.com/goauthentik/terraform-provider-authentik/issues/966>.
/// We write the other names (`x-aliases`) and the value of a missing property (`x-default-when-absent`) beside the property.
fn releases_differ_in_properties(spec: &mut OpenAPI, metadata: &mut Metadata) -> Result<usize, Diagnostic> {
    for (component, schema) in components(spec) {
        let SchemaKind::Type(Type::Object(object)) = &schema.schema_kind else { continue };
        for (property, schema) in &object.properties {
            let Some(extensions) = schema.as_item().map(|schema| &schema.schema_data.extensions) else { continue };
            let pointer = |extension: &str| {
                [property, extension]
                    .into_iter()
                    .fold(child(&metadata.pointer(component), "properties"), |pointer, key| child(&pointer, key))
            };
            let aliases = strings(extensions.get("x-aliases"));
            if extensions.contains_key("x-aliases") && aliases.is_empty() {
                return Err(Diagnostic::new(pointer("x-aliases"), "not a list of names", "write the names as a YAML list"));
            }
            // While a property is being renamed, servers send it under both names.
            let differs = |alias: &&String| object.properties.get(*alias).is_some_and(|other| !is_same_type(other, schema));
            if let Some(taken) = aliases.iter().find(differs) {
                let problem = format!("`{taken}` is a property with a different type");
                return Err(Diagnostic::new(pointer("x-aliases"), problem, "remove either the alias or the property"));
            }
            let default = extensions.get("x-default-when-absent").cloned();
            let target = resolved(spec, schema).map(|target| target.schema);
            if default.as_ref().is_some_and(|default| !target.is_some_and(|target| allows(target, default))) {
                let help = "write a string, number or boolean that the property's Rust type can hold; `[]` for an array; `{}` for an object \
                            without required properties";
                return Err(Diagnostic::new(pointer("x-default-when-absent"), "not a value of the property's type", help));
            }
            if !aliases.is_empty() || default.is_some() {
                let (component, property, free_form) = (component.clone(), property.clone(), target.is_some_and(is_free_form));
                metadata.tolerant_properties.push(TolerantProperty { component, property, aliases, default, free_form });
            }
        }
    }
    Ok(metadata.tolerant_properties.len())
}

/// Whether two properties have the same Rust type.
fn is_same_type(a: &ReferenceOr<Box<Schema>>, b: &ReferenceOr<Box<Schema>>) -> bool {
    match (a, b) {
        (ReferenceOr::Item(a), ReferenceOr::Item(b)) => a.schema_kind == b.schema_kind && a.schema_data.nullable == b.schema_data.nullable,
        (ReferenceOr::Reference { reference: a }, ReferenceOr::Reference { reference: b }) => a == b,
        _ => false,
    }
}
