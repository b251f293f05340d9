//! Rows that hang on documents, read in the order of time.

use std::sync::Arc;

use super::{Bounds, RowSource};
use crate::dice::Dice;
use crate::document::{Document, DocumentKind};
use crate::moment::Moment;
use crate::read::Reader;
use crate::read::order::{self, SortKey};
use crate::row::Row;
use crate::schema::{EntitySet, Register};
use crate::world::{Direction, DocumentStream, World};

/// What rows are made of each document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Making {
    Lines(Register),
    Recorders(Register),
    Documents(DocumentKind),
    /// The rows of the tabular part in this column.
    DocumentParts(DocumentKind, usize),
}

/// How many documents are shuffled together when the order is unstable.
const HANDFUL: usize = 32;

#[derive(Debug)]
pub(super) struct Timed {
    world: World,
    set: EntitySet,
    making: Making,
    from: Moment,
    to: Moment,
    /// Read one after the other, the next one last.
    streams: Vec<DocumentStream>,
    order: Grouping,
}

#[derive(Debug)]
enum Grouping {
    /// One document after the other.
    Natural,
    Shuffled(Dice),
    /// Documents of one second together, sorted by what follows the time.
    ByKeys {
        keys: Vec<SortKey>,
        already_inside: bool,
    },
}

impl Timed {
    pub(super) fn new(
        reader: &Reader,
        set: &EntitySet,
        making: Making,
        bounds: &Bounds,
        direction: Direction,
    ) -> Self {
        let stream = reader
            .world
            .documents_between(bounds.from, bounds.to, direction);
        Self {
            world: reader.world.clone(),
            set: set.clone(),
            making,
            from: bounds.from,
            to: bounds.to,
            streams: vec![stream],
            order: Grouping::Natural,
        }
    }

    /// Without `$orderby`: by time, or at random when a chance is given.
    pub(super) fn in_any_order(mut self, chance: Option<u64>) -> Self {
        let Some(chance) = chance else { return self };
        let dice = Dice::roll(chance, 1, 0);
        let base = &self.world.base;
        let (low, high) = (
            base.first_not_before(self.from),
            base.first_not_before(self.to),
        );
        if low < high {
            // Begin anywhere and come round, so that no page can rely on the one before.
            let turn = base.date_of(low + dice.below(high - low));
            let forward = Direction::Forward;
            self.streams = vec![
                self.world.documents_between(self.from, turn, forward),
                self.world.documents_between(turn, self.to, forward),
            ];
        }
        self.order = Grouping::Shuffled(dice.again());
        self
    }

    /// By time first, then by these keys.
    pub(super) fn ordered_by(mut self, keys: &[SortKey]) -> Self {
        let columns = ["Recorder", "Recorder_Type", "LineNumber"].map(|name| {
            self.set
                .columns
                .iter()
                .position(|column| column.original == name)
        });
        let already_inside = matches!(self.making, Making::Lines(_) | Making::Documents(_))
            && keys.iter().all(|key| {
                !key.descending
                    && columns
                        .iter()
                        .flatten()
                        .any(|column| key.is_column(*column))
            });
        self.order = Grouping::ByKeys {
            keys: keys.to_vec(),
            already_inside,
        };
        self
    }

    fn next_document(&mut self) -> Option<Arc<Document>> {
        loop {
            match self.streams.last_mut()?.next() {
                Some(document) => return Some(document),
                None => {
                    self.streams.pop();
                }
            }
        }
    }

    fn same_second(&mut self, first: Moment) -> Option<Arc<Document>> {
        let stream = self.streams.last_mut()?;
        if stream.next_date() == Some(first) {
            stream.next()
        } else {
            None
        }
    }
}

impl RowSource for Timed {
    fn next(&mut self, rows: &mut Vec<Row>) -> bool {
        let Some(first) = self.next_document() else {
            return false;
        };
        let date = first.date;
        self.making.rows_of(&first, &self.world, rows);
        match &self.order {
            Grouping::Natural => {}
            Grouping::Shuffled(dice) => {
                let mut dice = *dice;
                for _ in 1..HANDFUL {
                    let Some(document) = self.next_document() else {
                        break;
                    };
                    self.making.rows_of(&document, &self.world, rows);
                }
                for place in (1..rows.len()).rev() {
                    dice = dice.again();
                    rows.swap(place, dice.below(place + 1));
                }
                self.order = Grouping::Shuffled(dice);
            }
            Grouping::ByKeys { .. } => {
                let mut alone = true;
                while let Some(document) = self.same_second(date) {
                    alone = false;
                    self.making.rows_of(&document, &self.world, rows);
                }
                if let Grouping::ByKeys {
                    keys,
                    already_inside,
                } = &self.order
                    && !keys.is_empty()
                    && !(alone && *already_inside)
                {
                    order::sort(rows, keys, &self.set, &self.world, 0);
                }
            }
        }
        true
    }
}
