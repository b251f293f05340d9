//! How 1C shows an object as text; a reference sorts by it.

use crate::document::{Document, DocumentKind};
use crate::moment::Moment;
use crate::object::Object;
use crate::schema::{EntitySet, Shape};

/// The text of a catalog item or a document of the set.
pub(crate) fn presentation(set: &EntitySet, object: &Object) -> String {
    let text = |name| {
        object
            .value(set.static_column(name))
            .as_text()
            .unwrap_or_default()
            .to_owned()
    };
    match set.shape {
        Shape::Catalog(_) => text("Description"),
        Shape::Document(kind) => {
            let date = object.value(set.static_column("Date")).as_moment();
            titled(kind, &text("Number"), date.unwrap_or(Moment::EMPTY))
        }
        Shape::Part { .. } | Shape::Lines(_) | Shape::RecordSets(_) => String::new(),
    }
}

pub(crate) fn of_document(document: &Document) -> String {
    titled(document.kind, &document.number, document.date)
}

fn titled(kind: DocumentKind, number: &str, date: Moment) -> String {
    format!(
        "{} {number} от {}",
        kind.title(),
        date.naive().format("%d.%m.%Y %H:%M:%S")
    )
}
