//! The rows of a page, read one by one so that a bad one fails alone.

use std::collections::HashMap;
use std::str;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::errors::{Fault, FaultKind};
use crate::numbers::NumberText;

#[derive(Deserialize)]
#[serde(bound(deserialize = "R: Deserialize<'de>"))]
struct Envelope<R> {
    /// The lines of one document come under another name.
    #[serde(alias = "RecordSet")]
    value: Vec<R>,
}

/// A row whose fields have other types than 1C's fields have.
#[derive(Debug)]
pub(crate) struct BrokenRow<'a> {
    text: &'a str,
}

/// Hands the rows of a page to `take`, in their order.
///
/// A page of good rows is read in one go; only if that fails are its rows read apart.
pub(crate) fn for_each_row<'a, R: Deserialize<'a>>(
    page: &'a [u8],
    mut take: impl FnMut(Result<R, BrokenRow<'a>>),
) -> Result<usize, Fault> {
    let text = utf8(page)?;
    if let Ok(Envelope { value }) = serde_json::from_str::<Envelope<R>>(text) {
        let count = value.len();
        for row in value {
            take(Ok(row));
        }
        return Ok(count);
    }
    let envelope: Envelope<&'a RawValue> =
        serde_json::from_str(text).map_err(|error| broken_page(&error))?;
    let count = envelope.value.len();
    for row in envelope.value {
        let text = row.get();
        take(serde_json::from_str(text).map_err(|_| BrokenRow { text }));
    }
    Ok(count)
}

/// Reads the only row of an answer about one object.
pub(crate) fn one_row<'a, R: Deserialize<'a>>(
    answer: &'a [u8],
) -> Result<Result<R, BrokenRow<'a>>, Fault> {
    let text = utf8(answer)?;
    let row: &RawValue = serde_json::from_str(text).map_err(|error| broken_page(&error))?;
    let text = row.get();
    Ok(serde_json::from_str(text).map_err(|_| BrokenRow { text }))
}

fn utf8(answer: &[u8]) -> Result<&str, Fault> {
    let unreadable = FaultKind::Unexpected("with text that is not UTF-8");
    str::from_utf8(answer).map_err(|error| Fault::caused_by(unreadable, error))
}

/// Keeps of a parser's message only its place: the message may quote the data.
fn broken_page(error: &serde_json::Error) -> Fault {
    let place = format!("at line {} column {}", error.line(), error.column());
    Fault::caused_by(
        FaultKind::Unexpected("with JSON that cannot be read"),
        place,
    )
}

impl BrokenRow<'_> {
    /// Names the row by its key, as far as that can be found.
    pub(crate) fn reference(&self) -> String {
        let row: serde_json::Value = serde_json::from_str(self.text).unwrap_or_default();
        let field = |name: &str| row.get(name).and_then(|value| value.as_str());
        match (field("Ref_Key"), field("Recorder")) {
            (Some(key), _) => guid_only(key),
            (None, Some(recorder)) => guid_only(recorder),
            (None, None) => "unknown".to_owned(),
        }
    }

    /// Reads one text field, if it is one.
    pub(crate) fn text_field(&self, name: &str) -> Option<String> {
        let row: serde_json::Value = serde_json::from_str(self.text).ok()?;
        row.get(name)?.as_str().map(str::to_owned)
    }

    /// Reads one whole number, if it is one.
    pub(crate) fn whole_number(&self, name: &str) -> Option<u32> {
        let row: HashMap<String, &RawValue> = serde_json::from_str(self.text).ok()?;
        let number: NumberText<'_> = serde_json::from_str(row.get(name)?.get()).ok()?;
        number.integer()
    }
}

/// Shows a reference if it is one; anything else could be personal.
pub(crate) fn guid_only(text: &str) -> String {
    match uuid::Uuid::try_parse(text) {
        Ok(guid) => guid.to_string(),
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Row<'a> {
        #[serde(rename = "Ref_Key")]
        key: &'a str,
    }

    fn keys(page: &str) -> Vec<String> {
        let mut keys = Vec::new();
        for_each_row::<Row<'_>>(page.as_bytes(), |row| {
            keys.push(row.map_or_else(|broken| broken.reference(), |row| row.key.to_owned()));
        })
        .unwrap();
        keys
    }

    #[test]
    fn a_broken_row_fails_alone() {
        let page = r#"{ "odata.metadata": "x", "value": [
            {"Ref_Key": "a"}, {"Ref_Key": 5}, [], {"Ref_Key": "b", "Новое": {"deep": [1]}}
        ] }"#;
        assert_eq!(keys(page), ["a", "unknown", "unknown", "b"]);
        assert_eq!(keys("{\"value\": []}"), Vec::<String>::new());
    }

    #[test]
    fn one_object_is_read_like_a_row() {
        let key = |answer: &'static [u8]| {
            let row = one_row::<Row<'_>>(answer).unwrap();
            row.map_or_else(|broken| broken.reference(), |row| row.key.to_owned())
        };
        assert_eq!(key(br#"{"odata.metadata": "x", "Ref_Key": "a"}"#), "a");
        assert_eq!(key(br#"{"Ref_Key": 5}"#), "unknown");
        assert!(one_row::<Row<'_>>(br#"{"Ref_Key""#).is_err());
    }

    #[test]
    fn a_number_of_a_broken_row_is_read_however_it_is_written() {
        for (text, number) in [
            (r#"{"LineNumber": "7"}"#, Some(7)),
            (r#"{"LineNumber": 7, "x": [{}]}"#, Some(7)),
            (r#"{"LineNumber": null}"#, None),
            ("{}", None),
        ] {
            assert_eq!(
                BrokenRow { text }.whole_number("LineNumber"),
                number,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_page_is_refused_without_quoting_it() {
        for page in [
            "{}",
            "[]",
            "{\"value\": 5}",
            "{\"value\": [{\"Ref_Key\": \"Примерова Анна",
        ] {
            let fault = for_each_row::<Row<'_>>(page.as_bytes(), |_| {}).unwrap_err();
            assert!(!format!("{fault:?}").contains("Примерова"), "{fault:?}");
        }
        assert!(for_each_row::<Row<'_>>(b"\xff", |_| {}).is_err());
    }
}
