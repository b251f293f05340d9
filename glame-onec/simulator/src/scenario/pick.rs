//! Finds what a step names.

use std::sync::Arc;

use uuid::Uuid;

use super::apply::Stage;
use super::{Pick, ScenarioError, When};
use crate::document::{Document, DocumentKind};
use crate::moment::Moment;
use crate::object::Object;
use crate::schema::Catalog;
use crate::value::Value;
use crate::world::{Direction, World};

impl Stage<'_> {
    /// A document; counted are receipts and invoices that are still posted.
    pub(super) fn document(&self, pick: &Pick) -> Result<Arc<Document>, ScenarioError> {
        let found = match pick {
            Pick::Id(id) => self.world.document(*id),
            Pick::Named(name) => self
                .world
                .named(name)
                .and_then(|id| self.world.document(id)),
            Pick::Nth(place) => nth_sale(self.world, *place),
        };
        found.ok_or_else(|| ScenarioError::NotFound {
            kind: "document",
            pick: pick.clone(),
        })
    }

    pub(super) fn object(
        &self,
        catalog: Catalog,
        kind: &'static str,
        pick: &Pick,
    ) -> Result<(Uuid, Arc<Object>), ScenarioError> {
        let found = match pick {
            Pick::Id(id) => self.world.object(catalog, *id),
            Pick::Named(name) => self
                .world
                .named(name)
                .and_then(|id| self.world.object(catalog, id)),
            Pick::Nth(place) => nth_item(self.world, catalog, *place),
        };
        found
            .and_then(|object| Some((object.values[0].id()?, object)))
            .ok_or_else(|| ScenarioError::NotFound {
                kind,
                pick: pick.clone(),
            })
    }

    /// A card and its present owner, which may be nobody.
    pub(super) fn card(&self, pick: &Pick) -> Result<(Uuid, Uuid), ScenarioError> {
        let (id, _) = self.object(Catalog::Cards, "card", pick)?;
        Ok((id, owner_of(self.world, id)))
    }

    pub(super) fn moment(&self, when: When) -> Moment {
        match when {
            When::At(at) => Moment::from(at),
            When::Share(share) => {
                let (first, last) = self.world.span();
                let length = last.seconds() - first.seconds();
                first.plus(length / 1_000 * i64::from(share.min(1_000)))
            }
        }
    }
}

/// The owner that the card has now.
pub(super) fn owner_of(world: &World, card: Uuid) -> Uuid {
    let column = world
        .schema
        .catalog(Catalog::Cards)
        .static_column("ВладелецКарты_Key");
    world
        .object(Catalog::Cards, card)
        .and_then(|object| object.value(column).id())
        .unwrap_or_default()
}

/// The n-th item that is no folder.
fn nth_item(world: &World, catalog: Catalog, place: usize) -> Option<Arc<Object>> {
    let set = world.schema.catalog(catalog);
    let folder = set
        .columns
        .iter()
        .position(|column| column.original == "IsFolder");
    let is_item = |object: &Arc<Object>| {
        folder.is_none_or(|folder| object.value(folder) == Value::Flag(false))
    };
    let places = world.places(catalog);
    let first = (0..places).find(|at| world.item(catalog, *at).as_ref().is_some_and(is_item))?;
    let wanted = place % (places - first);
    (0..places - first)
        .filter_map(|step| world.item(catalog, first + (wanted + step) % (places - first)))
        .find(is_item)
}

fn nth_sale(world: &World, place: usize) -> Option<Arc<Document>> {
    let counts = |document: &Arc<Document>| {
        matches!(document.kind, DocumentKind::Receipt | DocumentKind::Invoice)
            && document.posted
            && !document.lines.is_empty()
    };
    let documents = world.base.documents();
    let in_base = (0..documents)
        .map(|step| (place % documents + step) % documents)
        .filter_map(|place| world.present(place))
        .find(counts);
    in_base.or_else(|| {
        let changed = world.documents_between(Moment::MIN, Moment::MAX, Direction::Forward);
        let changed: Vec<Arc<Document>> = changed.filter(counts).collect();
        changed.get(place % changed.len().max(1)).cloned()
    })
}
