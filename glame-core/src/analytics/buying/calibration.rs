use serde::{Deserialize, Serialize};

use super::float;
use super::{BuyingFit, CollapsedSummaries, ModelKind, Prediction, PurchaseDays, PurchaseSummary};

/// How many groups the table of calibration has.
const GROUPS: usize = 10;

/// How a forecast did on a period that the fit had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationReport {
    /// The length of the period in weeks.
    pub weeks: f64,
    /// The customers of the fit.
    pub customers: usize,
    /// Expected purchases against actual ones.
    pub purchases: CountScore,
    /// The same of a rule that goes on with each customer's rate so far: x/T.
    pub purchases_by_rate: CountScore,
    /// The chance to buy at all against who bought.
    pub buyers: ChanceScore,
    /// The same of a rule that gives everybody the share of all; its AUC is that of recency alone,
    /// which needs no model.
    pub buyers_by_share: ChanceScore,
    /// Customers by their chance, the smallest first. Equal chances stay together.
    pub groups: Vec<CalibrationGroup>,
}

/// How counts were forecast.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CountScore {
    /// The sum of what was expected.
    pub expected: f64,
    /// The sum of what came.
    pub actual: f64,
    /// The mean absolute error per customer.
    pub mean_absolute_error: f64,
    /// The root of the mean squared error.
    pub root_mean_square_error: f64,
    /// The correlation of both; none if one does not vary.
    pub correlation: Option<f64>,
}

/// How chances were forecast.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChanceScore {
    /// The mean chance.
    pub mean_chance: f64,
    /// The share of those who bought.
    pub actual_share: f64,
    /// The mean squared difference between chance and outcome: the smaller the better.
    pub brier: f64,
    /// The chance that a buyer ranks above somebody who did not buy; none if all are alike.
    pub area_under_curve: Option<f64>,
}

/// Customers with similar chances.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationGroup {
    /// How many.
    pub customers: usize,
    /// Their mean chance to buy.
    pub mean_chance: f64,
    /// The share of them who bought.
    pub actual_share: f64,
    /// Their mean expected purchases.
    pub mean_expected: f64,
    /// Their mean actual purchases.
    pub mean_actual: f64,
}

/// What was predicted for a customer and what came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The customer at the end of the fit.
    pub summary: PurchaseSummary,
    /// The forecast.
    pub predicted: Prediction,
    /// Purchase days within the period.
    pub purchases: u32,
}

impl CalibrationReport {
    /// Compares forecasts for so many weeks with what came; none without customers.
    ///
    /// The order of outcomes changes no bit.
    #[must_use]
    pub fn of(outcomes: &[Outcome], weeks: f64) -> Option<Self> {
        if outcomes.is_empty() {
            return None;
        }
        let mut ordered = outcomes.to_vec();
        ordered.sort_by(|one, other| {
            let (chance, expected) = (&one.predicted.p_purchase, &one.predicted.expected_purchases);
            chance
                .total_cmp(&other.predicted.p_purchase)
                .then(expected.total_cmp(&other.predicted.expected_purchases))
                .then(one.purchases.cmp(&other.purchases))
                .then(
                    one.summary
                        .silent_weeks()
                        .total_cmp(&other.summary.silent_weeks()),
                )
                .then(
                    one.summary
                        .age_weeks()
                        .total_cmp(&other.summary.age_weeks()),
                )
        });
        let actual: Vec<f64> = ordered.iter().map(|row| f64::from(row.purchases)).collect();
        let rate = |row: &Outcome| {
            let age = row.summary.age_weeks();
            let rate = f64::from(row.summary.repeats()) / age;
            if age > 0.0 { rate * weeks } else { 0.0 }
        };
        let expected: Vec<f64> = ordered
            .iter()
            .map(|row| row.predicted.expected_purchases)
            .collect();
        let by_rate: Vec<f64> = ordered.iter().map(rate).collect();
        let chances: Vec<f64> = ordered.iter().map(|row| row.predicted.p_purchase).collect();
        let recency: Vec<f64> = ordered
            .iter()
            .map(|row| -row.summary.silent_weeks())
            .collect();
        let share = float::of_count(ordered.iter().filter(|row| row.purchases > 0).count())
            / float::of_count(ordered.len());
        let everybody = vec![share; ordered.len()];
        Some(Self {
            weeks,
            customers: ordered.len(),
            purchases: CountScore::of(&expected, &actual),
            purchases_by_rate: CountScore::of(&by_rate, &actual),
            buyers: ChanceScore::of(&chances, &chances, &actual),
            buyers_by_share: ChanceScore::of(&everybody, &recency, &actual),
            groups: groups(&ordered),
        })
    }

    /// Fits a model to what was known at the end of a day, and holds its forecast against what came
    /// until the end of another; no report if there is no model or no later day.
    #[must_use]
    pub fn hold_out(
        kind: ModelKind,
        days: &PurchaseDays,
        (fitted_until, until): (u32, u32),
        threads: usize,
    ) -> (BuyingFit, Option<Self>) {
        let known: Vec<(PurchaseSummary, u32)> = days
            .summaries(fitted_until)
            .into_iter()
            .zip(days.iter())
            .filter_map(|(summary, purchases)| {
                let later = purchases
                    .iter()
                    .filter(|purchase| purchase.day > fitted_until && purchase.day <= until);
                let later = u32::try_from(later.count()).unwrap_or(u32::MAX);
                summary.map(|summary| (summary, later))
            })
            .collect();
        let summaries: Vec<PurchaseSummary> = known.iter().map(|(summary, _)| *summary).collect();
        let data = CollapsedSummaries::of(&summaries, threads);
        let fit = BuyingFit::of(kind, &data, threads);
        let weeks = f64::from(until.saturating_sub(fitted_until)) / 7.0;
        let report = fit.model.filter(|_| weeks > 0.0).and_then(|model| {
            let predicted = model.predict_all(&summaries, weeks, threads);
            let outcomes: Vec<Outcome> = known
                .into_iter()
                .zip(predicted)
                .map(|((summary, purchases), predicted)| Outcome {
                    summary,
                    predicted,
                    purchases,
                })
                .collect();
            Self::of(&outcomes, weeks)
        });
        (fit, report)
    }
}

impl CountScore {
    fn of(expected: &[f64], actual: &[f64]) -> Self {
        let customers = float::of_count(actual.len());
        let pairs = || expected.iter().zip(actual);
        let absolute: f64 = pairs()
            .map(|(expected, actual)| (expected - actual).abs())
            .sum();
        let squared: f64 = pairs()
            .map(|(expected, actual)| (expected - actual).powi(2))
            .sum();
        Self {
            expected: expected.iter().sum(),
            actual: actual.iter().sum(),
            mean_absolute_error: absolute / customers,
            root_mean_square_error: (squared / customers).sqrt(),
            correlation: correlation(expected, actual),
        }
    }
}

impl ChanceScore {
    /// `ranking` may be another figure than the chance: only its order counts.
    fn of(chances: &[f64], ranking: &[f64], actual: &[f64]) -> Self {
        let customers = float::of_count(actual.len());
        let bought: Vec<f64> = actual
            .iter()
            .map(|purchases| f64::from(u8::from(*purchases > 0.0)))
            .collect();
        let pairs = chances.iter().zip(&bought);
        let squared: f64 = pairs
            .map(|(chance, bought)| (chance - bought).powi(2))
            .sum();
        Self {
            mean_chance: chances.iter().sum::<f64>() / customers,
            actual_share: bought.iter().sum::<f64>() / customers,
            brier: squared / customers,
            area_under_curve: area_under_curve(ranking, &bought),
        }
    }
}

/// Gives the correlation of two columns; none if one does not vary.
pub(super) fn correlation(one: &[f64], other: &[f64]) -> Option<f64> {
    let count = float::of_count(one.len());
    let (mean_one, mean_other) = (
        one.iter().sum::<f64>() / count,
        other.iter().sum::<f64>() / count,
    );
    let (mut both, mut of_one, mut of_other) = (0.0, 0.0, 0.0);
    for (one, other) in one.iter().zip(other) {
        let (one, other) = (one - mean_one, other - mean_other);
        both += one * other;
        of_one += one * one;
        of_other += other * other;
    }
    let correlation = both / (of_one.sqrt() * of_other.sqrt());
    correlation.is_finite().then_some(correlation)
}

/// The statistic of Mann and Whitney: equal figures count half.
fn area_under_curve(ranking: &[f64], bought: &[f64]) -> Option<f64> {
    let mut ordered: Vec<(f64, f64)> = ranking
        .iter()
        .copied()
        .zip(bought.iter().copied())
        .collect();
    ordered.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut below, mut won) = (0.0, 0.0);
    for equal in ordered.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
        let buyers: f64 = equal.iter().map(|(_, bought)| bought).sum();
        let others = float::of_count(equal.len()) - buyers;
        won += buyers * (below + others / 2.0);
        below += others;
    }
    let buyers: f64 = bought.iter().sum();
    let area = won / (buyers * below);
    area.is_finite().then_some(area)
}

/// Cuts customers who are ordered by chance into groups of about equal size.
fn groups(ordered: &[Outcome]) -> Vec<CalibrationGroup> {
    let equal = ordered.chunk_by(|one, other| {
        let chance = &one.predicted.p_purchase;
        chance.total_cmp(&other.predicted.p_purchase).is_eq()
    });
    let (mut groups, mut start, mut end) = (Vec::new(), 0, 0);
    for equal in equal {
        end += equal.len();
        let due = (groups.len() + 1) * ordered.len() / GROUPS;
        if end >= due.max(start + 1) {
            groups.push(group(&ordered[start..end]));
            start = end;
        }
    }
    if start < ordered.len() {
        groups.push(group(&ordered[start..]));
    }
    groups
}

fn group(customers: &[Outcome]) -> CalibrationGroup {
    let count = float::of_count(customers.len());
    let mean = |figure: fn(&Outcome) -> f64| customers.iter().map(figure).sum::<f64>() / count;
    CalibrationGroup {
        customers: customers.len(),
        mean_chance: mean(|row| row.predicted.p_purchase),
        actual_share: mean(|row| f64::from(u8::from(row.purchases > 0))),
        mean_expected: mean(|row| row.predicted.expected_purchases),
        mean_actual: mean(|row| f64::from(row.purchases)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(chance: f64, expected: f64, purchases: u32) -> Outcome {
        Outcome {
            summary: PurchaseSummary::try_new(2, 10.0, 20.0, 0.0).unwrap(),
            predicted: Prediction {
                p_alive: 1.0,
                expected_purchases: expected,
                p_purchase: chance,
            },
            purchases,
        }
    }

    #[test]
    fn scores_are_those_of_a_count_by_hand() {
        let rows = [
            outcome(0.2, 0.5, 0),
            outcome(0.8, 2.0, 1),
            outcome(0.6, 1.0, 0),
            outcome(0.6, 1.5, 3),
        ];
        let report = CalibrationReport::of(&rows, 10.0).unwrap();
        let close =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
        close(
            report.purchases.mean_absolute_error,
            (0.5 + 1.0 + 1.0 + 1.5) / 4.0,
        );
        close(report.buyers.brier, (0.04 + 0.04 + 0.36 + 0.16) / 4.0);
        // Of four pairs of buyer and other, three are ranked right and one is tied.
        close(report.buyers.area_under_curve.unwrap(), 3.5 / 4.0);
        close(report.purchases_by_rate.expected, 4.0);
        close(report.buyers_by_share.brier, 0.25);
        assert_eq!(report.buyers_by_share.area_under_curve, Some(0.5));
        let sizes: Vec<usize> = report.groups.iter().map(|group| group.customers).collect();
        assert_eq!(sizes, [1, 2, 1], "equal chances stay together");
    }

    #[test]
    fn the_order_of_customers_changes_nothing() {
        let mut rows: Vec<Outcome> = (0..200_u32)
            .map(|n| outcome(f64::from(n % 17) / 17.0, f64::from(n % 5), n % 3))
            .collect();
        let report = CalibrationReport::of(&rows, 10.0);
        rows.reverse();
        assert_eq!(CalibrationReport::of(&rows, 10.0), report);
        assert_eq!(CalibrationReport::of(&[], 10.0), None);
    }
}
