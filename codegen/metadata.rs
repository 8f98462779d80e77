//! Metadata beyond OpenAPI: the extensions of the document, and facts that the passes record for the postprocessing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::diagnostic::Diagnostic;
use super::pointer::{child, to_component, unescape, walk};
use super::shapes::Shape;

/// The extensions that the generator reads. Others belong to upstream and are ignored.
pub const EXTENSIONS: [&str; 7] =
    ["x-aliases", "x-default-when-absent", "x-enum-labels", "x-enum-descriptions", "x-listing", "x-signed-link", "x-value-hint"];

/// The parameters that make an operation a paginated list.
pub const PAGING: [&str; 3] = ["ordering", "page", "page_size"];

/// The extensions that have an effect only on properties, and without which some releases are not decoded.
pub const OF_PROPERTIES: [&str; 2] = ["x-aliases", "x-default-when-absent"];

/// Everything that the passes record about the document.
#[derive(Default)]
pub struct Metadata {
    /// Components that become open enums.
    pub enums: Vec<OpenEnum>,
    /// Properties that some releases rename or leave out.
    pub tolerant_properties: Vec<TolerantProperty>,
    /// Integers that upstream declares as `number`: component and property.
    pub lenient_integers: Vec<(String, String)>,
    /// List operations, by operation id.
    pub listings: BTreeMap<String, Listing>,
    /// JSON pointers of list operations whose rows have no key.
    pub without_key: Vec<String>,
    /// Request bodies with read-only properties: the JSON pointer of each component, and the properties.
    pub read_only_in_bodies: BTreeMap<String, Vec<String>>,
    /// The shape of every object by component, before any fixup.
    pub shapes: BTreeMap<String, Shape>,
    /// JSON pointers of responses without a description, including error responses, which no Rust is generated for.
    pub undescribed_responses: Vec<String>,
    /// Components that are replaced by a type of the same name in `src/`.
    pub own_types: Vec<&'static str>,
    /// Enums whose usual name is taken by another type: the JSON pointer of each, and the name that it has instead.
    pub renamed: Vec<(String, String)>,
    /// Components that a pass added, each with the JSON pointer of the schema that it was made from.
    pub origins: BTreeMap<String, String>,
}

impl Metadata {
    /// The JSON pointer of a component, or of the inline schema that became one.
    pub fn pointer(&self, component: &str) -> String {
        self.origins.get(component).cloned().unwrap_or_else(|| to_component("schemas", component))
    }
}

/// A string enum, to be generated with `open_enum!`.
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

/// A property that some releases send under another name, or not at all.
#[derive(Default)]
pub struct TolerantProperty {
    pub component: String,
    pub property: String,
    /// Other names (`x-aliases`).
    pub aliases: Vec<String>,
    /// The value of a property that was not sent (`x-default-when-absent`).
    pub default: Option<Value>,
    /// Whether it is a free-form object.
    pub free_form: bool,
}

/// How the rows of a list operation are identified and sorted (`x-listing`). Defaults are derived from the document.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Listing {
    /// The terms of `ordering` that together identify a row. Empty if rows have no key.
    #[serde(deserialize_with = "one_or_several")]
    pub key: Vec<String>,
    /// An ordering in which no two rows compare equal.
    pub total_order: String,
    /// Terms of `ordering`, each with the path of the property that it sorts by.
    pub sort_terms: BTreeMap<String, String>,
    pub partition: Option<Partition>,
    pub version_markers: Vec<VersionMarker>,
}

impl Listing {
    /// Whether rows have a key. Without one, no listing can be proven complete.
    pub fn has_key(&self) -> bool {
        !self.key.is_empty()
    }

    /// The terms of the key, each with the path of its property.
    pub fn key_terms(&self) -> impl Iterator<Item = (&String, &String)> {
        self.key.iter().filter_map(|term| self.sort_terms.get_key_value(term))
    }
}

fn one_or_several<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "`key` is neither a name nor a list of names")]
    enum Names {
        One(String),
        Several(Vec<String>),
    }
    Names::deserialize(deserializer).map(|names| match names {
        Names::One(name) => vec![name],
        Names::Several(names) => names,
    })
}

/// A filter that divides a list into smaller ones.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Partition {
    pub parameter: String,
    /// Paths of the properties that hold its values; `[]` stands for every item of an array.
    pub found_in: Vec<String>,
}

/// A JSON property whose presence (`sent-since`, `sent-until`) or absence (`always-since`) reveals the server's release.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VersionMarker {
    pub key: String,
    pub sent_since: Option<String>,
    pub sent_until: Option<String>,
    pub always_since: Option<String>,
}

/// Rejects extensions that would be ignored silently: misspelled ones, and extensions of properties that are written elsewhere.
pub fn check_extensions(document: &Value) -> Result<(), Diagnostic> {
    /// How many characters of a name must match to suggest one of our extensions: `x-alias`, `x-enum-`, `x-listi`.
    const PREFIX: usize = 7;
    let mut found = None;
    walk("#", document, &mut |pointer, node| {
        let of_properties = OF_PROPERTIES.iter().find(|extension| node.get(**extension).is_some());
        if let (Some(extension), None) = (of_properties, &found)
            && !is_plain_property(document, pointer, node)
        {
            let help = "write it beside a property of a component that is an object; if the property is an inline enum or object, move that \
                        to a component";
            found = Some(Diagnostic::new(child(pointer, extension), "has no effect here", help));
        }
        for key in node.as_object().into_iter().flat_map(serde_json::Map::keys) {
            let meant = EXTENSIONS.iter().find(|known| key.starts_with(&known[..PREFIX]) && !EXTENSIONS.contains(&key.as_str()));
            if let (Some(meant), None) = (meant, &found) {
                let problem = format!("unknown extension; did you mean `{meant}`?");
                found = Some(Diagnostic::new(child(pointer, key), problem, "correct its name"));
            }
        }
    });
    found.map_or(Ok(()), Err)
}

/// Whether a schema is a property of an object in `components`, and becomes a field without a type of its own.
fn is_plain_property(document: &Value, pointer: &str, node: &Value) -> bool {
    let tokens = pointer.split('/').collect::<Vec<_>>();
    let ["#", "components", "schemas", component, "properties", _] = tokens.as_slice() else { return false };
    let owner = &document["components"]["schemas"][unescape(component)];
    ["allOf", "oneOf", "anyOf"].iter().all(|composition| owner.get(composition).is_none())
        && ["enum", "properties"].iter().all(|keyword| node.get(keyword).is_none())
}
