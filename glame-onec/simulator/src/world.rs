//! A base with everything that has happened to it: a snapshot that a request can keep.

mod stream;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use crate::base::{Base, version_text};
use crate::document::Document;
use crate::moment::Moment;
use crate::object::Object;
use crate::schema::{Catalog, Schema};
use crate::value::Value;

pub(crate) use stream::{Direction, DocumentStream};

/// Cheap to clone; a change makes a new overlay and leaves older snapshots as they were.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) base: Arc<dyn Base>,
    pub(crate) schema: Arc<Schema>,
    overlay: Arc<Overlay>,
}

/// What differs from the base.
#[derive(Clone, Debug, Default)]
struct Overlay {
    version: u64,
    /// `None` stands for a deleted document.
    documents: HashMap<Uuid, Option<Arc<Document>>>,
    /// Places in the base whose documents are changed or gone.
    covered: HashSet<usize>,
    timeline: BTreeSet<(Moment, Uuid)>,
    points: BTreeSet<(Moment, Uuid)>,
    objects: [ObjectOverlay; Catalog::ALL.len()],
    /// What scenarios gave a name to.
    names: HashMap<String, Uuid>,
    /// Open shifts: the future report, and the receipts so far.
    shifts: HashMap<String, (Uuid, Vec<Uuid>)>,
}

#[derive(Clone, Debug, Default)]
struct ObjectOverlay {
    changed: HashMap<Uuid, Option<Arc<Object>>>,
    added: Vec<Uuid>,
}

const MADE_BY_SCENARIOS: Uuid = Uuid::from_u128(0x5c0e_7a10_51f7_5c0a_9f0e_4d1d_8a7b_6c22);

/// Versions of changed objects start above all versions of the base.
const CHANGED_FROM: u64 = 1 << 40;

impl World {
    pub(crate) fn new(base: Arc<dyn Base>, schema: Arc<Schema>) -> Self {
        Self {
            base,
            schema,
            overlay: Arc::default(),
        }
    }

    /// Grows with every change.
    pub(crate) fn version(&self) -> u64 {
        self.overlay.version
    }

    pub(crate) fn document(&self, id: Uuid) -> Option<Arc<Document>> {
        if let Some(changed) = self.overlay.documents.get(&id) {
            return changed.clone();
        }
        let index = self.base.find_document(id)?;
        Some(Arc::new(self.base.document(index)))
    }

    /// Writes a document; 1C gives it a new version even when nothing changed.
    pub(crate) fn put_document(&mut self, mut document: Document) {
        let overlay = Arc::make_mut(&mut self.overlay);
        overlay.version += 1;
        document.version = CHANGED_FROM + overlay.version;
        overlay.cover(self.base.as_ref(), document.id);
        overlay.timeline.insert((document.date, document.id));
        for line in &document.bonus {
            overlay.points.insert((line.period, document.id));
        }
        overlay
            .documents
            .insert(document.id, Some(Arc::new(document)));
    }

    /// Removes a document as if it had never been.
    pub(crate) fn delete_document(&mut self, id: Uuid) {
        let overlay = Arc::make_mut(&mut self.overlay);
        overlay.version += 1;
        overlay.cover(self.base.as_ref(), id);
        overlay.documents.insert(id, None);
    }

    pub(crate) fn object(&self, catalog: Catalog, id: Uuid) -> Option<Arc<Object>> {
        if let Some(changed) = self.overlay.objects[catalog.place()].changed.get(&id) {
            return changed.clone();
        }
        let index = self.base.find_object(catalog, id)?;
        Some(Arc::new(self.base.object(&self.schema, catalog, index)))
    }

    pub(crate) fn put_object(&mut self, catalog: Catalog, mut object: Object) {
        let Some(id) = object.values[0].id() else {
            return;
        };
        let overlay = Arc::make_mut(&mut self.overlay);
        overlay.version += 1;
        let version = version_text(CHANGED_FROM + overlay.version);
        object.values[1] = Value::Text(version.into());
        let objects = &mut overlay.objects[catalog.place()];
        let known = objects.changed.insert(id, Some(Arc::new(object))).is_some();
        if !known && self.base.find_object(catalog, id).is_none() {
            objects.added.push(id);
        }
    }

    pub(crate) fn delete_object(&mut self, catalog: Catalog, id: Uuid) {
        let overlay = Arc::make_mut(&mut self.overlay);
        overlay.version += 1;
        overlay.objects[catalog.place()].changed.insert(id, None);
    }

    /// One more than the highest place of [`Self::item`].
    pub(crate) fn places(&self, catalog: Catalog) -> usize {
        self.base.objects(catalog) + self.overlay.objects[catalog.place()].added.len()
    }

    /// The item at a place; items that were deleted leave a hole.
    pub(crate) fn item(&self, catalog: Catalog, place: usize) -> Option<Arc<Object>> {
        let overlay = &self.overlay.objects[catalog.place()];
        if let Some(added) = place.checked_sub(self.base.objects(catalog)) {
            return overlay.changed.get(overlay.added.get(added)?)?.clone();
        }
        let object = self.base.object(&self.schema, catalog, place);
        if let Some(changed) = object.values[0]
            .id()
            .and_then(|id| overlay.changed.get(&id))
        {
            return changed.clone();
        }
        Some(Arc::new(object))
    }

    /// The documents dated in the half-open range, in the order of time.
    pub(crate) fn documents_between(
        &self,
        from: Moment,
        to: Moment,
        direction: Direction,
    ) -> DocumentStream {
        DocumentStream::new(self.clone(), from, to, direction)
    }

    /// The documents, each once, that have lines of points in the half-open range.
    pub(crate) fn documents_with_points(&self, from: Moment, to: Moment) -> Vec<Arc<Document>> {
        let mut documents: Vec<Arc<Document>> = self
            .base
            .bonus_documents(from, to)
            .into_iter()
            .filter(|index| !self.overlay.covered.contains(index))
            .map(|index| Arc::new(self.base.document(index)))
            .collect();
        let changed: BTreeSet<Uuid> = self
            .overlay
            .points
            .range((from, Uuid::nil())..(to, Uuid::nil()))
            .map(|(_, id)| *id)
            .collect();
        documents.extend(
            changed
                .iter()
                .filter_map(|id| self.overlay.documents.get(id)?.clone()),
        );
        documents
    }

    /// The range of time in which there are lines of points.
    pub(crate) fn points_span(&self) -> (Moment, Moment) {
        let (mut from, mut to) = self.base.bonus_span();
        if let (Some((first, _)), Some((last, _))) =
            (self.overlay.points.first(), self.overlay.points.last())
        {
            let empty = from == to;
            from = if empty { *first } else { from.min(*first) };
            to = if empty {
                last.plus(1)
            } else {
                to.max(last.plus(1))
            };
        }
        (from, to)
    }

    /// The document at a place of the base, unless it was changed or removed.
    pub(crate) fn present(&self, place: usize) -> Option<Arc<Document>> {
        let document = self.base.document(place);
        match self.overlay.documents.get(&document.id) {
            Some(changed) => changed.clone(),
            None => Some(Arc::new(document)),
        }
    }

    /// The dates of the first and the last document of the base; of an empty base, one day.
    pub(crate) fn span(&self) -> (Moment, Moment) {
        let documents = self.base.documents();
        if documents == 0 {
            let day = Moment::midnight(2025, 3, 1);
            return (day.plus(10 * 3_600), day.plus(20 * 3_600));
        }
        (
            self.base.date_of(self.base.first_sale()),
            self.base.date_of(documents - 1),
        )
    }

    /// A new GUID; the same changes in the same order give the same one.
    pub(crate) fn new_id(&mut self, kind: &str) -> Uuid {
        let overlay = Arc::make_mut(&mut self.overlay);
        overlay.version += 1;
        Uuid::new_v5(
            &MADE_BY_SCENARIOS,
            format!("{kind}/{}", overlay.version).as_bytes(),
        )
    }

    pub(crate) fn name(&mut self, name: &str, id: Uuid) {
        Arc::make_mut(&mut self.overlay)
            .names
            .insert(name.to_owned(), id);
    }

    pub(crate) fn named(&self, name: &str) -> Option<Uuid> {
        self.overlay.names.get(name).copied()
    }

    /// Adds a receipt to a shift, opening it at need; gives the GUID of the future report.
    pub(crate) fn join_shift(&mut self, shift: &str, receipt: Uuid) -> Uuid {
        if !self.overlay.shifts.contains_key(shift) {
            let report = self.new_id("report");
            let overlay = Arc::make_mut(&mut self.overlay);
            overlay
                .shifts
                .insert(shift.to_owned(), (report, Vec::new()));
        }
        let overlay = Arc::make_mut(&mut self.overlay);
        overlay
            .shifts
            .get_mut(shift)
            .map_or(Uuid::nil(), |(report, receipts)| {
                receipts.push(receipt);
                *report
            })
    }

    /// Forgets an open shift; gives its report and its receipts.
    pub(crate) fn leave_shift(&mut self, shift: &str) -> Option<(Uuid, Vec<Uuid>)> {
        Arc::make_mut(&mut self.overlay).shifts.remove(shift)
    }

    /// How many lines of goods the range holds; changes made since the start are not weighed.
    pub(crate) fn lines_between(&self, from: Moment, to: Moment) -> usize {
        let before = |moment| self.base.lines_before(self.base.first_not_before(moment));
        before(to).saturating_sub(before(from))
    }
}

impl Overlay {
    /// Takes the present form of a document out of every index.
    fn cover(&mut self, base: &dyn Base, id: Uuid) {
        if let Some(Some(before)) = self.documents.get(&id) {
            self.timeline.remove(&(before.date, id));
            for line in &before.bonus {
                self.points.remove(&(line.period, id));
            }
        }
        if let Some(index) = base.find_document(id) {
            self.covered.insert(index);
        }
    }
}
