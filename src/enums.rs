//! Open enums: the values that this release of the crate knows, and room for those that it does not.
//!
//! Upstream adds values to its enums between releases. A value that came later than this crate arrives as `Unknown`, keeps its
//! text, and goes back out unchanged.
//!
//! ```
//! use authentik_flow_bindings::FlowLayout;
//!
//! let known: FlowLayout = "sidebar_left".into();
//! assert_eq!(known, FlowLayout::SidebarLeft);
//!
//! let later: FlowLayout = "of_a_later_release".into();
//! assert!(!later.is_known());
//! assert_eq!(later.as_str(), "of_a_later_release");
//! assert!(FlowLayout::try_parse("of_a_later_release").is_err());
//! ```

use std::fmt;

/// The text of a value that this release of the crate does not know.
///
/// It can be read, but neither made nor matched on: the value may become a variant of its own in the next release.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnknownValue(Box<str>);

impl UnknownValue {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The value as the server sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A text that is none of the values of an enum: what the `try_parse` of an open enum returns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {enum_name}; it has the values {}", known.join(", "))]
pub struct UnknownValueError {
    text: String,
    enum_name: &'static str,
    known: Vec<&'static str>,
}

impl UnknownValueError {
    pub(crate) fn new(text: &str, enum_name: &'static str, known: Vec<&'static str>) -> Self {
        Self { text: text.to_owned(), enum_name, known }
    }
}

/// Declares an open enum; the generator writes one call for each string enum of the document.
macro_rules! open_enum {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident { $($(#[$variant_attribute:meta])* $variant:ident = $value:literal, $label:literal;)* }
    ) => {
        $(#[$attribute])*
        ///
        /// An open enum: see [`enums`](crate::enums).
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_attribute])* $variant,)*
            /// A value that came later than this release of the crate.
            Unknown($crate::enums::UnknownValue),
        }

        impl $name {
            const VALUES: &'static [Self] = &[$(Self::$variant),*];

            /// Every known value, in the order of the specification.
            #[must_use]
            pub const fn values() -> &'static [Self] {
                Self::VALUES
            }

            /// The value as the server writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unknown(text) => text.as_str(),
                }
            }

            /// The value in words, for people; an unknown value as the server wrote it.
            #[must_use]
            pub fn label(&self) -> &str {
                match self {
                    $(Self::$variant => $label,)*
                    Self::Unknown(text) => text.as_str(),
                }
            }

            /// Whether this release of the crate knows the value.
            #[must_use]
            pub const fn is_known(&self) -> bool {
                !matches!(self, Self::Unknown(_))
            }

            /// Parses a known value, and nothing else.
            ///
            /// # Errors
            /// The text is none of [`values`](Self::values); the error lists them.
            pub fn try_parse(text: &str) -> Result<Self, $crate::enums::UnknownValueError> {
                match Self::from(text) {
                    Self::Unknown(_) => Err($crate::enums::UnknownValueError::new(text, stringify!($name), vec![$($value),*])),
                    known => Ok(known),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($value => Self::$variant,)*
                    other => Self::Unknown($crate::enums::UnknownValue::new(other)),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                text.as_str().into()
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(text.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::enums::TextVisitor::new())
            }
        }

        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": "An open enum: a later server may send other values than these.",
                    "anyOf": [{ "enum": [$($value),*] }, {}],
                })
            }
        }
    };
}
pub(crate) use open_enum;

/// Reads a string into whatever can be made of every string, without a copy where serde lends one.
pub(crate) struct TextVisitor<T>(std::marker::PhantomData<T>);

impl<T> TextVisitor<T> {
    pub(crate) fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<T: for<'a> From<&'a str>> serde::de::Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        Ok(text.into())
    }
}
