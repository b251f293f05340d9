//! Text in the JSON of requests.

use std::ops::Deref;

use glame_core::values::PlainText;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON};
use serde_json::Value;

use super::scalar::scalar;
use super::{Problem, ProblemCode};

/// A JSON string.
///
/// The framework reads numbers and `true` as the text that they are written with; a program that
/// sends a card number as a number would lose its leading zeros without a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub String);

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// For the validators of lengths and patterns.
impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

scalar!(Text, "string", MetaSchema::new("string"));

impl ToJSON for Text {
    fn to_json(&self) -> Option<Value> {
        Some(Value::from(self.0.as_str()))
    }
}

impl ParseFromJSON for Text {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let value = value.unwrap_or_default();
        let text = value.as_str().map(Self::from);
        text.ok_or_else(|| ParseError::expected_type(value))
    }
}

/// Reads a text of people; one without a visible character is refused.
pub fn plain(text: &str, pointer: &str) -> Result<PlainText, Problem> {
    PlainText::clean(text)
        .ok_or_else(|| Problem::of_field(ProblemCode::ValueInvalid, pointer, "the text is empty"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_string_is_a_text() {
        let read = |value: Value| Text::parse_from_json(Some(value)).ok();
        assert_eq!(read(json!("007")), Some(Text::from("007")));
        for other in [json!(7), json!(true), json!(null), json!(["a"]), json!({})] {
            assert_eq!(read(other.clone()), None, "{other}");
        }
    }
}
