use std::collections::{BTreeMap, BTreeSet};

use super::{PAGE, SegmentError, SegmentService};
use crate::customers::{ConsentTopic, Consents};
use crate::ports::{SegmentOverride, StorageError};
use crate::segments::{
    AudienceFile, CustomerSegment, Decision, ExportRow, Matching, Overrides, UserSegment,
    YandexAudience, csv_rows, materialise,
};
use crate::users::{Role, User};
use crate::values::{SegmentId, UserId};

/// What became of a decision by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decided {
    /// About how many customers it was stored.
    pub stored: usize,
    /// Who is no customer, so that nothing was decided about them.
    pub strangers: Vec<UserId>,
}

/// What becomes of a decision.
#[derive(Debug, Clone, Copy)]
pub(super) enum Effect<'a> {
    /// It is stored for this segment.
    Stored(&'a CustomerSegment, Option<Decision>),
    /// Nothing: it is only told about whom it would be.
    OnlyTold,
}

impl SegmentService {
    /// Includes or excludes customers by hand, whatever the rule says, or leaves them to the rule
    /// again if `decision` is none.
    ///
    /// Who is included or excluded is a member, or none, at once; what the rule says of somebody
    /// who is left to it shows at the next refresh.
    pub async fn decide(
        &self,
        segment: SegmentId,
        users: &[UserId],
        decision: Option<Decision>,
    ) -> Result<Decided, SegmentError> {
        let stored = self.segment(segment).await?.segment;
        let effect = Effect::Stored(&stored, decision);
        self.decide_with(users, effect).await
    }

    /// Tells what [`decide`](Self::decide) would do; nothing is stored.
    pub async fn preview_decision(
        &self,
        segment: SegmentId,
        users: &[UserId],
    ) -> Result<Decided, SegmentError> {
        self.segment(segment).await?;
        self.decide_with(users, Effect::OnlyTold).await
    }

    async fn decide_with(
        &self,
        users: &[UserId],
        effect: Effect<'_>,
    ) -> Result<Decided, SegmentError> {
        let users: BTreeSet<UserId> = users.iter().copied().collect();
        let users: Vec<UserId> = users.into_iter().collect();
        let mut decided = Decided::default();
        for batch in users.chunks(usize::try_from(PAGE).unwrap_or(1)) {
            let customers = self.customers_among(batch).await?;
            let strangers = batch.iter().filter(|user| !customers.contains(user));
            decided.strangers.extend(strangers);
            decided.stored += customers.len();
            let customers: Vec<UserId> = customers.into_iter().collect();
            self.carry_out(effect, &customers).await?;
        }
        Ok(decided)
    }

    /// Gives those who are customers.
    pub(super) async fn customers_among(
        &self,
        users: &[UserId],
    ) -> Result<BTreeSet<UserId>, StorageError> {
        let known = self.storage.users(users).await?.into_iter();
        let is_customer = |user: &User| user.role == Role::Customer && !user.removed;
        Ok(known.filter(is_customer).map(|user| user.id).collect())
    }

    pub(super) async fn carry_out(
        &self,
        effect: Effect<'_>,
        users: &[UserId],
    ) -> Result<(), SegmentError> {
        let Effect::Stored(segment, decision) = effect else {
            return Ok(());
        };
        let mut work = self.storage.begin().await?;
        let locked = work.lock_memberships(segment.id, users).await?;
        let locked = locked.ok_or(SegmentError::NotFound(segment.id))?;
        // Both as they are now: others may have changed the segment and its members meanwhile.
        let (segment, now) = (&locked.segment, self.clock.now());
        let Some(decision) = decision else {
            work.remove_overrides(segment.id, users).await?;
            return Ok(work.commit().await?);
        };
        let row = |user: &UserId| SegmentOverride {
            segment: segment.id,
            user: *user,
            decision,
            decided_at: now,
        };
        let rows: Vec<_> = users.iter().map(row).collect();
        work.put_overrides(&rows).await?;
        if segment.is_active() {
            let wanted = match decision {
                Decision::Include => users,
                Decision::Exclude => &[],
            };
            let overrides: Overrides = users.iter().map(|user| (*user, decision)).collect();
            let matching = Matching::of(segment, now);
            let change = materialise(matching, wanted, &overrides, &locked.members);
            self.write_change(work.as_mut(), matching, &change).await?;
            work.recount_members(segment.id).await?;
        }
        work.commit().await?;
        Ok(())
    }

    /// Gives the next `limit` members of a segment after `after`, by user id.
    pub async fn members(
        &self,
        segment: SegmentId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserSegment>, SegmentError> {
        Ok(self.storage.members_after(segment, after, limit).await?)
    }

    /// Writes the next thousand members after `after` as CSV without a header
    /// ([`CSV_HEADER`](crate::segments::CSV_HEADER)), and gives the last of them; none after the end.
    pub async fn export_csv(
        &self,
        segment: SegmentId,
        after: Option<UserId>,
    ) -> Result<Option<(UserId, String)>, SegmentError> {
        let members = self.storage.members_after(segment, after, PAGE).await?;
        let Some(last) = members.last().map(|member| member.user) else {
            return Ok(None);
        };
        let users = self.users_of(&members).await?;
        let ids: Vec<UserId> = members.iter().map(|member| member.user).collect();
        let metrics = self.storage.metrics(&ids).await?.into_iter();
        let figures: BTreeMap<UserId, _> = metrics
            .map(|metrics| (metrics.figures.user, metrics.figures))
            .collect();
        let rows: Vec<ExportRow<'_>> = members
            .iter()
            .filter_map(|member| {
                let figures = figures.get(&member.user);
                Some(ExportRow {
                    user: users.get(&member.user)?,
                    total_purchases: figures.map_or(0, |figures| figures.total_purchases),
                    total_spent: figures
                        .map(|figures| figures.total_spent)
                        .unwrap_or_default(),
                    source: member.source,
                })
            })
            .collect();
        Ok(Some((last, csv_rows(&rows))))
    }

    /// Writes those of the members who agree to be reached, as a file for Yandex Audience.
    pub async fn export_yandex_audience(
        &self,
        segment: SegmentId,
    ) -> Result<AudienceFile, SegmentError> {
        let mut audience = YandexAudience::default();
        let mut after = None;
        loop {
            let members = self.storage.members_after(segment, after, PAGE).await?;
            let Some(last) = members.last() else {
                return Ok(audience.finish()?);
            };
            after = Some(last.user);
            let ids: Vec<UserId> = members.iter().map(|member| member.user).collect();
            let decisions = self.storage.consents(&ids).await?;
            let mut agreed: BTreeMap<UserId, Consents> = decisions
                .chunk_by(|one, other| one.user == other.user)
                .map(|decisions| (decisions[0].user, Consents::fold(decisions)))
                .collect();
            for user in self.users_of(&members).await?.values() {
                let consents = agreed.remove(&user.id).unwrap_or_default();
                audience.add(user, |channel| {
                    consents.granted(ConsentTopic::Marketing(channel))
                });
            }
        }
    }

    async fn users_of(
        &self,
        members: &[UserSegment],
    ) -> Result<BTreeMap<UserId, User>, StorageError> {
        let ids: Vec<UserId> = members.iter().map(|member| member.user).collect();
        let users = self.storage.users(&ids).await?.into_iter();
        Ok(users.map(|user| (user.id, user)).collect())
    }

    /// Gives all that was decided by hand about a segment.
    pub(super) async fn overrides(&self, segment: SegmentId) -> Result<Overrides, StorageError> {
        let mut decisions = Vec::new();
        let mut after = None;
        loop {
            let page = self.storage.overrides_after(segment, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(decisions.into_iter().collect());
            };
            after = Some(last.user);
            decisions.extend(
                page.into_iter()
                    .map(|decided| (decided.user, decided.decision)),
            );
        }
    }
}
