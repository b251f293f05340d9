//! A base without a single sale, for tests that build their own.

use uuid::Uuid;

use super::Base;
use super::generated::Generated;
use crate::document::Document;
use crate::moment::Moment;
use crate::object::Object;
use crate::schema::{Catalog, Schema};

/// The catalogs of a small invented shop; documents come only from scenarios.
#[derive(Debug)]
pub(crate) struct Fixture {
    catalogs: Generated,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self {
            catalogs: Generated::new(20, 0, 1),
        }
    }
}

impl Base for Fixture {
    fn documents(&self) -> usize {
        0
    }

    fn document(&self, index: usize) -> Document {
        self.catalogs.document(index)
    }

    fn date_of(&self, _index: usize) -> Moment {
        Moment::EMPTY
    }

    fn find_document(&self, _id: Uuid) -> Option<usize> {
        None
    }

    fn lines_before(&self, _index: usize) -> usize {
        0
    }

    fn bonus_documents(&self, _from: Moment, _to: Moment) -> Vec<usize> {
        Vec::new()
    }

    fn bonus_span(&self) -> (Moment, Moment) {
        (Moment::EMPTY, Moment::EMPTY)
    }

    fn objects(&self, catalog: Catalog) -> usize {
        self.catalogs.objects(catalog)
    }

    fn object(&self, schema: &Schema, catalog: Catalog, index: usize) -> Object {
        self.catalogs.object(schema, catalog, index)
    }

    fn find_object(&self, catalog: Catalog, id: Uuid) -> Option<usize> {
        self.catalogs.find_object(catalog, id)
    }
}
