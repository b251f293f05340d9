//! How 1C shows an object as text; a reference sorts by it.

use crate::document::{Document, DocumentKind};
use crate::object::Object;
use crate::schema::{EntitySet, Shape};
use crate::value::Value;

/// The text of a catalog item or a document of the set.
pub(crate) fn presentation(set: &EntitySet, object: &Object) -> String {
    let text = |name| match object.value(set.static_column(name)) {
        Value::Text(text) => text.into_owned(),
        _ => String::new(),
    };
    match set.shape {
        Shape::Catalog(_) => text("Description"),
        Shape::Document(kind) => match object.value(set.static_column("Date")) {
            Value::Moment(date) => titled(kind, &text("Number"), date),
            _ => text("Number"),
        },
        Shape::Part { .. } | Shape::Lines(_) | Shape::RecordSets(_) => String::new(),
    }
}

pub(crate) fn of_document(document: &Document) -> String {
    titled(document.kind, &document.number, document.date)
}

fn titled(kind: DocumentKind, number: &str, date: crate::moment::Moment) -> String {
    format!(
        "{} {number} от {}",
        kind.title(),
        date.naive().format("%d.%m.%Y %H:%M:%S")
    )
}
