//! The generator: an OpenAPI document in, the Rust of a client out.
//!
//! `build.rs`, `xtask` and the tests compile this same module, so there is one generator. It touches no network and writes no file.

use std::fmt;
use std::path::Path;

use ::progenitor::{GenerationSettings, InterfaceStyle, TypeImpl};
use openapiv3::OpenAPI;
use serde_yaml::Value;

mod metadata;
pub mod passes;
mod postprocess;
mod progenitor;
mod recursion;

pub const SLICE: &str = "openapi/flows_bindings_list.yaml";

/// What the generator makes of a document.
pub struct Generated {
    /// The client and its models.
    pub file: syn::File,
    /// Fixups that found nothing to do.
    pub stale_fixups: Vec<&'static str>,
    /// JSON pointers of what has no description.
    pub undescribed: Vec<String>,
}

impl Generated {
    /// The client and its models, pretty-printed.
    #[must_use]
    pub fn code(&self) -> String {
        prettyplease::unparse(&self.file)
    }
}

/// Why the generator stopped: which file, where in it, what is wrong, what to do.
#[derive(Debug)]
pub struct GenerateError {
    pub file: String,
    pub place: String,
    pub problem: String,
    pub remedy: String,
}

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place, problem, remedy } = self;
        write!(f, "{file}: {place}: {problem}\n  to mend it: {remedy}")
    }
}

impl std::error::Error for GenerateError {}

/// Generates the client for the OpenAPI document in `file`.
///
/// # Errors
/// The file cannot be read, or [`generate_text`] refuses what it has.
pub fn generate(file: &Path) -> Result<Generated, GenerateError> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| GenerateError {
        file: name.clone(),
        place: "the whole file".into(),
        problem: format!("cannot be read: {error}"),
        remedy: "restore it with `git checkout`, or make it readable".into(),
    })?;
    generate_text(&name, &text)
}

/// Generates the client for the OpenAPI document `text`; errors call it `name`.
///
/// # Errors
/// The text is no OpenAPI 3.0 document, refers to what it does not have, or has what progenitor cannot generate.
pub fn generate_text(name: &str, text: &str) -> Result<Generated, GenerateError> {
    let fail = |(place, problem, remedy): Flaw| GenerateError { file: name.to_owned(), place, problem, remedy: remedy.into() };

    let mut spec = parse(text).map_err(fail)?;
    let mut metadata = metadata::Metadata::default();
    passes::inline::inline_parts(&mut spec);
    passes::descriptions::note_undescribed_answers(&mut spec, &mut metadata);
    passes::hoist::name_answers(&mut spec, &mut metadata);
    passes::hoist::name_pagination(&mut spec, &mut metadata);
    metadata::read_shapes(&spec, &mut metadata);
    metadata::read_listings(&mut spec, &mut metadata).map_err(fail)?;
    let mut stale_fixups = Vec::new();
    for (fixup, apply) in passes::fixups::ALL {
        if apply(&mut spec, &mut metadata).map_err(fail)? == 0 {
            stale_fixups.push(*fixup);
        }
    }

    let tokens = progenitor::run(&settings(&metadata), &spec).map_err(fail)?;
    let file = postprocess::finish(tokens, &spec, &metadata).map_err(fail)?;
    Ok(Generated { file, stale_fixups, undescribed: passes::descriptions::undescribed(&spec, &metadata) })
}

/// A place, a problem and a remedy; the file is the caller's to add.
pub type Flaw = (String, String, &'static str);

fn parse(text: &str) -> Result<OpenAPI, Flaw> {
    let document: Value = serde_yaml::from_str(text).map_err(|error| {
        let place = error.location().map_or("the whole file".into(), |at| format!("line {}, column {}", at.line(), at.column()));
        (place, format!("is no YAML: {error}"), "mend the YAML there; an indentation or a quote is the usual cause")
    })?;
    check_version(document.get("openapi").and_then(Value::as_str))?;
    check_references(&document, &document, "#")?;
    serde_path_to_error::deserialize(document).map_err(|error| {
        (
            format!("`{}`", error.path()),
            format!("is no valid OpenAPI: {}", error.inner()),
            "compare the place with https://spec.openapis.org/oas/v3.0.3",
        )
    })
}

/// Whether a document that declares this version of OpenAPI can be read.
///
/// # Errors
/// It declares another than 3.0, or none.
pub fn check_version(declared: Option<&str>) -> Result<(), Flaw> {
    match declared {
        Some(version) if version.starts_with("3.0.") => Ok(()),
        Some(version) => Err((
            "#/openapi".into(),
            format!("is OpenAPI {version}, and progenitor reads 3.0 only"),
            "convert the document to OpenAPI 3.0.3",
        )),
        None => Err((
            "#/openapi".into(),
            "is missing, so this is no OpenAPI 3 document".into(),
            "give a document that begins with `openapi: 3.0.3`",
        )),
    }
}

/// The extensions that the generator reads. Others are upstream's own business.
pub const EXTENSIONS: [&str; 5] = ["x-aliases", "x-default-when-absent", "x-enum-labels", "x-enum-descriptions", "x-listing"];

/// Every `$ref` must lead somewhere inside the document: progenitor panics on one that does not.
fn check_references(document: &Value, node: &Value, place: &str) -> Result<(), Flaw> {
    match node {
        Value::Mapping(map) => {
            for (key, value) in map {
                let key = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
                let here = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
                let begins_alike = EXTENSIONS.iter().find(|known| key.starts_with(&known[..7]));
                if let Some(meant) = begins_alike.filter(|_| !EXTENSIONS.contains(&key.as_str())) {
                    return Err((here, format!("is an extension that the generator does not know; `{meant}` is one"), "correct its name"));
                }
                match value.as_str() {
                    Some(target) if key == "$ref" && !target.starts_with("#/") => {
                        return Err((
                            here,
                            format!("points outside the document, to `{target}`"),
                            "copy what it points at into `components` and refer to that",
                        ));
                    }
                    Some(target) if key == "$ref" && resolve(document, target).is_none() => {
                        return Err((
                            here,
                            format!("points at `{target}`, which is not in the document"),
                            "add the component, or correct its name in the `$ref`",
                        ));
                    }
                    _ => check_references(document, value, &here)?,
                }
            }
            Ok(())
        }
        Value::Sequence(items) => {
            items.iter().enumerate().try_for_each(|(index, item)| check_references(document, item, &format!("{place}/{index}")))
        }
        _ => Ok(()),
    }
}

fn resolve<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    reference.trim_start_matches("#/").split('/').try_fold(document, |node, key| node.get(key.replace("~1", "/").replace("~0", "~")))
}

fn settings(metadata: &metadata::Metadata) -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_inner_type(quote::quote!(::std::sync::Arc<crate::transport::Settings>))
        .with_derive("PartialEq");
    for open_enum in &metadata.enums {
        let impls = [TypeImpl::Display, TypeImpl::FromStr].into_iter();
        settings.with_replacement(&open_enum.component, format!("crate::types::{}", open_enum.name), impls);
    }
    settings
}
