use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{
    AsOf, CustomerStatus, PurchasePreferences, RfmCuts, RfmInputs, RfmPolicy, RfmScore,
    StatusPolicy, preferences::favourites,
};
use crate::catalogue::Product;
use crate::purchases::{DocumentKind, LineKind, LinePolicy, PurchaseHistory, PurchaseLine};
use crate::values::{
    DocumentRef, Money, PlainText, ProductRef, Quantity, StoreRef, UserId, VariantRef,
};

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

impl PurchaseFigures {
    /// Makes the figures of a customer.
    ///
    /// Money is the sum of all lines. Receipts and recency look at goods and services, preferences
    /// at goods alone. A receipt counts as long as something of it was not brought back: returns
    /// that name their sale are set against it, article by article; a return that names none lowers
    /// money only.
    #[must_use]
    pub fn of(
        history: &PurchaseHistory,
        catalogue: &HashMap<ProductRef, Product>,
        policy: &MetricsPolicy,
        as_of: AsOf,
    ) -> Self {
        let today = as_of.date(policy.zone);
        let mut tally = Tally::default();
        let mut spent_kopecks: i128 = 0;
        let (mut lines, mut future_lines) = (0, 0);
        for line in history.lines() {
            let is_future = local_date(line.purchased_at, policy.zone) > today;
            if is_future && matches!(as_of, AsOf::EndOf(_)) {
                continue;
            }
            lines += 1;
            spent_kopecks += i128::from(line.amount.kopecks());
            if is_future {
                future_lines += 1;
            } else {
                let product = line.product.and_then(|product| catalogue.get(&product));
                tally.add(line, policy.lines.kind_of(line, product), product);
            }
        }

        let receipts = tally.sales.values().filter(|sale| sale.sells).count();
        let kept = tally.kept();
        let total_purchases = count(kept.len());
        let purchased = Money::from_kopecks(saturated(tally.kopecks));
        Self {
            user: history.user(),
            total_purchases,
            total_spent: Money::from_kopecks(saturated(spent_kopecks)),
            average_receipt: purchased.divided_half_up(total_purchases),
            receipts: count(receipts),
            returns: count(tally.sales.len() - receipts),
            lines,
            occasions: occasions(&kept, policy),
            first_purchase_at: kept.iter().map(|sale| sale.purchased_at).min(),
            last_purchase_at: kept.iter().map(|sale| sale.purchased_at).max(),
            future_lines,
            preferences: PurchasePreferences {
                favorite_categories: favourites(tally.categories),
                favorite_brands: favourites(tally.brands),
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

/// What was bought of one article in one document, net.
type NetQuantities = BTreeMap<(Option<ProductRef>, Option<VariantRef>), i128>;

/// The purchases of a customer while they are added up.
#[derive(Debug, Default)]
struct Tally<'a> {
    sales: BTreeMap<DocumentRef, Sale>,
    /// What was brought back, by the document that had sold it.
    taken_back: BTreeMap<DocumentRef, NetQuantities>,
    categories: BTreeMap<&'a PlainText, i128>,
    brands: BTreeMap<&'a PlainText, i128>,
    kopecks: i128,
}

/// One document that makes a purchase, or takes one back.
#[derive(Debug)]
struct Sale {
    purchased_at: DateTime<Utc>,
    store: Option<StoreRef>,
    quantities: NetQuantities,
    sells: bool,
}

impl<'a> Tally<'a> {
    fn add(&mut self, line: &PurchaseLine, kind: LineKind, product: Option<&'a Product>) {
        if !kind.makes_a_purchase() {
            return;
        }
        let kopecks = i128::from(line.amount.kopecks());
        self.kopecks += kopecks;
        if let (LineKind::Goods, Some(product)) = (kind, product) {
            if let Some(category) = &product.category {
                *self.categories.entry(category).or_default() += kopecks;
            }
            if let Some(brand) = &product.brand {
                *self.brands.entry(brand).or_default() += kopecks;
            }
        }

        let sale = self
            .sales
            .entry(line.document.document)
            .or_insert_with(|| Sale {
                purchased_at: line.purchased_at,
                store: line.store,
                quantities: NetQuantities::new(),
                sells: false,
            });
        // A shift report may hold returns beside sales; only a correction takes back and gives.
        let takes_back =
            line.quantity < Quantity::ZERO || line.document.kind == DocumentKind::SaleCorrection;
        let quantities = match line.returns {
            Some(original) if takes_back => self.taken_back.entry(original).or_default(),
            Some(_) | None => {
                sale.sells |= line.quantity > Quantity::ZERO;
                &mut sale.quantities
            }
        };
        *quantities.entry((line.product, line.variant)).or_default() +=
            i128::from(line.quantity.thousandths());
    }

    /// Gives the sales of which something was not brought back.
    fn kept(&self) -> Vec<&Sale> {
        let is_kept = |document: &DocumentRef, sale: &Sale| {
            let back = self.taken_back.get(document);
            sale.quantities.iter().any(|(article, sold)| {
                let back = back
                    .and_then(|back| back.get(article))
                    .copied()
                    .unwrap_or_default();
                sold + back > 0
            })
        };
        let kept = self
            .sales
            .iter()
            .filter(|(document, sale)| is_kept(document, sale));
        kept.map(|(_, sale)| sale).collect()
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::purchases::{Receipt, SaleLine, receipts_of};
    use crate::testkit::fixtures::{
        counterparty, document, minute, product, product_ref, sale_line, store_ref, text,
    };
    use crate::users::Holder;

    const DAY: i64 = 24 * 60;

    fn anna() -> Holder {
        Holder::Counterparty(counterparty(1))
    }

    /// A sale of the n-th receipt, `day` days after the first, of so many pieces at 1 000 ₽.
    fn sale(n: u128, day: i64, article: u128, pieces: i64) -> SaleLine {
        SaleLine {
            line_number: u32::try_from(article).unwrap(),
            product: Some(product_ref(article)),
            quantity: Quantity::from_thousandths(pieces * 1_000),
            ..sale_line(n, anna(), minute(day * DAY), pieces * 1_000)
        }
    }

    /// The n-th document takes so many pieces of a sale back.
    fn back(n: u128, day: i64, of: Option<u128>, article: u128, pieces: i64) -> SaleLine {
        SaleLine {
            document: document(DocumentKind::ReturnReceipt, n),
            returns: of.map(|sale| document(DocumentKind::Receipt, sale).document),
            ..sale(n, day, article, -pieces)
        }
    }

    fn history(lines: Vec<SaleLine>) -> PurchaseHistory {
        let line = |receipt: &Receipt, n: usize| PurchaseLine {
            document: receipt.key.document,
            line_number: receipt.lines[n].line_number,
            purchased_at: receipt.key.purchased_at,
            product: receipt.lines[n].product,
            variant: receipt.lines[n].variant,
            store: receipt.store,
            quantity: receipt.lines[n].quantity,
            amount: receipt.lines[n].amount,
            returns: receipt.returns,
        };
        let receipts = receipts_of(lines, Holder::user_id);
        let lines = receipts
            .iter()
            .flat_map(|receipt| (0..receipt.lines.len()).map(|n| line(receipt, n)))
            .collect();
        PurchaseHistory::new(anna().user_id(), lines)
    }

    fn figures(lines: Vec<SaleLine>) -> PurchaseFigures {
        figures_by(
            lines,
            &MetricsPolicy::default(),
            AsOf::Now(minute(100 * DAY)),
        )
    }

    fn figures_by(lines: Vec<SaleLine>, policy: &MetricsPolicy, as_of: AsOf) -> PurchaseFigures {
        let catalogue = (1..10).map(|n| (product_ref(n), product(n))).collect();
        PurchaseFigures::of(&history(lines), &catalogue, policy, as_of)
    }

    fn roubles(roubles: i64) -> Money {
        Money::from_whole_roubles(roubles).unwrap()
    }

    /// Purchases, receipts, returns, occasions, and the day of the last purchase.
    type Counts = (u32, u32, u32, u32, Option<i64>);

    #[test]
    #[expect(clippy::too_many_lines, reason = "it is a table")]
    fn purchases_are_counted_by_what_was_kept() {
        let cases: Vec<(&str, Vec<SaleLine>, i64, Counts)> = vec![
            ("nothing", vec![], 0, (0, 0, 0, 0, None)),
            (
                "two lines, one receipt",
                vec![sale(1, 0, 1, 1), sale(1, 0, 2, 1)],
                2_000,
                (1, 1, 0, 1, Some(0)),
            ),
            (
                "two receipts of one day",
                vec![sale(1, 0, 1, 1), sale(2, 0, 1, 1)],
                2_000,
                (2, 2, 0, 1, Some(0)),
            ),
            (
                "two days",
                vec![sale(1, 0, 1, 1), sale(2, 5, 1, 1)],
                2_000,
                (2, 2, 0, 2, Some(5)),
            ),
            (
                "returned in full",
                vec![
                    sale(1, 0, 1, 1),
                    sale(2, 5, 1, 2),
                    back(3, 6, Some(2), 1, 2),
                ],
                1_000,
                (1, 2, 1, 1, Some(0)),
            ),
            (
                "returned in part",
                vec![sale(2, 5, 1, 2), back(3, 6, Some(2), 1, 1)],
                1_000,
                (1, 1, 1, 1, Some(5)),
            ),
            (
                "returned in two parts",
                vec![
                    sale(2, 5, 1, 2),
                    back(3, 6, Some(2), 1, 1),
                    back(4, 7, Some(2), 1, 1),
                ],
                0,
                (0, 1, 2, 0, None),
            ),
            (
                "one of two articles returned",
                vec![
                    sale(2, 5, 1, 1),
                    sale(2, 5, 2, 1),
                    back(3, 6, Some(2), 1, 1),
                ],
                1_000,
                (1, 1, 1, 1, Some(5)),
            ),
            (
                "a return that names no sale lowers money only",
                vec![sale(2, 5, 1, 1), back(3, 6, None, 1, 1)],
                0,
                (1, 1, 1, 1, Some(5)),
            ),
            (
                "a return before its sale has arrived",
                vec![back(3, 6, Some(2), 1, 1)],
                -1_000,
                (0, 0, 1, 0, None),
            ),
            (
                "a return beside a sale on one shift report",
                vec![
                    sale(1, 0, 1, 2),
                    sale(2, 5, 2, 1),
                    SaleLine {
                        returns: Some(document(DocumentKind::Receipt, 1).document),
                        line_number: 9,
                        ..sale(2, 5, 1, -1)
                    },
                ],
                2_000,
                (2, 2, 0, 2, Some(5)),
            ),
            (
                "sold and taken back on one shift report",
                vec![
                    sale(1, 0, 1, 1),
                    SaleLine {
                        line_number: 9,
                        ..sale(1, 0, 1, -1)
                    },
                ],
                0,
                (0, 1, 0, 0, None),
            ),
        ];
        for (name, lines, spent, counts) in cases {
            let figures = figures(lines);
            let last = figures
                .last_purchase_at
                .map(|at| (at - minute(0)).num_days());
            let found = (
                figures.total_purchases,
                figures.receipts,
                figures.returns,
                figures.occasions,
                last,
            );
            assert_eq!(found, counts, "{name}");
            assert_eq!(figures.total_spent, roubles(spent), "{name}");
        }
    }

    #[test]
    fn opening_balances_packaging_and_zero_lines_are_money_only() {
        let opening = SaleLine {
            document: document(DocumentKind::OpeningBalance, 1),
            ..sale(1, -900, 1, 232)
        };
        let pouch = SaleLine {
            amount: Money::from_kopecks(300),
            ..sale(2, 1, 1, 1)
        };
        let gift = SaleLine {
            amount: Money::ZERO,
            ..sale(3, 2, 1, 1)
        };
        let figures = figures(vec![opening, pouch, gift]);
        assert_eq!(figures.total_spent, Money::from_kopecks(23_200_300));
        assert_eq!((figures.total_purchases, figures.lines), (0, 3));
        assert_eq!(figures.average_receipt, None);
        assert_eq!(figures.preferences, PurchasePreferences::default());
        assert_eq!(
            figures.rfm_inputs(&MetricsPolicy::default(), AsOf::Now(minute(0))),
            None
        );
    }

    #[test]
    fn the_average_is_of_receipts_not_of_lines() {
        let figures = figures(vec![sale(1, 0, 1, 1), sale(1, 0, 2, 3), sale(2, 9, 1, 1)]);
        assert_eq!(figures.average_receipt, Some(roubles(2_500)));
    }

    #[test]
    fn receipts_of_two_stores_are_two_occasions_and_by_setting_every_receipt_is() {
        let elsewhere = SaleLine {
            store: Some(store_ref(2)),
            ..sale(3, 0, 1, 1)
        };
        let lines = vec![sale(1, 0, 1, 1), sale(2, 0, 1, 1), elsewhere];
        assert_eq!(figures(lines.clone()).occasions, 2);
        let policy = MetricsPolicy {
            occasions: OccasionPolicy::Receipt,
            ..MetricsPolicy::default()
        };
        assert_eq!(
            figures_by(lines, &policy, AsOf::Now(minute(DAY))).occasions,
            3
        );
    }

    #[test]
    fn a_purchase_of_the_future_is_money_and_a_finding() {
        let lines = vec![sale(1, 0, 1, 1), sale(2, 900, 1, 5)];
        let now = AsOf::Now(minute(DAY));
        let figures = figures_by(lines, &MetricsPolicy::default(), now);
        assert_eq!(figures.total_spent, roubles(6_000));
        assert_eq!((figures.total_purchases, figures.future_lines), (1, 1));
        let inputs = figures.rfm_inputs(&MetricsPolicy::default(), now).unwrap();
        assert_eq!(inputs.recency_days, 1);
    }

    #[test]
    fn a_day_of_the_past_knows_nothing_of_what_came_later() {
        let lines = vec![
            sale(1, 0, 1, 1),
            sale(2, 3, 1, 5),
            back(3, 9, Some(1), 1, 1),
        ];
        let date = (minute(0) + TimeDelta::days(2)).date_naive();
        let figures = figures_by(lines, &MetricsPolicy::default(), AsOf::EndOf(date));
        assert_eq!(
            (figures.total_spent, figures.total_purchases),
            (roubles(1_000), 1)
        );
        assert_eq!((figures.lines, figures.future_lines), (1, 0));
    }

    #[test]
    fn a_sale_just_before_midnight_belongs_to_its_own_day_of_the_shop() {
        // 23:30 on 31 December in Moscow is 20:30 in Greenwich.
        let evening = "2025-12-31T20:30:00Z".parse().unwrap();
        let line = SaleLine {
            purchased_at: evening,
            ..sale(1, 0, 1, 1)
        };
        let new_year = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let policy = MetricsPolicy::default();
        let as_of = AsOf::EndOf(new_year);
        let figures = figures_by(vec![line.clone()], &policy, as_of);
        assert_eq!(figures.rfm_inputs(&policy, as_of).unwrap().recency_days, 1);
        let before = AsOf::EndOf(new_year.pred_opt().unwrap());
        assert_eq!(figures_by(vec![line], &policy, before).total_purchases, 1);
    }

    #[test]
    fn preferences_are_ranked_by_money_and_then_by_name() {
        let mut catalogue: HashMap<ProductRef, Product> = HashMap::new();
        for (n, category) in [(1, "Серьги"), (2, "Кольца"), (3, "Броши"), (4, "Колье")]
        {
            let article = Product {
                category: Some(text(category)),
                ..product(n)
            };
            catalogue.insert(article.product, article);
        }
        let lines = vec![
            sale(1, 0, 1, 2),
            sale(1, 0, 2, 2),
            sale(1, 0, 3, 5),
            sale(1, 0, 4, 1),
            back(2, 1, Some(1), 4, 1),
        ];
        let as_of = AsOf::Now(minute(9 * DAY));
        let figures = PurchaseFigures::of(
            &history(lines),
            &catalogue,
            &MetricsPolicy::default(),
            as_of,
        );
        let ranked: Vec<(&str, Money)> = figures
            .preferences
            .favorite_categories
            .iter()
            .map(|preference| (preference.name.as_str(), preference.amount))
            .collect();
        let expected = [
            ("Броши", roubles(5_000)),
            ("Кольца", roubles(2_000)),
            ("Серьги", roubles(2_000)),
        ];
        assert_eq!(ranked, expected);
    }
}
