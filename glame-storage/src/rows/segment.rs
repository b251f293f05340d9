use chrono::{DateTime, Utc};
use glame_core::ports::{
    SegmentOverride, SegmentRefresh, SegmentTransition, StorageError, StoredSegment, Transition,
};
use glame_core::segments::{
    AssignmentSource, Colour, Confidence, CustomerSegment, Decision, SegmentKind, SegmentOrigin,
    SegmentRule, SegmentState, SegmentVersion, UserSegment,
};
use glame_core::values::{PlainText, SegmentId, UserId};
use uuid::Uuid;

use super::Instant;
use crate::tables::{CUSTOMER_SEGMENTS, SEGMENT_OVERRIDES, SEGMENT_TRANSITIONS, USER_SEGMENTS};

/// A row of `customer_segments`.
#[derive(Debug)]
pub(crate) struct SegmentRow {
    pub(crate) segment_id: Uuid,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) color: String,
    pub(crate) origin: String,
    pub(crate) state: String,
    pub(crate) rule: Option<String>,
    pub(crate) version: i64,
    pub(crate) customer_count: i64,
    pub(crate) refreshed_at: Option<Instant>,
    pub(crate) refreshed_version: Option<i64>,
    pub(crate) figures_at: Option<Instant>,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

impl TryFrom<SegmentRow> for StoredSegment {
    type Error = StorageError;

    fn try_from(row: SegmentRow) -> Result<Self, StorageError> {
        let text = |column, text: String| {
            PlainText::try_from(text).map_err(CUSTOMER_SEGMENTS.corrupt(column))
        };
        let kind = match row.rule {
            Some(rule) => SegmentKind::Rule(
                SegmentRule::parse(&rule).map_err(CUSTOMER_SEGMENTS.corrupt("rule"))?,
            ),
            None => SegmentKind::List,
        };
        let refresh = match (row.refreshed_at, row.refreshed_version) {
            (Some(refreshed_at), Some(version)) => Some(SegmentRefresh {
                refreshed_at: refreshed_at.0,
                version: version_of("refreshed_version", version)?,
                figures_at: row.figures_at.map(|at| at.0),
            }),
            _ => None,
        };
        Ok(Self {
            segment: CustomerSegment {
                id: SegmentId::from_uuid(row.segment_id),
                name: text("name", row.name)?,
                description: row
                    .description
                    .map(|description| text("description", description))
                    .transpose()?,
                color: Colour::try_from(row.color).map_err(CUSTOMER_SEGMENTS.corrupt("color"))?,
                origin: SegmentOrigin::from_name(&row.origin)
                    .ok_or("not an origin")
                    .map_err(CUSTOMER_SEGMENTS.corrupt("origin"))?,
                state: SegmentState::from_name(&row.state)
                    .ok_or("not a state")
                    .map_err(CUSTOMER_SEGMENTS.corrupt("state"))?,
                kind,
                version: version_of("version", row.version)?,
                created_at: row.created_at.0,
                updated_at: row.updated_at.0,
            },
            customer_count: u64::try_from(row.customer_count)
                .map_err(CUSTOMER_SEGMENTS.corrupt("customer_count"))?,
            refresh,
        })
    }
}

/// Reads the version of a segment.
fn version_of(column: &'static str, version: i64) -> Result<SegmentVersion, StorageError> {
    let version = u32::try_from(version).map_err(CUSTOMER_SEGMENTS.corrupt(column))?;
    Ok(SegmentVersion::from_number(version))
}

/// Writes the rule of a segment; a list has none.
pub(crate) fn rule_of(segment: &CustomerSegment) -> Option<String> {
    segment.rule().map(|rule| rule.to_json().to_string())
}

/// A row of `user_segments`.
#[derive(Debug)]
pub(crate) struct MemberRow {
    pub(crate) user_id: Uuid,
    pub(crate) segment_id: Uuid,
    pub(crate) source: String,
    pub(crate) assigned_at: Instant,
    pub(crate) confidence: Option<i16>,
}

impl TryFrom<MemberRow> for UserSegment {
    type Error = StorageError;

    fn try_from(row: MemberRow) -> Result<Self, StorageError> {
        let confidence = |number: i16| {
            let number = u16::try_from(number).map_err(USER_SEGMENTS.corrupt("confidence"))?;
            Confidence::try_new(number).map_err(USER_SEGMENTS.corrupt("confidence"))
        };
        Ok(Self {
            user: UserId::from_uuid(row.user_id),
            segment: SegmentId::from_uuid(row.segment_id),
            source: AssignmentSource::from_name(&row.source)
                .ok_or("not a source")
                .map_err(USER_SEGMENTS.corrupt("source"))?,
            assigned_at: row.assigned_at.0,
            confidence: row.confidence.map(confidence).transpose()?,
        })
    }
}

/// Gives a confidence as it is stored: 10 000 at most, which fits.
pub(crate) fn confidence_of(member: &UserSegment) -> Option<i16> {
    let confidence = member.confidence?;
    i16::try_from(confidence.get()).ok()
}

/// A row of `segment_overrides`.
#[derive(Debug)]
pub(crate) struct OverrideRow {
    pub(crate) user_id: Uuid,
    pub(crate) segment_id: Uuid,
    pub(crate) decision: String,
    pub(crate) decided_at: Instant,
}

impl TryFrom<OverrideRow> for SegmentOverride {
    type Error = StorageError;

    fn try_from(row: OverrideRow) -> Result<Self, StorageError> {
        Ok(Self {
            segment: SegmentId::from_uuid(row.segment_id),
            user: UserId::from_uuid(row.user_id),
            decision: Decision::from_name(&row.decision)
                .ok_or("not a decision")
                .map_err(SEGMENT_OVERRIDES.corrupt("decision"))?,
            decided_at: row.decided_at.0,
        })
    }
}

/// A row of `segment_transitions`.
#[derive(Debug)]
pub(crate) struct TransitionRow {
    pub(crate) user_id: Uuid,
    pub(crate) segment_id: Uuid,
    pub(crate) happened_at: Instant,
    pub(crate) transition: String,
}

impl TryFrom<TransitionRow> for SegmentTransition {
    type Error = StorageError;

    fn try_from(row: TransitionRow) -> Result<Self, StorageError> {
        Ok(Self {
            segment: SegmentId::from_uuid(row.segment_id),
            user: UserId::from_uuid(row.user_id),
            happened_at: row.happened_at.0,
            transition: Transition::from_name(&row.transition)
                .ok_or("neither entered nor left")
                .map_err(SEGMENT_TRANSITIONS.corrupt("transition"))?,
        })
    }
}

/// Gives an instant before every transition; both databases can keep it.
pub(crate) fn beginning_of_time() -> DateTime<Utc> {
    DateTime::from_timestamp(-62_000_000_000, 0).unwrap_or_default()
}
