use serde::{Deserialize, Serialize};

use super::super::float;

/// A rising staircase that turns a score into the share of hits at such scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Isotonic {
    /// The mean score of each step with its share of hits, both rising.
    steps: Vec<(f64, f64)>,
}

/// Trials with neighbouring scores.
#[derive(Debug, Clone, Copy)]
struct Pool {
    trials: f64,
    scores: f64,
    hits: f64,
}

impl Pool {
    /// One half of a hit in one trial is added, so that no step promises certainty.
    fn share(&self) -> f64 {
        (self.hits + 0.5) / (self.trials + 1.0)
    }
}

impl Isotonic {
    /// Fits the staircase by pooling neighbours that are out of order.
    pub(super) fn of(mut trials: Vec<(f64, bool)>) -> Self {
        trials.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut pools: Vec<Pool> = Vec::new();
        for equal in trials.chunk_by(|one, other| one.0.total_cmp(&other.0).is_eq()) {
            let hits = equal.iter().filter(|(_, hit)| *hit).count();
            let mut pool = Pool {
                trials: float::of_count(equal.len()),
                scores: equal.iter().map(|(score, _)| score).sum(),
                hits: float::of_count(hits),
            };
            while let Some(before) = pools.pop() {
                if before.share() < pool.share() {
                    pools.push(before);
                    break;
                }
                pool.trials += before.trials;
                pool.scores += before.scores;
                pool.hits += before.hits;
            }
            pools.push(pool);
        }
        Self {
            steps: pools
                .iter()
                .map(|pool| (pool.scores / pool.trials, pool.share()))
                .collect(),
        }
    }

    /// Gives the share of hits at a score: between two steps in proportion.
    pub(super) fn share(&self, score: f64) -> f64 {
        let above = self.steps.partition_point(|(step, _)| *step <= score);
        match (
            above.checked_sub(1).map(|below| self.steps[below]),
            self.steps.get(above),
        ) {
            (Some((low, share)), Some((high, next))) => {
                share + (next - share) * (score - low) / (high - low)
            }
            (Some((_, share)), None) => share,
            (None, Some((_, share))) => *share,
            (None, None) => 0.5,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_out_of_order_are_pooled() {
        let trials =
            |score, hits: usize, all: usize| (0..all).map(move |number| (score, number < hits));
        let rows = trials(0.1, 10, 100)
            .chain(trials(0.5, 60, 100))
            .chain(trials(0.6, 40, 100));
        let staircase = Isotonic::of(rows.collect());
        assert_eq!(staircase.steps.len(), 2);
        assert!((staircase.share(0.55) - 100.5 / 201.0).abs() < 1e-12);
        assert!((staircase.share(0.9) - 100.5 / 201.0).abs() < 1e-12);
        assert!((staircase.share(0.0) - 10.5 / 101.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn a_higher_score_never_promises_less(
            trials in prop::collection::vec((0.0_f64..1.0, any::<bool>()), 0..100),
            scores in prop::array::uniform2(0.0_f64..1.0),
        ) {
            let staircase = Isotonic::of(trials);
            let (low, high) = (scores[0].min(scores[1]), scores[0].max(scores[1]));
            let (low, high) = (staircase.share(low), staircase.share(high));
            prop_assert!(low <= high + 1e-12);
            prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
        }
    }
}
