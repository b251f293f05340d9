use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{
    AsOf, CustomerStatus, PurchasePreferences, RfmCuts, RfmInputs, RfmPolicy, RfmScore,
    StatusPolicy, preferences::favourites,
};
use crate::catalogue::Product;
use crate::purchases::{LineKind, LinePolicy, PurchaseHistory, PurchaseLine};
use crate::values::{DocumentRef, Money, PlainText, ProductRef, StoreRef, UserId, VariantRef};

/// The rules by which figures are made. They are data, stored with the figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsPolicy {
    /// The zone of the shop's calendar.
    pub zone: Tz,
    /// What a line is.
    pub lines: LinePolicy,
    /// What one purchase is.
    pub occasions: OccasionPolicy,
    /// How customers are scored.
    pub rfm: RfmPolicy,
    /// What they are called.
    pub status: StatusPolicy,
}

impl Default for MetricsPolicy {
    fn default() -> Self {
        Self {
            zone: chrono_tz::Europe::Moscow,
            lines: LinePolicy::default(),
            occasions: OccasionPolicy::default(),
            rfm: RfmPolicy::default(),
            status: StatusPolicy::default(),
        }
    }
}

/// What counts as one purchase for frequency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OccasionPolicy {
    /// All receipts of one day in one store together.
    #[default]
    DayAndStore,
    /// Each receipt.
    Receipt,
}

/// The figures of one customer that follow from the purchases alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchaseFigures {
    /// Whose figures these are.
    pub user: UserId,
    /// Receipts that were not returned in full.
    pub total_purchases: u32,
    /// The net sum of all lines, opening balances included.
    pub total_spent: Money,
    /// The net money of goods and services per receipt of `total_purchases`, half a kopeck rounded up.
    pub average_receipt: Option<Money>,
    /// All receipts of goods and services, returned ones among them.
    pub receipts: u32,
    /// Documents that only take something back.
    pub returns: u32,
    /// Lines of every kind.
    pub lines: u32,
    /// Purchase occasions: what frequency counts.
    pub occasions: u32,
    /// The first receipt that was not returned in full.
    pub first_purchase_at: Option<DateTime<Utc>>,
    /// The last receipt that was not returned in full.
    pub last_purchase_at: Option<DateTime<Utc>>,
    /// Lines dated in the future: they count as money only, and somebody should look at them.
    pub future_lines: u32,
    /// What the customer likes.
    pub preferences: PurchasePreferences,
}

/// All figures of one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerMetrics {
    /// What follows from the purchases alone.
    pub figures: PurchaseFigures,
    /// The scores; none for a customer who has not bought.
    pub rfm_score: Option<RfmScore>,
    /// The guide's word for the customer.
    pub status: CustomerStatus,
}

/// What was bought of one article in one document, net.
type NetQuantities = BTreeMap<(Option<ProductRef>, Option<VariantRef>), i128>;

/// One document, while figures are made.
#[derive(Debug, Default)]
struct Sale {
    purchased_at: DateTime<Utc>,
    store: Option<StoreRef>,
    quantities: NetQuantities,
    sells: bool,
}

impl PurchaseFigures {
    /// Makes the figures of a customer.
    ///
    /// Money is the sum of all lines. Receipts and recency look at goods and services, preferences at
    /// goods alone. A receipt counts as long as something of it was not brought back: returns that name their
    /// sale are set against it, article by article; a return that names none lowers money only.
    #[must_use]
    pub fn of(
        history: &PurchaseHistory,
        catalogue: &HashMap<ProductRef, Product>,
        policy: &MetricsPolicy,
        as_of: AsOf,
    ) -> Self {
        let today = as_of.date(policy.zone);
        let day_of = |line: &PurchaseLine| local_date(line.purchased_at, policy.zone);
        let lines: Vec<&PurchaseLine> = history
            .lines()
            .iter()
            .filter(|line| match as_of {
                AsOf::Now(_) => true,
                AsOf::EndOf(date) => day_of(line) <= date,
            })
            .collect();

        let mut sales: BTreeMap<DocumentRef, Sale> = BTreeMap::new();
        let mut taken_back: BTreeMap<DocumentRef, NetQuantities> = BTreeMap::new();
        let mut categories: BTreeMap<&PlainText, i128> = BTreeMap::new();
        let mut brands: BTreeMap<&PlainText, i128> = BTreeMap::new();
        let mut purchased_kopecks: i128 = 0;
        let mut future_lines = 0;

        for line in &lines {
            if day_of(line) > today {
                future_lines += 1;
                continue;
            }
            let product = line.product.and_then(|product| catalogue.get(&product));
            let kind = policy.lines.kind_of(line, product);
            if !kind.makes_a_purchase() {
                continue;
            }
            let kopecks = i128::from(line.amount.kopecks());
            purchased_kopecks += kopecks;
            if let (LineKind::Goods, Some(product)) = (kind, product) {
                if let Some(category) = &product.category {
                    *categories.entry(category).or_default() += kopecks;
                }
                if let Some(brand) = &product.brand {
                    *brands.entry(brand).or_default() += kopecks;
                }
            }

            let sale = sales.entry(line.document.document).or_insert_with(|| Sale {
                purchased_at: line.purchased_at,
                store: line.store,
                ..Sale::default()
            });
            sale.sells |= line.quantity.thousandths() > 0;
            let quantities = match line.returns {
                Some(original) => taken_back.entry(original).or_default(),
                None => &mut sale.quantities,
            };
            *quantities.entry((line.product, line.variant)).or_default() +=
                i128::from(line.quantity.thousandths());
        }

        let receipts = sales.values().filter(|sale| sale.sells).count();
        let kept: Vec<&Sale> = sales
            .iter()
            .filter(|(document, sale)| sale.is_kept(taken_back.get(document)))
            .map(|(_, sale)| sale)
            .collect();
        let total_purchases = count(kept.len());
        let purchased = Money::from_kopecks(saturated(purchased_kopecks));

        Self {
            user: history.user(),
            total_purchases,
            total_spent: Money::from_kopecks(saturated(
                lines
                    .iter()
                    .map(|line| i128::from(line.amount.kopecks()))
                    .sum(),
            )),
            average_receipt: purchased.divided_half_up(total_purchases),
            receipts: count(receipts),
            returns: count(sales.len() - receipts),
            lines: count(lines.len()),
            occasions: occasions(&kept, policy),
            first_purchase_at: kept.iter().map(|sale| sale.purchased_at).min(),
            last_purchase_at: kept.iter().map(|sale| sale.purchased_at).max(),
            future_lines,
            preferences: PurchasePreferences {
                favorite_categories: favourites(categories),
                favorite_brands: favourites(brands),
            },
        }
    }

    /// Gives what the scores are made of; none for a customer who has not bought.
    #[must_use]
    pub fn rfm_inputs(&self, policy: &MetricsPolicy, as_of: AsOf) -> Option<RfmInputs> {
        let last_day = local_date(self.last_purchase_at?, policy.zone);
        let silent = as_of
            .date(policy.zone)
            .signed_duration_since(last_day)
            .num_days();
        Some(RfmInputs {
            // A purchase of the future makes no figures, so that the difference is never negative.
            recency_days: u32::try_from(silent).unwrap_or_default(),
            frequency: self.occasions,
            monetary: self.total_spent,
        })
    }
}

impl CustomerMetrics {
    /// Scores the figures of a customer.
    #[must_use]
    pub fn score(
        figures: PurchaseFigures,
        cuts: &RfmCuts,
        policy: &MetricsPolicy,
        as_of: AsOf,
    ) -> Self {
        let scored = figures
            .rfm_inputs(policy, as_of)
            .map(|inputs| (inputs, cuts.score(inputs)));
        Self {
            rfm_score: scored.map(|(_, score)| score),
            status: policy.status.status(scored),
            figures,
        }
    }
}

impl Sale {
    /// Tells whether something of the sale was not brought back.
    fn is_kept(&self, taken_back: Option<&NetQuantities>) -> bool {
        self.quantities.iter().any(|(article, sold)| {
            let back = taken_back
                .and_then(|back| back.get(article))
                .copied()
                .unwrap_or_default();
            sold + back > 0
        })
    }
}

fn occasions(kept: &[&Sale], policy: &MetricsPolicy) -> u32 {
    match policy.occasions {
        OccasionPolicy::Receipt => count(kept.len()),
        OccasionPolicy::DayAndStore => {
            let days: BTreeSet<(NaiveDate, Option<StoreRef>)> = kept
                .iter()
                .map(|sale| (local_date(sale.purchased_at, policy.zone), sale.store))
                .collect();
            count(days.len())
        }
    }
}

fn local_date(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn saturated(kopecks: i128) -> i64 {
    i64::try_from(kopecks).unwrap_or(if kopecks < 0 { i64::MIN } else { i64::MAX })
}
