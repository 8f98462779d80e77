//! What the generated Rust needs and OpenAPI cannot say: what the extensions declare, and what the fixups leave to the postprocessing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::diagnostic::Diagnostic;
use super::pointer::{step, to_component, walk};
use super::shapes::Shape;

/// The extensions that the generator reads. Others belong to upstream and are ignored.
pub const EXTENSIONS: [&str; 7] =
    ["x-aliases", "x-default-when-absent", "x-enum-labels", "x-enum-descriptions", "x-listing", "x-signed-link", "x-value-hint"];

/// What the passes found out about the document.
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
    /// Every object of the document, by component, as it was before any fixup.
    pub shapes: BTreeMap<String, Shape>,
    /// JSON pointers of responses without a description, error responses included, which generate no Rust.
    pub undescribed_responses: Vec<String>,
    /// Components that types in `src/` replace, which have the same names.
    pub own_types: Vec<&'static str>,
    /// Enums whose usual name is that of another type: the JSON pointer of each, and its name.
    pub renamed: Vec<(String, String)>,
    /// Components that a pass added, with the JSON pointer of what each was made from.
    pub origins: BTreeMap<String, String>,
}

impl Metadata {
    /// The JSON pointer in the document of what became a component.
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
pub struct TolerantProperty {
    pub component: String,
    pub property: String,
    /// Other names (`x-aliases`).
    pub aliases: Vec<String>,
    /// The value of a property that was not sent (`x-default-when-absent`).
    pub default: Option<Value>,
    /// Whether it is an object of no particular form.
    pub free_form: bool,
}

/// How the rows of a list operation are sorted and told apart (`x-listing`). What is not declared is found in the document.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Listing {
    /// The terms of `ordering` that identify a row together: one, or several. Empty where rows have no key.
    #[serde(deserialize_with = "one_or_several")]
    pub key: Vec<String>,
    /// An ordering in which no two rows are equal.
    pub total_order: String,
    /// Terms of `ordering`, each with the path of the property that it sorts by.
    pub sort_terms: BTreeMap<String, String>,
    pub partition: Option<Partition>,
    pub version_markers: Vec<VersionMarker>,
}

impl Listing {
    /// Whether anything identifies a row, without which no listing can be complete.
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

/// A key that tells releases apart: by its presence (`sent-since`, `sent-until`) and by its absence (`always-since`).
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VersionMarker {
    pub key: String,
    pub sent_since: Option<String>,
    pub sent_until: Option<String>,
    pub always_since: Option<String>,
}

/// Rejects misspelled extensions, which would silently have no effect.
pub fn check_extensions(document: &Value) -> Result<(), Diagnostic> {
    /// Enough of a name to tell that one of ours was meant: `x-alias`, `x-enum-`, `x-listi`.
    const PREFIX: usize = 7;
    let mut found = None;
    walk("#", document, &mut |pointer, node| {
        for key in node.as_object().into_iter().flat_map(serde_json::Map::keys) {
            let meant = EXTENSIONS.iter().find(|known| key.starts_with(&known[..PREFIX]) && !EXTENSIONS.contains(&key.as_str()));
            if let (Some(meant), None) = (meant, &found) {
                let problem = format!("unknown extension; did you mean `{meant}`?");
                found = Some(Diagnostic::new(step(pointer, key), problem, "correct its name"));
            }
        }
    });
    found.map_or(Ok(()), Err)
}

/// The strings in a JSON array.
pub fn strings(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
