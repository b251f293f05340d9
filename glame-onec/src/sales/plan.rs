use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use glame_core::ports::SourceCursor;
use glame_core::purchases::DocumentScope;
use serde::{Deserialize, Serialize};

use crate::local_time;
use crate::metadata::PublishedSets;
use crate::records::Set;
use crate::records::sale_line::{SALES, SALES_BY_CARDS};
use crate::settings::SalesRegister;
use crate::windows::{Pace, Stretch};

/// A part of a reading of sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// Opening balances that the main part does not hold.
    OpeningBalances,
    /// Everything else.
    Lines,
}

/// What is read in which order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    register: SalesRegister,
    /// Whether sales by cards can be read.
    cards_published: bool,
    since: Option<DateTime<Utc>>,
    zone: Tz,
}

/// One part with everything that is needed to read it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartPlan {
    pub(crate) set: &'static Set,
    pub(crate) scope: DocumentScope,
    /// The first instant, and the first instant after, for the answer.
    pub(crate) from: Option<DateTime<Utc>>,
    pub(crate) to: Option<DateTime<Utc>>,
    /// The same in local time, for the question.
    pub(crate) stretch: Stretch,
}

impl Plan {
    pub(crate) fn new(
        register: SalesRegister,
        published: &PublishedSets,
        since: Option<DateTime<Utc>>,
        zone: Tz,
    ) -> Self {
        let cards_published = published.contains(SALES_BY_CARDS.name);
        Self {
            register,
            cards_published,
            since,
            zone,
        }
    }

    /// Gives the register that the settings want.
    pub(crate) const fn main_set(register: SalesRegister) -> &'static Set {
        match register {
            SalesRegister::Sales => &SALES,
            SalesRegister::SalesByCards => &SALES_BY_CARDS,
        }
    }

    /// Gives the part that a reading begins with.
    pub(crate) fn first_part(&self) -> Part {
        if self.opening_balances().is_some() {
            Part::OpeningBalances
        } else {
            Part::Lines
        }
    }

    /// Says how a part is read; none if it is not.
    pub(crate) fn part(&self, part: Part) -> Option<PartPlan> {
        match part {
            Part::OpeningBalances => self.opening_balances(),
            Part::Lines => Some(self.lines()),
        }
    }

    /// Plans all sales from `since` on.
    pub(crate) fn lines(&self) -> PartPlan {
        let scope = match self.register {
            SalesRegister::SalesByCards => DocumentScope::All,
            SalesRegister::Sales => DocumentScope::ExceptOpeningBalances,
        };
        self.part_plan(Self::main_set(self.register), scope, self.since, None)
    }

    /// Opening balances have old dates; and the register of sales does not hold them at all.
    fn opening_balances(&self) -> Option<PartPlan> {
        let scope = DocumentScope::OpeningBalancesOnly;
        let to = match (self.register, self.since) {
            (SalesRegister::SalesByCards, Some(since)) => Some(since),
            (SalesRegister::Sales, _) if self.cards_published => None,
            (SalesRegister::SalesByCards, None) | (SalesRegister::Sales, _) => return None,
        };
        Some(self.part_plan(&SALES_BY_CARDS, scope, None, to))
    }

    fn part_plan(
        &self,
        set: &'static Set,
        scope: DocumentScope,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> PartPlan {
        let local = |at| local_time::first_local_from(at, self.zone);
        let stretch = Stretch {
            from: from.map(local),
            to: to.map(local),
        };
        PartPlan {
            set,
            scope,
            from,
            to,
            stretch,
        }
    }
}

/// A place in a reading of sales.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SalesPlace {
    pub(crate) register: SalesRegister,
    pub(crate) part: Part,
    /// Where the next window begins, in local time; absent at the start of a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<NaiveDateTime>,
    pub(crate) pace: Pace,
}

impl SalesPlace {
    /// Reads a cursor, if it was made while the same register was read.
    pub(crate) fn parse(cursor: &SourceCursor, register: SalesRegister) -> Option<Self> {
        let place: Self = serde_json::from_str(cursor.as_str()).ok()?;
        (place.register == register).then_some(place)
    }

    /// Writes a cursor.
    pub(crate) fn to_cursor(&self) -> SourceCursor {
        SourceCursor::new(serde_json::json!(self).to_string())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn plan(register: SalesRegister, cards: bool, since: bool) -> Plan {
        let mut published = PublishedSets::new();
        if cards {
            published.insert(SALES_BY_CARDS.name.to_owned());
        }
        let since = since.then(|| Utc.with_ymd_and_hms(2025, 3, 1, 0, 0, 0).unwrap());
        Plan::new(register, &published, since, Tz::Europe__Moscow)
    }

    #[test]
    fn opening_balances_come_once_whatever_the_register() {
        let from_start = plan(SalesRegister::SalesByCards, true, false);
        assert_eq!(from_start.first_part(), Part::Lines);
        assert_eq!(from_start.lines().scope, DocumentScope::All);

        let since = plan(SalesRegister::SalesByCards, true, true);
        let opening = since.part(Part::OpeningBalances).unwrap();
        assert_eq!((opening.from, opening.to), (None, since.lines().from));

        for since in [false, true] {
            let sales = plan(SalesRegister::Sales, true, since);
            let opening = sales.part(Part::OpeningBalances).unwrap();
            assert_eq!(opening.set.name, SALES_BY_CARDS.name);
            assert_eq!((opening.from, opening.to), (None, None));
            assert_eq!(sales.lines().scope, DocumentScope::ExceptOpeningBalances);
        }
    }

    #[test]
    fn without_sales_by_cards_there_are_no_opening_balances() {
        let sales = plan(SalesRegister::Sales, false, true);
        assert_eq!(sales.first_part(), Part::Lines);
        assert!(sales.part(Part::OpeningBalances).is_none());
    }

    #[test]
    fn a_place_survives_its_cursor() {
        let from = plan(SalesRegister::Sales, true, true).lines().stretch.from;
        let register = SalesRegister::Sales;
        let place = SalesPlace {
            register,
            part: Part::Lines,
            from,
            pace: Pace::new(20_000),
        };
        let cursor = place.to_cursor();
        assert_eq!(SalesPlace::parse(&cursor, register), Some(place));
        assert_eq!(
            SalesPlace::parse(&cursor, SalesRegister::SalesByCards),
            None
        );
        assert_eq!(
            SalesPlace::parse(&SourceCursor::new("{}".to_owned()), register),
            None
        );
    }
}
