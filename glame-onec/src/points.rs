//! Points on cards: the balances that 1C gives, or the lines of its register summed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{NaiveDateTime, TimeDelta};
use glame_core::ports::{CardPoints, Rejected};
use glame_core::values::{CardRef, DocumentRef};
use reqwest::Url;

use crate::base::Base;
use crate::errors::{Fault, FaultKind};
use crate::page::for_each_row;
use crate::query::balance_url;
use crate::records::bonus_points::{BONUS_POINTS, BalanceRow, CARD, CARD_KEY, PointsRow};
use crate::records::sale_line::PERIOD;
use crate::translate::{CardOf, PointsLine, Reason, balance, broken_line, points_line};
use crate::transport::Meter;
use crate::windows::{Pace, Stretch, TimedRow, Timeline};

/// Thousandths in a point.
const WHOLE: i128 = 1_000;

impl TimedRow for PointsLine {
    /// The document and the number of the line in it.
    type Key = (DocumentRef, u32);

    fn at(&self) -> Option<NaiveDateTime> {
        self.at
    }

    fn key(&self) -> Option<Self::Key> {
        self.recorder.zip(self.number)
    }
}

/// The points of all cards, as far as they were read.
#[derive(Debug, Default)]
pub(crate) struct CardSums {
    /// The sums, in thousandths of a point.
    known: BTreeMap<CardRef, i128>,
    /// The cards of which something was not understood, with the first of it.
    unknown: BTreeMap<CardRef, Rejected>,
    /// What belongs to no card, told once.
    nobody: Option<Rejected>,
}

impl CardSums {
    /// Adds what a row tells; one that may be about any card leaves no balance known.
    fn add(
        &mut self,
        card: CardOf,
        change: Result<i64, Reason>,
        place: impl Fn() -> String,
    ) -> Result<(), Fault> {
        match (card, change) {
            (CardOf::Card(card), Ok(change)) => {
                *self.known.entry(card).or_default() += i128::from(change);
            }
            (CardOf::Card(card), Err(reason)) => self.reject(card, reason, &place()),
            // Switched off: it changes nothing, whoever it was for.
            (CardOf::Nobody | CardOf::Unreadable, Ok(0)) => {}
            (CardOf::Nobody, Ok(_) | Err(_)) => {
                let reason = Reason::Missing(CARD_KEY);
                self.nobody
                    .get_or_insert_with(|| reason.reject(&BONUS_POINTS, place()));
            }
            (CardOf::Unreadable, Ok(_) | Err(_)) => {
                let what = "with points whose card cannot be read";
                return Err(Fault::new(FaultKind::Unexpected(what)).about(BONUS_POINTS.name));
            }
        }
        Ok(())
    }

    fn reject(&mut self, card: CardRef, reason: Reason, place: &str) {
        self.unknown.entry(card).or_insert_with(|| Rejected {
            set: BONUS_POINTS.name.to_owned(),
            reference: card.to_string(),
            reason: format!("{reason} in {place}"),
        });
    }

    /// Rounds each sum down to whole points, once, and leaves out who has none.
    pub(crate) fn finish(mut self) -> (Vec<CardPoints>, Vec<Rejected>) {
        let mut answer = Vec::with_capacity(self.known.len());
        for (card, sum) in std::mem::take(&mut self.known) {
            match i64::try_from(sum.div_euclid(WHOLE)) {
                Ok(0) => {}
                Ok(points) if !self.unknown.contains_key(&card) => {
                    answer.push(CardPoints { card, points });
                }
                Ok(_) => {}
                Err(_) => self.reject(card, Reason::Inexact("Начислено"), "the sum of its lines"),
            }
        }
        let rejected = self.unknown.into_values().chain(self.nobody).collect();
        (answer, rejected)
    }
}

/// Writes the address of the balances of all cards.
pub(crate) fn balance_url_of(base: &Base, at: NaiveDateTime) -> Url {
    let hidden_rows = base.settings().hidden_rows;
    balance_url(base.root(), BONUS_POINTS.name, CARD, at, hidden_rows)
}

/// Asks 1C for the balances of all cards.
pub(crate) async fn balances(
    base: &Base,
    at: NaiveDateTime,
    meter: &Meter,
) -> Result<CardSums, Fault> {
    let body = base
        .virtual_table(balance_url_of(base, at), &BONUS_POINTS, meter)
        .await?;
    let (mut sums, mut outcome) = (CardSums::default(), Ok(()));
    let mut seen = BTreeSet::new();
    for_each_row::<BalanceRow<'_>>(&body, |row| {
        let (card, points) = match row {
            Ok(row) => balance(&row),
            Err(row) => (broken_line(&row).card, Err(Reason::WrongTypes)),
        };
        if let CardOf::Card(card) = card
            && !seen.insert(card)
        {
            // A repeated row, or one more dimension: only the lines can tell.
            let what = "with two balances of a card";
            outcome = Err(Fault::new(FaultKind::Unexpected(what)).about(BONUS_POINTS.name));
        }
        let added = sums.add(card, points, || "its balance".to_owned());
        if outcome.is_ok() {
            outcome = added;
        }
    })
    .map_err(|fault| fault.about(BONUS_POINTS.name))?;
    outcome.map(|()| sums)
}

/// Sums the lines up to a second, that second included, window by window.
pub(crate) async fn summed_lines(
    base: &Base,
    at: NaiveDateTime,
    meter: &Meter,
) -> Result<CardSums, Fault> {
    let timeline = Timeline {
        base,
        set: &BONUS_POINTS,
        moment: PERIOD,
        filter: None,
    };
    let end = at + TimeDelta::seconds(1);
    let mut pace = Pace::new(base.settings().page_sizes.sales);
    let mut sums = CardSums::default();
    let mut rest = Stretch {
        from: None,
        to: Some(end),
    };
    loop {
        let window = timeline
            .first_window(rest, &mut pace, &lines_of, meter)
            .await?;
        sums.add_lines(&window.rows)?;
        if window.to.is_none_or(|to| end <= to) {
            return Ok(sums);
        }
        rest.from = window.to;
    }
}

impl CardSums {
    /// Adds the lines of a window, each once.
    fn add_lines(&mut self, lines: &[PointsLine]) -> Result<(), Fault> {
        let mut seen = HashSet::with_capacity(lines.len());
        for line in lines {
            if line.key().is_none_or(|key| seen.insert(key)) {
                self.add(line.card, line.change, || named(line))?;
            }
        }
        Ok(())
    }
}

fn lines_of(page: &[u8]) -> Result<Vec<PointsLine>, Fault> {
    let mut lines = Vec::new();
    for_each_row::<PointsRow<'_>>(page, |row| {
        lines.push(row.map_or_else(|broken| broken_line(&broken), |row| points_line(&row)));
    })?;
    Ok(lines)
}

/// Names a line in a report.
fn named(line: &PointsLine) -> String {
    let recorder = line
        .recorder
        .map_or_else(|| "unknown".to_owned(), |recorder| recorder.to_string());
    let number = line
        .number
        .map_or_else(|| "?".to_owned(), |number| number.to_string());
    format!("document {recorder} line {number}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn card(n: u128) -> CardRef {
        CardRef::from_uuid(Uuid::from_u128(n))
    }

    /// Sums changes of cards, in thousandths.
    fn summed(changes: &[(u128, Result<i64, Reason>)]) -> (Vec<(CardRef, i64)>, Vec<Rejected>) {
        let mut sums = CardSums::default();
        for (n, change) in changes {
            sums.add(CardOf::Card(card(*n)), *change, String::new)
                .unwrap();
        }
        let (answer, rejected) = sums.finish();
        let answer = answer
            .into_iter()
            .map(|points| (points.card, points.points));
        (answer.collect(), rejected)
    }

    #[test]
    fn fractions_are_summed_exactly_and_rounded_down_once() {
        let (answer, _) = summed(&[
            (1, Ok(500)),
            (1, Ok(500)),
            (2, Ok(-1)),
            (3, Ok(999)),
            (4, Ok(-1_000)),
            (4, Ok(1_000)),
            (5, Ok(i64::MAX)),
            (5, Ok(i64::MAX)),
        ]);
        let largest = i64::try_from(i128::from(i64::MAX) * 2 / 1_000).unwrap();
        let expected = [(card(1), 1), (card(2), -1), (card(5), largest)];
        assert_eq!(answer, expected);
    }

    #[test]
    fn a_card_with_a_line_that_was_not_understood_has_no_balance() {
        let reason = Reason::Missing("Начислено");
        let (answer, rejected) = summed(&[
            (1, Ok(5_000)),
            (1, Err(reason)),
            (1, Err(reason)),
            (2, Ok(7_000)),
        ]);
        assert_eq!(answer, [(card(2), 7)]);
        assert_eq!(rejected.len(), 1, "each card once");
        assert_eq!(rejected[0].reference, card(1).to_string());
    }

    #[test]
    fn points_that_may_be_anybodys_leave_no_balance_known() {
        let mut sums = CardSums::default();
        let mut add = |card, change| sums.add(card, change, String::new);
        assert!(add(CardOf::Unreadable, Ok(0)).is_ok(), "switched off");
        assert!(add(CardOf::Nobody, Ok(5)).is_ok());
        assert!(add(CardOf::Unreadable, Ok(5)).is_err());
        assert_eq!(sums.finish().1.len(), 1);
    }
}
