use std::fmt;

use phonenumber::country;
use serde::{Deserialize, Serialize};

/// A telephone number with its country code, as digits (E.164); masked in `Debug`.
///
/// A number without a country code is read as Russian, so that `8 (978) 000-00-01`,
/// `+7 978 000 00 01` and `9780000001` are the same number.
///
/// ```
/// use glame_core::values::PhoneNumber;
///
/// let phone = PhoneNumber::parse("8 (978) 000-00-01")?;
/// assert_eq!(phone.to_e164(), "+79780000001");
/// assert_eq!(format!("{phone:?}"), "+7978*****01");
/// # Ok::<(), glame_core::values::ParsePhoneNumberError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(u64);

/// Tells that a text is not a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a telephone number: expected ten digits, or + and the country code")]
pub struct ParsePhoneNumberError;

impl PhoneNumber {
    /// Reads a number as people write it; the default region is Russia.
    pub fn parse(text: &str) -> Result<Self, ParsePhoneNumberError> {
        if let Some(number) = Self::russian_mobile(text) {
            return Ok(number);
        }
        let number =
            phonenumber::parse(Some(country::RU), text).map_err(|_| ParsePhoneNumberError)?;
        if !phonenumber::is_valid(&number) {
            return Err(ParsePhoneNumberError);
        }
        let digits: String = number
            .format()
            .mode(phonenumber::Mode::E164)
            .to_string()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        digits.parse().map(Self).map_err(|_| ParsePhoneNumberError)
    }

    /// Takes the digits of E.164 (`79780000001`), as a database keeps them.
    pub fn from_digits(digits: u64) -> Result<Self, ParsePhoneNumberError> {
        if (1_000_000..=999_999_999_999_999).contains(&digits) {
            Ok(Self(digits))
        } else {
            Err(ParsePhoneNumberError)
        }
    }

    /// Gives the digits with the country code, without the plus.
    #[must_use]
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// Gives the whole number, `+` first.
    #[must_use]
    pub fn to_e164(self) -> String {
        format!("+{}", self.0)
    }

    /// Reads the numbers of all Russian mobiles (9xx) without the tables of the whole world.
    fn russian_mobile(text: &str) -> Option<Self> {
        let mut digits: u64 = 0;
        let mut count: u32 = 0;
        for c in text.trim().chars() {
            match c {
                '0'..='9' => {
                    digits = digits * 10 + u64::from(c.to_digit(10)?);
                    count += 1;
                }
                ' ' | '(' | ')' | '-' | '\u{a0}' => {}
                '+' if count == 0 => {}
                _ => return None,
            }
            if count > 11 {
                return None;
            }
        }
        let national = match (count, digits / 10_000_000_000) {
            (10, _) if !text.contains('+') => digits,
            (11, 7) => digits - 70_000_000_000,
            (11, 8) if !text.contains('+') => digits - 80_000_000_000,
            _ => return None,
        };
        (national / 1_000_000_000 == 9).then_some(Self(70_000_000_000 + national))
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = ParsePhoneNumberError;

    fn try_from(text: String) -> Result<Self, ParsePhoneNumberError> {
        Self::parse(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(phone: PhoneNumber) -> Self {
        phone.to_e164()
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let hidden = "*".repeat(digits.len().saturating_sub(6));
        write!(
            f,
            "+{}{hidden}{}",
            &digits[..4],
            &digits[digits.len() - 2..]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_many_spellings() {
        let spellings = [
            "8 (978) 000-00-01",
            "+7 978 000 00 01",
            "9780000001",
            "79780000001",
            "8-978-000-00-01",
            "+7(978)0000001",
        ];
        for text in spellings {
            assert_eq!(
                PhoneNumber::parse(text).unwrap().digits(),
                79_780_000_001,
                "{text:?}"
            );
        }
    }

    #[test]
    fn other_countries_and_landlines_go_through_the_tables() {
        assert_eq!(
            PhoneNumber::parse("+44 20 7946 0018").unwrap().to_e164(),
            "+442079460018"
        );
        assert_eq!(
            PhoneNumber::parse("8 (495) 123-45-67").unwrap().to_e164(),
            "+74951234567"
        );
    }

    #[test]
    fn the_short_way_agrees_with_the_tables() {
        for prefix in 900..=999 {
            let text = format!("{prefix}0000001");
            let number = phonenumber::parse(Some(country::RU), &text).unwrap();
            let by_tables = number.format().mode(phonenumber::Mode::E164).to_string();
            assert_eq!(PhoneNumber::parse(&text).unwrap().to_e164(), by_tables);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "Анна", "123", "+7", "79780000001 79780000002"] {
            assert_eq!(
                PhoneNumber::parse(text),
                Err(ParsePhoneNumberError),
                "{text:?}"
            );
        }
    }

    #[test]
    fn debug_masks_the_number() {
        assert_eq!(
            format!("{:?}", PhoneNumber::parse("9780000001").unwrap()),
            "+7978*****01"
        );
    }
}
