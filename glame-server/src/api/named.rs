//! Words of a list, in requests; the document tells all of them.

use glame_core::access::AuditAction;
use glame_core::analytics::RfmSegment;
use glame_core::sync::SyncKind;
use glame_core::webhooks::EventType;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON};
use serde_json::Value;

use super::scalar::scalar;

/// What a word stands for.
pub trait Listed: Copy + Send + Sync + 'static {
    /// All that there is.
    const ALL: &'static [Self];

    /// Gives the word.
    fn word(self) -> &'static str;
}

macro_rules! listed {
    ($($name:ident),*) => { $(
        impl Listed for $name {
            const ALL: &'static [Self] = &Self::ALL;

            fn word(self) -> &'static str {
                self.as_str()
            }
        }
    )* };
}

listed!(EventType, RfmSegment, SyncKind);

impl Listed for AuditAction {
    const ALL: &'static [Self] = Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// One of a list, by its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<T>(pub T);

impl<T: Listed> Named<T> {
    fn of(word: &str) -> ParseResult<Self> {
        let found = T::ALL.iter().find(|one| one.word() == word);
        found.copied().map(Self).ok_or_else(|| {
            let known: Vec<&str> = T::ALL.iter().map(|one| one.word()).collect();
            ParseError::custom(format!("one of: {}", known.join(", ")))
        })
    }
}

scalar!(
    Named<T>,
    "string(word)",
    MetaSchema {
        enum_items: T::ALL.iter().map(|one| Value::from(one.word())).collect(),
        ..MetaSchema::new("string")
    },
    for<T: Listed>
);

impl<T: Listed> ParseFromParameter for Named<T> {
    fn parse_from_parameter(word: &str) -> ParseResult<Self> {
        Self::of(word)
    }
}

impl<T: Listed> ParseFromJSON for Named<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let value = value.unwrap_or_default();
        match value.as_str() {
            Some(word) => Self::of(word),
            None => Err(ParseError::expected_type(value)),
        }
    }
}

impl<T: Listed> ToJSON for Named<T> {
    fn to_json(&self) -> Option<Value> {
        Some(Value::from(self.0.word()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_and_no_other() {
        for segment in RfmSegment::ALL {
            let read = Named::<RfmSegment>::parse_from_parameter(segment.as_str()).unwrap();
            assert_eq!(read.0, segment);
        }
        let refused = Named::<RfmSegment>::parse_from_parameter("Champions").unwrap_err();
        assert!(refused.into_message().contains("champions"));
        assert!(Named::<EventType>::parse_from_json(Some(Value::from(7))).is_err());
    }
}
