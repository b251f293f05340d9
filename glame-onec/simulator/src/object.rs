//! A catalog item, a document or a row of a tabular part, as a list of column values.

use uuid::Uuid;

use crate::schema::{ColumnKind, EntitySet, TablePart};
use crate::value::Value;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) values: Vec<Value<'static>>,
}

impl Object {
    /// An object of the set with every column empty, as 1C creates it.
    pub(crate) fn empty(set: &EntitySet) -> Self {
        Self {
            values: set
                .columns
                .iter()
                .map(|column| column.kind.empty())
                .collect(),
        }
    }

    /// A row of a tabular part with its two key columns filled.
    pub(crate) fn table_row(part: &TablePart, owner: Uuid, number: i64) -> Self {
        let mut row = Self {
            values: part
                .columns
                .iter()
                .map(|column| column.kind.empty())
                .collect(),
        };
        row.values[0] = Value::Guid(owner);
        row.values[1] = Value::Long(number);
        row
    }

    pub(crate) fn value(&self, column: usize) -> Value<'_> {
        self.values[column].borrowed()
    }
}

/// Fills an object by column names, so that the field table stays the only list of columns.
#[derive(Debug)]
pub(crate) struct ObjectBuilder<'a> {
    set: &'a EntitySet,
    object: Object,
}

impl<'a> ObjectBuilder<'a> {
    pub(crate) fn new(set: &'a EntitySet) -> Self {
        Self {
            set,
            object: Object::empty(set),
        }
    }

    pub(crate) fn edit(set: &'a EntitySet, object: Object) -> Self {
        Self { set, object }
    }

    pub(crate) fn set(mut self, column: &'static str, value: Value<'static>) -> Self {
        self.put(column, value);
        self
    }

    pub(crate) fn put(&mut self, column: &'static str, value: Value<'static>) {
        let index = self.set.static_column(column);
        if let (ColumnKind::Composite(_), Value::Reference { set, .. }) =
            (&self.set.columns[index].kind, &value)
        {
            let type_column = self.set.type_column_of(index);
            self.object.values[type_column] = Value::TypeName(set);
        }
        self.object.values[index] = value;
    }

    pub(crate) fn text(self, column: &'static str, text: impl Into<String>) -> Self {
        self.set(column, Value::Text(text.into().into()))
    }

    pub(crate) fn word(self, column: &'static str, text: &'static str) -> Self {
        self.set(column, Value::text(text))
    }

    pub(crate) fn link(self, column: &'static str, id: Uuid) -> Self {
        self.set(column, Value::Guid(id))
    }

    pub(crate) fn flag(self, column: &'static str, flag: bool) -> Self {
        self.set(column, Value::Flag(flag))
    }

    pub(crate) fn rows(self, column: &'static str, rows: Vec<Object>) -> Self {
        self.set(column, Value::Rows(rows.into()))
    }

    pub(crate) fn build(self) -> Object {
        self.object
    }
}
