//! The inner loops: 64 customers to a word, word by word.

use std::ops::RangeInclusive;

use super::bucket::bucket_of;
use super::plan::Scope;
use super::span::Span;
use super::verdicts::{Block, Rows, Verdicts};
use crate::segments::snapshot::column::{Column, NO_CODE, Sets, index};
use crate::segments::snapshot::purchases::Purchases;
use crate::segments::{Bitmap, Measure, Operator};
use crate::values::UserId;

/// A leaf tied to what it reads.
#[derive(Debug)]
pub(in crate::segments) enum Test<'a> {
    Small {
        column: &'a Column<i32>,
        spans: Vec<RangeInclusive<i32>>,
        is_negated: bool,
    },
    Large {
        column: &'a Column<i64>,
        span: Span,
    },
    Coded {
        codes: &'a [u32],
        table: Vec<bool>,
    },
    Flag {
        bits: &'a Bitmap,
        is: bool,
    },
    Set {
        sets: &'a Sets,
        classes: Vec<u16>,
        wanted: usize,
        op: Operator,
    },
    Purchases {
        purchases: &'a Purchases,
        scope: Scope,
        measure: Measure,
        span: Span,
    },
    Members {
        bitmaps: Vec<&'a Bitmap>,
        op: Operator,
    },
    Bucket {
        users: &'a [UserId],
        seed: u64,
        span: Span,
    },
    Known {
        known: Option<&'a Bitmap>,
        is: bool,
    },
    KnownCode {
        codes: &'a [u32],
        is: bool,
    },
    Unknown,
}

/// What a leaf has to do for a row, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cost {
    /// A bit of a word that is there.
    Word,
    /// A comparison of a cell.
    Cell,
    /// A set, or a hash.
    Row,
    /// All purchases.
    Purchases,
}

impl<'a> Test<'a> {
    pub(super) const fn cost(&self) -> Cost {
        match self {
            Self::Flag { .. } | Self::Members { .. } | Self::Known { .. } | Self::Unknown => {
                Cost::Word
            }
            Self::Small { .. }
            | Self::Large { .. }
            | Self::Coded { .. }
            | Self::KnownCode { .. } => Cost::Cell,
            Self::Set { .. } | Self::Bucket { .. } => Cost::Row,
            Self::Purchases { .. } => Cost::Purchases,
        }
    }

    pub(super) fn small(column: &'a Column<i32>, span: &Span) -> Self {
        let narrowed = span.ranges.iter().filter_map(|(from, to)| {
            let from = i32::try_from((*from).max(i64::from(i32::MIN))).ok()?;
            let to = i32::try_from((*to).min(i64::from(i32::MAX))).ok()?;
            Some(from..=to)
        });
        Self::Small {
            column,
            spans: narrowed.collect(),
            is_negated: span.is_negated,
        }
    }

    pub(super) fn evaluate(&self, block: Block, asked: &Rows) -> Verdicts {
        match self {
            Self::Small {
                column,
                spans,
                is_negated,
            } => match spans.as_slice() {
                [span] => numbers(block, asked, column, |value| {
                    span.contains(&value) != *is_negated
                }),
                _ => numbers(block, asked, column, |value| {
                    spans.iter().any(|span| span.contains(&value)) != *is_negated
                }),
            },
            Self::Large { column, span } => match span.ranges.as_slice() {
                [(from, to)] => numbers(block, asked, column, |value| {
                    (*from..=*to).contains(&value) != span.is_negated
                }),
                _ => numbers(block, asked, column, |value| span.holds(value)),
            },
            Self::Coded { codes, table } => coded(block, asked, codes, |code| {
                table.get(index(code)).copied().unwrap_or_default()
            }),
            Self::Flag { bits, is } => words(block, |word| {
                let bits = bits.word(word);
                if *is { bits } else { !bits }
            }),
            Self::Set {
                sets,
                classes,
                wanted,
                op,
            } => {
                let holds = |row| set_holds(sets.get(row), classes, *wanted, *op);
                rows(block, asked, holds)
            }
            Self::Purchases {
                purchases,
                scope,
                measure,
                span,
            } => rows(block, asked, |row| {
                span.holds(measured(purchases, scope, *measure, row))
            }),
            Self::Members { bitmaps, op } => words(block, |word| members(bitmaps, *op, word)),
            Self::Bucket { users, seed, span } => rows(block, asked, |row| {
                users
                    .get(row)
                    .is_some_and(|user| span.holds(bucket_of(*seed, *user)))
            }),
            Self::Known { known, is } => words(block, |word| {
                let known = known.map_or(u64::MAX, |known| known.word(word));
                if *is { known } else { !known }
            }),
            Self::KnownCode { codes, is } => rows(block, asked, |row| {
                codes.get(row).is_some_and(|code| *code != NO_CODE) == *is
            }),
            Self::Unknown => Verdicts::UNKNOWN,
        }
    }
}

/// Asks about numbers, some of which may not be known.
fn numbers<T: Copy>(
    block: Block,
    asked: &Rows,
    column: &Column<T>,
    passes: impl Fn(T) -> bool,
) -> Verdicts {
    let mut verdicts = Verdicts::UNKNOWN;
    let cells = column
        .cells
        .get(block.first_row()..block.end_row())
        .unwrap_or_default();
    for (word, cells) in cells.chunks(64).enumerate() {
        if asked.0[word] == 0 {
            continue;
        }
        let mut yes = 0;
        for (bit, cell) in cells.iter().enumerate() {
            yes |= u64::from(passes(*cell)) << bit;
        }
        let known = column.known.as_ref();
        let known = known.map_or(u64::MAX, |known| known.word(block.first_word + word));
        let known = known & block.mask(word);
        verdicts.yes[word] = yes & known;
        verdicts.no[word] = !yes & known;
    }
    verdicts
}

/// Asks about codes, of which one means unknown.
fn coded(block: Block, asked: &Rows, codes: &[u32], passes: impl Fn(u32) -> bool) -> Verdicts {
    let mut verdicts = Verdicts::UNKNOWN;
    let codes = codes
        .get(block.first_row()..block.end_row())
        .unwrap_or_default();
    for (word, codes) in codes.chunks(64).enumerate() {
        if asked.0[word] == 0 {
            continue;
        }
        let (mut yes, mut known) = (0, 0);
        for (bit, code) in codes.iter().enumerate() {
            yes |= u64::from(passes(*code)) << bit;
            known |= u64::from(*code != NO_CODE) << bit;
        }
        verdicts.yes[word] = yes & known;
        verdicts.no[word] = !yes & known;
    }
    verdicts
}

/// Asks about rows of which everything is known, and of which it costs something to ask.
fn rows(block: Block, asked: &Rows, passes: impl Fn(usize) -> bool) -> Verdicts {
    let mut verdicts = Verdicts::UNKNOWN;
    for word in 0..block.words() {
        let first = (block.first_word + word) * 64;
        let asked = asked.0[word] & block.mask(word);
        let (mut yes, mut left) = (0, asked);
        while left != 0 {
            let bit = left.trailing_zeros();
            left &= left - 1;
            yes |= u64::from(passes(first + index(bit))) << bit;
        }
        verdicts.yes[word] = yes;
        verdicts.no[word] = !yes & asked;
    }
    verdicts
}

/// Asks about whole words of which everything is known.
fn words(block: Block, yes_of: impl Fn(usize) -> u64) -> Verdicts {
    let mut verdicts = Verdicts::UNKNOWN;
    for word in 0..block.words() {
        let (yes, mask) = (yes_of(block.first_word + word), block.mask(word));
        verdicts.yes[word] = yes & mask;
        verdicts.no[word] = !yes & mask;
    }
    verdicts
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the table of operators gives no others to this field"
)]
fn members(bitmaps: &[&Bitmap], op: Operator, word: usize) -> u64 {
    let any = || {
        bitmaps
            .iter()
            .fold(0, |bits, bitmap| bits | bitmap.word(word))
    };
    match op {
        Operator::HasAll => bitmaps
            .iter()
            .fold(u64::MAX, |bits, bitmap| bits & bitmap.word(word)),
        Operator::HasNone => !any(),
        _ => any(),
    }
}

/// Compares the codes of a customer with the wanted ones, whose class is not zero.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the table of operators gives no others to this field"
)]
fn set_holds(codes: &[u32], classes: &[u16], wanted: usize, op: Operator) -> bool {
    let class = |code: &u32| classes.get(index(*code)).copied().unwrap_or_default();
    let has_any = || codes.iter().any(|code| class(code) > 0);
    match op {
        Operator::HasAny => has_any(),
        Operator::HasNone => !has_any(),
        Operator::Only => !codes.is_empty() && codes.iter().all(|code| class(code) > 0),
        Operator::HasAll => {
            // At most 200 classes are wanted.
            let mut seen = [0_u64; 4];
            for code in codes {
                let class = usize::from(class(code));
                if let (1.., Some(word)) = (class, seen.get_mut(class / 64)) {
                    *word |= 1 << (class % 64);
                }
            }
            let found: u32 = seen.iter().map(|word| word.count_ones()).sum();
            usize::try_from(found).is_ok_and(|found| found == wanted)
        }
        _ => false,
    }
}

/// Counts or sums the purchases of a customer that a scope lets pass.
pub(in crate::segments) fn measured(
    purchases: &Purchases,
    scope: &Scope,
    measure: Measure,
    row: usize,
) -> i64 {
    let passes = |table: &Option<Vec<bool>>, code: u32| {
        table
            .as_ref()
            .is_none_or(|table| table.get(index(code)).copied().unwrap_or_default())
    };
    let lines = purchases.lines(row).filter(|line| {
        let day = purchases.day[*line];
        scope.first_day <= day
            && day <= scope.last_day
            && passes(&scope.categories, purchases.category[*line])
            && passes(&scope.brands, purchases.brand[*line])
            && passes(&scope.stores, purchases.store[*line])
    });
    match measure {
        Measure::Sum => lines.fold(0, |sum: i64, line| {
            sum.saturating_add(purchases.kopecks[line])
        }),
        Measure::Count => {
            let mut counted = None;
            let mut count = 0;
            for line in lines.filter(|line| purchases.is_kept.contains(*line)) {
                let receipt = Some(purchases.receipt[line]);
                count += i64::from(receipt != counted);
                counted = receipt;
            }
            count
        }
    }
}
