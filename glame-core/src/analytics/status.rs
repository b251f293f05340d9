use serde::{Deserialize, Serialize};

use super::{Group, RfmInputs, RfmScore};

/// The guide's word for a customer; the loyalty programme uses `VIP`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CustomerStatus {
    /// Among the best.
    #[serde(rename = "VIP")]
    Vip,
    /// Buys well.
    Active,
    /// Buys.
    Regular,
    /// Has stopped buying.
    Sleeping,
    /// Has not bought yet.
    New,
}

impl CustomerStatus {
    /// Every status, best first.
    pub const ALL: [Self; 5] = [
        Self::Vip,
        Self::Active,
        Self::Regular,
        Self::Sleeping,
        Self::New,
    ];

    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vip => "VIP",
            Self::Active => "Active",
            Self::Regular => "Regular",
            Self::Sleeping => "Sleeping",
            Self::New => "New",
        }
    }

    /// Spreads so many customers over the statuses of those who have figures: whoever has bought or
    /// returned nothing is new.
    #[must_use]
    pub fn spread(known: &[(Self, Group)], customers: u64) -> Vec<(Self, Group)> {
        let with_figures: u64 = known.iter().map(|(_, group)| group.customers).sum();
        let prospects = Group {
            customers: customers.saturating_sub(with_figures),
            ..Group::default()
        };
        let all = known.iter().map(|(status, group)| {
            let is_new = *status == Self::New;
            let more = if is_new { prospects } else { Group::default() };
            (*status, group.with(more))
        });
        all.collect()
    }

    /// Finds a status by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// How the status follows from the scores. The rule is data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StatusPolicy {
    /// Whoever has been silent for more days is sleeping, however good before.
    pub sleeping_after_days: u32,
    /// The RFM total from which a customer is VIP.
    pub vip_from: u8,
    /// The RFM total from which a customer is active.
    pub active_from: u8,
    /// The RFM total from which a customer is regular.
    pub regular_from: u8,
    /// Below that total, whoever has been silent for more days is sleeping.
    pub weak_sleeping_after_days: u32,
}

impl Default for StatusPolicy {
    fn default() -> Self {
        Self {
            sleeping_after_days: 180,
            vip_from: 12,
            active_from: 8,
            regular_from: 5,
            weak_sleeping_after_days: 90,
        }
    }
}

impl StatusPolicy {
    /// Gives the status of a customer; one who has not bought has no scores.
    #[must_use]
    pub fn status(&self, scored: Option<(RfmInputs, RfmScore)>) -> CustomerStatus {
        let Some((inputs, score)) = scored else {
            return CustomerStatus::New;
        };
        let silent_days = inputs.recency_days;
        match score.total() {
            _ if silent_days > self.sleeping_after_days => CustomerStatus::Sleeping,
            total if total >= self.vip_from => CustomerStatus::Vip,
            total if total >= self.active_from => CustomerStatus::Active,
            total if total >= self.regular_from => CustomerStatus::Regular,
            _ if silent_days > self.weak_sleeping_after_days => CustomerStatus::Sleeping,
            _ => CustomerStatus::Regular,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::Score;
    use crate::values::Money;

    fn status(recency_days: u32, [r, f, m]: [u8; 3]) -> CustomerStatus {
        let [recency, frequency, monetary] = [r, f, m].map(|score| Score::try_new(score).unwrap());
        let inputs = RfmInputs {
            recency_days,
            frequency: 1,
            monetary: Money::ZERO,
        };
        StatusPolicy::default().status(Some((
            inputs,
            RfmScore {
                recency,
                frequency,
                monetary,
            },
        )))
    }

    #[test]
    fn totals_of_5_8_and_12_divide_the_customers() {
        let cases = [
            ([5, 5, 5], CustomerStatus::Vip),
            ([5, 3, 4], CustomerStatus::Vip),
            ([5, 3, 3], CustomerStatus::Active),
            ([4, 2, 2], CustomerStatus::Active),
            ([4, 2, 1], CustomerStatus::Regular),
            ([3, 1, 1], CustomerStatus::Regular),
            ([2, 1, 1], CustomerStatus::Regular),
        ];
        for (scores, expected) in cases {
            assert_eq!(status(10, scores), expected, "{scores:?}");
        }
    }

    #[test]
    fn silence_makes_everyone_sleep() {
        assert_eq!(status(180, [2, 5, 5]), CustomerStatus::Vip);
        assert_eq!(status(181, [1, 5, 5]), CustomerStatus::Sleeping);
        assert_eq!(status(90, [2, 1, 1]), CustomerStatus::Regular);
        assert_eq!(status(91, [2, 1, 1]), CustomerStatus::Sleeping);
    }

    #[test]
    fn who_has_not_bought_is_new() {
        assert_eq!(StatusPolicy::default().status(None), CustomerStatus::New);
    }
}
