use std::collections::BTreeSet;

use super::{PAGE, Population, SegmentError, SegmentService};
use crate::ports::{LockedMemberships, SegmentRefresh, SegmentTransition, Transition, UnitOfWork};
use crate::segments::{
    Bitmap, CustomerSegment, Decision, Matching, MembershipChange, Overrides, materialise,
};
use crate::values::{SegmentId, UserId};
use crate::webhooks::OutboxEvent;

/// How many members are changed in one work.
const BATCH: usize = 5_000;

/// What a refresh has done to one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refreshed {
    /// The segment.
    pub segment: SegmentId,
    /// How many customers have entered.
    pub entered: u64,
    /// How many have left.
    pub left: u64,
    /// How many members there are now.
    pub customer_count: u64,
    /// Whether someone has changed the segment meanwhile, so that the next refresh must do it.
    pub is_superseded: bool,
}

impl SegmentService {
    /// Makes the stored members of all segments those of a population.
    ///
    /// Only what has changed is written, in batches, each under the lock of its segment: whoever
    /// enters or leaves does so once, whatever else refreshes at the same time, and what people
    /// have decided by hand since the population was read holds. Segments that are not at work lose
    /// their members.
    pub async fn refresh_all(
        &self,
        population: &Population,
    ) -> Result<Vec<Refreshed>, SegmentError> {
        let mut refreshed = Vec::new();
        for segment in &population.segments {
            refreshed.push(self.refresh(population, segment).await?);
        }
        Ok(refreshed)
    }

    async fn refresh(
        &self,
        population: &Population,
        segment: &CustomerSegment,
    ) -> Result<Refreshed, SegmentError> {
        let members = population.members(segment.id);
        let none = Overrides::default();
        let refresh = Refresh {
            population,
            segment,
            matching: Matching::of(segment, population.now),
            matched: population.matched.get(&segment.id),
            overrides: population.overrides.get(&segment.id).unwrap_or(&none),
        };
        let mut result = Refreshed {
            segment: segment.id,
            entered: 0,
            left: 0,
            customer_count: 0,
            is_superseded: false,
        };
        let mut rows = members
            .iter()
            .filter_map(|row| population.snapshot.users().get(row).copied())
            .peekable();
        let mut after = None;
        loop {
            let mut stored = self.storage.members_after(segment.id, after, PAGE).await?;
            // A step ends with the page of stored members, or earlier if many are new.
            let mut end = stored.last().map(|member| member.user);
            let mut wanted = Vec::new();
            while let Some(user) = rows.next_if(|user| end.is_none_or(|end| *user <= end)) {
                wanted.push(user);
                if wanted.len() == BATCH {
                    end = Some(user);
                    stored.retain(|member| member.user <= user);
                    break;
                }
            }
            let Some(last) = end.or(wanted.last().copied()) else {
                break;
            };
            after = Some(last);
            let change = materialise(refresh.matching, &wanted, refresh.overrides, &stored);
            let concerned: BTreeSet<UserId> = change
                .put
                .iter()
                .map(|member| member.user)
                .chain(change.left)
                .collect();
            let concerned: Vec<UserId> = concerned.into_iter().collect();
            for batch in concerned.chunks(BATCH) {
                if !self.write_batch(&refresh, batch, &mut result).await? {
                    result.is_superseded = true;
                    return Ok(result);
                }
            }
        }
        self.finish(&refresh, result).await
    }

    /// Decides about some customers anew, under the lock; tells whether the segment is still the
    /// one that was evaluated.
    async fn write_batch(
        &self,
        refresh: &Refresh<'_>,
        users: &[UserId],
        result: &mut Refreshed,
    ) -> Result<bool, SegmentError> {
        let segment = refresh.segment.id;
        let mut work = self.storage.begin().await?;
        let Some(locked) = work.lock_memberships(segment, users).await? else {
            return Ok(false);
        };
        if locked.segment.version != refresh.segment.version {
            return Ok(false);
        }
        // They enter and leave now, and not before what others have done since the population was
        // read.
        let matching = Matching {
            now: self.clock.now(),
            ..refresh.matching
        };
        let change = refresh.change(matching, users, &locked);
        self.write_change(work.as_mut(), matching, &change).await?;
        work.commit().await?;
        result.entered += count(&change.entered);
        result.left += count(&change.left);
        Ok(true)
    }

    async fn finish(
        &self,
        refresh: &Refresh<'_>,
        mut result: Refreshed,
    ) -> Result<Refreshed, SegmentError> {
        let segment = refresh.segment;
        let mut work = self.storage.begin().await?;
        let locked = work.lock_memberships(segment.id, &[]).await?;
        if locked.is_none_or(|locked| locked.segment.version != segment.version) {
            result.is_superseded = true;
            return Ok(result);
        }
        result.customer_count = work.recount_members(segment.id).await?;
        let watermark = SegmentRefresh {
            refreshed_at: refresh.population.now,
            version: segment.version,
            figures_at: refresh.population.figures_at,
        };
        work.put_refresh(segment.id, &watermark).await?;
        work.commit().await?;
        Ok(result)
    }
}

/// One segment while it is refreshed.
struct Refresh<'a> {
    population: &'a Population,
    segment: &'a CustomerSegment,
    matching: Matching,
    /// Whom the rule matches; none if the segment is not at work.
    matched: Option<&'a Bitmap>,
    /// What was decided by hand when the population was read.
    overrides: &'a Overrides,
}

impl Refresh<'_> {
    fn change(
        &self,
        matching: Matching,
        users: &[UserId],
        locked: &LockedMemberships,
    ) -> MembershipChange {
        let decided = locked.overrides.iter();
        let decided: Overrides = decided.map(|row| (row.user, row.decision)).collect();
        let wanted = users.iter().copied();
        let wanted: Vec<UserId> = wanted
            .filter(|user| self.belongs(*user, decided.of(*user)))
            .collect();
        materialise(matching, &wanted, &decided, &locked.members)
    }

    /// Tells whether a customer belongs to the segment by what is decided now.
    fn belongs(&self, user: UserId, decided: Option<Decision>) -> bool {
        let Some(matched) = self.matched else {
            return false;
        };
        let row = self.population.snapshot.row_of(user);
        match (row, decided) {
            (Some(_), Some(decision)) => decision == Decision::Include,
            (Some(row), None) => matched.contains(row),
            // Not in the population is who has been removed, and who has come since. Only the
            // second can have been included since.
            (None, decided) => {
                decided == Some(Decision::Include)
                    && self.overrides.of(user) != Some(Decision::Include)
            }
        }
    }
}

impl SegmentService {
    /// Writes memberships and what became of them, and tells integrators.
    pub(super) async fn write_change(
        &self,
        work: &mut dyn UnitOfWork,
        matching: Matching,
        change: &MembershipChange,
    ) -> Result<(), SegmentError> {
        let transition = |transition| {
            move |user: &UserId| SegmentTransition {
                segment: matching.segment,
                user: *user,
                happened_at: matching.now,
                transition,
            }
        };
        let entered = change.entered.iter().map(transition(Transition::Entered));
        let left = change.left.iter().map(transition(Transition::Left));
        let transitions: Vec<_> = entered.chain(left).collect();
        work.put_members(&change.put).await?;
        work.remove_members(matching.segment, &change.left).await?;
        work.add_transitions(&transitions).await?;
        let told = || transitions.iter().map(OutboxEvent::segment_changed);
        self.events.record(work, told).await?;
        Ok(())
    }
}

fn count(users: &[UserId]) -> u64 {
    u64::try_from(users.len()).unwrap_or(u64::MAX)
}
