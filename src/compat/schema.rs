//! The schema of each object in the specification, and the comparison of a response with it.

use serde::Serialize;
use serde_json::Value;

/// An object of the specification.
#[doc(hidden)]
pub struct ObjectSchema {
    pub(crate) fields: &'static [Field],
    /// Whether it may have any other field.
    pub(crate) open: bool,
}

/// A field of an object.
#[doc(hidden)]
pub struct Field {
    pub(crate) name: &'static str,
    /// Other names under which some releases send it.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) required: bool,
    #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "only the fake server validates whole rows"))]
    pub(crate) nullable: bool,
    pub(crate) kind: FieldKind,
}

/// What a field holds.
#[doc(hidden)]
#[allow(missing_docs, dead_code, reason = "generated code uses the variants that its specification needs")]
pub enum FieldKind {
    Object(&'static ObjectSchema),
    List(&'static FieldKind),
    Map(&'static FieldKind),
    Union(&'static [FieldKind]),
    Enum(&'static [&'static str]),
    Integer { minimum: i64, maximum: i64 },
    Number,
    Boolean,
    Uuid,
    Date,
    DateTime,
    Text,
    Any,
}

/// A list operation in the specification.
#[cfg(feature = "testing")]
pub(crate) struct ListSchema {
    /// The operation's id, such as `flows_bindings_list`.
    pub(crate) id: &'static str,
    /// The path below `/api/v3`.
    pub(crate) path: &'static str,
    pub(crate) page: &'static ObjectSchema,
    /// The key of a row: terms of `ordering`, each with the path of its property. Empty if there is none.
    pub(crate) key: &'static [(&'static str, &'static str)],
    /// The path parameter that selects one row: a property, or another name for the key.
    pub(crate) lookup: Option<&'static str>,
    /// The filter parameters.
    pub(crate) filters: &'static [&'static str],
}

/// How a response differs from the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DriftKind {
    /// An enum has a value that this release of the crate does not know. The value is kept.
    UnknownValue,
    /// A required field is missing. Its default is used.
    MissingField,
    /// A field is not in the specification. It is ignored.
    UnknownField,
    /// A number is outside the specified range. It is kept.
    OutOfRange,
    /// A row cannot be decoded and was skipped: see [`skip_undecodable`](crate::pagination::Paginator::skip_undecodable).
    SkippedRow,
}

/// The callback for each difference: its kind, its path, and the value in the response.
pub(super) type OnDifference<'a> = dyn FnMut(DriftKind, &str, Option<&Value>) + 'a;

impl ObjectSchema {
    /// Compares a page, or the bare array of rows that an unpaginated server sends.
    pub(super) fn compare_page(&self, document: &Value, on_difference: &mut OnDifference<'_>) {
        match self.fields.iter().find(|field| field.name == "results") {
            Some(rows) if document.is_array() => rows.kind.compare(document, "", on_difference),
            _ => self.compare(document, "", on_difference),
        }
    }

    fn compare(&self, document: &Value, path: &str, on_difference: &mut OnDifference<'_>) {
        let Some(object) = document.as_object() else { return };
        let path_of = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        for field in self.fields {
            match field.names().find_map(|name| Some((name, object.get(name)?))) {
                Some((name, value)) => field.kind.compare(value, &path_of(name), on_difference),
                None if field.required => on_difference(DriftKind::MissingField, &path_of(field.name), None),
                None => {}
            }
        }
        for (name, value) in object {
            if !self.open && !self.fields.iter().any(|field| field.names().any(|known| known == name)) {
                on_difference(DriftKind::UnknownField, &path_of(name), Some(value));
            }
        }
    }
}

// Constructors with defaults keep the generated descriptors short.
#[allow(dead_code, reason = "a specification need not use all of them")]
impl Field {
    pub(crate) const fn required(name: &'static str, kind: FieldKind) -> Self {
        Self { name, aliases: &[], required: true, nullable: false, kind }
    }

    pub(crate) const fn optional(name: &'static str, kind: FieldKind) -> Self {
        Self { name, aliases: &[], required: false, nullable: false, kind }
    }

    pub(crate) const fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    pub(crate) const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

impl FieldKind {
    fn compare(&self, value: &Value, path: &str, on_difference: &mut OnDifference<'_>) {
        match self {
            Self::Object(schema) => schema.compare(value, path, on_difference),
            Self::List(items) => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    items.compare(item, &format!("{path}[{index}]"), on_difference);
                }
            }
            Self::Enum(values) if !value.as_str().is_none_or(|text| values.contains(&text)) => {
                on_difference(DriftKind::UnknownValue, path, Some(value));
            }
            Self::Integer { minimum, maximum } if !value.as_i64().is_none_or(|number| (*minimum..=*maximum).contains(&number)) => {
                on_difference(DriftKind::OutOfRange, path, Some(value));
            }
            _ => {}
        }
    }
}
