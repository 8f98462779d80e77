//! Decodes page numbers and counts, which the specification declares as `number` but servers send as integers.

use std::fmt;

/// Deserializes a non-negative integer, which may be written as `20.0`.
pub(crate) fn lenient_integer<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct LenientInteger;

    impl serde::de::Visitor<'_> for LenientInteger {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a non-negative integer")
        }

        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<u64, E> {
            Ok(number)
        }

        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<u64, E> {
            u64::try_from(number).map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
        }

        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<u64, E> {
            // `Display` writes an integral `f64` without a fraction.
            number.to_string().parse().map_err(|_| E::invalid_value(serde::de::Unexpected::Float(number), &self))
        }
    }

    deserializer.deserialize_u64(LenientInteger)
}
