//! Rejects names that become the same name in Rust, such as `name` and `Name`: the generated code would not compile.

use std::collections::BTreeMap;

use heck::ToSnakeCase;
use openapiv3::{OpenAPI, ReferenceOr, SchemaKind, Type};

use crate::codegen::diagnostic::Diagnostic;
use crate::codegen::metadata::Metadata;
use crate::codegen::names::{field_name, type_name};
use crate::codegen::pointer::child;
use crate::codegen::queries::{components, operations, parameters};

const RENAME: &str = "rename it with a fixup in codegen/passes/fixups.rs, or leave the operation out";

/// Methods of every request builder.
const METHODS: [&str; 4] = ["into_request", "new", "paginate", "send"];

/// Names that the generated code uses unqualified.
const TYPES: [&str; 9] = ["Default", "From", "Option", "Result", "Self", "String", "TryFrom", "TryInto", "Vec"];

/// Checks the names of components, properties, operations and parameters.
///
/// # Errors
/// Fails if two of them become the same Rust name, or one has no letter or digit.
pub fn check_names(spec: &OpenAPI, metadata: &Metadata) -> Result<(), Diagnostic> {
    let mut types = Names::new("type");
    types.reserve(TYPES.into_iter());
    for (name, schema) in components(spec) {
        let pointer = metadata.pointer(name);
        let open_enum = metadata.enums.iter().find(|open_enum| open_enum.component == *name);
        types.add(name, &open_enum.map_or_else(|| type_name(name), |open_enum| open_enum.name.clone()), &pointer)?;
        if let SchemaKind::Type(Type::Object(object)) = &schema.schema_kind {
            let mut fields = Names::new("field");
            for property in object.properties.keys() {
                fields.add(property, &field_name(property).to_string(), &child(&child(&pointer, "properties"), property))?;
            }
        }
    }
    let mut builders = Names::new("method of the client");
    for (pointer, operation) in operations(spec) {
        if let Some(id) = &operation.operation_id {
            if !id.starts_with(char::is_alphabetic) {
                let problem = format!("`{id}` does not begin with a letter, so it cannot be the name of a method");
                return Err(Diagnostic::new(child(&pointer, "operationId"), problem, RENAME));
            }
            builders.add(id, &id.to_snake_case(), &child(&pointer, "operationId"))?;
        }
        let mut setters = Names::new("method of the request");
        setters.reserve(METHODS.into_iter().chain(operation.request_body.is_some().then_some("body")));
        let inline = operation.parameters.iter().enumerate().filter(|(_, parameter)| matches!(parameter, ReferenceOr::Item(_)));
        for ((index, _), parameter) in inline.zip(parameters(operation)) {
            let pointer = child(&child(&pointer, "parameters"), &index.to_string());
            setters.add(&parameter.name, &field_name(&parameter.name).to_string(), &pointer)?;
        }
    }
    Ok(())
}

/// The names in one scope of the generated code.
struct Names<'a> {
    /// What the names are in Rust.
    kind: &'static str,
    /// The name in the document for each name in Rust; `None` for names that the document does not determine.
    found: BTreeMap<String, Option<&'a str>>,
}

impl<'a> Names<'a> {
    fn new(kind: &'static str) -> Self {
        Self { kind, found: BTreeMap::new() }
    }

    fn reserve(&mut self, names: impl Iterator<Item = &'static str>) {
        self.found.extend(names.map(|name| (name.to_owned(), None)));
    }

    fn add(&mut self, name: &'a str, in_rust: &str, pointer: &str) -> Result<(), Diagnostic> {
        if !name.contains(char::is_alphanumeric) {
            return Err(Diagnostic::new(
                pointer,
                format!("`{name}` has no letter or digit, so it cannot be the name of a {}", self.kind),
                RENAME,
            ));
        }
        let problem = match self.found.insert(in_rust.to_owned(), Some(name)) {
            None => return Ok(()),
            Some(None) => format!("`{name}` becomes the {} `{in_rust}`, which is reserved", self.kind),
            Some(Some(other)) => format!("`{other}` and `{name}` both become the {} `{in_rust}`", self.kind),
        };
        Err(Diagnostic::new(pointer, problem, RENAME))
    }
}
