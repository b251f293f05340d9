use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::birthday::{birthday_around, is_another_year};
use super::rate::PARTS;
use super::{BaseRate, FactorKind, FactorRule, LoyaltyProgramme, Rate, Stacking};
use crate::values::{Money, Points};

/// What the programme knows of a customer at the moment of a purchase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CustomerFacts {
    /// Whether the customer's status is VIP.
    pub vip: bool,
    /// The date of birth.
    pub birth_date: Option<NaiveDate>,
    /// How many receipts were kept, at least in part, before the purchase.
    pub earlier_receipts: u32,
    /// What those receipts come to after their returns.
    pub earlier_total: Money,
    /// The net sum of all that was bought before the purchase, opening balances included.
    pub lifetime_spent: Money,
}

/// How the points of a receipt came about: everything that it takes to count them again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earning {
    /// The money that was paid.
    pub basis: Money,
    /// The share of it.
    pub rate: Rate,
    /// The factors that applied.
    pub factors: Vec<AppliedFactor>,
    /// How the factors go together.
    pub stacking: Stacking,
    /// The most that one receipt earns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_cap: Option<Points>,
    /// The points: `floor(basis in roubles × rate × factors)`, rounded once, at most the cap.
    pub points: Points,
}

/// A factor that applied to a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliedFactor {
    /// What it is about.
    pub rule: FactorKind,
    /// The multiplier.
    pub factor: Rate,
    /// The birthday, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthday: Option<NaiveDate>,
}

/// Tells that a number of points does not fit into 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the points do not fit; is the amount right?")]
pub struct TooManyPoints;

impl Earning {
    /// Counts the points of a receipt.
    ///
    /// `basis` is the money paid; one that is not positive earns nothing. `birthdays` are the
    /// birthdays that were granted to the customer before.
    ///
    /// ```
    /// # use glame_core::loyalty::{CustomerFacts, Earning, LoyaltyProgramme};
    /// # use glame_core::values::Money;
    /// # use chrono::{TimeZone, Utc};
    /// let vip = CustomerFacts { vip: true, ..CustomerFacts::default() };
    /// let noon = Utc.with_ymd_and_hms(2025, 6, 15, 9, 0, 0).unwrap();
    /// let paid = Money::parse_roubles("199.99")?;
    /// let earning = Earning::of(paid, noon, &vip, &[], &LoyaltyProgramme::guide())?;
    /// // 199.99 × 1 % × 1.5 = 2.99985, rounded down once.
    /// assert_eq!(earning.points.get(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`TooManyPoints`] where the arithmetic would overflow.
    pub fn of(
        basis: Money,
        at: DateTime<Utc>,
        customer: &CustomerFacts,
        birthdays: &[NaiveDate],
        programme: &LoyaltyProgramme,
    ) -> Result<Self, TooManyPoints> {
        let day = at.with_timezone(&programme.zone).date_naive();
        let rules = &programme.earning;
        let factors = rules
            .factors
            .iter()
            .filter_map(|rule| applied(rule, basis, day, customer, birthdays));
        let mut earning = Self {
            basis,
            rate: rules.base.rate_after(customer.lifetime_spent),
            factors: factors.collect(),
            stacking: rules.stacking,
            receipt_cap: rules.receipt_cap,
            points: Points::ZERO,
        };
        earning.points = earning.points_for(basis)?;
        Ok(earning)
    }

    /// Counts the points of another basis under the same rate, factors and cap.
    ///
    /// # Errors
    /// [`TooManyPoints`] where the arithmetic would overflow.
    pub fn points_for(&self, basis: Money) -> Result<Points, TooManyPoints> {
        let kopecks = i128::from(basis.kopecks().max(0));
        let (factor, one) = self.combined_factor().ok_or(TooManyPoints)?;
        let product = kopecks
            .checked_mul(i128::from(self.rate.parts()))
            .and_then(|share| share.checked_mul(factor))
            .ok_or(TooManyPoints)?;
        // 100 kopecks, and a rate in ten-thousandths: the one rounding, down.
        let points = product / (100 * i128::from(PARTS) * one);
        let points = i64::try_from(points).map_err(|_| TooManyPoints)?;
        let points = Points::try_new(points).map_err(|_| TooManyPoints)?;
        Ok(self.receipt_cap.map_or(points, |cap| points.min(cap)))
    }

    /// Gives what the same receipt earns now that it is worth something else.
    ///
    /// # Errors
    /// [`TooManyPoints`] where the arithmetic would overflow.
    pub fn with_basis(&self, basis: Money) -> Result<Self, TooManyPoints> {
        Ok(Self {
            basis,
            points: self.points_for(basis)?,
            ..self.clone()
        })
    }

    /// Gives the birthday that this receipt makes use of.
    #[must_use]
    pub fn birthday(&self) -> Option<NaiveDate> {
        self.factors.iter().find_map(|factor| factor.birthday)
    }

    /// Gives the factors as one fraction.
    fn combined_factor(&self) -> Option<(i128, i128)> {
        let one = i128::from(PARTS);
        let mut parts = self
            .factors
            .iter()
            .map(|applied| i128::from(applied.factor.parts()));
        match self.stacking {
            Stacking::Product => parts.try_fold((1, 1_i128), |(product, scale), factor| {
                Some((factor.checked_mul(product)?, scale.checked_mul(one)?))
            }),
            Stacking::Max => Some((parts.max().unwrap_or(one), one)),
            Stacking::Sum => Some((one + parts.map(|factor| factor - one).sum::<i128>(), one)),
        }
    }
}

impl BaseRate {
    /// Gives the share for a customer who had spent so much.
    #[must_use]
    pub fn rate_after(&self, lifetime_spent: Money) -> Rate {
        match self {
            Self::Flat { rate } => *rate,
            Self::BySpend { steps } => steps
                .iter()
                .rev()
                .find(|step| step.from <= lifetime_spent)
                .or_else(|| steps.first())
                .map_or(Rate::ZERO, |step| step.rate),
        }
    }
}

fn applied(
    rule: &FactorRule,
    basis: Money,
    day: NaiveDate,
    customer: &CustomerFacts,
    birthdays: &[NaiveDate],
) -> Option<AppliedFactor> {
    let mut birthday = None;
    let applies = match rule {
        FactorRule::Vip { .. } => customer.vip,
        FactorRule::AboveAverage {
            times,
            earlier_receipts,
            ..
        } => {
            customer.earlier_receipts >= *earlier_receipts.max(&1)
                && is_above_average(basis, customer, *times)
        }
        FactorRule::Birthday {
            days_before,
            days_after,
            ..
        } => {
            birthday = customer
                .birth_date
                .and_then(|birth| birthday_around(day, birth, *days_before, *days_after))
                .filter(|birthday| is_another_year(*birthday, birthdays));
            birthday.is_some()
        }
    };
    applies.then(|| AppliedFactor {
        rule: rule.kind(),
        factor: rule.factor(),
        birthday,
    })
}

/// Compares `basis` with `times × total / receipts`, strictly and without dividing.
fn is_above_average(basis: Money, customer: &CustomerFacts, times: Rate) -> bool {
    let receipts = i128::from(customer.earlier_receipts);
    let basis = i128::from(basis.kopecks()) * receipts * i128::from(PARTS);
    let bar = i128::from(customer.earlier_total.kopecks()) * i128::from(times.parts());
    basis > bar
}

#[cfg(test)]
mod tests;
