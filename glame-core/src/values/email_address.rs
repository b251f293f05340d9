use std::fmt;

use serde::{Deserialize, Serialize};

/// An e-mail address that could be one: `name@domain.tld`, in lower case; masked in `Debug`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// Tells that a text cannot be an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address: expected name@domain.tld")]
pub struct ParseEmailAddressError;

impl EmailAddress {
    /// Reads an address; only a letter can prove that it exists.
    pub fn parse(text: &str) -> Result<Self, ParseEmailAddressError> {
        let text = text.trim();
        let (name, domain) = text.rsplit_once('@').ok_or(ParseEmailAddressError)?;
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"@,;<>\"()".contains(c);
        let labels_hold = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
        if name.is_empty()
            || text.len() > 254
            || !labels_hold
            || !name.chars().all(plain)
            || !domain.chars().all(plain)
        {
            return Err(ParseEmailAddressError);
        }
        Ok(Self(text.to_lowercase()))
    }

    /// Gives the whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = ParseEmailAddressError;

    fn try_from(text: String) -> Result<Self, ParseEmailAddressError> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for text in ["Anna@Example.RU", " a.b+c@почта.рф "] {
            assert!(EmailAddress::parse(text).is_ok(), "{text:?}");
        }
        for text in [
            "",
            "anna",
            "@x.ru",
            "a@x",
            "a@x..ru",
            "a b@x.ru",
            "a@x.ru, b@x.ru",
            "a@b@x.ru",
        ] {
            assert!(EmailAddress::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(
            EmailAddress::parse("Anna@Example.RU").unwrap().as_str(),
            "anna@example.ru"
        );
    }
}
