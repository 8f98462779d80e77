//! The ids and levels of changes, as in [oasdiff](https://github.com/oasdiff/oasdiff).
//!
//! An id consists of a prefix for the location and a suffix for the change. Changes without a rule in oasdiff get an id of the same
//! form.

use std::fmt;

use serde::Serialize;

/// How serious a change is for deployed clients, according to oasdiff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Clients are not affected.
    Info,
    /// Clients may be affected.
    Warning,
    /// Clients break.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

use Level::{Error, Info, Warning};

/// Where a schema is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Use {
    Parameter,
    RequestBody,
    /// A success response.
    Response,
    /// An error response, which `src/error` decodes leniently.
    ErrorResponse,
}

impl Use {
    pub fn is_request(self) -> bool {
        matches!(self, Self::Parameter | Self::RequestBody)
    }

    fn prefix(self, nested: bool) -> &'static str {
        match (self, nested) {
            (Self::Parameter, false) => "request-parameter",
            (Self::Parameter, true) => "request-parameter-property",
            (Self::RequestBody, false) => "request-body",
            (Self::RequestBody, true) => "request-property",
            (Self::Response | Self::ErrorResponse, false) => "response-body",
            (Self::Response | Self::ErrorResponse, true) => "response-property",
        }
    }
}

/// Changes of schemas, with their levels in requests and in responses.
const OF_SCHEMAS: &[(&str, Level, Level)] = &[
    ("type-changed", Error, Error),
    ("type-generalized", Info, Error),
    ("type-specialized", Error, Info),
    ("became-nullable", Info, Error),
    ("became-not-nullable", Error, Info),
    ("became-enum", Error, Info),
    ("enum-value-added", Info, Warning),
    ("enum-value-removed", Error, Info),
    ("default-value-added", Error, Info),
    ("default-value-changed", Error, Info),
    ("default-value-removed", Error, Info),
    ("pattern-added", Error, Info),
    ("pattern-changed", Warning, Info),
    ("pattern-removed", Info, Info),
    ("all-of-added", Error, Info),
    ("all-of-removed", Info, Info),
    ("any-of-added", Info, Info),
    ("any-of-order-changed", Info, Info),
    ("any-of-removed", Error, Info),
    ("one-of-added", Info, Error),
    ("one-of-order-changed", Info, Info),
    ("one-of-removed", Error, Info),
    ("discriminator-added", Info, Info),
    ("discriminator-removed", Info, Info),
    ("discriminator-property-name-changed", Info, Info),
    ("discriminator-mapping-added", Info, Info),
    ("discriminator-mapping-deleted", Info, Info),
    ("discriminator-mapping-changed", Info, Info),
    ("additional-properties-added", Info, Warning),
    ("additional-properties-removed", Warning, Info),
    ("deprecated", Info, Info),
    ("reactivated", Info, Info),
    ("not-changed", Error, Info),
    ("keyword-changed", Warning, Warning),
    ("union-kind-changed", Warning, Warning),
    ("unique-items-added", Error, Info),
    ("unique-items-removed", Info, Info),
];

/// Other changes.
const OF_OPERATIONS: &[(&str, Level)] = &[
    ("api-operation-id-added", Info),
    ("api-operation-id-removed", Info),
    ("api-path-removed-with-deprecation", Info),
    ("api-path-removed-without-deprecation", Error),
    ("api-removed-with-deprecation", Info),
    ("api-removed-without-deprecation", Error),
    ("api-security-added", Info),
    ("api-security-changed", Warning),
    ("api-security-component-type-changed", Info),
    ("api-security-removed", Info),
    ("api-security-scope-added", Info),
    ("api-security-scope-removed", Info),
    ("api-server-path-changed", Error),
    ("api-tag-added", Info),
    ("api-tag-removed", Info),
    ("endpoint-added", Info),
    ("endpoint-deprecated", Info),
    ("endpoint-reactivated", Info),
    ("new-optional-request-parameter", Info),
    ("new-optional-request-property", Info),
    ("new-required-request-parameter", Error),
    ("new-required-request-property", Error),
    ("optional-response-header-removed", Warning),
    ("request-body-added-optional", Info),
    ("request-body-added-required", Error),
    ("request-body-became-optional", Info),
    ("request-body-became-required", Error),
    ("request-body-media-type-added", Info),
    ("request-body-media-type-encoding-changed", Warning),
    ("request-body-media-type-removed", Error),
    ("request-body-media-type-schema-added", Warning),
    ("request-body-media-type-schema-removed", Info),
    ("request-property-became-not-read-only", Info),
    ("request-property-became-read-only", Warning),
    ("request-body-removed", Warning),
    ("request-parameter-became-optional", Info),
    ("request-parameter-became-required", Error),
    ("request-parameter-deprecated", Info),
    ("request-parameter-property-added", Info),
    ("request-parameter-property-became-optional", Info),
    ("request-parameter-property-became-required", Error),
    ("request-parameter-property-removed", Warning),
    ("request-parameter-reactivated", Info),
    ("request-parameter-removed", Warning),
    ("request-path-parameter-renamed", Info),
    ("request-parameter-serialization-changed", Error),
    ("request-property-became-optional", Info),
    ("request-property-became-required", Error),
    ("request-property-removed", Warning),
    ("required-response-header-removed", Error),
    ("response-header-added", Info),
    ("response-header-changed", Warning),
    ("response-media-type-added", Info),
    ("response-body-media-type-schema-added", Info),
    ("response-body-media-type-schema-removed", Warning),
    ("response-media-type-encoding-changed", Warning),
    ("response-media-type-removed", Error),
    ("response-optional-property-became-not-write-only", Info),
    ("response-optional-property-became-write-only", Info),
    ("response-required-property-became-not-write-only", Warning),
    ("response-required-property-became-write-only", Info),
    ("response-non-success-status-added", Info),
    ("response-non-success-status-removed", Info),
    ("response-optional-property-added", Info),
    ("response-optional-property-removed", Warning),
    ("response-optional-write-only-property-added", Info),
    ("response-optional-write-only-property-removed", Info),
    ("response-property-became-optional", Error),
    ("response-property-became-required", Info),
    ("response-required-property-added", Info),
    ("response-required-property-removed", Error),
    ("response-required-write-only-property-added", Info),
    ("response-required-write-only-property-removed", Info),
    ("response-success-status-added", Info),
    ("response-success-status-removed", Error),
    ("response-write-only-property-became-optional", Info),
    ("response-write-only-property-became-required", Info),
];

/// Levels that are different for a property of a parameter.
const EXCEPTIONS: &[(&str, Level)] = &[("request-parameter-property-type-changed", Warning)];

/// The rule for a change of a schema.
pub fn of_schema(used: Use, nested: bool, happened: &str) -> (String, Level) {
    // oasdiff has irregular ids for these.
    let id = match (used.prefix(nested), happened) {
        ("response-body", "enum-value-removed") => "response-mediatype-enum-value-removed".to_owned(),
        ("request-parameter", "type-specialized") => "request-parameter-type-changed".to_owned(),
        (prefix, happened) => format!("{prefix}-{happened}"),
    };
    let exception = EXCEPTIONS.iter().find(|(known, _)| *known == id).map(|(_, level)| *level);
    let of_kind =
        || OF_SCHEMAS.iter().find(|(known, ..)| *known == happened).map(|(_, sent, got)| if used.is_request() { *sent } else { *got });
    let level = exception.or_else(of_kind).or_else(|| of_bound(happened, used.is_request()));
    debug_assert!(level.is_some(), "there is no rule for {happened}");
    (id, level.unwrap_or(Info))
}

/// The level of a changed bound. Clients break if requests allow less, or responses allow more.
fn of_bound(happened: &str, request: bool) -> Option<Level> {
    let (bound, moved) = happened.rsplit_once('-')?;
    let upper = bound.contains("max");
    let grows = match moved {
        "increased" => upper,
        "decreased" => !upper,
        "unset" => true,
        "set" => return Some(if request { Warning } else { Info }),
        _ => return None,
    };
    Some(if grows == request { Info } else { Error })
}

/// The rule for a change of anything else.
pub fn of_operation(id: &str) -> (String, Level) {
    let level = OF_OPERATIONS.iter().find(|(known, _)| *known == id).map(|(_, level)| *level);
    debug_assert!(level.is_some(), "there is no rule {id}");
    (id.to_owned(), level.unwrap_or(Info))
}

#[cfg(test)]
mod tests;
