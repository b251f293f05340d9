//! `SegmentService`: segments over a storage.

mod importing;
mod members;
mod population;
mod refreshing;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

pub use importing::{Imported, RefusedLine};
pub use members::Decided;
pub use population::{Population, SegmentStats};
pub use refreshing::Refreshed;

use super::{
    Colour, CustomerSegment, SegmentKind, SegmentOrderError, SegmentOrigin, SegmentState,
    SegmentVersion, SnapshotError, TooFewRows, UnknownSegment, default_segments, evaluation_order,
};
use crate::analytics::{AnalyticsError, MetricsPolicy};
use crate::loyalty::LoyaltyProgramme;
use crate::ports::{Clock, IdSource, Storage, StorageError, StoredSegment};
use crate::values::{PlainText, SegmentId};
use crate::webhooks::EventRecording;

/// How many rows are read together.
const PAGE: u32 = 1_000;

/// Makes segments, tells who belongs to them and keeps their members.
///
/// Rules are asked over a [`Population`], which is loaded once and serves any number of previews
/// and explanations; a refresh takes one too, so that its members are those of the preview.
#[derive(Debug, Clone)]
pub struct SegmentService {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    settings: Arc<SegmentSettings>,
    events: EventRecording,
}

/// What the service has to know of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentSettings {
    /// The calendar, and what makes a purchase.
    pub metrics: MetricsPolicy,
    /// The programme whose levels rules may ask about; none without one.
    pub programme: Option<LoyaltyProgramme>,
    /// On how many threads a rule is evaluated.
    pub threads: NonZeroUsize,
}

/// A segment that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSegment {
    /// What people call it.
    pub name: PlainText,
    /// What it is for.
    pub description: Option<PlainText>,
    /// The colour on screens.
    pub color: Colour,
    /// Who makes it.
    pub origin: SegmentOrigin,
    /// Whether it is at work at once; proposals of a model begin as drafts.
    pub state: SegmentState,
    /// How customers come to belong to it.
    pub kind: SegmentKind,
}

/// What is to be changed in a segment; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SegmentEdit {
    /// The new name.
    pub name: Option<PlainText>,
    /// The new description.
    pub description: Option<PlainText>,
    /// The new colour.
    pub color: Option<Colour>,
    /// Whether it is at work.
    pub state: Option<SegmentState>,
    /// The new rule, or that it is a list.
    pub kind: Option<SegmentKind>,
}

/// Tells why something about segments could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// There is no such segment.
    #[error("there is no segment {0}")]
    NotFound(SegmentId),
    /// Someone has changed the segment since it was read.
    #[error("segment {segment} has version {} by now; read it again", .version.get())]
    Changed {
        /// The segment.
        segment: SegmentId,
        /// The version that it has.
        version: SegmentVersion,
    },
    /// Another segment has the name.
    #[error("another segment has this name")]
    NameTaken,
    /// Segments would ask about each other in a circle, or about one that is not at work.
    #[error(transparent)]
    Order(#[from] SegmentOrderError),
    /// A rule asks about a segment that is not at work.
    #[error(transparent)]
    Unknown(#[from] UnknownSegment),
    /// The customers do not fit into one snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// No figures could be made as of a day of the past.
    #[error(transparent)]
    Figures(#[from] AnalyticsError),
    /// An export has too few customers.
    #[error(transparent)]
    TooFew(#[from] TooFewRows),
    /// The database could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl SegmentService {
    /// Puts the service together.
    #[must_use]
    pub fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        settings: SegmentSettings,
    ) -> Self {
        Self {
            storage,
            clock,
            ids,
            settings: Arc::new(settings),
            events: EventRecording::Off,
        }
    }

    /// Tells integrators who enters and leaves, in the unit of work of the change.
    #[must_use]
    pub const fn recording(mut self, events: EventRecording) -> Self {
        self.events = events;
        self
    }

    /// Stores those of the default segments whose names are not taken, and gives how many.
    pub async fn install_defaults(&self) -> Result<usize, SegmentError> {
        let mut work = self.storage.begin().await?;
        let known = work.lock_segments().await?.into_iter();
        let known: BTreeSet<PlainText> = known.map(|stored| stored.segment.name).collect();
        let mut added = 0;
        for template in default_segments() {
            if known.contains(&template.name) {
                continue;
            }
            let segment = self.made(NewSegment {
                name: template.name.clone(),
                description: Some(template.description.clone()),
                color: template.color.clone(),
                origin: SegmentOrigin::Auto,
                state: SegmentState::Active,
                kind: SegmentKind::Rule(template.rule.clone()),
            });
            work.add_segment(&segment).await?;
            added += 1;
        }
        work.commit().await?;
        Ok(added)
    }

    /// Makes a segment; it has members after the next refresh.
    pub async fn create(&self, new: NewSegment) -> Result<CustomerSegment, SegmentError> {
        let segment = self.made(new);
        let mut work = self.storage.begin().await?;
        let known = work.lock_segments().await?;
        check_references(&known, &segment)?;
        if known
            .iter()
            .any(|stored| stored.segment.name == segment.name)
        {
            return Err(SegmentError::NameTaken);
        }
        work.add_segment(&segment).await?;
        work.commit().await?;
        Ok(segment)
    }

    /// Changes a segment that the caller has seen in version `seen`.
    ///
    /// # Errors
    /// [`SegmentError::Changed`] if it has another version by now; [`SegmentError::Order`] if the
    /// rule would close a circle, or if another segment asks about one that is put out of work.
    pub async fn update(
        &self,
        id: SegmentId,
        seen: SegmentVersion,
        edit: SegmentEdit,
    ) -> Result<CustomerSegment, SegmentError> {
        let mut work = self.storage.begin().await?;
        let known = work.lock_segments().await?;
        let stored = known.iter().find(|stored| stored.segment.id == id);
        let before = stored.ok_or(SegmentError::NotFound(id))?.segment.clone();
        if before.version != seen {
            return Err(SegmentError::Changed {
                segment: id,
                version: before.version,
            });
        }
        let segment = CustomerSegment {
            name: edit.name.unwrap_or(before.name),
            description: edit.description.or(before.description),
            color: edit.color.unwrap_or(before.color),
            state: edit.state.unwrap_or(before.state),
            kind: edit.kind.unwrap_or(before.kind),
            version: seen.next(),
            updated_at: self.clock.now(),
            ..before
        };
        check_references(&known, &segment)?;
        let mut others = known.iter().filter(|stored| stored.segment.id != id);
        if others.any(|stored| stored.segment.name == segment.name) {
            return Err(SegmentError::NameTaken);
        }
        work.put_segment(&segment, seen).await?;
        work.commit().await?;
        Ok(segment)
    }

    /// Gives all segments, by id, drafts and archived ones among them.
    pub async fn all(&self) -> Result<Vec<StoredSegment>, SegmentError> {
        Ok(self.storage.segments().await?)
    }

    /// Gives a segment.
    pub async fn segment(&self, id: SegmentId) -> Result<StoredSegment, SegmentError> {
        let stored = self.storage.segment(id).await?;
        stored.ok_or(SegmentError::NotFound(id))
    }

    fn made(&self, new: NewSegment) -> CustomerSegment {
        let now = self.clock.now();
        CustomerSegment {
            id: SegmentId::from_uuid(self.ids.next()),
            name: new.name,
            description: new.description,
            color: new.color,
            origin: new.origin,
            state: new.state,
            kind: new.kind,
            version: SegmentVersion::FIRST,
            created_at: now,
            updated_at: now,
        }
    }
}

/// Gives what each active segment asks about.
fn references<'a>(
    segments: impl Iterator<Item = &'a CustomerSegment>,
) -> BTreeMap<SegmentId, BTreeSet<SegmentId>> {
    let active = segments.filter(|segment| segment.is_active());
    let asked = |segment: &CustomerSegment| {
        let rule = segment.rule();
        rule.map(super::SegmentRule::segments).unwrap_or_default()
    };
    active.map(|segment| (segment.id, asked(segment))).collect()
}

/// Checks that all active segments can still be evaluated once this one is stored, and that what a
/// draft asks about is there.
fn check_references(
    known: &[StoredSegment],
    changed: &CustomerSegment,
) -> Result<(), SegmentOrderError> {
    let others = known.iter().map(|stored| &stored.segment);
    let others = others.filter(|segment| segment.id != changed.id);
    let active = references(others.chain([changed]));
    let asked = changed
        .rule()
        .map(super::SegmentRule::segments)
        .unwrap_or_default();
    let mut missing = asked
        .into_iter()
        .filter(|asked| !active.contains_key(asked));
    match missing.next() {
        Some(asked) if changed.state == SegmentState::Draft => Err(SegmentOrderError::Missing {
            segment: changed.id,
            asked,
        }),
        Some(_) | None => evaluation_order(&active).map(drop),
    }
}
