//! `$select` and `$expand`: which columns an answer shows.

use crate::errors::ODataError;
use crate::schema::{Catalog, Column, ColumnKind, EntitySet, Schema};

/// One property of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Property {
    Column(usize),
    /// Some columns of a tabular part, or of the lines of a recorder.
    Nested {
        column: usize,
        inner: Vec<usize>,
    },
    /// What the object itself is called.
    Presentation,
    /// What the object behind a reference is called.
    PresentationOf {
        column: usize,
        name: String,
    },
    Expanded {
        column: usize,
        target: Catalog,
        name: String,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub(crate) properties: Vec<Property>,
}

impl Selection {
    pub(crate) fn new(
        schema: &Schema,
        set: &EntitySet,
        select: Option<&str>,
        expand: Option<&str>,
    ) -> Result<Self, ODataError> {
        let mut selection = Self {
            properties: Vec::new(),
        };
        match select {
            None => selection.everything(set),
            Some(text) => {
                for item in text.split(',') {
                    selection.add(schema, set, item.trim())?;
                }
            }
        }
        for item in expand
            .unwrap_or("")
            .split(',')
            .filter(|item| !item.is_empty())
        {
            selection.expand(schema, set, item.trim(), select)?;
        }
        Ok(selection)
    }

    fn everything(&mut self, set: &EntitySet) {
        self.properties
            .extend((0..set.columns.len()).map(Property::Column));
    }

    fn push(&mut self, property: Property) {
        if !self.properties.contains(&property) {
            self.properties.push(property);
        }
    }

    fn add(&mut self, schema: &Schema, set: &EntitySet, item: &str) -> Result<(), ODataError> {
        match item {
            "*" => self.everything(set),
            "**" => {
                let plain = |column: &Column| !matches!(column.kind, ColumnKind::Part(_));
                for place in (0..set.columns.len()).filter(|at| plain(&set.columns[*at])) {
                    self.push(Property::Column(place));
                }
            }
            "Presentation" => self.push(Property::Presentation),
            "*____Presentation" => {
                for place in 0..set.columns.len() {
                    if let Some(name) = set.columns[place].link_name() {
                        let name = format!("{name}____Presentation");
                        self.push(Property::PresentationOf {
                            column: place,
                            name,
                        });
                    }
                }
            }
            _ => self.add_named(schema, set, item)?,
        }
        Ok(())
    }

    fn add_named(
        &mut self,
        schema: &Schema,
        set: &EntitySet,
        item: &str,
    ) -> Result<(), ODataError> {
        let missing = || ODataError::no_segment(item);
        if let Some(place) = set.find(item) {
            self.push(Property::Column(place));
            return Ok(());
        }
        if let Some(name) = item.strip_suffix("____Presentation") {
            let column = link(set, name).ok_or_else(missing)?;
            self.push(Property::PresentationOf {
                column,
                name: item.to_owned(),
            });
            return Ok(());
        }
        if let Some((part, field)) = item.split_once('/') {
            let column = set.find(part).ok_or_else(|| ODataError::no_segment(part))?;
            let inner_columns = nested_columns(schema, set, column).ok_or_else(missing)?;
            let inner = inner_columns
                .iter()
                .position(|column| column.name == field)
                .ok_or_else(|| ODataError::no_segment(field))?;
            self.add_inner(column, inner);
            return Ok(());
        }
        // A navigation property may be named; it only shows when it is expanded.
        link(set, item).map(|_| ()).ok_or_else(missing)
    }

    fn add_inner(&mut self, column: usize, wanted: usize) {
        for property in &mut self.properties {
            if let Property::Nested {
                column: known,
                inner,
            } = property
                && *known == column
            {
                inner.push(wanted);
                return;
            }
        }
        self.push(Property::Nested {
            column,
            inner: vec![wanted],
        });
    }

    fn expand(
        &mut self,
        schema: &Schema,
        set: &EntitySet,
        item: &str,
        select: Option<&str>,
    ) -> Result<(), ODataError> {
        if item == "*" {
            for column in &set.columns {
                if let Some(name) = column.link_name() {
                    let _unpublished_links_are_left_out = self.expand(schema, set, name, None);
                }
            }
            return Ok(());
        }
        let name = item.split('/').next().unwrap_or(item);
        let missing = || ODataError::no_segment(name);
        let column = link(set, name).ok_or_else(missing)?;
        let ColumnKind::Link(target) = set.columns[column].kind else {
            return Err(missing());
        };
        let target = Catalog::from_set(target)
            .filter(|target| schema.is_published(target.set_name()))
            .ok_or_else(missing)?;
        let chosen = select.is_none_or(|select| {
            select
                .split(',')
                .any(|item| item.split('/').next() == Some(name) || item == "*")
        });
        if chosen {
            self.push(Property::Expanded {
                column,
                target,
                name: name.to_owned(),
            });
        }
        Ok(())
    }
}

fn link(set: &EntitySet, name: &str) -> Option<usize> {
    set.columns
        .iter()
        .position(|column| column.link_name() == Some(name))
}

/// The columns of what one column holds, when it holds rows.
pub(crate) fn nested_columns<'a>(
    schema: &'a Schema,
    set: &'a EntitySet,
    column: usize,
) -> Option<&'a [Column]> {
    let kind = set.columns[column].kind;
    if let ColumnKind::Part(part) = kind {
        return Some(&set.parts[part].columns);
    }
    if let ColumnKind::Lines(register) = kind {
        return Some(&schema.lines(register).columns);
    }
    None
}
