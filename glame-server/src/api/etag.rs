//! Versions in `ETag` and `If-Match`.

use poem_openapi::registry::MetaSchema;
use poem_openapi::types::{ParseError, ParseFromParameter, ParseResult};

use super::scalar::scalar;
use super::{Problem, ProblemCode};

/// What `If-Match` says: a version, or `*` for whatever is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(Option<i64>);

impl IfMatch {
    /// The most digits of a version, so that it is a number of 64 bits.
    const MOST_DIGITS: usize = 18;

    fn read(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self(None));
        }
        let digits = text.strip_prefix('"')?.strip_suffix('"')?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_version = is_number && digits.len() <= Self::MOST_DIGITS;
        digits
            .parse()
            .ok()
            .filter(|_| is_version)
            .map(|version| Self(Some(version)))
    }
}

scalar!(
    IfMatch,
    "string(etag)",
    MetaSchema {
        pattern: Some(format!(r#"^(\*|"[0-9]{{1,{}}}")$"#, Self::MOST_DIGITS)),
        ..MetaSchema::new_with_format("string", "etag")
    }
);

impl ParseFromParameter for IfMatch {
    fn parse_from_parameter(text: &str) -> ParseResult<Self> {
        Self::read(text.trim()).ok_or_else(|| {
            ParseError::custom("send the ETag of the answer that you have read, with its quotes")
        })
    }
}

/// Gives the version that is to be changed; none where whatever is there may be.
#[must_use]
pub fn version(if_match: Option<IfMatch>) -> Option<i64> {
    if_match.and_then(|IfMatch(version)| version)
}

/// Gives the version that is to be changed, which must be told.
pub fn needed(if_match: Option<IfMatch>) -> Result<i64, Problem> {
    version(if_match).ok_or_else(|| {
        Problem::new(
            ProblemCode::PreconditionNeeded,
            "send the ETag of the answer that you have read as If-Match",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_between_quotes() {
        let read = |text| IfMatch::parse_from_parameter(text).ok();
        assert_eq!(read("*"), Some(IfMatch(None)));
        assert_eq!(read(" \"7\" "), Some(IfMatch(Some(7))));
        for wrong in ["7", "\"\"", "\"a\"", "\"-1\"", "\"+1\"", "W/\"7\"", "\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(read("\"1234567890123456789\""), None);
        assert!(needed(None).is_err());
        assert!(needed(read("*")).is_err());
        assert_eq!(needed(read("\"7\"")), Ok(7));
    }
}
