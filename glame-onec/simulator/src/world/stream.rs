//! Documents in the order of time, from the base and from what changed, merged.

use std::sync::Arc;

use uuid::Uuid;

use super::World;
use crate::document::Document;
use crate::moment::Moment;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Forward,
    Backward,
}

/// Gives one document at a time, so that a reader may stop early.
#[derive(Debug)]
pub(crate) struct DocumentStream {
    world: World,
    direction: Direction,
    /// The places of the base still to come.
    low: usize,
    high: usize,
    /// Changed documents still to come, the next one last.
    changed: Vec<(Moment, Uuid)>,
}

impl DocumentStream {
    pub(super) fn new(world: World, from: Moment, to: Moment, direction: Direction) -> Self {
        let low = world.base.first_not_before(from);
        let high = world.base.first_not_before(to).max(low);
        let mut changed: Vec<(Moment, Uuid)> = if from < to {
            world
                .overlay
                .timeline
                .range((from, Uuid::nil())..(to, Uuid::nil()))
                .copied()
                .collect()
        } else {
            Vec::new()
        };
        if direction == Direction::Forward {
            changed.reverse();
        }
        Self {
            world,
            direction,
            low,
            high,
            changed,
        }
    }

    /// The date of the next document.
    pub(crate) fn next_date(&mut self) -> Option<Moment> {
        let base = self
            .next_place()
            .map(|place| self.world.base.date_of(place));
        let changed = self.changed.last().map(|(date, _)| *date);
        match (base, changed) {
            (Some(base), Some(changed)) if self.comes_first(changed, base) => Some(changed),
            (Some(base), _) => Some(base),
            (None, changed) => changed,
        }
    }

    fn comes_first(&self, changed: Moment, base: Moment) -> bool {
        match self.direction {
            Direction::Forward => changed < base,
            Direction::Backward => changed > base,
        }
    }

    /// Skips the covered places and gives the next one that counts.
    fn next_place(&mut self) -> Option<usize> {
        while self.low < self.high {
            let place = match self.direction {
                Direction::Forward => self.low,
                Direction::Backward => self.high - 1,
            };
            if !self.world.overlay.covered.contains(&place) {
                return Some(place);
            }
            self.step();
        }
        None
    }

    const fn step(&mut self) {
        match self.direction {
            Direction::Forward => self.low += 1,
            Direction::Backward => self.high -= 1,
        }
    }
}

impl Iterator for DocumentStream {
    type Item = Arc<Document>;

    fn next(&mut self) -> Option<Arc<Document>> {
        let place = self.next_place();
        let base_date = place.map(|place| self.world.base.date_of(place));
        let take_changed = match (base_date, self.changed.last()) {
            (Some(base), Some((changed, _))) => self.comes_first(*changed, base),
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if take_changed {
            let (_, id) = self.changed.pop()?;
            return self.world.document(id);
        }
        let place = place?;
        self.step();
        Some(Arc::new(self.world.base.document(place)))
    }
}
