mod isotonic;
mod sample;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::isotonic::Isotonic;
use self::sample::EvenSample;
use super::float;
use super::numbering::index;
use crate::analytics::{CategoryNames, Occasions};
use crate::values::PlainText;

/// The weights that are tried for what everybody does against what was seen.
const WEIGHTS: [f64; 7] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0];

/// From so many customers with two occasions on, a confidence can be calibrated.
const FEWEST_TRIALS: usize = 50;

/// At most so many customers are asked which weights do best.
const MOST_TRIALS: usize = 20_000;

/// What follows what is known between so many categories: those that are bought most.
const MOST_FOLLOWED: usize = 200;

/// From which category a customer buys next.
///
/// What the customer has bought is weighed against what others bought next after the same category,
/// and that against what everybody buys. The weights are those that foretell the last occasion of
/// the customers best from those before, and the confidence is calibrated on the same occasions: of
/// guesses with a confidence of 0.4, four in ten were right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextCategory {
    names: CategoryNames,
    counts: Counts,
    weights: Weights,
    calibration: Option<Isotonic>,
}

/// A category with the chance that the next occasion holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategoryGuess {
    /// The category.
    pub category: PlainText,
    /// The chance, given that the customer buys again; none if there were too few occasions to
    /// calibrate one.
    pub confidence: Option<f64>,
}

/// Learns, customer by customer, from which category customers buy next.
///
/// Memory grows with the number of categories, and not with the number of customers.
///
/// ```
/// use glame_core::analytics::buying::NextCategoryCollector;
/// use glame_core::analytics::{CategoryNames, Occasions};
/// # use glame_core::testkit::fixtures::product;
///
/// let catalogue = [product(1)];
/// let names = CategoryNames::of(&catalogue);
/// let ring = names.number(catalogue[0].category.as_ref().expect("a ring")).expect("known");
/// let mut collector = NextCategoryCollector::new(names);
/// for customer in [Occasions(vec![vec![ring], vec![ring]])] {
///     collector.add(&customer);
/// }
/// let guess = collector.learn().and_then(|model| model.guess(&Occasions(vec![vec![ring]])));
/// // One customer is too few to tell how sure it is.
/// assert_eq!(guess.expect("a guess").confidence, None);
/// ```
#[derive(Debug, Clone)]
pub struct NextCategoryCollector {
    names: CategoryNames,
    all: Counts,
    /// The same without the last occasion of each customer.
    before: Counts,
    trials: EvenSample<Trial>,
}

/// What was bought, and what was bought next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Counts {
    /// Occasions' worth of each category.
    popularity: Vec<f64>,
    /// What followed a category.
    followers: BTreeMap<u32, Followers>,
}

/// Occasions' worth of each category that followed another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Followers {
    occasions: f64,
    of: BTreeMap<u32, f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Weights {
    /// Of everybody against the followers of a category, in occasions.
    popularity: f64,
    /// Of the followers against the customer, in occasions.
    followers: f64,
}

/// What a guess looks at.
#[derive(Debug, Clone, Default)]
struct Taste {
    /// Occasions' worth of each category of the customer's own.
    own: BTreeMap<u32, f64>,
    /// The last occasion.
    last: Vec<u32>,
}

/// A customer's last occasion, with what was known before it.
#[derive(Debug, Clone)]
struct Trial {
    before: Taste,
    bought: Vec<u32>,
}

impl NextCategoryCollector {
    /// Begins with the categories of the shop.
    #[must_use]
    pub fn new(names: CategoryNames) -> Self {
        let nothing = Counts {
            popularity: vec![0.0; names.len()],
            followers: BTreeMap::new(),
        };
        Self {
            names,
            all: nothing.clone(),
            before: nothing,
            trials: EvenSample::of(MOST_TRIALS),
        }
    }

    /// Adds a customer.
    pub fn add(&mut self, customer: &Occasions) {
        let occasions = customer.0.as_slice();
        self.all.add(occasions);
        let Some((bought, before)) = occasions.split_last() else {
            return;
        };
        self.before.add(before);
        if !before.is_empty() && !bought.is_empty() {
            self.trials.offer(|| Trial {
                before: Taste::of(before),
                bought: bought.clone(),
            });
        }
    }

    /// Gives the categories of the shop.
    #[must_use]
    pub const fn names(&self) -> &CategoryNames {
        &self.names
    }

    /// Learns from the customers; none if nothing of a category was ever bought.
    #[must_use]
    pub fn learn(mut self) -> Option<NextCategory> {
        let most_bought = self.all.most_bought(MOST_FOLLOWED);
        self.all.keep_followers(&most_bought);
        self.before.keep_followers(&most_bought);
        let trials = self.trials.taken();
        // The last occasion of each customer is kept back while weights and confidence are found.
        let weights = best_weights(&self.before, trials);
        let calibration = (trials.len() >= FEWEST_TRIALS).then(|| {
            let guesses = trials.iter().filter_map(|trial| {
                let (category, chance) = best(&self.before.chances(&trial.before, weights))?;
                Some((chance, trial.bought.contains(&category)))
            });
            Isotonic::of(guesses.collect())
        });
        let known: f64 = self.all.popularity.iter().sum();
        (known > 0.0).then_some(NextCategory {
            names: self.names,
            counts: self.all,
            weights,
            calibration,
        })
    }
}

impl NextCategory {
    /// Gives the categories in whose numbers it guesses.
    #[must_use]
    pub const fn names(&self) -> &CategoryNames {
        &self.names
    }

    /// Guesses the category of the next occasion; a customer without a history gets what everybody
    /// buys.
    #[must_use]
    pub fn guess(&self, customer: &Occasions) -> Option<CategoryGuess> {
        let taste = Taste::of(&customer.0);
        let (category, chance) = best(&self.counts.chances(&taste, self.weights))?;
        let calibration = self.calibration.as_ref();
        Some(CategoryGuess {
            category: self.names.name(category)?.clone(),
            confidence: calibration.map(|calibration| calibration.share(chance)),
        })
    }
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

impl Taste {
    fn of(occasions: &[Vec<u32>]) -> Self {
        let mut own = BTreeMap::new();
        for (category, share) in occasions.iter().flat_map(|occasion| shares(occasion)) {
            *own.entry(category).or_default() += share;
        }
        Self {
            own,
            last: occasions.last().cloned().unwrap_or_default(),
        }
    }
}

impl Counts {
    fn add(&mut self, occasions: &[Vec<u32>]) {
        for (category, share) in occasions.iter().flat_map(|occasion| shares(occasion)) {
            if let Some(count) = self.popularity.get_mut(index(category)) {
                *count += share;
            }
        }
        for pair in occasions.windows(2) {
            for category in &pair[0] {
                let followers = self.followers.entry(*category).or_default();
                for (next, share) in shares(&pair[1]) {
                    *followers.of.entry(next).or_default() += share;
                    followers.occasions += share;
                }
            }
        }
    }

    /// Gives the categories that are bought most, ascending.
    fn most_bought(&self, limit: usize) -> Vec<u32> {
        let mut ranked: Vec<(f64, u32)> = self.popularity.iter().copied().zip(0..).collect();
        ranked.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        let mut most: Vec<u32> = ranked
            .into_iter()
            .take(limit)
            .map(|(_, category)| category)
            .collect();
        most.sort_unstable();
        most
    }

    /// Forgets what followed what outside of these categories.
    fn keep_followers(&mut self, categories: &[u32]) {
        let is_kept = |category: &u32| categories.binary_search(category).is_ok();
        self.followers.retain(|category, _| is_kept(category));
        for followers in self.followers.values_mut() {
            followers.of.retain(|category, _| is_kept(category));
            followers.occasions = followers.of.values().sum();
        }
    }

    /// Gives the chance of each category to be what the next occasion is about.
    fn chances(&self, taste: &Taste, weights: Weights) -> Vec<f64> {
        let all: f64 = self.popularity.iter().sum();
        let everybody = |count: &f64| if all > 0.0 { count / all } else { 0.0 };
        let mut chances: Vec<f64> = self.popularity.iter().map(everybody).collect();
        if !taste.last.is_empty() {
            let share = 1.0 / float::of_count(taste.last.len());
            let of = |category| self.followers.get(category);
            // What is not known of the followers is filled up with what everybody buys.
            let known = |category| of(category).map_or(0.0, |followers| followers.occasions);
            let filled: f64 = taste
                .last
                .iter()
                .map(|category| weights.popularity / (known(category) + weights.popularity))
                .sum();
            for chance in &mut chances {
                *chance *= filled * share;
            }
            for followers in taste.last.iter().filter_map(of) {
                for (next, count) in &followers.of {
                    if let Some(chance) = chances.get_mut(index(*next)) {
                        *chance += count / (followers.occasions + weights.popularity) * share;
                    }
                }
            }
        }
        let occasions: f64 = taste.own.values().sum();
        for chance in &mut chances {
            *chance *= weights.followers / (occasions + weights.followers);
        }
        for (category, own) in &taste.own {
            if let Some(chance) = chances.get_mut(index(*category)) {
                *chance += own / (occasions + weights.followers);
            }
        }
        chances
    }
}

/// Gives each category of an occasion with its share of it.
fn shares(occasion: &[u32]) -> impl Iterator<Item = (u32, f64)> {
    let share = 1.0 / float::of_count(occasion.len().max(1));
    occasion.iter().map(move |category| (*category, share))
}

/// Finds the weights under which the last occasions are least surprising.
fn best_weights(before: &Counts, trials: &[Trial]) -> Weights {
    let surprise_of = |weights| -> f64 {
        let surprises = trials.iter().map(|trial| surprise(before, trial, weights));
        surprises.sum()
    };
    let mut best = Weights {
        popularity: 4.0,
        followers: 4.0,
    };
    let mut least = surprise_of(best);
    for popularity in WEIGHTS {
        for followers in WEIGHTS {
            let weights = Weights {
                popularity,
                followers,
            };
            let surprise = surprise_of(weights);
            if surprise < least {
                (best, least) = (weights, surprise);
            }
        }
    }
    best
}

fn surprise(before: &Counts, trial: &Trial, weights: Weights) -> f64 {
    let chances = before.chances(&trial.before, weights);
    shares(&trial.bought)
        .map(|(category, share)| {
            let chance = chances.get(index(category)).copied().unwrap_or(0.0);
            // A category that was never seen before must not outweigh everything else.
            -share * chance.max(1e-6).ln()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Product;
    use crate::testkit::fixtures;

    const NAMES: [&str; 4] = ["Броши", "Кольца", "Серьги", "Часы"];

    /// Customers who buy brooches (0) and then rings (1), those who stay with earrings (2), and
    /// noise.
    fn shop() -> Vec<Occasions> {
        (0..600_u32)
            .map(|number| match (number % 3, number % 10) {
                (_, 9) => vec![vec![3], vec![number % 3]],
                (0, _) => vec![vec![0], vec![1]],
                (1, _) => vec![vec![2], vec![2], vec![2]],
                _ => vec![vec![0], vec![1], vec![0], vec![1]],
            })
            .map(Occasions)
            .collect()
    }

    fn names() -> CategoryNames {
        let products = NAMES.map(|name| Product {
            category: Some(fixtures::text(name)),
            ..fixtures::product(1)
        });
        CategoryNames::of(&products)
    }

    fn learn(customers: &[Occasions]) -> Option<NextCategory> {
        let mut collector = NextCategoryCollector::new(names());
        for customer in customers {
            collector.add(customer);
        }
        collector.learn()
    }

    #[test]
    fn what_follows_and_what_is_own_are_both_learnt() {
        let model = learn(&shop()).unwrap();
        let guess = |occasions| {
            let guess = model.guess(&Occasions(occasions)).unwrap();
            guess.category.as_str().to_owned()
        };
        assert_eq!(guess(vec![vec![0]]), "Кольца");
        assert_eq!(guess(vec![vec![2], vec![2]]), "Серьги");
        assert!(
            NAMES.contains(&guess(vec![]).as_str()),
            "everybody's favourite"
        );
    }

    #[test]
    fn a_confidence_is_the_share_of_guesses_that_were_right() {
        let shop = shop();
        let model = learn(&shop).unwrap();
        let (mut right, mut promised, mut asked) = (0.0, 0.0, 0.0);
        for customer in &shop {
            let (bought, before) = customer.0.split_last().unwrap();
            let guess = model.guess(&Occasions(before.to_vec())).unwrap();
            let confidence = guess.confidence.unwrap();
            assert!((0.0..=1.0).contains(&confidence));
            promised += confidence;
            let category = names().number(&guess.category).unwrap();
            right += f64::from(u8::from(bought.contains(&category)));
            asked += 1.0;
        }
        let (right, promised): (f64, f64) = (right / asked, promised / asked);
        assert!((right - promised).abs() < 0.05, "{right} {promised}");
    }

    #[test]
    fn too_few_occasions_give_a_guess_without_confidence() {
        let model = learn(&vec![Occasions(vec![vec![0], vec![1]]); 20]).unwrap();
        let guess = model.guess(&Occasions(vec![vec![0]])).unwrap();
        assert_eq!(
            (guess.category.as_str(), guess.confidence),
            ("Кольца", None)
        );
        assert!(learn(&[]).is_none());
        assert!(learn(&[Occasions::default()]).is_none());
    }

    #[test]
    fn the_chances_of_a_guess_sum_to_one() {
        let mut counts = Counts {
            popularity: vec![0.0; 4],
            followers: BTreeMap::new(),
        };
        for customer in shop() {
            counts.add(&customer.0);
        }
        let weights = Weights {
            popularity: 2.0,
            followers: 8.0,
        };
        for occasions in [vec![], vec![vec![0, 3]], vec![vec![1], vec![2]]] {
            let sum: f64 = counts.chances(&Taste::of(&occasions), weights).iter().sum();
            assert!((sum - 1.0).abs() < 1e-12, "{occasions:?}: {sum}");
        }
    }

    #[test]
    fn what_is_learnt_can_be_stored() {
        let model = learn(&shop()).unwrap();
        let stored = serde_json::to_string(&model).unwrap();
        assert_eq!(
            serde_json::from_str::<NextCategory>(&stored).unwrap(),
            model
        );
    }
}
