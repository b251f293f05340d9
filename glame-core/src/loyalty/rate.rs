use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::values::ParseDecimalError;

/// How many parts make one.
pub(super) const PARTS: u32 = 10_000;

/// An exact share or multiplier with at most four decimals: `0.01` is 1 %, `1.5` is half as much again.
///
/// It is written as a decimal string, so that no float ever stands between a setting and a point.
///
/// ```
/// use glame_core::loyalty::Rate;
///
/// let vip: Rate = "1.5".parse()?;
/// assert_eq!(vip.parts(), 15_000);
/// assert!("0.00001".parse::<Rate>().is_err());
/// # Ok::<(), glame_core::loyalty::ParseRateError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u32);

/// Tells why a text is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseRateError {
    /// It is no decimal number with at most four decimals.
    #[error("not a rate such as 0.01 or 1.5: {0}")]
    Parse(ParseDecimalError),
    /// It is negative or above the limit.
    #[error("a rate lies between 0 and 1000")]
    OutOfRange,
}

impl Rate {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// As much as there is.
    pub const ONE: Self = Self(PARTS);

    /// The most that a rate may be: a thousand times.
    pub const MAX: Self = Self(1_000 * PARTS);

    /// Takes ten-thousandths.
    pub const fn try_from_parts(parts: u32) -> Result<Self, ParseRateError> {
        if parts > Self::MAX.0 {
            Err(ParseRateError::OutOfRange)
        } else {
            Ok(Self(parts))
        }
    }

    /// Gives the ten-thousandths.
    #[must_use]
    pub const fn parts(self) -> u32 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = ParseRateError;

    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let parts = crate::values::scaled_decimal::parse(text, 4).map_err(ParseRateError::Parse)?;
        u32::try_from(parts)
            .map_err(|_| ParseRateError::OutOfRange)
            .and_then(Self::try_from_parts)
    }
}

impl fmt::Display for Rate {
    /// Shows the shortest exact decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, mut rest) = (self.0 / PARTS, self.0 % PARTS);
        write!(f, "{whole}")?;
        if rest == 0 {
            return Ok(());
        }
        let mut width = 4;
        while rest % 10 == 0 {
            rest /= 10;
            width -= 1;
        }
        write!(f, ".{rest:0width$}")
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "×{self}")
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Decimal;
        impl de::Visitor<'_> for Decimal {
            type Value = Rate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate as a string such as \"0.01\", or a whole number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Rate, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, whole: i64) -> Result<Rate, E> {
                u64::try_from(whole)
                    .map_err(E::custom)
                    .and_then(|whole| self.visit_u64(whole))
            }

            fn visit_u64<E: de::Error>(self, whole: u64) -> Result<Rate, E> {
                u32::try_from(whole)
                    .ok()
                    .and_then(|whole| whole.checked_mul(PARTS))
                    .ok_or(ParseRateError::OutOfRange)
                    .and_then(Rate::try_from_parts)
                    .map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Decimal)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rate_is_shown_as_short_as_it_is_exact() {
        for text in ["0", "0.01", "1.5", "1.2", "2", "0.0001", "1000", "3.1415"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in [
            "",
            "x",
            "-0.01",
            "1000.0001",
            "0.00001",
            "1e4",
            "99999999999",
        ] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Rate>("1001").is_err());
        assert!(serde_json::from_str::<Rate>("1.5").is_err(), "no floats");
        assert_eq!(
            serde_json::from_str::<Rate>("2").unwrap(),
            "2".parse().unwrap()
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(parts in 0_u32..=10_000_000) {
            let rate = Rate::try_from_parts(parts).unwrap();
            prop_assert_eq!(rate.to_string().parse::<Rate>().unwrap(), rate);
        }
    }
}
