//! Open enums: the values that this release of the crate knows, and `Unknown` for all others.
//!
//! authentik adds values to its enums in minor releases. A value that this crate does not know decodes as `Unknown`, keeps its text,
//! and serializes unchanged.
//!
//! ```
//! # #[cfg(model = "FlowLayout")] {
//! use authentik_flow_bindings::FlowLayout;
//!
//! let known: FlowLayout = "sidebar_left".into();
//! assert_eq!(known, FlowLayout::SidebarLeft);
//! assert_eq!(known, "sidebar_left");
//!
//! let later: FlowLayout = "from_a_later_release".into();
//! assert!(!later.is_known());
//! assert_eq!(later.as_str(), "from_a_later_release");
//! assert!(FlowLayout::try_parse("from_a_later_release").is_err());
//! # }
//! ```

use std::fmt;

/// The text of a value that this release of the crate does not know.
///
/// It can be neither constructed nor matched on outside this crate: the next release may make the value a variant of its own.
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

impl AsRef<str> for UnknownValue {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The error of an open enum's `try_parse`: a text that is not one of the known values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownValueError {
    text: String,
    enum_name: &'static str,
    known: Vec<&'static str>,
}

impl fmt::Display for UnknownValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a known {}; known values are {}", self.text, self.enum_name, self.known.join(", "))
    }
}

impl std::error::Error for UnknownValueError {}

impl UnknownValueError {
    /// The text that was parsed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The known values.
    #[must_use]
    pub fn known(&self) -> &[&'static str] {
        &self.known
    }

    /// The name of the enum, such as `DeniedAction`.
    #[must_use]
    pub fn enum_name(&self) -> &'static str {
        self.enum_name
    }

    pub(crate) fn new(text: &str, enum_name: &'static str, known: Vec<&'static str>) -> Self {
        Self { text: text.to_owned(), enum_name, known }
    }
}

/// Implements an open enum; the generator writes the enum and one call for each string enum of the specification.
macro_rules! open_enum {
    ($name:ident { $($variant:ident = $value:literal, $label:literal;)* }) => {
        impl $name {
            const VALUES: &'static [Self] = &[$(Self::$variant),*];

            /// The known values, in the order of the specification.
            #[must_use]
            pub const fn values() -> &'static [Self] {
                Self::VALUES
            }

            /// The value as it is sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unknown(text) => text.as_str(),
                }
            }

            /// A readable label; for an unknown value, its text.
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

            /// Parses a known value; unlike `From<&str>`, fails on any other.
            ///
            /// # Errors
            /// The text is not one of [`values`](Self::values). The error lists them.
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

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().into()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
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
                    "description": "An open enum: other releases may send values that are not listed here.",
                    "anyOf": [{ "enum": [$($value),*] }, {}],
                })
            }
        }
    };
}
pub(crate) use open_enum;

/// Decodes a string into a type that implements `From<&str>`, without an intermediate copy.
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
