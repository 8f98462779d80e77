//! The generator: turns an OpenAPI document into the Rust code of a client.
//!
//! `build.rs` and `xtask` compile this same module, so there is one generator. It uses no network and writes no files.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use openapiv3::OpenAPI;
use serde_json::Value;
use serde_path_to_error::Segment;

pub mod diagnostic;
pub mod locate;
pub mod metadata;
pub mod names;
mod passes;
pub mod pointer;
mod postprocess;
mod progenitor;
pub mod queries;
mod recursion;
pub mod reviewed;
mod shapes;

pub use diagnostic::Diagnostic;
use metadata::Metadata;
use reviewed::CONDITION;

/// The generated client, with notes for maintainers.
pub struct Generated {
    /// The client and its models.
    pub file: syn::File,
    /// Fixups that found nothing to do.
    pub stale_fixups: Vec<&'static str>,
    /// JSON pointers of everything that lacks a description.
    pub undescribed: Vec<String>,
    /// JSON pointers of list operations that have no `paginate()`, because nothing identifies their rows.
    pub without_key: Vec<String>,
    /// Enums whose usual name is taken by another type: the JSON pointer of each, and the name that it has instead.
    pub renamed: Vec<(String, String)>,
    /// Request bodies with read-only properties: the JSON pointer of each component, and the properties.
    pub read_only_in_bodies: BTreeMap<String, Vec<String>>,
}

impl Generated {
    /// The client and its models, formatted, preceded by the conditions for handwritten code.
    #[must_use]
    pub fn code(&self) -> String {
        let operations = postprocess::operations(&self.file).map(|name| format!("{CONDITION}operation=\"{name}\"\n"));
        let models = postprocess::models(&self.file).map(|name| format!("{CONDITION}model=\"{name}\"\n"));
        let conditions = operations.chain(models).collect::<String>();
        format!("{conditions}\n{}", prettyplease::unparse(&self.file))
    }

    /// The number of missing descriptions in each model and operation, largest first.
    #[must_use]
    pub fn undescribed_counts(&self) -> Vec<(String, usize)> {
        let mut counts = BTreeMap::new();
        for pointer in &self.undescribed {
            *counts.entry(described_part(pointer)).or_insert(0) += 1;
        }
        let mut counts = counts.into_iter().collect::<Vec<_>>();
        counts.sort_by_key(|(_, count)| Reverse(*count));
        counts
    }

    /// Notes for maintainers, one line each. None of them fails a build.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let without_key = self.without_key.iter().map(|pointer| {
            format!(
                "{pointer}: nothing identifies its rows, so it has no `paginate()`; if there is a key, declare it with `x-listing: key:`"
            )
        });
        let renamed = self.renamed.iter().map(|(pointer, name)| format!("{pointer}: called `{name}`, because its usual name is taken"));
        let missing = |count| if count == 1 { "1 description is".to_owned() } else { format!("{count} descriptions are") };
        let counts = self.undescribed_counts().into_iter();
        let undescribed = counts.map(|(pointer, count)| format!("{pointer}: {} missing", missing(count)));
        let read_only = self.read_only_in_bodies.iter().map(|(pointer, properties)| {
            format!(
                "{pointer}: sent as a request body with the read-only properties {}, which authentik ignores; a component without them \
                 would spare callers from setting them",
                properties.join(", ")
            )
        });
        without_key.chain(renamed).chain(read_only).chain(undescribed).collect()
    }
}

/// The model or operation that contains the pointer: both `#/components/schemas/User` and `#/paths/~1core~1users~1/get` have four segments.
#[must_use]
pub fn described_part(pointer: &str) -> String {
    pointer.split('/').take(4).collect::<Vec<_>>().join("/")
}

/// Generates the client for the OpenAPI document `text`; diagnostics call it `file`, and give the line and column in it.
///
/// # Errors
/// Fails if the text is not an OpenAPI 3.0 document, contains a dangling `$ref`, or uses a construct that progenitor does not support.
pub fn generate(file: &str, text: &str) -> Result<Generated, Diagnostic> {
    pipeline(text).map_err(|diagnostic| locate::with_line(diagnostic.in_file(file), text))
}

fn pipeline(text: &str) -> Result<Generated, Diagnostic> {
    let mut spec = parse(text)?;
    let mut metadata = Metadata::default();

    passes::inline::inline_parts(&mut spec);
    passes::unsupported::require_json(&mut spec)?;
    passes::unsupported::note_read_only_bodies(&spec, &mut metadata);
    passes::missing_descriptions::note_undescribed_responses(&mut spec, &mut metadata);
    passes::hoist::hoist_responses(&mut spec, &mut metadata);
    passes::hoist::hoist_pagination(&mut spec, &mut metadata);
    metadata.shapes = shapes::read_shapes(&spec);
    passes::listing::read_listings(&mut spec, &mut metadata)?;
    let stale_fixups = passes::fixups::apply_all(&mut spec, &mut metadata)?;
    passes::unsupported::reject(&spec, &metadata)?;
    passes::collisions::check_names(&spec, &metadata)?;

    let tokens = progenitor::run(&spec, &metadata)?;
    let file = postprocess::postprocess(tokens, &spec, &metadata)?;
    let undescribed = passes::missing_descriptions::undescribed(&spec, &metadata);
    let Metadata { without_key, renamed, read_only_in_bodies, .. } = metadata;
    Ok(Generated { file, stale_fixups, undescribed, without_key, renamed, read_only_in_bodies })
}

fn parse(text: &str) -> Result<OpenAPI, Diagnostic> {
    // Through `serde_yaml::Value`, which rejects duplicate keys.
    let yaml: serde_yaml::Value = serde_yaml::from_str(text).map_err(|error| {
        let location = error.location().map_or("#".into(), |at| format!("line {}, column {}", at.line(), at.column()));
        Diagnostic::new(location, format!("invalid YAML: {error}"), "correct it there; indentation and quotes are the usual causes")
    })?;
    let document: Value = serde_json::to_value(yaml)
        .map_err(|error| Diagnostic::new("#", format!("not representable as JSON: {error}"), "use strings as keys, and no YAML tags"))?;
    check_version(document.get("openapi").and_then(Value::as_str))?;
    metadata::check_extensions(&document)?;
    pointer::check_references(&document)?;
    serde_path_to_error::deserialize(document).map_err(|error| {
        let problem = format!("invalid OpenAPI: {}", error.inner());
        let pointer = error.path().iter().fold("#".to_owned(), |pointer, segment| match segment {
            Segment::Seq { index } => format!("{pointer}/{index}"),
            Segment::Map { key } => pointer::child(&pointer, key),
            Segment::Enum { .. } | Segment::Unknown => pointer,
        });
        Diagnostic::new(pointer, problem, "compare it with https://spec.openapis.org/oas/v3.0.3")
    })
}

/// Checks the version of OpenAPI that a document declares.
///
/// # Errors
/// Fails if the version is missing or is not 3.0.
pub fn check_version(declared: Option<&str>) -> Result<(), Diagnostic> {
    match declared {
        Some(version) if version.starts_with("3.0.") => Ok(()),
        Some(version) => {
            let problem = format!("OpenAPI `{version}` is not supported, only `3.0.x`");
            Err(Diagnostic::new("#/openapi", problem, "convert the document to OpenAPI 3.0.3"))
        }
        None => {
            let help = "pass a document that begins with `openapi: 3.0.3`";
            Err(Diagnostic::new("#/openapi", "missing: not an OpenAPI 3 document", help))
        }
    }
}
