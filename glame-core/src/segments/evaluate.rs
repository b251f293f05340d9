//! Rules over columns, in three-valued logic.

mod bucket;
mod kernel;
mod plan;
mod span;
mod verdicts;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::thread;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

pub(super) use self::bucket::{bucket_of, seed_of};
pub(super) use self::plan::{Node, Planner};
pub(super) use self::span::is_so_old;
use self::verdicts::BLOCK_WORDS;
pub(super) use self::verdicts::{Block, Rows};
use super::{Bitmap, SegmentRule, SegmentSnapshot};
use crate::analytics::AsOf;
use crate::values::SegmentId;

/// The one instant to which all windows, silences and ages of an evaluation are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub(super) today: NaiveDate,
}

impl Moment {
    /// Pins an instant in the zone of the shop's calendar.
    #[must_use]
    pub fn at(now: DateTime<Utc>, zone: Tz) -> Self {
        Self {
            today: now.with_timezone(&zone).date_naive(),
        }
    }

    /// Takes the day of the figures.
    #[must_use]
    pub fn of(as_of: AsOf, zone: Tz) -> Self {
        Self {
            today: as_of.date(zone),
        }
    }

    /// Gives the day of the shop's calendar.
    #[must_use]
    pub const fn today(self) -> NaiveDate {
        self.today
    }
}

/// The members of segments that were evaluated before, as rows of the same snapshot.
pub type Memberships = BTreeMap<SegmentId, Bitmap>;

/// Tells that a rule asks about a segment whose members are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rule asks about segment {0}, which is not an active segment")]
pub struct UnknownSegment(pub SegmentId);

/// What a rule says of every customer: so, not so, or unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// For whom the rule is true.
    pub(super) yes: Bitmap,
    /// For whom it is false. Nobody is in both.
    pub(super) no: Bitmap,
}

impl Outcome {
    /// Gives the customers for whom the rule is true.
    #[must_use]
    pub const fn matched(&self) -> &Bitmap {
        &self.yes
    }

    /// Gives the customers for whom the rule is false.
    #[must_use]
    pub const fn refuted(&self) -> &Bitmap {
        &self.no
    }

    /// Counts the customers of whom too little is known to tell.
    #[must_use]
    pub fn unknown(&self) -> usize {
        self.yes.rows() - self.yes.count() - self.no.count()
    }
}

impl SegmentSnapshot {
    /// Evaluates a rule for every customer, on so many threads; the outcome does not depend on them.
    pub fn evaluate(
        &self,
        rule: &SegmentRule,
        moment: Moment,
        memberships: &Memberships,
        threads: NonZeroUsize,
    ) -> Result<Outcome, UnknownSegment> {
        let planner = Planner {
            snapshot: self,
            moment,
            memberships,
        };
        let plan = planner.plan(rule.condition())?.cheapest_first();
        let rows = self.users.len();
        let words = rows.div_ceil(64);
        // Whole blocks, so that no block is shared by two threads.
        let share = words
            .div_ceil(threads.get())
            .next_multiple_of(BLOCK_WORDS)
            .max(BLOCK_WORDS);
        let evaluate = |first: usize| evaluate_words(&plan, rows, first, words.min(first + share));
        let parts: Vec<(Vec<u64>, Vec<u64>)> = thread::scope(|scope| {
            let evaluate = &evaluate;
            let others: Vec<_> = (share..words)
                .step_by(share)
                .map(|first| scope.spawn(move || evaluate(first)))
                .collect();
            let mut parts = vec![evaluate(0)];
            for other in others {
                match other.join() {
                    Ok(part) => parts.push(part),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            parts
        });
        let (yes, no): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        Ok(Outcome {
            yes: Bitmap::from_words(yes.concat(), rows),
            no: Bitmap::from_words(no.concat(), rows),
        })
    }
}

/// Evaluates some words, block by block, so that what lies between two conditions stays in cache.
fn evaluate_words(plan: &Node<'_>, rows: usize, first: usize, end: usize) -> (Vec<u64>, Vec<u64>) {
    let capacity = end.saturating_sub(first);
    let (mut yes, mut no) = (Vec::with_capacity(capacity), Vec::with_capacity(capacity));
    for word in (first..end).step_by(BLOCK_WORDS) {
        let block = Block::new(word, rows);
        let verdicts = plan.evaluate(block, &Rows::all(block));
        yes.extend_from_slice(&verdicts.yes[..block.words()]);
        no.extend_from_slice(&verdicts.no[..block.words()]);
    }
    (yes, no)
}
