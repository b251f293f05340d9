//! One row of a set, whatever it comes from.

use std::sync::Arc;

use uuid::Uuid;

use crate::document::{Document, DocumentKind};
use crate::object::Object;
use crate::schema::Register;
use crate::schema::registers::{Entry, LineView};
use crate::value::Value;

/// A row keeps what it belongs to alive, so that it can be sorted and sent later.
#[derive(Clone, Debug)]
pub(crate) enum Row {
    Line {
        document: Arc<Document>,
        register: Register,
        place: usize,
        number: i64,
    },
    Recorder {
        document: Arc<Document>,
        register: Register,
    },
    Object(Arc<Object>),
    Part {
        object: Arc<Object>,
        column: usize,
        place: usize,
    },
}

impl Row {
    pub(crate) fn value(&self, column: usize) -> Value<'_> {
        match self {
            Self::Line {
                document,
                register,
                place,
                number,
            } => {
                let entry = match register {
                    Register::Sales | Register::CardSales => Entry::Sale(&document.lines[*place]),
                    Register::BonusPoints => Entry::Bonus(&document.bonus[*place]),
                };
                (register.table()[column].1)(&LineView {
                    document,
                    entry,
                    number: *number,
                })
            }
            Self::Recorder { document, .. } => match column {
                0 => Value::Reference {
                    set: document.kind.set_name(),
                    id: document.id,
                },
                1 => Value::Rows((&[]).into()),
                _ => Value::TypeName(document.kind.set_name()),
            },
            Self::Object(object) => object.value(column),
            Self::Part {
                object,
                column: part,
                place,
            } => object.values[*part].as_rows()[*place].value(column),
        }
    }

    /// The object or the recorder that rights are given for.
    pub(crate) fn subject(&self) -> Uuid {
        match self {
            Self::Line { document, .. } | Self::Recorder { document, .. } => document.id,
            Self::Object(object) | Self::Part { object, .. } => {
                object.values[0].id().unwrap_or_default()
            }
        }
    }

    /// The rows of the tabular part, or the lines of the recorder, in one column.
    pub(crate) fn nested(&self, column: usize) -> Vec<Self> {
        match self {
            Self::Object(object) => (0..object.values[column].as_rows().len())
                .map(|place| Self::Part {
                    object: Arc::clone(object),
                    column,
                    place,
                })
                .collect(),
            Self::Recorder { document, register } => lines(document, *register),
            Self::Line { .. } | Self::Part { .. } => Vec::new(),
        }
    }
}

/// The lines that a document writes into a register now.
pub(crate) fn lines(document: &Arc<Document>, register: Register) -> Vec<Row> {
    let mut rows = Vec::new();
    push_lines(document, register, &mut rows);
    rows
}

pub(crate) fn push_lines(document: &Arc<Document>, register: Register, rows: &mut Vec<Row>) {
    let mut push = |place, number| {
        rows.push(Row::Line {
            document: Arc::clone(document),
            register,
            place,
            number,
        });
    };
    match register {
        Register::Sales => {
            let sells = !matches!(
                document.kind,
                DocumentKind::OpeningBalances | DocumentKind::BonusOrder
            );
            if sells && document.writes_sales() {
                for (place, line) in document.lines.iter().enumerate() {
                    push(place, line.number);
                }
            }
        }
        Register::CardSales => {
            if !document.writes_sales() {
                return;
            }
            let all = document.lines.iter().all(|line| !line.card.is_nil());
            let mut count = 0;
            for (place, line) in document.lines.iter().enumerate() {
                if !line.card.is_nil() {
                    count += 1;
                    push(place, if all { line.number } else { count });
                }
            }
        }
        Register::BonusPoints => {
            if document.posted {
                for (place, number) in (0..document.bonus.len()).zip(1..) {
                    push(place, number);
                }
            }
        }
    }
}
