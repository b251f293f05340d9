//! Versions in `ETag` and `If-Match`.

use super::{Problem, ProblemCode};

/// Reads the version in `If-Match`; none where whatever is there may be changed.
pub fn version(if_match: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(text) = if_match.map(str::trim).filter(|text| *text != "*") else {
        return Ok(None);
    };
    let number = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| {
        Problem::of_field(
            ProblemCode::ParameterInvalid,
            "If-Match",
            "send the ETag of the answer that you have read, with its quotes",
        )
    })
}

/// Reads the version in `If-Match`, which must be there.
pub fn needed(if_match: Option<&str>) -> Result<i64, Problem> {
    version(if_match)?.ok_or_else(|| {
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
        assert_eq!(version(None), Ok(None));
        assert_eq!(version(Some("*")), Ok(None));
        assert_eq!(version(Some(" \"7\" ")), Ok(Some(7)));
        for wrong in ["7", "\"\"", "\"a\"", "W/\"7\"", "\""] {
            assert!(version(Some(wrong)).is_err(), "{wrong}");
        }
        assert!(needed(None).is_err());
        assert_eq!(needed(Some("\"7\"")), Ok(7));
    }
}
