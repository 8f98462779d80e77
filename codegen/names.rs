//! Converts upstream's names to Rust names.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Ident;
use quote::format_ident;

/// The type of a component, as typify names it: `LdapapiAccessMode` for `LDAPAPIAccessMode`.
pub fn type_name(component: &str) -> String {
    let name = component.to_upper_camel_case();
    if name.starts_with(|first: char| first.is_alphabetic()) { name } else { format!("X{name}") }
}

/// The type of an enum: `FlowLayout` for the component `FlowLayoutEnum`.
pub fn enum_name(component: &str) -> String {
    type_name(component.strip_suffix("Enum").filter(|name| !name.is_empty()).unwrap_or(component))
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

/// The field for a property, as typify names it: `type_` for `type`, and `x2fa` for `2fa`.
pub fn field_name(property: &str) -> Ident {
    let name = property.to_snake_case();
    let candidates = [name.clone(), format!("{name}_"), format!("x{name}")];
    candidates.iter().find_map(|name| syn::parse_str(name).ok()).unwrap_or_else(|| format_ident!("unnamed"))
}
