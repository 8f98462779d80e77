//! Changes in security requirements. The client always sends a bearer token.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::comparison::{Comparison, Pair};
use super::findings::Finding;
use super::model::Wire;
use super::rules::of_operation;
use super::wire::Compatibility;
use crate::codegen::pointer::{child, to_component};

/// The scopes of each security scheme that an operation names.
fn scopes(operation: &Value) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut scopes: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    let alternatives = operation.get("security").and_then(Value::as_array).into_iter().flatten();
    for (name, list) in alternatives.filter_map(Value::as_object).flatten() {
        scopes.entry(name.as_str()).or_default().extend(list.as_array().into_iter().flatten().filter_map(Value::as_str));
    }
    scopes
}

/// The combinations of schemes that grant access to an operation. If none is listed, no scheme is needed.
fn combinations(operation: &Value) -> BTreeSet<BTreeSet<&str>> {
    let alternatives = operation.get("security").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let found = alternatives.map(|schemes| schemes.keys().map(String::as_str).collect()).collect::<BTreeSet<_>>();
    if found.is_empty() { BTreeSet::from([BTreeSet::new()]) } else { found }
}

/// Whether each combination in `with` is a combination in `without` plus the scheme `name`.
fn adds(without: &BTreeSet<BTreeSet<&str>>, name: &str, with: &BTreeSet<BTreeSet<&str>>) -> bool {
    with.iter().all(|schemes| {
        let mut others = schemes.clone();
        others.remove(name) && without.contains(&others)
    })
}

/// Whether a server accepts the client's header `Authorization: Bearer …` as the only credential, or needs no credential.
fn accepts_token(root: &Value, operation: &Value) -> bool {
    let is_header = |name: &String| {
        let scheme = &root["components"]["securitySchemes"][name];
        let is = |key: &str, value: &str| scheme[key].as_str().is_some_and(|text| text.eq_ignore_ascii_case(value));
        // Until 2022, authentik described its bearer token as an API key.
        is("type", "http") && is("scheme", "bearer") || is("type", "apiKey") && is("in", "header") && is("name", "authorization")
    };
    let Some(alternatives) = operation.get("security").and_then(Value::as_array) else { return true };
    alternatives.is_empty() || alternatives.iter().filter_map(Value::as_object).any(|schemes| schemes.keys().all(is_header))
}

impl Comparison<'_> {
    pub fn security(&mut self, pair: &Pair) {
        let (old, new) = (accepts_token(self.old, pair.old), accepts_token(self.new, pair.new));
        let verdict = |accepts: bool| if accepts || old == new { Compatibility::Compatible } else { Compatibility::Incompatible };
        let wire = Wire { old_client_on_new_server: verdict(new), new_client_on_old_server: verdict(old) };
        let (before, after) = (scopes(pair.old), scopes(pair.new));
        let pointer = child(&pair.pointers.1, "security");
        let mut note =
            |rule: &str, text: String| self.findings.add(pair.scope, Finding::new(of_operation(rule), text, &*pointer).wire(wire));
        let combinations = (combinations(pair.old), combinations(pair.new));
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            let needed = adds(&combinations.1, name, &combinations.0);
            note("api-security-removed", format!("`{name}` {}", if needed { "is no longer needed" } else { "no longer grants access" }));
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let is_needed = adds(&combinations.0, name, &combinations.1);
            note("api-security-added", format!("`{name}` {}", if is_needed { "is now needed" } else { "now grants access" }));
        }
        for (name, before, after) in before.iter().filter_map(|(name, scopes)| Some((name, scopes, after.get(name)?))) {
            for scope in before.difference(after) {
                note("api-security-scope-removed", format!("`{name}` no longer needs the scope `{scope}`"));
            }
            for scope in after.difference(before) {
                note("api-security-scope-added", format!("`{name}` now needs the scope `{scope}`"));
            }
        }
        // The schemes are the same, but they are combined differently.
        if before == after && pair.old.get("security") != pair.new.get("security") {
            note("api-security-changed", "security requirements are combined differently".into());
        }
        for name in before.keys().filter(|name| after.contains_key(*name)) {
            let scheme = |root: &Value| {
                let mut scheme = root["components"]["securitySchemes"][*name].clone();
                if let Some(scheme) = scheme.as_object_mut() {
                    scheme.remove("description");
                }
                scheme
            };
            if scheme(self.old) != scheme(self.new) {
                let text = format!("the definition of the security scheme `{name}` changed");
                let pointer = to_component("securitySchemes", name);
                self.findings.add(pair.scope, Finding::new(of_operation("api-security-component-type-changed"), text, pointer).wire(wire));
            }
        }
    }
}
