//! The minimal Atom that answers who did not ask for JSON.

use std::fmt::Write;

use crate::answer::Answer;
use crate::errors::ODataError;
use crate::metadata::escape;
use crate::read::{RowWriter, Rows};
use crate::row::Row;

const FEED: &str = "application/atom+xml;type=feed;charset=utf-8";
const ENTRY: &str = "application/atom+xml;type=entry;charset=utf-8";
const NAMESPACES: &str = concat!(
    "xmlns=\"http://www.w3.org/2005/Atom\" ",
    "xmlns:d=\"http://schemas.microsoft.com/ado/2007/08/dataservices\" ",
    "xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\"",
);

pub(crate) fn feed(
    root: &str,
    set: &str,
    mut rows: Rows,
    writer: &RowWriter,
) -> Result<Answer, ODataError> {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed {NAMESPACES}><id>{}/{}</id>",
        escape(root),
        escape(set)
    );
    while let Some(row) = rows.next()? {
        out.push_str("<entry>");
        content(&mut out, &row, writer);
        out.push_str("</entry>");
    }
    out.push_str("</feed>");
    Ok(Answer::new(200, FEED, out))
}

pub(crate) fn entry(root: &str, set: &str, row: &Row, writer: &RowWriter) -> Answer {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<entry {NAMESPACES}><id>{}/{}</id>",
        escape(root),
        escape(set)
    );
    content(&mut out, row, writer);
    out.push_str("</entry>");
    Answer::new(200, ENTRY, out)
}

/// The properties are taken from the JSON of the row, nested ones left out.
fn content(out: &mut String, row: &Row, writer: &RowWriter) {
    let mut json = Vec::new();
    writer.write(row, &mut json);
    out.push_str("<content type=\"application/xml\"><m:properties>");
    let properties: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&json).unwrap_or_default();
    for (name, value) in properties {
        let text = match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Null
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_) => continue,
            plain @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => {
                plain.to_string()
            }
        };
        if !name.contains('@') {
            let _infallible = write!(out, "<d:{name}>{}</d:{name}>", escape(&text));
        }
    }
    out.push_str("</m:properties></content>");
}
