use std::collections::BTreeSet;
use std::fmt;

use crate::ports::{NoRandomness, SecretSource};

/// A password as somebody has typed it; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Tells why a text is no good password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakPassword {
    /// It can be guessed because it is short.
    #[error("the password must have at least {} characters", Password::MIN_CHARS)]
    TooShort,
    /// It is longer than any that is hashed.
    #[error("the password must have at most {} bytes", Password::MAX_BYTES)]
    TooLong,
    /// It is made of the same few characters.
    #[error(
        "the password must have at least {} different characters",
        Password::MIN_DIFFERENT
    )]
    TooUniform,
    /// It is one of those that are tried first.
    #[error("the password is one of those that are tried first; choose another")]
    Common,
    /// It is the e-mail address.
    #[error("the password must not be the e-mail address")]
    IsEmail,
}

impl Password {
    /// The shortest password that may be set.
    pub const MIN_CHARS: usize = 12;
    /// The longest password: what is longer is an attack on the hasher.
    pub const MAX_BYTES: usize = 256;
    /// The least different characters of a password that may be set.
    pub const MIN_DIFFERENT: usize = 5;

    /// Takes a password that is to be compared; none if it is too long to be one.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        (text.len() <= Self::MAX_BYTES).then(|| Self(text.to_owned()))
    }

    /// Takes a password that is to be set, if it is good enough.
    ///
    /// `email` is the address of its owner.
    ///
    /// ```
    /// use glame_core::access::{Password, WeakPassword};
    ///
    /// assert!(Password::new_for("anna@example.ru", "гуси летят на юг").is_ok());
    /// let weak = Password::new_for("anna@example.ru", "Password1234");
    /// assert_eq!(weak.unwrap_err(), WeakPassword::Common);
    /// ```
    pub fn new_for(email: &str, text: &str) -> Result<Self, WeakPassword> {
        if text.len() > Self::MAX_BYTES {
            return Err(WeakPassword::TooLong);
        }
        if text.chars().count() < Self::MIN_CHARS {
            return Err(WeakPassword::TooShort);
        }
        let plain: String = text.chars().flat_map(char::to_lowercase).collect();
        if plain.chars().collect::<BTreeSet<_>>().len() < Self::MIN_DIFFERENT {
            return Err(WeakPassword::TooUniform);
        }
        let letters: String = plain.chars().filter(|c| c.is_alphanumeric()).collect();
        if COMMON.contains(&letters.as_str()) {
            return Err(WeakPassword::Common);
        }
        if plain == email.to_lowercase() {
            return Err(WeakPassword::IsEmail);
        }
        Ok(Self(text.to_owned()))
    }

    /// Draws a password of 100 random bits, for a first sign-in: four groups of five characters.
    pub fn draw(secrets: &dyn SecretSource) -> Result<Self, NoRandomness> {
        let mut bytes = [0; 20];
        secrets.fill(&mut bytes)?;
        let mut text = String::with_capacity(23);
        for (index, byte) in bytes.iter().enumerate() {
            if index > 0 && index % 5 == 0 {
                text.push('-');
            }
            text.push(char::from(LEGIBLE[usize::from(byte % 32)]));
        }
        Ok(Self(text))
    }

    /// Gives the text, for the hasher and for the one who must be told.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

/// Thirty-two characters that nobody takes for another.
const LEGIBLE: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";

/// What is tried first, in lower case and without anything but letters and digits.
const COMMON: [&str; 40] = [
    "000000000000",
    "0123456789ab",
    "1234567890ab",
    "12345678901",
    "123456789012",
    "1234567890123",
    "123123123123",
    "1q2w3e4r5t6y",
    "1q2w3e4r5t6y7u",
    "1qaz2wsx3edc",
    "1qaz2wsx3edc4rfv",
    "abcdefghijkl",
    "administrator",
    "administrator1",
    "admin1234567",
    "adminadminadmin",
    "asdfghjkl123",
    "changemeplease",
    "correcthorsebatterystaple",
    "glameglameglame",
    "iloveyou1234",
    "letmein12345",
    "loyaltyadmin",
    "passw0rd1234",
    "password1234",
    "password12345",
    "password123456",
    "passwordpassword",
    "qazwsxedcrfv",
    "qwerty123456",
    "qwerty1234567",
    "qwertyqwerty",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiopasdf",
    "welcome12345",
    "zxcvbnmasdfg",
    "йцукен123456",
    "йцукенгшщзхъ",
    "парольпароль",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::KnownSecrets;

    #[test]
    fn weak_passwords_are_told_by_what_is_wrong() {
        let long = "я".repeat(200);
        let cases = [
            ("11 знаков..", WeakPassword::TooShort),
            (long.as_str(), WeakPassword::TooLong),
            ("aaaaBBBBaaaa1", WeakPassword::TooUniform),
            ("Qwerty-123456!", WeakPassword::Common),
            ("ЙЦУКЕНГШЩЗХЪ", WeakPassword::Common),
            ("Anna@Example.ru", WeakPassword::IsEmail),
        ];
        for (text, expected) in cases {
            let refused = Password::new_for("anna@example.ru", text);
            assert_eq!(refused.unwrap_err(), expected, "{text}");
        }
        for text in ["двенадцать знаков", "correct zebra staple", "x7!Qp0@zL#4w"] {
            assert!(Password::new_for("anna@example.ru", text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_common_ones_are_in_the_form_that_is_compared() {
        for text in COMMON {
            assert!(
                text.chars()
                    .all(|c| c.is_alphanumeric() && !c.is_uppercase()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_drawn_password_may_be_set_and_is_shown_to_nobody() {
        let secrets = KnownSecrets::default();
        let (one, other) = (Password::draw(&secrets), Password::draw(&secrets));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_ne!(one, other);
        assert!(Password::new_for("anna@example.ru", one.as_str()).is_ok());
        assert_eq!(format!("{one:?}"), "Password(***)");
        assert_eq!(Password::typed(&"x".repeat(257)), None);
    }
}
