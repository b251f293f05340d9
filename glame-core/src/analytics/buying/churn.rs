mod factor;

use serde::{Deserialize, Serialize};

pub use factor::{ChurnFactor, Language};

use super::{FittedModels, PurchaseDay, PurchaseSummary, Rhythm, summarise};

/// How likely it is that a customer has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChurnLevel {
    /// Nothing speaks for it.
    Low,
    /// Something does.
    Medium,
    /// Much does.
    High,
}

impl ChurnLevel {
    /// Every level, the lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What a risk rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChurnBasis {
    /// P(alive) of a fitted model, and the customer's own rhythm.
    Model,
    /// Points for silence, rare purchases and a low score, because no fit says who has left.
    Heuristic,
}

impl ChurnBasis {
    /// Gives the name that the API uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Heuristic => "heuristic",
        }
    }
}

/// The bands of P(alive).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChurnPolicy {
    /// From this chance on the risk is low.
    pub alive: f64,
    /// Below this one it is high.
    pub likely_gone: f64,
}

impl Default for ChurnPolicy {
    fn default() -> Self {
        Self {
            alive: 0.7,
            likely_gone: 0.3,
        }
    }
}

/// The risk that a customer has left, with what speaks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChurnRisk {
    /// How large it is.
    pub level: ChurnLevel,
    /// From 0 to 1: 1 − P(alive) by a model, the share of points by the plain rule. Only the former
    /// is a probability.
    pub score: f64,
    /// What it rests on.
    pub basis: ChurnBasis,
    /// What it was found by, the weightiest first.
    pub factors: Vec<ChurnFactor>,
}

/// What is known of a customer when the risk is looked at.
#[derive(Debug, Clone, Copy)]
pub struct ChurnEvidence<'a> {
    /// The purchase days, ascending.
    pub days: &'a [PurchaseDay],
    /// The day of the question, in the same days.
    pub as_of: u32,
    /// R + F + M, for customers who are scored.
    pub rfm_total: Option<u8>,
}

impl ChurnRisk {
    /// Judges one customer; without a purchase there is nobody to leave and the risk is low.
    #[must_use]
    pub fn of(evidence: ChurnEvidence<'_>, models: &FittedModels, policy: ChurnPolicy) -> Self {
        let Some(summary) = summarise(evidence.days, evidence.as_of) else {
            return Self {
                level: ChurnLevel::Low,
                score: 0.0,
                basis: ChurnBasis::Heuristic,
                factors: vec![ChurnFactor::NeverBought],
            };
        };
        let rhythm = Rhythm::of(evidence.days, evidence.as_of);
        match models.p_alive(&summary) {
            Some(p_alive) => by_model(p_alive, &summary, rhythm, policy),
            None => by_points(&summary, rhythm, evidence.rfm_total),
        }
    }
}

fn silent_days(summary: &PurchaseSummary) -> f64 {
    (summary.silent_weeks() * 7.0).round()
}

/// Takes the worse of P(alive) and the own rhythm: the model does not know that somebody comes
/// every month to the day. The rhythm alone makes a risk medium; for a high one the model must be
/// in doubt too.
fn by_model(
    p_alive: f64,
    summary: &PurchaseSummary,
    rhythm: Option<Rhythm>,
    policy: ChurnPolicy,
) -> ChurnRisk {
    let by_model = if p_alive >= policy.alive {
        ChurnLevel::Low
    } else if p_alive < policy.likely_gone {
        ChurnLevel::High
    } else {
        ChurnLevel::Medium
    };
    let by_rhythm = match rhythm {
        Some(rhythm) if rhythm.is_long_broken() && by_model > ChurnLevel::Low => ChurnLevel::High,
        Some(rhythm) if rhythm.is_broken() => ChurnLevel::Medium,
        Some(_) | None => ChurnLevel::Low,
    };
    let mut factors = vec![ChurnFactor::Alive {
        probability: p_alive,
    }];
    if summary.repeats() == 0 {
        factors.push(ChurnFactor::BoughtOnce);
    }
    factors.push(ChurnFactor::Silent {
        days: silent_days(summary),
    });
    if let Some(rhythm) = rhythm {
        factors.push(ChurnFactor::of_rhythm(rhythm));
    }
    ChurnRisk {
        level: by_model.max(by_rhythm),
        score: 1.0 - p_alive,
        basis: ChurnBasis::Model,
        factors,
    }
}

/// The points of the reference platform, with months of life counted from the first purchase:
/// 3, 2 or 1 for more than 180, 90 or 60 days of silence, 2 for less than one purchase in two
/// months, 2 for an RFM total below 6. From 5 on the risk is high, from 3 on medium, and medium too
/// for who breaks the own rhythm.
fn by_points(
    summary: &PurchaseSummary,
    rhythm: Option<Rhythm>,
    rfm_total: Option<u8>,
) -> ChurnRisk {
    let days = silent_days(summary);
    let mut points = 0_u8;
    let mut factors = Vec::new();
    let silence = match days {
        days if days > 180.0 => 3,
        days if days > 90.0 => 2,
        days if days > 60.0 => 1,
        _ => 0,
    };
    if silence > 0 {
        points += silence;
        factors.push(ChurnFactor::Silent { days });
    }
    let months = (summary.age_weeks() * 7.0 / 30.0).max(1.0);
    let per_month = (f64::from(summary.repeats()) + 1.0) / months;
    if per_month < 0.5 {
        points += 2;
        factors.push(ChurnFactor::BuysSeldom { per_month });
    }
    if let Some(total) = rfm_total.filter(|total| *total < 6) {
        points += 2;
        factors.push(ChurnFactor::LowScore { total });
    }
    let by_points = match points {
        0..=2 => ChurnLevel::Low,
        3..=4 => ChurnLevel::Medium,
        _ => ChurnLevel::High,
    };
    let mut by_rhythm = ChurnLevel::Low;
    if let Some(rhythm) = rhythm.filter(Rhythm::is_broken) {
        by_rhythm = ChurnLevel::Medium;
        factors.push(ChurnFactor::of_rhythm(rhythm));
    }
    ChurnRisk {
        level: by_points.max(by_rhythm),
        score: f64::from(points) / 7.0,
        basis: ChurnBasis::Heuristic,
        factors,
    }
}

#[cfg(test)]
mod tests;
