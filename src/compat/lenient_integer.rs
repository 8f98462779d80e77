//! Page numbers and counts, which the specification declares as `number` and servers send as integers.

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

        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<u64, E> {
            /// 2⁵³: beyond it an `f64` cannot represent every integer.
            const LARGEST: f64 = 9_007_199_254_740_992.0;
            if number.fract() == 0.0 && (0.0..=LARGEST).contains(&number) {
                Ok(number as u64)
            } else {
                Err(E::invalid_value(serde::de::Unexpected::Float(number), &self))
            }
        }
    }

    deserializer.deserialize_u64(LenientInteger)
}
