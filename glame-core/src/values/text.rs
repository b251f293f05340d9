use std::fmt;

use serde::{Deserialize, Serialize};

/// A line of text from outside that every database can keep: trimmed, bounded, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlainText(String);

/// Tells that a text is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is empty")]
pub struct PlainTextError;

impl PlainText {
    /// The most characters that are kept.
    pub const MAX_CHARS: usize = 1_000;

    /// Cleans a text: control characters become spaces, ends are trimmed, the rest is cut at the limit.
    ///
    /// Gives none if nothing is left.
    #[must_use]
    pub fn clean(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        if text.is_empty() {
            return None;
        }
        let clean: String = text
            .chars()
            .take(Self::MAX_CHARS)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        // A cut may have left a space at the end.
        Some(Self(clean.trim_end().to_owned()))
    }

    /// Takes a text of our own, which is known to be clean.
    #[must_use]
    pub(crate) fn from_static(text: &'static str) -> Self {
        debug_assert_eq!(Self::clean(text).as_ref().map(Self::as_str), Some(text));
        Self(text.to_owned())
    }

    /// Gives the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PlainText {
    type Error = PlainTextError;

    fn try_from(text: String) -> Result<Self, PlainTextError> {
        Self::clean(&text).ok_or(PlainTextError)
    }
}

impl From<PlainText> for String {
    fn from(text: PlainText) -> Self {
        text.0
    }
}

impl fmt::Display for PlainText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_a_database() {
        assert_eq!(
            PlainText::clean(" \0Анна\0Ёлкина\n").unwrap().as_str(),
            "Анна Ёлкина"
        );
        assert_eq!(PlainText::clean(" \0\t "), None);
        let cut = format!("{} я", "я".repeat(999));
        assert_eq!(
            PlainText::clean(&cut).unwrap().as_str().chars().count(),
            999
        );
        let long = "я".repeat(2_000);
        assert_eq!(
            PlainText::clean(&long).unwrap().as_str().chars().count(),
            1_000
        );
    }
}
