use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    AssignmentSource, Bitmap, Confidence, CustomerSegment, Outcome, SegmentSnapshot, UserSegment,
};
use crate::values::{SegmentId, UserId};

/// What people have decided by hand about customers and a segment; it overrides the rule and
/// survives every refresh.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides(BTreeMap<UserId, Decision>);

/// What people have decided about one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Belongs to the segment, whatever the rule says.
    Include,
    /// Does not belong to it, whatever the rule says.
    Exclude,
}

impl Decision {
    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Include => "include",
            Self::Exclude => "exclude",
        }
    }

    /// Finds a decision by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Include, Self::Exclude]
            .into_iter()
            .find(|decision| decision.as_str() == name)
    }
}

impl FromIterator<(UserId, Decision)> for Overrides {
    fn from_iter<I: IntoIterator<Item = (UserId, Decision)>>(decisions: I) -> Self {
        Self(decisions.into_iter().collect())
    }
}

impl Overrides {
    /// Gives what was decided about a customer.
    #[must_use]
    pub fn of(&self, user: UserId) -> Option<Decision> {
        self.0.get(&user).copied()
    }

    /// Gives the decisions, by user id.
    pub fn iter(&self) -> impl Iterator<Item = (UserId, Decision)> + '_ {
        self.0.iter().map(|(user, decision)| (*user, *decision))
    }
}

/// What a segment would hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// How many customers: the length of the list of members, always.
    pub customer_count: usize,
    /// Of how many customers the rule cannot tell.
    pub unknown: usize,
    /// Some members, spread evenly over all of them by user id.
    pub sample: Vec<UserId>,
}

impl SegmentSnapshot {
    /// Gives the rows of the members: those whom the rule matches, without those who are excluded
    /// and with those who are included by hand. Whoever is not in the snapshot is no member.
    #[must_use]
    pub fn members(&self, outcome: &Outcome, overrides: &Overrides) -> Bitmap {
        let mut members = outcome.matched().clone();
        for (user, decision) in overrides.iter() {
            if let Some(row) = self.row_of(user) {
                members.set(row, decision == Decision::Include);
            }
        }
        members
    }

    /// Gives the outcome of no rule at all: a list has only those who are included by hand.
    #[must_use]
    pub fn nobody(&self) -> Outcome {
        let rows = self.users().len();
        Outcome {
            yes: Bitmap::none(rows),
            no: Bitmap::from_words(vec![u64::MAX; rows.div_ceil(64)], rows),
        }
    }

    /// Tells what a segment would hold, with a sample of so many members.
    #[must_use]
    pub fn preview(&self, outcome: &Outcome, overrides: &Overrides, sample: usize) -> Preview {
        let members = self.members(outcome, overrides);
        let customer_count = members.count();
        let wanted = sample.min(customer_count);
        // The n-th of the sample is the member at n/wanted of the way.
        let mut sampled = Vec::with_capacity(wanted);
        for (position, row) in members.iter().enumerate() {
            if sampled.len() < wanted && position >= sampled.len() * customer_count / wanted {
                sampled.extend(self.users().get(row));
            }
        }
        Preview {
            customer_count,
            unknown: outcome.unknown(),
            sample: sampled,
        }
    }
}

/// How the memberships of a segment are made at one refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matching {
    /// The segment.
    pub segment: SegmentId,
    /// The source of those whom the rule matches.
    pub source: AssignmentSource,
    /// How sure the model is that made the rule.
    pub confidence: Option<Confidence>,
    /// The instant of the refresh.
    pub now: DateTime<Utc>,
}

impl Matching {
    /// Takes what a segment says.
    #[must_use]
    pub const fn of(segment: &CustomerSegment, now: DateTime<Utc>) -> Self {
        Self {
            segment: segment.id,
            source: segment.rule_source(),
            confidence: None,
            now,
        }
    }
}

/// What a refresh does to the memberships of a segment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MembershipChange {
    /// Memberships that are new or whose source or confidence has changed, by user id.
    pub put: Vec<UserSegment>,
    /// Who was not a member and is one now, by user id.
    pub entered: Vec<UserId>,
    /// Who was a member and is none any more, by user id.
    pub left: Vec<UserId>,
    /// How many members there are now.
    pub customer_count: usize,
}

/// Compares the members of a segment with the memberships that are stored.
///
/// Both are ordered by user id and speak of the same range of customers. Whoever is included by
/// hand is a `manual` member even if the rule matches too; a member stays one without a break when
/// only the source changes, so that `assigned_at` and the history keep their meaning.
#[must_use]
pub fn materialise(
    matching: Matching,
    members: &[UserId],
    overrides: &Overrides,
    previous: &[UserSegment],
) -> MembershipChange {
    let mut change = MembershipChange {
        customer_count: members.len(),
        ..MembershipChange::default()
    };
    let mut previous = previous.iter().peekable();
    for user in members {
        while let Some(gone) = previous.next_if(|before| before.user < *user) {
            change.left.push(gone.user);
        }
        let before = previous.next_if(|before| before.user == *user);
        let is_manual = overrides.of(*user) == Some(Decision::Include);
        let (source, confidence) = if is_manual {
            (AssignmentSource::Manual, None)
        } else {
            (matching.source, matching.confidence)
        };
        let membership = UserSegment {
            user: *user,
            segment: matching.segment,
            source,
            assigned_at: before.map_or(matching.now, |before| before.assigned_at),
            confidence,
        };
        if before.is_none() {
            change.entered.push(*user);
        }
        if before != Some(&membership) {
            change.put.push(membership);
        }
    }
    change.left.extend(previous.map(|gone| gone.user));
    change
}
