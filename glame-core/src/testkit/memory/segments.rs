use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStorage, MemoryWork, number, size};
use crate::ports::{
    LockedMemberships, SegmentOverride, SegmentReader, SegmentRefresh, SegmentTransition,
    SegmentWriter, StorageError, StoredSegment, Transition, TransitionPlace,
};
use crate::segments::{CustomerSegment, SegmentVersion, UserSegment};
use crate::values::{SegmentId, UserId};

/// Everything about segments.
#[derive(Debug, Clone, Default)]
pub(super) struct Segments {
    stored: BTreeMap<SegmentId, StoredSegment>,
    members: BTreeMap<(SegmentId, UserId), UserSegment>,
    overrides: BTreeMap<(SegmentId, UserId), SegmentOverride>,
    transitions: BTreeMap<(SegmentId, DateTime<Utc>, UserId), Transition>,
}

const TAKEN: StorageError = StorageError::Conflict { what: "a segment" };

impl Segments {
    fn has_name(&self, segment: &CustomerSegment) -> bool {
        let mut known = self.stored.values().map(|stored| &stored.segment);
        known.any(|other| other.id != segment.id && other.name == segment.name)
    }

    fn require(&self, segment: SegmentId) -> Result<(), StorageError> {
        if self.stored.contains_key(&segment) {
            return Ok(());
        }
        Err(StorageError::Refused {
            during: "writing a row of a segment",
            advice: format!("store segment {segment} first"),
            source: "the segment does not exist".into(),
        })
    }

    fn transitions(&self) -> impl Iterator<Item = SegmentTransition> + '_ {
        let rows = self.transitions.iter();
        rows.map(
            |((segment, happened_at, user), transition)| SegmentTransition {
                segment: *segment,
                user: *user,
                happened_at: *happened_at,
                transition: *transition,
            },
        )
    }
}

#[async_trait]
impl SegmentReader for MemoryStorage {
    async fn segments(&self) -> Result<Vec<StoredSegment>, StorageError> {
        Ok(self.state().segments.stored.values().cloned().collect())
    }

    async fn segment(&self, id: SegmentId) -> Result<Option<StoredSegment>, StorageError> {
        Ok(self.state().segments.stored.get(&id).cloned())
    }

    async fn members_after(
        &self,
        segment: SegmentId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserSegment>, StorageError> {
        let state = self.state();
        let members = state.segments.members.values().filter(|member| {
            member.segment == segment && after.is_none_or(|after| member.user > after)
        });
        Ok(members.take(size(limit)).copied().collect())
    }

    async fn segments_of(&self, users: &[UserId]) -> Result<Vec<UserSegment>, StorageError> {
        let state = self.state();
        let members = state.segments.members.values();
        Ok(members
            .filter(|member| users.contains(&member.user))
            .copied()
            .collect())
    }

    async fn overrides_after(
        &self,
        segment: SegmentId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<SegmentOverride>, StorageError> {
        let state = self.state();
        let overrides = state.segments.overrides.values().filter(|decided| {
            decided.segment == segment && after.is_none_or(|after| decided.user > after)
        });
        Ok(overrides.take(size(limit)).copied().collect())
    }

    async fn transitions_of(
        &self,
        user: UserId,
        limit: u32,
    ) -> Result<Vec<SegmentTransition>, StorageError> {
        let state = self.state();
        let of_user = state.segments.transitions().filter(|row| row.user == user);
        let mut transitions: Vec<_> = of_user.collect();
        transitions.sort_by_key(|row| (std::cmp::Reverse(row.happened_at), row.segment));
        transitions.truncate(size(limit));
        Ok(transitions)
    }

    async fn transitions_after(
        &self,
        segment: SegmentId,
        after: Option<TransitionPlace>,
        limit: u32,
    ) -> Result<Vec<SegmentTransition>, StorageError> {
        let state = self.state();
        let place = |row: &SegmentTransition| TransitionPlace {
            happened_at: row.happened_at,
            user: row.user,
        };
        let transitions = state
            .segments
            .transitions()
            .filter(|row| row.segment == segment && after.is_none_or(|after| place(row) > after));
        Ok(transitions.take(size(limit)).collect())
    }
}

#[async_trait]
impl SegmentWriter for MemoryWork {
    async fn add_segment(&mut self, segment: &CustomerSegment) -> Result<(), StorageError> {
        let segments = &mut self.state().segments;
        if segments.stored.contains_key(&segment.id) || segments.has_name(segment) {
            return Err(TAKEN);
        }
        let stored = StoredSegment {
            segment: segment.clone(),
            customer_count: 0,
            refresh: None,
        };
        segments.stored.insert(segment.id, stored);
        Ok(())
    }

    async fn put_segment(
        &mut self,
        segment: &CustomerSegment,
        seen: SegmentVersion,
    ) -> Result<(), StorageError> {
        let segments = &mut self.state().segments;
        let has_name = segments.has_name(segment);
        match segments.stored.get_mut(&segment.id) {
            Some(stored) if stored.segment.version == seen && !has_name => {
                stored.segment = CustomerSegment {
                    created_at: stored.segment.created_at,
                    ..segment.clone()
                };
                Ok(())
            }
            Some(_) | None => Err(TAKEN),
        }
    }

    async fn lock_segments(&mut self) -> Result<Vec<StoredSegment>, StorageError> {
        Ok(self.state.segments.stored.values().cloned().collect())
    }

    async fn lock_memberships(
        &mut self,
        segment: SegmentId,
        users: &[UserId],
    ) -> Result<Option<LockedMemberships>, StorageError> {
        let segments = &self.state.segments;
        let Some(stored) = segments.stored.get(&segment) else {
            return Ok(None);
        };
        let users: BTreeSet<_> = users.iter().collect();
        let keys = users.iter().map(|user| (segment, **user));
        let members = keys.clone().filter_map(|key| segments.members.get(&key));
        let overrides = keys.filter_map(|key| segments.overrides.get(&key));
        Ok(Some(LockedMemberships {
            segment: stored.segment.clone(),
            members: members.copied().collect(),
            overrides: overrides.copied().collect(),
        }))
    }

    async fn put_members(&mut self, members: &[UserSegment]) -> Result<(), StorageError> {
        for member in members {
            self.require_user(member.user)?;
            self.state.segments.require(member.segment)?;
            self.state()
                .segments
                .members
                .insert((member.segment, member.user), *member);
        }
        Ok(())
    }

    async fn remove_members(
        &mut self,
        segment: SegmentId,
        users: &[UserId],
    ) -> Result<(), StorageError> {
        for user in users {
            self.state().segments.members.remove(&(segment, *user));
        }
        Ok(())
    }

    async fn recount_members(&mut self, segment: SegmentId) -> Result<u64, StorageError> {
        let segments = &mut self.state().segments;
        let members = segments.members.keys().filter(|(of, _)| *of == segment);
        let count = number(members.count());
        if let Some(stored) = segments.stored.get_mut(&segment) {
            stored.customer_count = count;
        }
        Ok(count)
    }

    async fn put_overrides(&mut self, overrides: &[SegmentOverride]) -> Result<(), StorageError> {
        for decided in overrides {
            self.require_user(decided.user)?;
            self.state.segments.require(decided.segment)?;
            self.state()
                .segments
                .overrides
                .insert((decided.segment, decided.user), *decided);
        }
        Ok(())
    }

    async fn remove_overrides(
        &mut self,
        segment: SegmentId,
        users: &[UserId],
    ) -> Result<(), StorageError> {
        for user in users {
            self.state().segments.overrides.remove(&(segment, *user));
        }
        Ok(())
    }

    async fn add_transitions(
        &mut self,
        transitions: &[SegmentTransition],
    ) -> Result<(), StorageError> {
        for row in transitions {
            self.require_user(row.user)?;
            self.state.segments.require(row.segment)?;
            let known = &mut self.state().segments.transitions;
            known
                .entry((row.segment, row.happened_at, row.user))
                .or_insert(row.transition);
        }
        Ok(())
    }

    async fn put_refresh(
        &mut self,
        segment: SegmentId,
        refresh: &SegmentRefresh,
    ) -> Result<(), StorageError> {
        if let Some(stored) = self.state().segments.stored.get_mut(&segment) {
            stored.refresh = Some(*refresh);
        }
        Ok(())
    }
}
