use crate::analytics::{CustomerStatus, RfmScore, RfmSegment, Score};
use crate::users::{Gender, User};
use crate::values::{Money, PeriodRange, PlainText};

use super::{ListedFigures, city_key};

/// Which customers are wanted; nothing given, all that are not removed.
///
/// A customer without figures has bought nothing: zero purchases, nothing spent, status `New`, no
/// last purchase and no scores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// With one of these statuses; with any, if there is none.
    pub statuses: Vec<CustomerStatus>,
    /// In this city, however it is written.
    pub city: Option<PlainText>,
    /// Of this gender.
    pub gender: Option<Gender>,
    /// With such scores.
    pub rfm: RfmFilter,
    /// Who have spent so much.
    pub spent: ValueRange<Money>,
    /// Who have bought so often.
    pub purchases: ValueRange<u32>,
    /// Whose last purchase lies here.
    pub last_purchase: PeriodRange,
    /// With a telephone number, or without.
    pub has_phone: Option<bool>,
    /// What is done with those whom the shop's base has marked for deletion.
    pub removed: RemovedCustomers,
}

/// Both ends are in it; a missing end is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueRange<T> {
    /// The least.
    pub min: Option<T>,
    /// The most.
    pub max: Option<T>,
}

/// Which scores are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RfmFilter {
    /// In one of these named segments; in any, if there is none.
    pub segments: Vec<RfmSegment>,
    /// Such recency.
    pub recency: ValueRange<Score>,
    /// Such frequency.
    pub frequency: ValueRange<Score>,
    /// Such monetary.
    pub monetary: ValueRange<Score>,
    /// Such a total, from 3 to 15.
    pub total: ValueRange<u8>,
}

/// What is done with customers whom the shop's base has marked for deletion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RemovedCustomers {
    /// They are left out.
    #[default]
    LeftOut,
    /// They are among the others.
    Among,
    /// There are none but them.
    Only,
}

impl<T> Default for ValueRange<T> {
    fn default() -> Self {
        Self {
            min: None,
            max: None,
        }
    }
}

impl<T: PartialOrd + Copy> ValueRange<T> {
    /// Tells whether a value lies inside.
    pub fn contains(&self, value: T) -> bool {
        self.min.is_none_or(|min| min <= value) && self.max.is_none_or(|max| value <= max)
    }

    /// Tells whether every value lies inside.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }
}

impl RfmFilter {
    /// Gives the cells that are wanted; none if all are, and those without scores too.
    #[must_use]
    pub fn cells(&self) -> Option<Vec<RfmScore>> {
        let everything = self.segments.is_empty()
            && self.recency.is_open()
            && self.frequency.is_open()
            && self.monetary.is_open()
            && self.total.is_open();
        (!everything).then(|| RfmScore::cells().filter(|cell| self.holds(*cell)).collect())
    }

    fn holds(&self, score: RfmScore) -> bool {
        (self.segments.is_empty() || self.segments.contains(&score.segment()))
            && self.recency.contains(score.recency)
            && self.frequency.contains(score.frequency)
            && self.monetary.contains(score.monetary)
            && self.total.contains(score.total())
    }
}

impl CustomerFilter {
    /// Tells whether the filter asks for figures that a customer without any does not have.
    ///
    /// Then only customers with figures can be wanted, and storage may begin with these.
    #[must_use]
    pub fn needs_figures(&self) -> bool {
        !self.holds_figures(None)
    }

    /// Tells whether a customer is wanted.
    #[must_use]
    pub fn holds(&self, user: &User, figures: Option<ListedFigures>) -> bool {
        self.holds_profile(user) && self.holds_figures(figures)
    }

    fn holds_profile(&self, user: &User) -> bool {
        let same_city = |city: &PlainText| {
            user.city
                .as_ref()
                .is_some_and(|known| city_key(known) == city_key(city))
        };
        let removed = match self.removed {
            RemovedCustomers::LeftOut => !user.removed,
            RemovedCustomers::Among => true,
            RemovedCustomers::Only => user.removed,
        };
        removed
            && self.city.as_ref().is_none_or(same_city)
            && self.gender.is_none_or(|gender| user.gender == Some(gender))
            && self
                .has_phone
                .is_none_or(|wanted| user.phone.is_some() == wanted)
    }

    fn holds_figures(&self, figures: Option<ListedFigures>) -> bool {
        let status = figures.map_or(CustomerStatus::New, |figures| figures.status);
        let last = figures.and_then(|figures| figures.last_purchase_at);
        let score = figures.and_then(|figures| figures.rfm_score);
        (self.statuses.is_empty() || self.statuses.contains(&status))
            && self
                .spent
                .contains(figures.map_or(Money::ZERO, |figures| figures.total_spent))
            && self
                .purchases
                .contains(figures.map_or(0, |figures| figures.total_purchases))
            && (self.last_purchase == PeriodRange::EVERYTHING
                || last.is_some_and(|last| self.last_purchase.contains(last)))
            && self
                .rfm
                .cells()
                .is_none_or(|cells| score.is_some_and(|score| cells.contains(&score)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::{customer, metrics, minute, text};

    #[test]
    fn a_filter_of_nothing_holds_everybody_who_is_not_removed() {
        let mut anna = customer(1);
        let filter = CustomerFilter::default();
        assert!(filter.holds(&anna, None));
        assert!(filter.holds(&anna, Some(ListedFigures::from(&metrics(anna.id)))));
        anna.removed = true;
        assert!(!filter.holds(&anna, None));
        assert!(!filter.needs_figures());
    }

    #[test]
    fn whoever_has_no_figures_is_new_and_has_spent_nothing() {
        let anna = customer(1);
        let filter = CustomerFilter {
            statuses: vec![CustomerStatus::New],
            spent: ValueRange {
                min: Some(Money::ZERO),
                max: Some(Money::ZERO),
            },
            ..CustomerFilter::default()
        };
        assert!(filter.holds(&anna, None));
        let late = CustomerFilter {
            last_purchase: PeriodRange::try_new(None, Some(minute(1))).unwrap(),
            ..CustomerFilter::default()
        };
        assert!(late.needs_figures());
        assert!(late.holds(&anna, Some(ListedFigures::from(&metrics(anna.id)))));
    }

    #[test]
    fn cities_are_the_same_however_they_are_written() {
        let mut anna = customer(1);
        anna.city = Some(text("г. Орёл"));
        let mut filter = CustomerFilter {
            city: Some(text("Г ОРЕЛ")),
            ..CustomerFilter::default()
        };
        assert!(filter.holds(&anna, None));
        filter.city = Some(text("Орел"));
        assert!(!filter.holds(&anna, None));
    }

    #[test]
    fn segments_and_ranges_of_scores_meet() {
        let best = RfmFilter {
            segments: vec![RfmSegment::Champions],
            total: ValueRange {
                min: Some(15),
                max: None,
            },
            ..RfmFilter::default()
        };
        assert_eq!(best.cells().unwrap().len(), 1);
        assert_eq!(RfmFilter::default().cells(), None);
    }
}
