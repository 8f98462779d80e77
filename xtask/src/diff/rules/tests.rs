use std::collections::BTreeMap;

use super::*;

const BOUNDS: [&str; 10] = [
    "max",
    "min",
    "exclusive-max",
    "exclusive-min",
    "max-length",
    "min-length",
    "max-items",
    "min-items",
    "max-properties",
    "min-properties",
];

/// Ids that are not in `tests/fixtures/rules.tsv`, which lacks request bodies, headers and removed operations. The others are
/// ours; xtask/README.md lists them.
const NOT_IN_THE_TABLE: &[&str] = &[
    "additional-properties-added",
    "additional-properties-removed",
    "any-of-order-changed",
    "api-path-removed-with-deprecation",
    "api-path-removed-without-deprecation",
    "api-removed-with-deprecation",
    "api-removed-without-deprecation",
    "api-security-changed",
    "api-server-path-changed",
    "api-tag-added",
    "api-tag-removed",
    "deprecated",
    "endpoint-deprecated",
    "keyword-changed",
    "new-optional-request-property",
    "new-required-request-property",
    "not-changed",
    "one-of-order-changed",
    "optional-response-header-removed",
    "request-parameter-deprecated",
    "request-parameter-property-added",
    "request-parameter-property-became-optional",
    "request-parameter-property-became-required",
    "request-parameter-property-removed",
    "request-parameter-serialization-changed",
    "request-path-parameter-renamed",
    "request-property-became-not-read-only",
    "request-property-became-optional",
    "request-property-became-read-only",
    "request-property-became-required",
    "request-property-removed",
    "required-response-header-removed",
    "response-header-added",
    "response-header-changed",
    "response-media-type-encoding-changed",
    "union-kind-changed",
    "unique-items-added",
    "unique-items-removed",
];

/// An id that also exists in oasdiff has the same level as there.
#[test]
fn levels_match_oasdiff() {
    let table = std::fs::read_to_string("../tests/fixtures/rules.tsv").unwrap();
    let known: BTreeMap<_, _> = table.lines().skip(1).filter_map(|line| line.split('\t').next().zip(line.split('\t').nth(1))).collect();
    let mut ours = OF_OPERATIONS.iter().map(|(id, _)| of_operation(id)).collect::<Vec<_>>();
    let moved = BOUNDS.iter().flat_map(|bound| ["increased", "decreased", "set", "unset"].map(|moved| format!("{bound}-{moved}")));
    let happened = OF_SCHEMAS.iter().map(|(happened, ..)| (*happened).to_owned()).chain(moved).collect::<Vec<_>>();
    for used in [Use::Parameter, Use::RequestBody, Use::Response] {
        ours.extend(happened.iter().flat_map(|happened| [of_schema(used, false, happened), of_schema(used, true, happened)]));
    }
    let compared = ours.iter().filter(|(id, _)| known.contains_key(id.as_str())).count();
    assert!(compared > 120, "only {compared} ids are known");
    let wrong = ours.iter().filter(|(id, level)| known.get(id.as_str()).is_some_and(|known| *known != level.to_string()));
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&(String, Level)>::new());

    // Every id without a rule in oasdiff must be listed here, so that none is introduced by mistake.
    let prefixes = [Use::Parameter, Use::Response].iter().flat_map(|used| [used.prefix(false), used.prefix(true)]).collect::<Vec<_>>();
    let is_known = |happened: &str| prefixes.iter().any(|prefix| known.contains_key(format!("{prefix}-{happened}").as_str()));
    let operations = OF_OPERATIONS.iter().map(|(id, _)| *id).filter(|id| !known.contains_key(id));
    let schemas = OF_SCHEMAS.iter().map(|(happened, ..)| *happened).filter(|happened| !is_known(happened));
    let unknown = operations.chain(schemas).filter(|id| !id.starts_with("request-body-") && !NOT_IN_THE_TABLE.contains(id));
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&str>::new());
}
