//! Names in Rust for what upstream names.

use heck::ToUpperCamelCase;

/// The type of an enum: `FlowLayout` for the component `FlowLayoutEnum`.
pub fn enum_name(component: &str) -> String {
    let name = component.strip_suffix("Enum").unwrap_or(component).to_upper_camel_case();
    if name.starts_with(|first: char| first.is_alphabetic()) { name } else { format!("X{name}") }
}

/// The variant for a value. `Unknown` is reserved for values that this release of the crate does not know.
pub fn variant_name(value: &str) -> String {
    match value.to_upper_camel_case().as_str() {
        "" => "Empty".into(),
        "Unknown" | "Self" => format!("{}Value", value.to_upper_camel_case()),
        name if !name.starts_with(|first: char| first.is_alphabetic()) => format!("Value{name}"),
        name => name.into(),
    }
}
