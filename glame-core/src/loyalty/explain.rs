use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{Earning, ReceiptFact, ReturnFact, Sequence};
use crate::values::{Money, PlainText, UserId};

/// How a transaction came about: its inputs and every step to its points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Explain {
    /// A receipt became known, or is worth something else now.
    Receipt {
        /// What was told of it.
        fact: ReceiptFact,
        /// The birthday that it made use of, so that the year has no second one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        birthday: Option<NaiveDate>,
        /// How the points were counted.
        settlement: Settlement,
    },
    /// A return became known, or takes something else back now.
    Return {
        /// What was told of it.
        fact: ReturnFact,
        /// How the points were counted; none while the receipt is unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        settlement: Option<Settlement>,
    },
    /// A part of an earlier debit comes back.
    Restored {
        /// The debit.
        of: Sequence,
        /// How many points of it come back.
        points: i64,
        /// How many of these had never been taken.
        #[serde(default)]
        waived: i64,
        /// How many of these are lost because their lots had died for good.
        #[serde(default)]
        forfeited: i64,
        /// Whether a person has taken the debit back as a whole.
        #[serde(default)]
        by_hand: bool,
    },
    /// A return that had given points back is no more: the receipt is paid with them again.
    SpentAgain {
        /// The points that the receipt was paid with.
        spent: i64,
        /// How many of them belong to goods that have been returned.
        returned: i64,
    },
    /// Points paid.
    Spend {
        /// How many were asked for.
        asked: i64,
        /// How many there were.
        available: i64,
    },
    /// Points were given without a receipt.
    Bonus {
        /// The rule.
        rule: String,
        /// What for.
        occasion: String,
    },
    /// A person corrected the points.
    Adjust {
        /// What the person had to say.
        note: PlainText,
        /// How many points there were.
        available: i64,
    },
    /// The time of a lot was over.
    Expire {
        /// The lot.
        lot: Sequence,
        /// Since when.
        expired_at: DateTime<Utc>,
    },
    /// A credit was taken back.
    Reversed {
        /// The credit.
        of: Sequence,
        /// How many points of it are forgiven because they were not there any more.
        #[serde(default)]
        waived: i64,
    },
    /// The shop's base has another number of points.
    Reconcile {
        /// What the base says.
        source_balance: i64,
        /// What the ledger had.
        ledger_balance: i64,
    },
    /// Points moved between two cards of one person.
    Merge {
        /// The ledger on the other side.
        other: UserId,
        /// The lot there, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lot: Option<Sequence>,
    },
}

/// How the points of a receipt follow from what is known of it.
///
/// `target = earned − round(earned × returned / basis)`, half a point rounded up; the transaction
/// makes up the difference between the target and what was settled before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settlement {
    /// How the whole receipt earns, by the rate and factors of its first day.
    pub earning: Earning,
    /// What has been returned of the basis.
    pub returned: Money,
    /// What the receipt should come to.
    pub target: i64,
    /// What it had come to before.
    pub settled_before: i64,
    /// How many points of the difference had expired in the receipt's own lots and are not taken.
    #[serde(default)]
    pub lapsed: i64,
    /// How many points of the difference are forgiven by the policy of returns.
    #[serde(default)]
    pub forgiven: i64,
}

/// Gives `whole_points × part / whole`, half a point rounded up; all of it from the whole on.
pub(super) fn share(whole_points: i64, part: Money, whole: Money) -> i64 {
    let (part, whole) = (i128::from(part.kopecks()), i128::from(whole.kopecks()));
    if part <= 0 {
        return 0;
    }
    if part >= whole {
        return whole_points;
    }
    let share = (2 * i128::from(whole_points) * part + whole) / (2 * whole);
    // A share is never more than the whole.
    i64::try_from(share).unwrap_or(whole_points)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_share_is_rounded_once_and_a_full_return_takes_all() {
        let share = |points, part, whole| {
            share(
                points,
                Money::from_kopecks(part),
                Money::from_kopecks(whole),
            )
        };
        assert_eq!(share(100, 3_333, 10_000), 33);
        assert_eq!(share(100, 3_350, 10_000), 34);
        assert_eq!(share(7, 0, 10), 0);
        assert_eq!(share(7, 10, 10), 7);
        assert_eq!(share(7, 11, 10), 7);
        assert_eq!(share(7, 0, 0), 0);
        assert_eq!(share(i64::MAX, i64::MAX - 1, i64::MAX), i64::MAX - 1);
    }

    proptest! {
        #[test]
        fn a_greater_part_is_never_a_smaller_share(
            points in 0_i64..1_000_000, whole in 1_i64..1_000_000, a in 0_i64..1_000_000, b in 0_i64..1_000_000,
        ) {
            let share = |part| share(points, Money::from_kopecks(part), Money::from_kopecks(whole));
            prop_assert!(share(a.min(b)) <= share(a.max(b)));
            prop_assert!((0..=points).contains(&share(a)));
        }
    }
}
