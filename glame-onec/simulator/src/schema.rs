//! The field table: one list of sets and columns that drives everything else.
//!
//! `$metadata`, the check of `$select`, the types of `$filter` and the writer all read it, so a
//! column cannot be in one of them and missing in another.

mod catalogs;
mod documents;
pub(crate) mod registers;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use crate::document::DocumentKind;
use crate::moment::Moment;
use crate::settings::Published;
use crate::value::Value;

pub(crate) use catalogs::Catalog;
pub(crate) use registers::Register;

/// The 1C type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Text,
    /// A string of unlimited length, which 1C refuses to compare.
    LongText,
    Guid,
    /// A reference to one set; the column's name ends in `_Key`.
    Link(&'static str),
    Moment,
    Flag,
    Number,
    Long,
    Short,
    Enumeration(&'static str),
    /// A reference to one of several sets; a `_Type` column at the end of the set tells which.
    Composite(&'static [&'static str]),
    TypeOf(&'static str),
    /// A tabular part: its place among the parts of the set.
    Part(usize),
    /// The lines of one recorder in the record-set form of a register.
    Lines(Register),
}

impl ColumnKind {
    pub(crate) const fn empty(self) -> Value<'static> {
        match self {
            Self::Text | Self::LongText | Self::Enumeration(_) => Value::text(""),
            Self::Guid | Self::Link(_) => Value::Guid(Uuid::nil()),
            Self::Moment => Value::Moment(Moment::EMPTY),
            Self::Flag => Value::Flag(false),
            Self::Number => Value::Number { units: 0, scale: 0 },
            Self::Long => Value::Long(0),
            Self::Short => Value::Short(0),
            Self::Composite(_) => Value::Reference {
                set: "",
                id: Uuid::nil(),
            },
            Self::TypeOf(_) => Value::TypeName(""),
            Self::Part(_) | Self::Lines(_) => Value::Rows(Cow::Borrowed(&[])),
        }
    }

    /// The set that a link leads to.
    pub(crate) const fn target(self) -> Option<&'static str> {
        if let Self::Link(target) = self {
            Some(target)
        } else {
            None
        }
    }

    pub(crate) const fn edm(self) -> &'static str {
        match self {
            Self::Text
            | Self::LongText
            | Self::Enumeration(_)
            | Self::Composite(_)
            | Self::TypeOf(_) => "Edm.String",
            Self::Guid | Self::Link(_) => "Edm.Guid",
            Self::Moment => "Edm.DateTime",
            Self::Flag => "Edm.Boolean",
            Self::Number => "Edm.Double",
            Self::Long => "Edm.Int64",
            Self::Short => "Edm.Int16",
            Self::Part(_) | Self::Lines(_) => "Collection",
        }
    }
}

/// A column as the source lists it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColumnSpec {
    pub(crate) name: &'static str,
    pub(crate) kind: ColumnKind,
}

pub(crate) const fn column(name: &'static str, kind: ColumnKind) -> ColumnSpec {
    ColumnSpec { name, kind }
}

/// A column as one base publishes it, perhaps under another name.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: Cow<'static, str>,
    pub(crate) original: &'static str,
    pub(crate) kind: ColumnKind,
}

impl Column {
    /// The name of the link that belongs to a `_Key` column.
    pub(crate) fn link_name(&self) -> Option<&str> {
        self.kind
            .target()
            .and_then(|_| self.name.strip_suffix("_Key"))
    }
}

impl From<ColumnSpec> for Column {
    fn from(spec: ColumnSpec) -> Self {
        Self {
            name: Cow::Borrowed(spec.name),
            original: spec.name,
            kind: spec.kind,
        }
    }
}

/// What the rows of a set are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Catalog(Catalog),
    Document(DocumentKind),
    /// The rows of a tabular part: the set they hang on and the place of the part there.
    Part {
        owner: usize,
        part: usize,
    },
    Lines(Register),
    RecordSets(Register),
}

/// A tabular part of a catalog or a document.
#[derive(Clone, Debug)]
pub(crate) struct TablePart {
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<Column>,
}

impl TablePart {
    pub(crate) fn static_column(&self, name: &'static str) -> usize {
        position(&self.columns, name)
    }
}

/// One published set.
#[derive(Clone, Debug)]
pub(crate) struct EntitySet {
    pub(crate) name: Cow<'static, str>,
    pub(crate) shape: Shape,
    pub(crate) columns: Vec<Column>,
    pub(crate) parts: Vec<TablePart>,
    pub(crate) key: &'static [&'static str],
}

impl EntitySet {
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The place of a column that the simulator's own code names.
    pub(crate) fn static_column(&self, name: &'static str) -> usize {
        position(&self.columns, name)
    }

    pub(crate) fn type_column_of(&self, index: usize) -> usize {
        let name = self.columns[index].original;
        self.columns
            .iter()
            .position(|column| column.kind == ColumnKind::TypeOf(name))
            .unwrap_or(index)
    }

    pub(crate) fn part(&self, name: &'static str) -> &TablePart {
        self.parts
            .iter()
            .find(|part| part.name == name)
            .expect("the field table names the part")
    }
}

fn position(columns: &[Column], name: &'static str) -> usize {
    columns
        .iter()
        .position(|column| column.original == name)
        .unwrap_or_else(|| panic!("the field table has no column {name}"))
}

/// All sets of one base, with what is published of them.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) sets: Vec<EntitySet>,
    by_name: HashMap<Cow<'static, str>, usize>,
    unpublished: BTreeSet<String>,
}

impl Schema {
    pub(crate) fn new(published: &Published) -> Self {
        let mut sets = Vec::new();
        for catalog in Catalog::ALL {
            push_object_set(
                &mut sets,
                catalog.set_name(),
                Shape::Catalog(catalog),
                &catalog.table(),
            );
        }
        for kind in DocumentKind::ALL {
            push_object_set(
                &mut sets,
                kind.set_name(),
                Shape::Document(kind),
                &documents::table(kind),
            );
        }
        for register in Register::ALL {
            sets.extend(registers::sets(register));
        }
        for set in &mut sets {
            if let Some(renamed) = published.renamed_fields.get(set.name.as_ref()) {
                rename(set, renamed);
            }
        }
        let by_name = sets
            .iter()
            .enumerate()
            .map(|(at, set)| (set.name.clone(), at))
            .collect();
        Self {
            sets,
            by_name,
            unpublished: published.unpublished_sets.clone(),
        }
    }

    /// A set that is there and published.
    pub(crate) fn published(&self, name: &str) -> Option<&EntitySet> {
        if self.is_published(name) {
            self.get(name)
        } else {
            None
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&EntitySet> {
        self.by_name.get(name).map(|at| &self.sets[*at])
    }

    pub(crate) fn is_published(&self, name: &str) -> bool {
        let Some(set) = self.get(name) else {
            return false;
        };
        let object = match set.shape {
            Shape::Part { owner, .. } => self.sets[owner].name.as_ref(),
            Shape::Lines(register) => register.set_name(),
            Shape::Catalog(_) | Shape::Document(_) | Shape::RecordSets(_) => name,
        };
        !self.unpublished.contains(object) && !self.unpublished.contains(name)
    }

    pub(crate) fn catalog(&self, catalog: Catalog) -> &EntitySet {
        &self.sets[self.by_name[catalog.set_name()]]
    }

    pub(crate) fn document(&self, kind: DocumentKind) -> &EntitySet {
        &self.sets[self.by_name[kind.set_name()]]
    }

    pub(crate) fn lines(&self, register: Register) -> &EntitySet {
        &self.sets[self.by_name[register.lines_name()]]
    }
}

/// Columns and tabular parts of one catalog or document.
pub(crate) struct ObjectTable {
    pub(crate) columns: Vec<ColumnSpec>,
    pub(crate) parts: Vec<(&'static str, &'static [ColumnSpec])>,
}

const PART_KEY: [ColumnSpec; 2] = [
    column("Ref_Key", ColumnKind::Guid),
    column("LineNumber", ColumnKind::Long),
];

fn push_object_set(
    sets: &mut Vec<EntitySet>,
    name: &'static str,
    shape: Shape,
    table: &ObjectTable,
) {
    let owner = sets.len();
    let mut columns: Vec<Column> = table.columns.iter().copied().map(Column::from).collect();
    let mut parts = Vec::new();
    for (at, (part, specs)) in table.parts.iter().enumerate() {
        columns.push(Column::from(column(part, ColumnKind::Part(at))));
        let columns = with_type_columns(PART_KEY.iter().chain(*specs).copied());
        parts.push(TablePart {
            name: part,
            columns,
        });
    }
    let columns = columns_with_types(columns);
    let key = &["Ref_Key"];
    sets.push(EntitySet {
        name: name.into(),
        shape,
        columns,
        parts: parts.clone(),
        key,
    });
    for (part, table) in parts.into_iter().enumerate() {
        sets.push(EntitySet {
            name: format!("{name}_{}", table.name).into(),
            shape: Shape::Part { owner, part },
            columns: table.columns,
            parts: Vec::new(),
            key: &["Ref_Key", "LineNumber"],
        });
    }
}

pub(crate) fn with_type_columns(specs: impl Iterator<Item = ColumnSpec>) -> Vec<Column> {
    columns_with_types(specs.map(Column::from).collect())
}

/// Appends the `_Type` columns, which 1C lists at the end.
fn columns_with_types(mut columns: Vec<Column>) -> Vec<Column> {
    let composites: Vec<&'static str> = columns
        .iter()
        .filter(|column| matches!(column.kind, ColumnKind::Composite(_)))
        .map(|column| column.original)
        .collect();
    for name in composites {
        let type_name: &'static str = type_column_name(name);
        columns.push(Column::from(column(type_name, ColumnKind::TypeOf(name))));
    }
    columns
}

fn type_column_name(name: &'static str) -> &'static str {
    match name {
        "Recorder" => "Recorder_Type",
        "Документ" => "Документ_Type",
        "Owner" => "Owner_Type",
        "ДокументОснование" => "ДокументОснование_Type",
        "Заказ" => "Заказ_Type",
        "Значение" => "Значение_Type",
        "ЕдиницаИзмерения" => "ЕдиницаИзмерения_Type",
        other => panic!("{other} has no name for its type column"),
    }
}

fn rename(set: &mut EntitySet, renamed: &BTreeMap<String, String>) {
    for column in &mut set.columns {
        if let Some(name) = renamed.get(column.original) {
            column.name = Cow::Owned(name.clone());
        }
    }
}
