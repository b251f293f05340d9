use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::payload::{
    CustomerCreated, CustomerMerged, EventBody, PointsMoved, SegmentChanged, SyncFinished,
    TestMessage,
};
use crate::loyalty::{LoyaltyTransaction, TransactionKind};
use crate::ports::{SegmentTransition, Transition};
use crate::sync::SyncRun;
use crate::values::{UserId, WebhookEventId};

/// What has happened: a closed list, whose names never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum EventType {
    /// A receipt has brought points.
    PointsEarned,
    /// Points have paid.
    PointsSpent,
    /// Points whose time was over were written off.
    PointsExpired,
    /// Points were given without a receipt.
    PointsBonus,
    /// A balance was corrected, by a person, by the shop's base or by a merge.
    PointsAdjusted,
    /// An earlier transaction was taken back, in whole or in part, or put right.
    PointsReversed,
    /// A customer has come into a segment.
    SegmentEntered,
    /// A customer has left a segment.
    SegmentLeft,
    /// A customer is new.
    CustomerCreated,
    /// The points of one customer were moved to another.
    CustomerMerged,
    /// A run of the synchronisation has ended.
    SyncFinished,
    /// Nothing: somebody tries whether an endpoint is reached. It comes whatever was subscribed to.
    Test,
}

/// Tells that no event has such a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no event of this name; the names are in docs/WEBHOOKS.md")]
pub struct UnknownEventType;

impl EventType {
    /// Every type.
    pub const ALL: [Self; 12] = [
        Self::PointsEarned,
        Self::PointsSpent,
        Self::PointsExpired,
        Self::PointsBonus,
        Self::PointsAdjusted,
        Self::PointsReversed,
        Self::SegmentEntered,
        Self::SegmentLeft,
        Self::CustomerCreated,
        Self::CustomerMerged,
        Self::SyncFinished,
        Self::Test,
    ];

    /// Gives the name that bodies, the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PointsEarned => "points.earned",
            Self::PointsSpent => "points.spent",
            Self::PointsExpired => "points.expired",
            Self::PointsBonus => "points.bonus",
            Self::PointsAdjusted => "points.adjusted",
            Self::PointsReversed => "points.reversed",
            Self::SegmentEntered => "segment.entered",
            Self::SegmentLeft => "segment.left",
            Self::CustomerCreated => "customer.created",
            Self::CustomerMerged => "customer.merged",
            Self::SyncFinished => "sync.finished",
            Self::Test => "webhook.test",
        }
    }

    /// Finds a type by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// Gives the type of a transaction.
    ///
    /// Whatever takes another one back is a reversal, whatever its kind, and so is what takes points of
    /// a receipt back that was told again with a smaller sum, or is no more.
    #[must_use]
    pub const fn of(transaction: &LoyaltyTransaction) -> Self {
        if transaction.reverses.is_some() {
            return Self::PointsReversed;
        }
        match transaction.kind {
            TransactionKind::Earn if transaction.points < 0 => Self::PointsReversed,
            TransactionKind::Earn => Self::PointsEarned,
            TransactionKind::Spend => Self::PointsSpent,
            TransactionKind::Expire => Self::PointsExpired,
            TransactionKind::Bonus => Self::PointsBonus,
            TransactionKind::Manual => Self::PointsAdjusted,
        }
    }
}

impl TryFrom<String> for EventType {
    type Error = UnknownEventType;

    fn try_from(name: String) -> Result<Self, UnknownEventType> {
        Self::from_name(&name).ok_or(UnknownEventType)
    }
}

impl From<EventType> for &'static str {
    fn from(event_type: EventType) -> Self {
        event_type.as_str()
    }
}

/// An event as it waits in the outbox. It holds ids and numbers, and nothing that names a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Names the event everywhere, in the header `webhook-id` too.
    pub id: WebhookEventId,
    /// What has happened.
    pub event_type: EventType,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// The body that is sent, byte by byte: signatures speak of it.
    pub payload: String,
}

/// The namespace of the ids of events.
const EVENTS: Uuid = Uuid::from_u128(0x6f0d_93c1_7c42_5d0a_8e1b_24b7_9a5c_31f8);

impl OutboxEvent {
    /// Tells of a transaction with points.
    #[must_use]
    pub fn points(transaction: &LoyaltyTransaction) -> Self {
        let of = transaction.id.to_string();
        Self::new(
            EventType::of(transaction),
            &of,
            transaction.recorded_at,
            PointsMoved::of(transaction),
        )
    }

    /// Tells that a customer is new.
    #[must_use]
    pub fn customer_created(user: UserId, at: DateTime<Utc>) -> Self {
        let data = CustomerCreated {
            user_id: user,
            sequence: 0,
        };
        Self::new(EventType::CustomerCreated, &user.to_string(), at, data)
    }

    /// Tells that points were moved from one customer to another; none if nothing was moved.
    ///
    /// `given` are the transactions of the one, `taken` those of the other.
    #[must_use]
    pub fn customer_merged(
        given: &[LoyaltyTransaction],
        taken: &[LoyaltyTransaction],
    ) -> Option<Self> {
        let (from, into) = (given.last()?, taken.last()?);
        let data = CustomerMerged {
            from_user_id: from.user,
            into_user_id: into.user,
            sequence: from.sequence,
            points: taken.iter().map(|transaction| transaction.points).sum(),
        };
        let event_type = EventType::CustomerMerged;
        Some(Self::new(
            event_type,
            &from.id.to_string(),
            from.recorded_at,
            data,
        ))
    }

    /// Tells that a customer has come into a segment or has left it.
    ///
    /// Its `sequence` is the microsecond of the change: no two changes of a customer in a segment
    /// have the same.
    #[must_use]
    pub fn segment_changed(transition: &SegmentTransition) -> Self {
        let SegmentTransition {
            segment,
            user,
            happened_at,
            ..
        } = *transition;
        let event_type = match transition.transition {
            Transition::Entered => EventType::SegmentEntered,
            Transition::Left => EventType::SegmentLeft,
        };
        let sequence = u64::try_from(happened_at.timestamp_micros()).unwrap_or_default();
        let data = SegmentChanged {
            segment_id: segment,
            user_id: user,
            sequence,
        };
        let of = format!("{segment} {user} {sequence}");
        Self::new(event_type, &of, happened_at, data)
    }

    /// Tells that a run has ended, at `at` if its row does not say when.
    #[must_use]
    pub fn sync_finished(run: &SyncRun, at: DateTime<Utc>) -> Self {
        let at = run.finished_at.unwrap_or(at);
        let data = SyncFinished::of(run, at);
        Self::new(EventType::SyncFinished, &run.id.to_string(), at, data)
    }

    /// Makes an event by which somebody tries an endpoint; `id` is new.
    #[must_use]
    pub fn test(id: WebhookEventId, at: DateTime<Utc>) -> Self {
        Self {
            id,
            ..Self::new(EventType::Test, "", at, TestMessage::default())
        }
    }

    /// Makes an event whose id says what it is of.
    fn new<D: Serialize>(event_type: EventType, of: &str, at: DateTime<Utc>, data: D) -> Self {
        let name = format!("{} {of}", event_type.as_str());
        Self {
            id: WebhookEventId::from_uuid(Uuid::new_v5(&EVENTS, name.as_bytes())),
            event_type,
            occurred_at: at,
            payload: EventBody {
                event_type,
                timestamp: at,
                data,
            }
            .to_json(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::loyalty::Sequence;
    use crate::testkit::fixtures::webhooks::transaction;
    use crate::testkit::fixtures::{customer, minute};
    use crate::values::SegmentId;

    #[test]
    fn every_type_is_found_by_its_name() {
        for one in EventType::ALL {
            assert_eq!(EventType::from_name(one.as_str()), Some(one));
            let json = serde_json::to_string(&one).unwrap();
            assert_eq!(json, format!("{:?}", one.as_str()));
            assert_eq!(serde_json::from_str::<EventType>(&json).unwrap(), one);
        }
        let names: BTreeSet<_> = EventType::ALL.map(EventType::as_str).into();
        assert_eq!(names.len(), EventType::ALL.len());
        assert_eq!(EventType::from_name("points.stolen"), None);
        assert!(serde_json::from_str::<EventType>("\"points.stolen\"").is_err());
    }

    #[test]
    fn each_kind_of_transaction_has_its_event_and_a_reversal_is_a_reversal() {
        let expected = [
            "points.earned",
            "points.spent",
            "points.expired",
            "points.bonus",
            "points.adjusted",
        ];
        for (kind, name) in TransactionKind::ALL.iter().zip(expected) {
            let plain = LoyaltyTransaction {
                kind: *kind,
                reverses: None,
                ..transaction(customer(1).id, 2)
            };
            let back = LoyaltyTransaction {
                reverses: Some(Sequence::new(1)),
                ..plain.clone()
            };
            assert_eq!(EventType::of(&plain).as_str(), name);
            assert_eq!(EventType::of(&back), EventType::PointsReversed);
        }
    }

    #[test]
    fn the_same_change_is_the_same_event_and_another_one_is_another() {
        let (anna, boris) = (customer(1).id, customer(2).id);
        let transition = |user, transition, minutes| SegmentTransition {
            segment: SegmentId::from_uuid(Uuid::from_u128(5)),
            user,
            happened_at: minute(minutes),
            transition,
        };
        let events = [
            OutboxEvent::points(&transaction(anna, 1)),
            OutboxEvent::points(&transaction(anna, 2)),
            OutboxEvent::points(&transaction(boris, 1)),
            OutboxEvent::customer_created(anna, minute(0)),
            OutboxEvent::customer_created(boris, minute(0)),
            OutboxEvent::customer_merged(&[transaction(anna, 1)], &[transaction(boris, 1)])
                .unwrap(),
            OutboxEvent::segment_changed(&transition(anna, Transition::Entered, 0)),
            OutboxEvent::segment_changed(&transition(anna, Transition::Left, 0)),
            OutboxEvent::segment_changed(&transition(anna, Transition::Entered, 1)),
        ];
        let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
        assert_eq!(ids.len(), events.len());
        assert_eq!(OutboxEvent::points(&transaction(anna, 1)), events[0]);
        let later = OutboxEvent::customer_created(anna, minute(9));
        assert_eq!(later.id, events[3].id);
    }

    #[test]
    fn a_merge_that_moves_nothing_is_no_event() {
        assert_eq!(OutboxEvent::customer_merged(&[], &[]), None);
    }
}
