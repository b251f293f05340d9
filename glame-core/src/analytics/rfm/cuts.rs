use serde::{Deserialize, Serialize};

use super::{RfmInputs, RfmScore, Score};
use crate::values::Money;

/// How the five steps of one score are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScorePolicy<T> {
    /// By four fixed thresholds, in ascending order.
    Thresholds([T; 4]),
    /// By the quintiles of the customers themselves (type 7 of Hyndman and Fan, which is the
    /// default of R, `NumPy` and `DuckDB`): one more for each that the value exceeds, recency
    /// reversed. Equal values always get equal scores.
    Quantiles,
}

/// How the three scores are found, each in its own way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RfmPolicy {
    /// Days: up to the first threshold is 5, beyond the last is 1.
    pub recency: ScorePolicy<u32>,
    /// Occasions: from the last threshold on is 5, below the first is 1.
    pub frequency: ScorePolicy<u32>,
    /// Roubles: from the last threshold on is 5, below the first is 1.
    pub monetary: ScorePolicy<Money>,
}

impl Default for RfmPolicy {
    /// Gives the thresholds in use today: 30/60/90/180 days, 2/5/10/20 receipts,
    /// 10 000/20 000/50 000/100 000 ₽.
    fn default() -> Self {
        Self {
            recency: ScorePolicy::Thresholds([30, 60, 90, 180]),
            frequency: ScorePolicy::Thresholds([2, 5, 10, 20]),
            monetary: ScorePolicy::Thresholds([
                Money::from_kopecks(1_000_000),
                Money::from_kopecks(2_000_000),
                Money::from_kopecks(5_000_000),
                Money::from_kopecks(10_000_000),
            ]),
        }
    }
}

impl RfmPolicy {
    /// Gives a policy by quintiles in all three.
    #[must_use]
    pub const fn quantiles() -> Self {
        Self {
            recency: ScorePolicy::Quantiles,
            frequency: ScorePolicy::Quantiles,
            monetary: ScorePolicy::Quantiles,
        }
    }

    /// Tells whether the cut points follow from the customers, so that all must be seen first.
    #[must_use]
    pub const fn needs_population(&self) -> bool {
        matches!(self.recency, ScorePolicy::Quantiles)
            || matches!(self.frequency, ScorePolicy::Quantiles)
            || matches!(self.monetary, ScorePolicy::Quantiles)
    }

    /// Finds the cut points on a population.
    ///
    /// # Errors
    /// [`UnorderedCuts`] if fixed thresholds do not ascend.
    pub fn cuts(&self, population: &[RfmInputs]) -> Result<RfmCuts, UnorderedCuts> {
        let recency = match self.recency {
            ScorePolicy::Thresholds(thresholds) => thresholds,
            ScorePolicy::Quantiles => {
                let mut days: Vec<u32> = population.iter().map(|row| row.recency_days).collect();
                quintiles(&mut days)
            }
        };
        let frequency = match self.frequency {
            ScorePolicy::Thresholds(thresholds) => thresholds,
            ScorePolicy::Quantiles => {
                steps_above_quintiles(population.iter().map(|row| row.frequency), u32::MAX)
            }
        };
        let monetary = match self.monetary {
            ScorePolicy::Thresholds(thresholds) => thresholds,
            ScorePolicy::Quantiles => steps_above_quintiles(
                population.iter().map(|row| row.monetary),
                Money::from_kopecks(i64::MAX),
            ),
        };
        RfmCuts::try_new(recency, frequency, monetary)
    }
}

/// The cut points of the three scores, found or fixed; they are stored with the scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RfmCuts {
    recency: [u32; 4],
    frequency: [u32; 4],
    monetary: [Money; 4],
}

/// Tells that cut points do not ascend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the thresholds of {score} must ascend")]
pub struct UnorderedCuts {
    /// The score whose thresholds they are.
    pub score: &'static str,
}

impl RfmCuts {
    /// Takes cut points in ascending order; equal ones leave a score that nobody gets.
    pub fn try_new(
        recency: [u32; 4],
        frequency: [u32; 4],
        monetary: [Money; 4],
    ) -> Result<Self, UnorderedCuts> {
        if !recency.is_sorted() {
            return Err(UnorderedCuts { score: "recency" });
        }
        if !frequency.is_sorted() {
            return Err(UnorderedCuts { score: "frequency" });
        }
        if !monetary.is_sorted() {
            return Err(UnorderedCuts { score: "monetary" });
        }
        Ok(Self {
            recency,
            frequency,
            monetary,
        })
    }

    /// Scores one customer. More recent, more often and more money never score lower.
    #[must_use]
    pub fn score(&self, inputs: RfmInputs) -> RfmScore {
        RfmScore {
            recency: Score(5 - passed(&self.recency, |cut| inputs.recency_days > cut)),
            frequency: Score(1 + passed(&self.frequency, |cut| inputs.frequency >= cut)),
            monetary: Score(1 + passed(&self.monetary, |cut| inputs.monetary >= cut)),
        }
    }

    /// Gives the days up to which recency still scores 5, 4, 3 and 2.
    #[must_use]
    pub const fn recency(&self) -> [u32; 4] {
        self.recency
    }

    /// Gives the occasions from which frequency scores 2, 3, 4 and 5.
    #[must_use]
    pub const fn frequency(&self) -> [u32; 4] {
        self.frequency
    }

    /// Gives the money from which monetary scores 2, 3, 4 and 5.
    #[must_use]
    pub const fn monetary(&self) -> [Money; 4] {
        self.monetary
    }
}

fn passed<T: Copy>(cuts: &[T; 4], passes: impl Fn(T) -> bool) -> u8 {
    cuts.iter().map(|cut| u8::from(passes(*cut))).sum()
}

/// A value that quintiles are taken of.
trait Graded: Copy + Ord + Default {
    /// Gives the largest value up to so many fifths of the way from this value to a larger one.
    fn towards(self, larger: Self, fifths: usize) -> Self;
}

impl Graded for u32 {
    fn towards(self, larger: Self, fifths: usize) -> Self {
        let way = i64::from(larger) - i64::from(self);
        self.saturating_add(Self::try_from(share(way.into(), fifths)).unwrap_or_default())
    }
}

impl Graded for Money {
    fn towards(self, larger: Self, fifths: usize) -> Self {
        let way = i128::from(larger.kopecks()) - i128::from(self.kopecks());
        // It is a part of the way between two values, so that it fits.
        let kopecks = i128::from(self.kopecks()) + share(way, fifths);
        Self::from_kopecks(i64::try_from(kopecks).unwrap_or(larger.kopecks()))
    }
}

/// Gives so many fifths of a way, rounded down.
fn share(way: i128, fifths: usize) -> i128 {
    way * i128::try_from(fifths).unwrap_or_default() / 5
}

/// Gives the largest value up to a fifth, two fifths, three, four of the way through the values.
///
/// Quintiles lie between two neighbours where no value lies on them (type 7), and are rounded down:
/// a whole number exceeds a quintile exactly if it exceeds that.
fn quintiles<T: Graded>(values: &mut [T]) -> [T; 4] {
    values.sort_unstable();
    let steps = values.len().saturating_sub(1);
    [1, 2, 3, 4].map(|fifths| {
        let place = steps * fifths;
        let lower = values.get(place / 5).copied().unwrap_or_default();
        let upper = values.get(place / 5 + 1).copied().unwrap_or(lower);
        lower.towards(upper, place % 5)
    })
}

/// Gives for each quintile the next larger value: who has it exceeds the quintile.
///
/// Many equal values may leave no larger one; `unreachable` then leaves the score empty.
fn steps_above_quintiles<T: Graded>(values: impl Iterator<Item = T>, unreachable: T) -> [T; 4] {
    let mut values: Vec<T> = values.collect();
    quintiles(&mut values).map(|quintile| {
        let above = values.partition_point(|value| *value <= quintile);
        values.get(above).copied().unwrap_or(unreachable)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inputs(recency_days: u32, frequency: u32, roubles: i64) -> RfmInputs {
        RfmInputs {
            recency_days,
            frequency,
            monetary: Money::from_whole_roubles(roubles).unwrap(),
        }
    }

    fn scores(score: RfmScore) -> (u8, u8, u8) {
        (
            score.recency.get(),
            score.frequency.get(),
            score.monetary.get(),
        )
    }

    #[test]
    fn thresholds_cut_where_the_guide_says() {
        let cuts = RfmPolicy::default().cuts(&[]).unwrap();
        let recency = [
            (0, 5),
            (30, 5),
            (31, 4),
            (60, 4),
            (61, 3),
            (90, 3),
            (91, 2),
            (180, 2),
            (181, 1),
            (u32::MAX, 1),
        ];
        for (days, expected) in recency {
            assert_eq!(
                cuts.score(inputs(days, 1, 0)).recency.get(),
                expected,
                "{days} days"
            );
        }
        let frequency = [
            (0, 1),
            (1, 1),
            (2, 2),
            (4, 2),
            (5, 3),
            (9, 3),
            (10, 4),
            (19, 4),
            (20, 5),
        ];
        for (occasions, expected) in frequency {
            let score = cuts.score(inputs(0, occasions, 0));
            assert_eq!(score.frequency.get(), expected, "{occasions} occasions");
        }
        let monetary = [
            (-100, 1),
            (999_999, 1),
            (1_000_000, 2),
            (1_999_999, 2),
            (2_000_000, 3),
            (4_999_999, 3),
            (5_000_000, 4),
            (9_999_999, 4),
            (10_000_000, 5),
        ];
        for (kopecks, expected) in monetary {
            let money = Money::from_kopecks(kopecks);
            let score = cuts.score(RfmInputs {
                monetary: money,
                ..inputs(0, 1, 0)
            });
            assert_eq!(score.monetary.get(), expected, "{money}");
        }
    }

    #[test]
    fn quintiles_share_a_population_in_fifths() {
        let population: Vec<_> = (1..=10).map(|n| inputs(n, n, i64::from(n))).collect();
        let cuts = RfmPolicy::quantiles().cuts(&population).unwrap();
        let scored: Vec<_> = population
            .iter()
            .map(|row| scores(cuts.score(*row)))
            .collect();
        let expected = [
            (5, 1, 1),
            (5, 1, 1),
            (4, 2, 2),
            (4, 2, 2),
            (3, 3, 3),
            (3, 3, 3),
            (2, 4, 4),
            (2, 4, 4),
            (1, 5, 5),
            (1, 5, 5),
        ];
        assert_eq!(scored, expected);
    }

    #[test]
    fn quintiles_lie_between_neighbours() {
        // Of 0, 10, 20, 1000 the quintiles are 6, 12, 18 and 412, as NumPy has them.
        let mut values = [1_000, 20, 0, 10];
        assert_eq!(quintiles(&mut values), [6, 12, 18, 412]);
        let mut money = [i64::MIN, i64::MAX].map(Money::from_kopecks);
        let found = quintiles(&mut money).map(Money::kopecks);
        assert!(
            found.is_sorted() && found[0] < 0 && found[3] > 0,
            "{found:?}"
        );
        assert_eq!(quintiles::<u32>(&mut []), [0; 4]);
    }

    #[test]
    fn one_time_buyers_score_1_however_many_they_are() {
        let mut population = vec![inputs(1, 1, 1); 90];
        population.extend([inputs(1, 2, 1); 5]);
        population.extend([inputs(1, 7, 1); 5]);
        let cuts = RfmPolicy::quantiles().cuts(&population).unwrap();
        assert_eq!(cuts.score(inputs(1, 1, 1)).frequency, Score::WORST);
        assert_eq!(cuts.score(inputs(1, 2, 1)).frequency, Score::BEST);
    }

    #[test]
    fn a_population_of_one_or_none_has_cuts() {
        for population in [vec![], vec![inputs(3, 1, 5)]] {
            let cuts = RfmPolicy::quantiles().cuts(&population).unwrap();
            assert_eq!(
                cuts.score(inputs(0, 1, 0)).frequency,
                Score::WORST,
                "{population:?}"
            );
        }
    }

    #[test]
    fn thresholds_that_descend_are_refused() {
        let policy = RfmPolicy {
            recency: ScorePolicy::Thresholds([30, 20, 90, 180]),
            ..RfmPolicy::default()
        };
        assert_eq!(policy.cuts(&[]), Err(UnorderedCuts { score: "recency" }));
    }

    #[test]
    fn a_policy_is_read_from_json() {
        let policy: RfmPolicy = serde_json::from_str(
            r#"{"recency": {"thresholds": [7, 14, 30, 60]}, "monetary": "quantiles"}"#,
        )
        .unwrap();
        assert_eq!(policy.recency, ScorePolicy::Thresholds([7, 14, 30, 60]));
        assert_eq!(policy.frequency, RfmPolicy::default().frequency);
        assert!(policy.needs_population());
        assert!(serde_json::from_str::<RfmPolicy>(r#"{"rececny": "quantiles"}"#).is_err());
    }

    fn any_inputs() -> impl Strategy<Value = RfmInputs> {
        (0_u32..400, 0_u32..30, -1_000_000_i64..20_000_000).prop_map(
            |(recency_days, frequency, kopecks)| RfmInputs {
                recency_days,
                frequency,
                monetary: Money::from_kopecks(kopecks),
            },
        )
    }

    proptest! {
        #[test]
        fn a_better_customer_never_scores_lower(
            population in prop::collection::vec(any_inputs(), 0..60),
            quantiles: bool,
        ) {
            let policy = if quantiles { RfmPolicy::quantiles() } else { RfmPolicy::default() };
            let cuts = policy.cuts(&population).unwrap();
            for one in &population {
                for other in &population {
                    let (a, b) = (cuts.score(*one), cuts.score(*other));
                    if one.recency_days <= other.recency_days { prop_assert!(a.recency >= b.recency); }
                    if one.frequency >= other.frequency { prop_assert!(a.frequency >= b.frequency); }
                    if one.monetary >= other.monetary { prop_assert!(a.monetary >= b.monetary); }
                }
            }
        }

        #[test]
        fn the_order_of_customers_does_not_matter(
            population in prop::collection::vec(any_inputs(), 0..60),
        ) {
            let mut reversed = population.clone();
            reversed.reverse();
            let policy = RfmPolicy::quantiles();
            prop_assert_eq!(policy.cuts(&population), policy.cuts(&reversed));
        }
    }
}
