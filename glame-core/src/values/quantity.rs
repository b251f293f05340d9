use std::fmt;

use serde::{Deserialize, Serialize};

use super::scaled_decimal::{self, ParseDecimalError};

/// A quantity of goods in thousandths: shops sell half a metre too.
///
/// Negative on returns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(i64);

/// Tells why a quantity could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a quantity: {0}")]
pub struct QuantityError(ParseDecimalError);

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Takes thousandths of the unit.
    #[must_use]
    pub const fn from_thousandths(thousandths: i64) -> Self {
        Self(thousandths)
    }

    /// Reads a decimal number of units with at most three decimals.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        scaled_decimal::parse(text, 3)
            .map(Self)
            .map_err(QuantityError)
    }

    /// Gives the thousandths of the unit.
    #[must_use]
    pub const fn thousandths(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        scaled_decimal::write(f, self.0, 3)
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
