use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::service::ActiveRun;
use super::{CustomerSyncService, SyncError, SyncObserver};
use crate::ports::{SalesWindow, SourceCursor};
use crate::values::{DocumentRef, PeriodRange};

/// The windows of the source, joined into steps that are stored as one.
///
/// The lines of any window are spread over all customers, so that storing few of them touches
/// nearly as many pages of the database as storing many; and each page is written anew every time.
pub(super) struct SalesReading<'a> {
    service: &'a CustomerSyncService,
    observer: &'a dyn SyncObserver,
    since: Option<DateTime<Utc>>,
    place: Place,
    /// A window that was read and cannot be joined to those before it.
    ahead: Option<SalesWindow>,
    /// Why reading stopped; what was read before is stored first.
    failure: Option<SyncError>,
}

/// Where reading goes on.
enum Place {
    Start,
    After(SourceCursor),
    End,
}

impl<'a> SalesReading<'a> {
    /// Begins where a run stands.
    pub(super) fn of(service: &'a CustomerSyncService, active: &ActiveRun<'a>) -> Self {
        Self {
            service,
            observer: active.observer,
            since: active.run.since,
            place: active.run.cursor.clone().map_or(Place::Start, Place::After),
            ahead: None,
            failure: None,
        }
    }

    /// Gives the next step; none after the last.
    ///
    /// It ends when it has enough lines, and earlier when the source is slow, so that the lease is
    /// prolonged and little is lost if the run breaks off.
    pub(super) async fn next_step(&mut self) -> Result<Option<SalesWindow>, SyncError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let settings = &self.service.settings;
        let patience = self.service.clock.now() + settings.lease / 4;
        let Some(mut step) = self.next_window().await? else {
            return Ok(None);
        };
        let mut documents: HashSet<DocumentRef> = documents_of(&step).collect();
        while step.lines.len() < settings.lines_a_step
            && self.service.clock.now() < patience
            && !self.observer.wants_to_cancel()
        {
            let window = match self.next_window().await {
                Ok(Some(window)) => window,
                Ok(None) => break,
                Err(failure) => {
                    self.failure = Some(failure);
                    break;
                }
            };
            // A document of two windows may have been moved while they were read: if they are
            // stored apart, the second look finds that out.
            let is_new = |document| !documents.contains(&document);
            let range = joint_range(&step, &window).filter(|_| documents_of(&window).all(is_new));
            let Some(range) = range else {
                self.ahead = Some(window);
                break;
            };
            documents.extend(documents_of(&window));
            append(&mut step, window, range);
        }
        Ok(Some(step))
    }

    async fn next_window(&mut self) -> Result<Option<SalesWindow>, SyncError> {
        if let Some(window) = self.ahead.take() {
            return Ok(Some(window));
        }
        let after = match &self.place {
            Place::Start => None,
            Place::After(cursor) => Some(cursor),
            Place::End => return Ok(None),
        };
        let window = self.service.source.sales(self.since, after).await?;
        self.place = window.next.clone().map_or(Place::End, Place::After);
        Ok(Some(window))
    }
}

fn documents_of(window: &SalesWindow) -> impl Iterator<Item = DocumentRef> {
    let read = window.lines.iter().map(|line| line.document.document);
    read.chain(window.unreadable.iter().copied())
}

/// Gives the stretch of two windows that lie side by side and speak of the same documents.
fn joint_range(first: &SalesWindow, second: &SalesWindow) -> Option<PeriodRange> {
    let border = first.range.to()?;
    if first.documents != second.documents || second.range.from() != Some(border) {
        return None;
    }
    PeriodRange::try_new(first.range.from(), second.range.to()).ok()
}

fn append(step: &mut SalesWindow, window: SalesWindow, range: PeriodRange) {
    step.range = range;
    step.unreadable.extend(window.unreadable);
    step.lines.extend(window.lines);
    step.inactive += window.inactive;
    step.rejected.extend(window.rejected);
    step.next = window.next;
    step.requests += window.requests;
}
