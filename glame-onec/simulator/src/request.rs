//! Which resource a path names.

use uuid::Uuid;

use crate::errors::ODataError;
use crate::filter::lexer::{decimal, parse_guid};
use crate::moment::Moment;
use crate::options::decode;
use crate::read::order::split;

/// The place of the base on the server.
pub(crate) const ROOT: &str = "/a/sbm/1234567/odata/standard.odata";

/// The longest path segment that IIS lets through.
const LONGEST_SEGMENT: usize = 260;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Service,
    Metadata,
    Set {
        name: String,
        /// What stood in the brackets after the name.
        key: Option<String>,
        /// What followed after a slash: `$count`, a method, a virtual table, a link.
        tail: Option<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathError {
    /// Not below the base at all.
    Elsewhere,
    SegmentTooLong,
    Undecodable,
}

impl Resource {
    pub(crate) fn of(path: &str, limit_segments: bool) -> Result<Self, PathError> {
        let rest = path.strip_prefix(ROOT).ok_or(PathError::Elsewhere)?;
        if !rest.is_empty() && !rest.starts_with('/') {
            return Err(PathError::Elsewhere);
        }
        let rest = decode(rest).ok_or(PathError::Undecodable)?;
        if limit_segments
            && rest
                .split('/')
                .any(|segment| segment.chars().count() > LONGEST_SEGMENT)
        {
            return Err(PathError::SegmentTooLong);
        }
        let rest = rest.trim_start_matches('/').trim_end_matches('/');
        Ok(match rest {
            "" => Self::Service,
            "$metadata" => Self::Metadata,
            _ => Self::set(rest),
        })
    }

    fn set(text: &str) -> Self {
        let (head, tail) = split_outside_quotes(text);
        let (name, key) = match head.split_once('(') {
            Some((name, key)) => (name, key.strip_suffix(')').map(str::to_owned)),
            None => (head, None),
        };
        Self::Set {
            name: name.to_owned(),
            key,
            tail: tail.map(str::to_owned),
        }
    }

    /// The set a request counts under.
    pub(crate) fn set_name(&self) -> &str {
        match self {
            Self::Service => "",
            Self::Metadata => "$metadata",
            Self::Set { name, .. } => name,
        }
    }
}

/// Cuts at the first slash that is not inside of a string.
fn split_outside_quotes(text: &str) -> (&str, Option<&str>) {
    let mut quoted = false;
    for (at, mark) in text.char_indices() {
        match mark {
            '\'' => quoted = !quoted,
            '/' if !quoted => return (&text[..at], Some(&text[at + 1..])),
            _ => {}
        }
    }
    (text, None)
}

/// A literal of a key or of a virtual table's parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    Guid(Uuid),
    Moment(Moment),
    Text(String),
    Whole(i64),
    Flag(bool),
}

impl Literal {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let quoted = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix('\'');
        if let Some(guid) = quoted("guid'") {
            return parse_guid(guid).map(Self::Guid);
        }
        if let Some(moment) = quoted("datetime'") {
            return Moment::parse(moment).map(Self::Moment);
        }
        if text.len() >= 2
            && let Some(inner) = quoted("'")
        {
            return Some(Self::Text(inner.replace("''", "'")));
        }
        match text {
            "true" => Some(Self::Flag(true)),
            "false" => Some(Self::Flag(false)),
            _ => match decimal(text) {
                Some((units, 0)) => Some(Self::Whole(units)),
                _ => None,
            },
        }
    }
}

/// Reads `name=literal,…`; a lone literal has no name.
pub(crate) fn named_literals(text: &str) -> Result<Vec<(String, Literal)>, ODataError> {
    let bad = || ODataError::syntax("$key");
    split(text)
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, literal) = match part.split_once('=') {
                Some((name, literal)) if !name.contains('\'') => (name.trim(), literal.trim()),
                _ => ("", part),
            };
            Literal::read(literal)
                .map(|literal| (name.to_owned(), literal))
                .ok_or_else(bad)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, key: Option<&str>, tail: Option<&str>) -> Resource {
        Resource::Set {
            name: name.to_owned(),
            key: key.map(str::to_owned),
            tail: tail.map(str::to_owned),
        }
    }

    #[test]
    fn paths_name_resources() {
        for (path, resource) in [
            ("", Resource::Service),
            ("/", Resource::Service),
            ("/$metadata", Resource::Metadata),
            ("/Catalog_X", set("Catalog_X", None, None)),
            ("/Catalog_X/$count", set("Catalog_X", None, Some("$count"))),
            ("/C(guid'a')/Post", set("C", Some("guid'a'"), Some("Post"))),
            (
                "/R/Balance(Period='a/b')",
                set("R", None, Some("Balance(Period='a/b')")),
            ),
            ("/R(Recorder='a/b')", set("R", Some("Recorder='a/b'"), None)),
        ] {
            assert_eq!(
                Resource::of(&format!("{ROOT}{path}"), true),
                Ok(resource),
                "{path}"
            );
        }
    }

    #[test]
    fn the_language_tail_is_not_part_of_the_base() {
        let path = "/a/sbm/1234567/ru/odata/standard.odata/Catalog_X";
        assert_eq!(Resource::of(path, false), Err(PathError::Elsewhere));
    }

    #[test]
    fn long_segments_are_refused_only_where_iis_stands_in_front() {
        let path = format!("{ROOT}/R/Balance(Condition='{}')", "x".repeat(300));
        assert_eq!(Resource::of(&path, true), Err(PathError::SegmentTooLong));
        assert!(Resource::of(&path, false).is_ok());
    }
}
