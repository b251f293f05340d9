use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::scaled_decimal::{self, ParseDecimalError};

/// An amount of roubles, kept as whole kopecks.
///
/// It may be negative: returns are. Arithmetic is checked, so that every caller decides what an
/// overflow means; nothing wraps and nothing is rounded unless the method's name says so.
///
/// ```
/// use glame_core::values::Money;
///
/// let price = Money::parse_roubles("12490.5")?;
/// assert_eq!(price.kopecks(), 1_249_050);
/// assert_eq!(price.to_string(), "12490.50");
/// assert!(Money::parse_roubles("0.005").is_err());
/// # Ok::<(), glame_core::values::MoneyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

/// Tells why an amount of money could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// The text is not an amount in roubles with at most two decimals.
    #[error("not an amount of money: {0}")]
    Parse(ParseDecimalError),
    /// The amount does not fit into 64 bits of kopecks.
    #[error("the amount of money is too large")]
    Overflow,
}

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Takes whole kopecks.
    #[must_use]
    pub const fn from_kopecks(kopecks: i64) -> Self {
        Self(kopecks)
    }

    /// Takes whole roubles.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] beyond ±92 quadrillion roubles.
    pub const fn from_whole_roubles(roubles: i64) -> Result<Self, MoneyError> {
        match roubles.checked_mul(100) {
            Some(kopecks) => Ok(Self(kopecks)),
            None => Err(MoneyError::Overflow),
        }
    }

    /// Reads roubles; a third decimal is refused rather than rounded.
    pub fn parse_roubles(text: &str) -> Result<Self, MoneyError> {
        scaled_decimal::parse(text, 2)
            .map(Self)
            .map_err(MoneyError::Parse)
    }

    /// Takes roubles; a third decimal is refused rather than rounded.
    pub fn from_roubles(roubles: Decimal) -> Result<Self, MoneyError> {
        let kopecks = roubles
            .checked_mul(Decimal::ONE_HUNDRED)
            .ok_or(MoneyError::Overflow)?;
        if !kopecks.is_integer() {
            return Err(MoneyError::Parse(ParseDecimalError::TooPrecise(2)));
        }
        i64::try_from(kopecks)
            .map(Self)
            .map_err(|_| MoneyError::Overflow)
    }

    /// Gives the amount in kopecks.
    #[must_use]
    pub const fn kopecks(self) -> i64 {
        self.0
    }

    /// Gives the amount in roubles, exactly.
    #[must_use]
    pub fn to_roubles(self) -> Decimal {
        Decimal::new(self.0, 2)
    }

    /// Adds, or tells that the sum does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(kopecks) => Some(Self(kopecks)),
            None => None,
        }
    }

    /// Subtracts, or tells that the difference does not fit.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(kopecks) => Some(Self(kopecks)),
            None => None,
        }
    }

    /// Sums amounts; the order does not matter, not even for an overflow.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if the total does not fit.
    pub fn try_sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        let total: i128 = amounts.into_iter().map(|amount| i128::from(amount.0)).sum();
        i64::try_from(total)
            .map(Self)
            .map_err(|_| MoneyError::Overflow)
    }

    /// Shares the amount among `count`, rounding half a kopeck away from zero; none among zero.
    #[must_use]
    pub fn divided_half_up(self, count: u32) -> Option<Self> {
        let count = i128::from(count);
        if count == 0 {
            return None;
        }
        let doubled = i128::from(self.0).checked_mul(2)?;
        let rounded = (doubled.abs() + count) / (2 * count) * doubled.signum();
        i64::try_from(rounded).ok().map(Self)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        scaled_decimal::write(f, self.0, 2)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ₽")
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Roubles;
        impl de::Visitor<'_> for Roubles {
            type Value = Money;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("roubles as a string with at most two decimals, or a whole number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Money, E> {
                Money::parse_roubles(text).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, roubles: i64) -> Result<Money, E> {
                Money::from_whole_roubles(roubles).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, roubles: u64) -> Result<Money, E> {
                i64::try_from(roubles)
                    .map_err(E::custom)
                    .and_then(|roubles| Money::from_whole_roubles(roubles).map_err(E::custom))
            }
        }
        deserializer.deserialize_any(Roubles)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_share_is_rounded_half_away_from_zero() {
        let cases = [
            (100, 3, 33),
            (200, 3, 67),
            (5, 2, 3),
            (-5, 2, -3),
            (0, 7, 0),
            (-1, 3, 0),
        ];
        for (kopecks, count, expected) in cases {
            let share = Money::from_kopecks(kopecks).divided_half_up(count);
            assert_eq!(
                share,
                Some(Money::from_kopecks(expected)),
                "{kopecks} / {count}"
            );
        }
        assert_eq!(Money::from_kopecks(5).divided_half_up(0), None);
        assert_eq!(
            Money::from_kopecks(i64::MIN).divided_half_up(1),
            Some(Money::from_kopecks(i64::MIN))
        );
    }

    #[test]
    fn a_sum_may_pass_the_limit_on_its_way() {
        let amounts = [i64::MAX, 1, -2].map(Money::from_kopecks);
        assert_eq!(
            Money::try_sum(amounts),
            Ok(Money::from_kopecks(i64::MAX - 1))
        );
        assert_eq!(
            Money::try_sum([i64::MAX, 1].map(Money::from_kopecks)),
            Err(MoneyError::Overflow)
        );
    }

    #[test]
    fn a_third_decimal_is_refused_however_it_comes() {
        let too_precise = Err(MoneyError::Parse(ParseDecimalError::TooPrecise(2)));
        assert_eq!(Money::from_roubles(Decimal::new(5, 3)), too_precise);
        assert_eq!(Money::parse_roubles("0.005"), too_precise);
        assert_eq!(
            Money::from_roubles(Decimal::new(50, 3)),
            Ok(Money::from_kopecks(5))
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(kopecks: i64) {
            let money = Money::from_kopecks(kopecks);
            prop_assert_eq!(Money::parse_roubles(&money.to_string()), Ok(money));
            prop_assert_eq!(Money::from_roubles(money.to_roubles()), Ok(money));
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = Money::parse_roubles(&text);
        }
    }
}
