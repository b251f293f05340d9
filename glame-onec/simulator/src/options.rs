//! The query string, decoded as 1C decodes it.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::errors::ODataError;

/// How much metadata the JSON carries, or the other format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    NoMetadata,
    Minimal,
    Full,
    Atom,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct QueryOptions {
    pub(crate) format: Option<Format>,
    pub(crate) select: Option<String>,
    pub(crate) filter: Option<String>,
    pub(crate) orderby: Option<String>,
    pub(crate) expand: Option<String>,
    pub(crate) top: Option<usize>,
    pub(crate) skip: usize,
    pub(crate) inlinecount: bool,
    pub(crate) allowed_only: bool,
    /// Parameters of virtual tables and methods.
    pub(crate) parameters: BTreeMap<String, String>,
}

impl QueryOptions {
    /// Reads the raw query; a `+` stays a plus, which is not what most clients mean by it.
    pub(crate) fn read(query: &str) -> Result<Self, ODataError> {
        let mut options = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| ODataError::syntax(name))?;
            let value = decode(value).ok_or_else(|| ODataError::syntax(&name))?;
            options.put(name, value)?;
        }
        Ok(options)
    }

    fn put(&mut self, name: String, value: String) -> Result<(), ODataError> {
        match name.as_str() {
            "$format" => {
                self.format = Some(format(&value).ok_or_else(|| ODataError::syntax("$format"))?);
            }
            "$select" => self.select = Some(value),
            "$filter" => self.filter = Some(value),
            "$orderby" => self.orderby = Some(value),
            "$expand" => self.expand = Some(value),
            "$top" => self.top = Some(count(&value, "$top")?),
            "$skip" => self.skip = count(&value, "$skip")?,
            "$inlinecount" => match value.as_str() {
                "allpages" => self.inlinecount = true,
                "none" => self.inlinecount = false,
                _ => return Err(ODataError::syntax("$inlinecount")),
            },
            "allowedOnly" | "$allowedOnly" => self.allowed_only = value == "true",
            _ if name.starts_with('$') => return Err(ODataError::unknown_option(&name)),
            _ => {
                self.parameters.insert(name, value);
            }
        }
        Ok(())
    }
}

pub(crate) fn decode(text: &str) -> Option<String> {
    percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

fn count(text: &str, option: &str) -> Result<usize, ODataError> {
    text.trim().parse().map_err(|_| ODataError::syntax(option))
}

/// Reads a media type as `$format` and `Accept` write it.
pub(crate) fn format(text: &str) -> Option<Format> {
    let text = text.split(',').next().unwrap_or("").replace(' ', "");
    if text.starts_with("atom") || text.starts_with("application/atom+xml") {
        return Some(Format::Atom);
    }
    if !(text.starts_with("json") || text.starts_with("application/json")) {
        return None;
    }
    Some(if text.contains("odata=nometadata") {
        Format::NoMetadata
    } else if text.contains("odata=fullmetadata") {
        Format::Full
    } else {
        Format::Minimal
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_must_be_percent_encoded() {
        let read = QueryOptions::read("$filter=Code%20eq%20'%D0%9E'").unwrap();
        assert_eq!(read.filter.as_deref(), Some("Code eq 'О'"));
        let read = QueryOptions::read("%24filter=Code+eq+1").unwrap();
        assert_eq!(read.filter.as_deref(), Some("Code+eq+1"));
    }

    #[test]
    fn unknown_options_are_refused_and_bare_names_kept() {
        assert_eq!(QueryOptions::read("$expan=X").unwrap_err().code, 0);
        let read = QueryOptions::read("Condition='x'&allowedOnly=true").unwrap();
        assert_eq!(read.parameters["Condition"], "'x'");
        assert!(read.allowed_only);
    }

    #[test]
    fn the_three_levels_of_metadata_are_told_apart() {
        assert_eq!(format("json"), Some(Format::Minimal));
        assert_eq!(
            format("application/json;odata=nometadata"),
            Some(Format::NoMetadata)
        );
        assert_eq!(
            format("application/json; odata=fullmetadata"),
            Some(Format::Full)
        );
        assert_eq!(format("atom"), Some(Format::Atom));
        assert_eq!(format("text/html"), None);
    }
}
