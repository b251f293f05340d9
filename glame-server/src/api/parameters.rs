//! Parameters that many operations have, each with its limits.

use std::ops::Deref;

use glame_core::loyalty::IdempotencyKey;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::{ParseError, ParseFromParameter, ParseResult, ToJSON};
use serde_json::Value;

use super::scalar::scalar;

/// What a page gives as `next`, and the next request sends as `cursor`.
///
/// Whether it is one that this server has made is told by [`Cursors`](super::Cursors).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorText(String);

impl CursorText {
    /// The longest one: the place of a row has at most a text of some hundred characters.
    const LONGEST: usize = 2048;
}

impl Deref for CursorText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

scalar!(
    CursorText,
    "string(cursor)",
    MetaSchema {
        max_length: Some(Self::LONGEST),
        ..MetaSchema::new("string")
    }
);

impl ParseFromParameter for CursorText {
    fn parse_from_parameter(text: &str) -> ParseResult<Self> {
        if text.len() > Self::LONGEST {
            return Err(ParseError::custom(format!(
                "at most {} characters",
                Self::LONGEST
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

/// How many rows a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLength(u32);

impl PageLength {
    const LONGEST: u32 = 200;

    /// Gives the number of rows.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for PageLength {
    fn default() -> Self {
        Self(50)
    }
}

scalar!(
    PageLength,
    "integer(page)",
    MetaSchema {
        minimum: Some(1.0),
        maximum: Some(f64::from(Self::LONGEST)),
        ..MetaSchema::new_with_format("integer", "uint32")
    }
);

impl ParseFromParameter for PageLength {
    fn parse_from_parameter(text: &str) -> ParseResult<Self> {
        let rows = text.parse().ok();
        rows.filter(|rows| (1..=Self::LONGEST).contains(rows))
            .map(Self)
            .ok_or_else(|| {
                ParseError::custom(format!("a whole number from 1 to {}", Self::LONGEST))
            })
    }
}

impl ToJSON for PageLength {
    fn to_json(&self) -> Option<Value> {
        Some(Value::from(self.0))
    }
}

/// A key of the client's own, under which something is done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationKey(pub IdempotencyKey);

impl OperationKey {
    const LONGEST: usize = 128;
}

scalar!(
    OperationKey,
    "string(key)",
    MetaSchema {
        min_length: Some(1),
        max_length: Some(Self::LONGEST),
        pattern: Some("^[!-~]+$".to_owned()),
        ..MetaSchema::new("string")
    }
);

impl ParseFromParameter for OperationKey {
    fn parse_from_parameter(text: &str) -> ParseResult<Self> {
        let key = IdempotencyKey::parse(text).ok();
        key.filter(|key| key.as_str().len() <= Self::LONGEST)
            .map(Self)
            .ok_or_else(|| {
                ParseError::custom(format!(
                    "1 to {} printable characters of ASCII, such as a UUID",
                    Self::LONGEST
                ))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_the_ones_of_the_document() {
        for (rows, read) in [("1", Some(1)), ("200", Some(200)), ("0", None)] {
            let parsed = PageLength::parse_from_parameter(rows).ok();
            assert_eq!(parsed.map(PageLength::get), read, "{rows}");
        }
        for rows in ["201", "-1", "1.5", "", "все", "99999999999"] {
            assert!(PageLength::parse_from_parameter(rows).is_err(), "{rows}");
        }
        let longest = "x".repeat(128);
        for (key, is_key) in [
            ("x", true),
            (longest.as_str(), true),
            ("", false),
            ("a b", false),
            ("ключ", false),
            (&(longest.clone() + "x"), false),
        ] {
            let parsed = OperationKey::parse_from_parameter(key);
            assert_eq!(parsed.is_ok(), is_key, "{key}");
        }
        let cursor = |length| CursorText::parse_from_parameter(&"x".repeat(length));
        assert!(cursor(2048).is_ok());
        assert!(cursor(2049).is_err());
    }
}
