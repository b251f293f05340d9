//! Money in the JSON of the API.

use glame_core::values::Money;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON};
use serde_json::Value;

use super::scalar::scalar;

/// Money: roubles as a decimal string, exact to the kopeck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roubles(pub Money);

impl From<Money> for Roubles {
    fn from(money: Money) -> Self {
        Self(money)
    }
}

scalar!(
    Roubles,
    "string(roubles)",
    MetaSchema {
        description: Some("Roubles, exact to the kopeck."),
        pattern: Some(r"^-?\d+\.\d{2}$".to_owned()),
        example: Some(Value::from("12490.50")),
        ..MetaSchema::new_with_format("string", "decimal")
    }
);

impl ToJSON for Roubles {
    fn to_json(&self) -> Option<Value> {
        Some(Value::from(self.0.to_string()))
    }
}

impl ParseFromJSON for Roubles {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let value = value.unwrap_or_default();
        let text = value
            .as_str()
            .ok_or_else(|| ParseError::expected_type(value.clone()))?;
        Money::parse_roubles(text)
            .map(Self)
            .map_err(ParseError::custom)
    }
}
