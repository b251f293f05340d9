use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of a discount card as the shop reads it, without spaces.
///
/// Leading zeros count. `Debug` masks all but the last two characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CardNumber(String);

/// Tells why a text is not a card number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseCardNumberError {
    /// Nothing is left without the spaces.
    #[error("the card number is empty")]
    Empty,
    /// The text is longer than any card number.
    #[error("the card number is longer than {} characters", CardNumber::MAX_CHARS)]
    TooLong,
    /// The text holds control characters.
    #[error("the card number holds control characters")]
    ControlCharacters,
}

impl CardNumber {
    /// The longest number that is accepted.
    pub const MAX_CHARS: usize = 100;

    /// Reads a number as it is stored or scanned: spaces are dropped, letters become upper case.
    pub fn parse(text: &str) -> Result<Self, ParseCardNumberError> {
        let number: String = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .flat_map(char::to_uppercase)
            .collect();
        if number.is_empty() {
            return Err(ParseCardNumberError::Empty);
        }
        if number.chars().any(char::is_control) {
            return Err(ParseCardNumberError::ControlCharacters);
        }
        if number.chars().count() > Self::MAX_CHARS {
            return Err(ParseCardNumberError::TooLong);
        }
        Ok(Self(number))
    }

    /// Gives the whole number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CardNumber {
    type Error = ParseCardNumberError;

    fn try_from(text: String) -> Result<Self, ParseCardNumberError> {
        Self::parse(&text)
    }
}

impl From<CardNumber> for String {
    fn from(number: CardNumber) -> Self {
        number.0
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.chars().count();
        let tail: String = self.0.chars().skip(count.saturating_sub(2)).collect();
        write!(f, "CardNumber(**{tail})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_are_dropped_and_leading_zeros_stay() {
        assert_eq!(CardNumber::parse(" 00 29 а ").unwrap().as_str(), "0029А");
        assert_eq!(CardNumber::parse("  "), Err(ParseCardNumberError::Empty));
        assert_eq!(
            CardNumber::parse("1\u{7}"),
            Err(ParseCardNumberError::ControlCharacters)
        );
        assert_eq!(
            CardNumber::parse(&"1".repeat(101)),
            Err(ParseCardNumberError::TooLong)
        );
    }

    #[test]
    fn debug_masks_the_number() {
        let number = CardNumber::parse("2900000001017").unwrap();
        assert_eq!(format!("{number:?}"), "CardNumber(**17)");
    }
}
