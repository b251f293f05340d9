mod isotonic;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use self::isotonic::Isotonic;
use super::float;
use super::numbering::index;

/// The weights that are tried for what everybody does against what was seen.
const WEIGHTS: [f64; 7] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0];

/// From so many customers with two occasions on, a confidence can be calibrated.
const FEWEST_TRIALS: usize = 50;

/// At most so many customers are asked which weights do best.
const MOST_TRIALS: usize = 20_000;

/// The categories bought on each occasion of a customer, in the order of time.
///
/// Categories are numbered from zero without gaps.
pub type CategoryHistory = Vec<Vec<u32>>;

/// From which category a customer buys next.
///
/// What the customer has bought is weighed against what others bought next after the same category,
/// and that against what everybody buys. The weights are those that foretell the last occasion of
/// the customers best from those before, and the confidence is calibrated on the same occasions: of
/// guesses with a confidence of 0.4, four in ten were right.
#[derive(Debug, Clone)]
pub struct NextCategory {
    counts: Counts,
    weights: Weights,
    calibration: Option<Isotonic>,
}

/// A category with the chance that the next occasion holds it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CategoryGuess {
    /// The category.
    pub category: u32,
    /// The chance, given that the customer buys again; none if there were too few occasions to
    /// calibrate one.
    pub confidence: Option<f64>,
}

/// What was bought, and what was bought next.
#[derive(Debug, Clone, Default)]
struct Counts {
    /// Occasions' worth of each category.
    popularity: Vec<f64>,
    /// Occasions' worth of each category that followed another.
    followers: HashMap<u32, Vec<f64>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Weights {
    /// Of everybody against the followers of a category, in occasions.
    popularity: f64,
    /// Of the followers against the customer, in occasions.
    followers: f64,
}

impl NextCategory {
    /// Learns from the histories of customers; none if nothing of a category was ever bought.
    #[must_use]
    pub fn learn(histories: &[CategoryHistory], categories: u32) -> Option<Self> {
        let trials: Vec<&CategoryHistory> = histories
            .iter()
            .filter(|history| history.len() > 1 && history.last().is_some_and(|c| !c.is_empty()))
            .collect();
        // The last occasion of each customer is kept back while weights and confidence are found.
        let before = Counts::of(histories.iter().map(without_last), categories);
        let step = trials.len().div_ceil(MOST_TRIALS).max(1);
        let asked: Vec<&CategoryHistory> = trials.iter().step_by(step).copied().collect();
        let weights = best_weights(&before, &asked);
        let calibration = (trials.len() >= FEWEST_TRIALS).then(|| {
            let guesses = trials.iter().filter_map(|history| {
                let chances = before.chances(without_last(history), weights);
                let (category, chance) = best(&chances)?;
                Some((chance, history.last()?.contains(&category)))
            });
            Isotonic::of(guesses.collect())
        });
        let counts = Counts::of(histories.iter().map(Vec::as_slice), categories);
        let known: f64 = counts.popularity.iter().sum();
        (known > 0.0).then_some(Self {
            counts,
            weights,
            calibration,
        })
    }

    /// Guesses the category of the next occasion; a customer without a history gets what everybody
    /// buys.
    #[must_use]
    pub fn guess(&self, history: &[Vec<u32>]) -> Option<CategoryGuess> {
        let (category, chance) = best(&self.counts.chances(history, self.weights))?;
        Some(CategoryGuess {
            category,
            confidence: self
                .calibration
                .as_ref()
                .map(|calibration| calibration.share(chance)),
        })
    }
}

fn without_last(history: &CategoryHistory) -> &[Vec<u32>] {
    history.split_last().map_or(&[], |(_, before)| before)
}

/// Gives the likeliest category, the smallest of equal ones.
fn best(chances: &[f64]) -> Option<(u32, f64)> {
    let mut best: Option<(u32, f64)> = None;
    for (category, chance) in (0..).zip(chances) {
        if best.is_none_or(|(_, largest)| *chance > largest) {
            best = Some((category, *chance));
        }
    }
    best.filter(|(_, chance)| *chance > 0.0)
}

impl Counts {
    fn of<'a>(histories: impl Iterator<Item = &'a [Vec<u32>]>, categories: u32) -> Self {
        let mut counts = Self {
            popularity: vec![0.0; index(categories)],
            followers: HashMap::new(),
        };
        for history in histories {
            for occasion in history {
                add_occasion(&mut counts.popularity, occasion);
            }
            for pair in history.windows(2) {
                for category in &pair[0] {
                    let followers = counts
                        .followers
                        .entry(*category)
                        .or_insert_with(|| vec![0.0; index(categories)]);
                    add_occasion(followers, &pair[1]);
                }
            }
        }
        counts
    }

    /// Gives the chance of each category to be what the next occasion is about.
    fn chances(&self, history: &[Vec<u32>], weights: Weights) -> Vec<f64> {
        let everybody = shares(&self.popularity);
        let last = history.last().map(Vec::as_slice).unwrap_or_default();
        let mut expected = vec![0.0; everybody.len()];
        for category in last {
            let followers = self.followers.get(category);
            let known: f64 = followers.map_or(0.0, |followers| followers.iter().sum());
            for (place, chance) in expected.iter_mut().enumerate() {
                let followed = followers.map_or(0.0, |followers| followers[place]);
                *chance += (followed + weights.popularity * everybody[place])
                    / (known + weights.popularity)
                    / float::of_count(last.len());
            }
        }
        if last.is_empty() {
            expected = everybody;
        }
        let mut own = vec![0.0; expected.len()];
        for occasion in history {
            add_occasion(&mut own, occasion);
        }
        let occasions: f64 = own.iter().sum();
        for (chance, own) in expected.iter_mut().zip(own) {
            *chance = (own + weights.followers * *chance) / (occasions + weights.followers);
        }
        expected
    }
}

/// Adds an occasion, shared among its categories; unknown ones are left out.
fn add_occasion(counts: &mut [f64], occasion: &[u32]) {
    let share = 1.0 / float::of_count(occasion.len().max(1));
    for category in occasion {
        if let Some(count) = counts.get_mut(index(*category)) {
            *count += share;
        }
    }
}

fn shares(counts: &[f64]) -> Vec<f64> {
    let sum: f64 = counts.iter().sum();
    counts
        .iter()
        .map(|count| if sum > 0.0 { count / sum } else { 0.0 })
        .collect()
}

/// Finds the weights under which the last occasions are least surprising.
fn best_weights(before: &Counts, trials: &[&CategoryHistory]) -> Weights {
    let mut best = Weights {
        popularity: 4.0,
        followers: 4.0,
    };
    let mut least = f64::INFINITY;
    for popularity in WEIGHTS {
        for followers in WEIGHTS {
            let weights = Weights {
                popularity,
                followers,
            };
            let surprise: f64 = trials
                .iter()
                .map(|history| surprise(before, history, weights))
                .sum();
            if surprise < least {
                (best, least) = (weights, surprise);
            }
        }
    }
    best
}

fn surprise(before: &Counts, history: &CategoryHistory, weights: Weights) -> f64 {
    let chances = before.chances(without_last(history), weights);
    let last = history.last().map(Vec::as_slice).unwrap_or_default();
    let share = 1.0 / float::of_count(last.len().max(1));
    last.iter()
        .map(|category| chances.get(index(*category)).copied().unwrap_or(0.0))
        // A category that was never seen before must not outweigh everything else.
        .map(|chance| -share * chance.max(1e-6).ln())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Customers who buy rings (0) and then chains (1), those who stay with watches (2), and noise.
    fn shop() -> Vec<CategoryHistory> {
        (0..600_u32)
            .map(|number| match (number % 3, number % 10) {
                (_, 9) => vec![vec![3], vec![number % 3]],
                (0, _) => vec![vec![0], vec![1]],
                (1, _) => vec![vec![2], vec![2], vec![2]],
                _ => vec![vec![0], vec![1], vec![0], vec![1]],
            })
            .collect()
    }

    #[test]
    fn what_follows_and_what_is_own_are_both_learnt() {
        let model = NextCategory::learn(&shop(), 4).unwrap();
        assert_eq!(model.guess(&[vec![0]]).unwrap().category, 1);
        assert_eq!(model.guess(&[vec![2], vec![2]]).unwrap().category, 2);
        assert!(model.guess(&[]).is_some(), "everybody's favourite");
    }

    #[test]
    fn a_confidence_is_the_share_of_guesses_that_were_right() {
        let shop = shop();
        let model = NextCategory::learn(&shop, 4).unwrap();
        let (mut right, mut promised, mut asked) = (0.0, 0.0, 0.0);
        for history in &shop {
            let guess = model.guess(without_last(history)).unwrap();
            let confidence = guess.confidence.unwrap();
            assert!((0.0..=1.0).contains(&confidence));
            promised += confidence;
            right += f64::from(u8::from(history.last().unwrap().contains(&guess.category)));
            asked += 1.0;
        }
        let (right, promised): (f64, f64) = (right / asked, promised / asked);
        assert!((right - promised).abs() < 0.05, "{right} {promised}");
    }

    #[test]
    fn too_few_occasions_give_a_guess_without_confidence() {
        let few = vec![vec![vec![0], vec![1]]; 20];
        let model = NextCategory::learn(&few, 2).unwrap();
        assert_eq!(model.guess(&[vec![0]]).unwrap().confidence, None);
        assert!(NextCategory::learn(&[], 4).is_none());
        assert!(NextCategory::learn(&[vec![vec![]]], 4).is_none());
    }
}
