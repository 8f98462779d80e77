//! Page counters, which the specification declares as `number` and servers send as whole numbers.

use std::fmt;

/// Reads a whole number, which may be written as `20.0`.
pub(crate) fn lenient_integer<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Whole;

    impl serde::de::Visitor<'_> for Whole {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number from 0")
        }

        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<u64, E> {
            Ok(number)
        }

        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<u64, E> {
            u64::try_from(number).map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
        }

        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<u64, E> {
            /// Above, a float no longer tells each whole number from the next.
            const LARGEST: f64 = 9_007_199_254_740_992.0;
            if number.fract() == 0.0 && (0.0..=LARGEST).contains(&number) {
                Ok(number as u64)
            } else {
                Err(E::invalid_value(serde::de::Unexpected::Float(number), &self))
            }
        }
    }

    deserializer.deserialize_u64(Whole)
}
