use std::fmt;

use serde::{Deserialize, Serialize};

/// The address of a picture: `https`, without a user, at most 500 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageUrl(String);

/// Tells that a text is not the address of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the address of a picture: expected https://host/path, at most 500 characters")]
pub struct ParseImageUrlError;

impl ImageUrl {
    /// The longest address.
    pub const MAX_CHARS: usize = 500;

    /// Reads an address; whether anything lies there is not looked at.
    pub fn parse(text: &str) -> Result<Self, ParseImageUrlError> {
        let rest = text.strip_prefix("https://").ok_or(ParseImageUrlError)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let plain = |c: char| c.is_ascii_graphic() && !"\"'<>\\^`{|}".contains(c);
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
        let holds = text.len() <= Self::MAX_CHARS
            && text.chars().all(plain)
            && host.starts_with(|c: char| c.is_ascii_alphanumeric())
            && host.chars().all(is_host);
        holds
            .then(|| Self(text.to_owned()))
            .ok_or(ParseImageUrlError)
    }

    /// Gives the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ImageUrl {
    type Error = ParseImageUrlError;

    fn try_from(text: String) -> Result<Self, ParseImageUrlError> {
        Self::parse(&text)
    }
}

impl From<ImageUrl> for String {
    fn from(url: ImageUrl) -> Self {
        url.0
    }
}

impl fmt::Display for ImageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_addresses_are_taken() {
        for text in [
            "https://example.org/a.jpg",
            "https://cdn.example.org:8443/%D1%8F?w=1",
        ] {
            assert_eq!(ImageUrl::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "http://example.org/a.jpg",
            "javascript:alert(1)",
            "https://",
            "https:///a.jpg",
            "https://user@example.org/",
            "https://example.org/\"onerror",
            "https://example.org/я.jpg",
            "https://example.org/ a",
            &format!("https://example.org/{}", "a".repeat(500)),
        ] {
            assert_eq!(ImageUrl::parse(text), Err(ParseImageUrlError), "{text}");
        }
    }
}
