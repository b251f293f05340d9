use std::borrow::Cow;

use glame_core::values::Money;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{ToJSON, Type};
use serde_json::Value;

/// Money in an answer: roubles as a decimal string, exact to the kopeck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roubles(pub Money);

impl From<Money> for Roubles {
    fn from(money: Money) -> Self {
        Self(money)
    }
}

impl Type for Roubles {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "string(roubles)".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            description: Some("Roubles, exact to the kopeck."),
            pattern: Some(r"^-?\d+\.\d{2}$".to_owned()),
            example: Some(Value::from("12490.50")),
            ..MetaSchema::new_with_format("string", "decimal")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        Some(self)
    }

    fn raw_element_iter<'a>(
        &'a self,
    ) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
        Box::new(self.as_raw_value().into_iter())
    }
}

impl ToJSON for Roubles {
    fn to_json(&self) -> Option<Value> {
        Some(Value::from(self.0.to_string()))
    }
}
