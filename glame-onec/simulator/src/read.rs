//! Reads a set: filter, order, skip, top, and the bytes of the page.

pub(crate) mod order;
mod select;
pub(crate) mod sources;
mod writer;

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use crate::errors::ODataError;
use crate::filter::{Expression, parse, resolve};
use crate::row::Row;
use crate::schema::EntitySet;
use crate::settings::{InlineCount, Quirks};
use crate::world::World;

use order::SortKey;
pub(crate) use select::{Property, Selection, nested_columns};
pub(crate) use sources::RowSource;
pub(crate) use writer::{RowWriter, Style};

use crate::options::QueryOptions;

/// What reading needs besides the options of one request.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) world: World,
    pub(crate) quirks: Quirks,
    pub(crate) hidden: Arc<BTreeSet<Uuid>>,
    pub(crate) sorted: Arc<order::SortedPlaces>,
    /// Differs from request to request.
    pub(crate) chance: u64,
}

/// A query that is understood and can be run, or counted.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) filter: Option<Expression>,
    pub(crate) order: Vec<SortKey>,
    pub(crate) skip: usize,
    pub(crate) top: Option<usize>,
    pub(crate) allowed_only: bool,
}

impl Plan {
    pub(crate) fn new(
        reader: &Reader,
        set: &EntitySet,
        options: &QueryOptions,
    ) -> Result<Self, ODataError> {
        let schema = &reader.world.schema;
        let filter = match &options.filter {
            Some(text) => Some(resolve(schema, set, &parse(text, "$filter")?)?),
            None => None,
        };
        let order = match &options.orderby {
            Some(text) => order::keys(schema, set, text)?,
            None => Vec::new(),
        };
        let pages = !options.inlinecount || reader.quirks.inlinecount == InlineCount::Live;
        Ok(Self {
            filter,
            order,
            skip: if pages { options.skip } else { 0 },
            top: options.top.filter(|_| pages),
            allowed_only: options.allowed_only,
        })
    }
}

/// The rows of an answer, in their order, still to be written.
#[derive(Debug)]
pub(crate) struct Rows {
    reader: Reader,
    source: Box<dyn RowSource>,
    filter: Option<Expression>,
    skip: usize,
    left: usize,
    allowed_only: bool,
    waiting: std::vec::IntoIter<Row>,
}

impl Rows {
    pub(crate) fn new(reader: &Reader, set: &EntitySet, plan: Plan) -> Self {
        let opened = sources::open(reader, set, &plan);
        Self {
            reader: reader.clone(),
            source: opened.source,
            filter: plan.filter,
            skip: opened.skip,
            left: plan.top.unwrap_or(usize::MAX),
            allowed_only: plan.allowed_only,
            waiting: Vec::new().into_iter(),
        }
    }

    /// The next row that the query asks for.
    pub(crate) fn next(&mut self) -> Result<Option<Row>, ODataError> {
        while self.left > 0 {
            let Some(row) = self.waiting.next() else {
                let mut rows = Vec::new();
                if !self.source.next(&mut rows) {
                    return Ok(None);
                }
                self.waiting = rows.into_iter();
                continue;
            };
            if !self.accepts(&row)? {
                continue;
            }
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            self.left -= 1;
            return Ok(Some(row));
        }
        Ok(None)
    }

    fn accepts(&self, row: &Row) -> Result<bool, ODataError> {
        if let Some(filter) = &self.filter
            && !filter.matches(row, &self.reader.world)
        {
            return Ok(false);
        }
        if !self.reader.hidden.is_empty() && self.reader.hidden.contains(&row.subject()) {
            return if self.allowed_only {
                Ok(false)
            } else {
                Err(ODataError::no_rights())
            };
        }
        Ok(true)
    }

    pub(crate) fn count(mut self) -> Result<usize, ODataError> {
        let mut count = 0;
        while self.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}
