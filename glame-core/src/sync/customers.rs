use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};

use super::service::{ActiveRun, length};
use super::{
    CustomerSyncService, SyncCounts, SyncError, SyncKind, SyncLease, SyncObserver, SyncRun,
    SyncTrigger,
};
use crate::customers::Profile;
use crate::ports::{CardRecord, CustomerProfile, Rejected};
use crate::users::{DiscountCard, Holder, User, primary_card_number};
use crate::values::{CardRef, UserId};

/// How many cards are looked at together when vanished ones are looked for.
const SWEEP_PAGE: u32 = 1_000;

impl CustomerSyncService {
    /// Brings over the discount cards and the customers who hold them.
    ///
    /// Cards make the users, counterparties fill in their profiles; a counterparty that neither
    /// holds a card nor has bought is no customer and is left out. Cards that the shop's base has
    /// no more are marked as removed.
    pub async fn sync_discount_cards(
        &self,
        lease: &SyncLease,
        trigger: SyncTrigger,
        observer: &dyn SyncObserver,
    ) -> Result<SyncRun, SyncError> {
        let mut active = self
            .start(SyncKind::Customers, None, trigger, lease, observer)
            .await?;
        let outcome = self.read_customers(&mut active).await;
        self.finish(active, outcome).await
    }

    async fn read_customers(&self, active: &mut ActiveRun<'_>) -> Result<(), SyncError> {
        let seen = self.read_cards(active).await?;
        self.mark_vanished_cards(active, &seen).await?;
        self.read_profiles(active).await
    }

    /// Reads all cards and tells which ones there are.
    async fn read_cards(&self, active: &mut ActiveRun<'_>) -> Result<HashSet<CardRef>, SyncError> {
        let mut seen: HashSet<CardRef> = HashSet::new();
        let mut cursor = None;
        loop {
            active.check_cancelled()?;
            let page = self.source.cards(cursor.as_ref()).await?;
            active.run.counts.requests += u64::from(page.requests);
            // The base goes on living, so that a page may hold a card of the page before it again.
            let records: Vec<CardRecord> = page
                .items
                .into_iter()
                .filter(|record| seen.insert(record.card))
                .collect();
            active.run.counts.read += length(&records);
            self.store_cards(active, &records, &page.rejected).await?;
            cursor = page.next;
            if cursor.is_none() {
                return Ok(seen);
            }
        }
    }

    /// Marks the cards that are known and were not seen, if the shop's base really has them no more.
    async fn mark_vanished_cards(
        &self,
        active: &mut ActiveRun<'_>,
        seen: &HashSet<CardRef>,
    ) -> Result<(), SyncError> {
        let mut after = None;
        loop {
            let page = self.storage.cards_after(after, SWEEP_PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.card);
            let unseen: Vec<&DiscountCard> = page
                .iter()
                .filter(|card| !card.removed && !seen.contains(&card.card))
                .collect();
            if unseen.is_empty() {
                continue;
            }
            let refs: Vec<CardRef> = unseen.iter().map(|card| card.card).collect();
            let missing = self.source.missing_cards(&refs).await?;
            active.run.counts.requests += u64::from(missing.requests);
            let missing: BTreeSet<CardRef> = missing.answer.into_iter().collect();
            let gone: Vec<DiscountCard> = unseen
                .into_iter()
                .filter(|card| missing.contains(&card.card))
                .cloned()
                .collect();
            self.remove_cards(active, gone).await?;
        }
    }

    async fn remove_cards(
        &self,
        active: &mut ActiveRun<'_>,
        gone: Vec<DiscountCard>,
    ) -> Result<(), SyncError> {
        active.run.counts.removed += length(&gone);
        let removed: Vec<DiscountCard> = gone
            .into_iter()
            .map(|card| DiscountCard {
                removed: true,
                ..card
            })
            .collect();
        let touched = removed.iter().map(|card| card.user).collect();
        let users = self.touched_users(&removed, touched, Vec::new()).await?;
        self.write_cards(active, &removed, &users, &[]).await
    }

    async fn store_cards(
        &self,
        active: &mut ActiveRun<'_>,
        records: &[CardRecord],
        rejected: &[Rejected],
    ) -> Result<(), SyncError> {
        let records = &self.without_forgotten_numbers(records).await?;
        let refs: Vec<CardRef> = records.iter().map(|record| record.card).collect();
        let known = self.storage.cards(&refs).await?;
        let known: BTreeMap<CardRef, DiscountCard> =
            known.into_iter().map(|card| (card.card, card)).collect();
        let changed = changed_cards(records, &known, &mut active.run.counts);
        // Sales may have come before their card, and stood for it alone so far.
        let stand_ins: Vec<UserId> = changed
            .iter()
            .map(|(_, card)| Holder::Card(card.card).user_id())
            .collect();
        let stand_ins = self.storage.users(&stand_ins).await?;
        let stand_ins: BTreeSet<UserId> = stand_ins.into_iter().map(|user| user.id).collect();
        let found_their_owner = changed.iter().filter(|(holder, card)| {
            let stand_in = Holder::Card(card.card);
            *holder != stand_in
                && !known.contains_key(&card.card)
                && stand_ins.contains(&stand_in.user_id())
        });
        active.run.counts.moved += u64::try_from(found_their_owner.count()).unwrap_or(u64::MAX);
        let now = self.clock.now();
        let bare = changed
            .iter()
            .map(|(holder, _)| User::from_holder(*holder, now))
            .collect();
        let changed: Vec<DiscountCard> = changed.into_iter().map(|(_, card)| card).collect();
        let before = changed.iter().filter_map(|card| known.get(&card.card));
        let holders = changed.iter().chain(before).map(|card| card.user);
        let touched = holders.chain(stand_ins).collect();
        let users = self.touched_users(&changed, touched, bare).await?;
        self.write_cards(active, &changed, &users, rejected).await
    }

    /// Gives cards without the numbers of those whose holders were forgotten: they are not kept.
    async fn without_forgotten_numbers(
        &self,
        records: &[CardRecord],
    ) -> Result<Vec<CardRecord>, SyncError> {
        let holders: Vec<UserId> = records
            .iter()
            .map(|record| holder_of(record).user_id())
            .collect();
        let kept = self.storage.kept_profiles(&holders).await?;
        let forgotten: BTreeSet<UserId> = kept
            .into_iter()
            .filter(|profile| profile.erased_at.is_some())
            .map(|profile| profile.user.id)
            .collect();
        let records = records.iter().zip(holders).map(|(record, holder)| {
            let mut record = record.clone();
            if forgotten.contains(&holder) {
                record.number = None;
            }
            record
        });
        Ok(records.collect())
    }

    /// Gives the users whom changed cards touch, now or before, as far as these change too.
    async fn touched_users(
        &self,
        changed: &[DiscountCard],
        touched: BTreeSet<UserId>,
        bare: Vec<User>,
    ) -> Result<Vec<User>, SyncError> {
        if changed.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<UserId> = touched.into_iter().collect();
        let held = self.storage.cards_of(&ids).await?;
        let known = self.storage.users(&ids).await?;
        Ok(users_after(changed, held, known, bare, self.clock.now()))
    }

    async fn write_cards(
        &self,
        active: &mut ActiveRun<'_>,
        cards: &[DiscountCard],
        users: &[User],
        rejected: &[Rejected],
    ) -> Result<(), SyncError> {
        let newcomers = self.newcomers(users).await?;
        let mut work = self.storage.begin().await?;
        work.put_users(users).await?;
        work.put_cards(cards).await?;
        self.record_newcomers(work.as_mut(), &newcomers).await?;
        active.set_aside(work.as_mut(), rejected).await?;
        self.commit_step(active, work).await
    }

    async fn read_profiles(&self, active: &mut ActiveRun<'_>) -> Result<(), SyncError> {
        let mut seen = HashSet::new();
        let mut cursor = None;
        loop {
            active.check_cancelled()?;
            let page = self.source.profiles(cursor.as_ref()).await?;
            active.run.counts.requests += u64::from(page.requests);
            let profiles: BTreeMap<UserId, CustomerProfile> = page
                .items
                .into_iter()
                .filter(|profile| seen.insert(profile.counterparty))
                .map(|profile| {
                    (
                        Holder::Counterparty(profile.counterparty).user_id(),
                        profile,
                    )
                })
                .collect();
            let ids: Vec<UserId> = profiles.keys().copied().collect();
            let users = self.storage.users(&ids).await?;
            let kept = self.storage.kept_profiles(&ids).await?;
            let kept: BTreeMap<UserId, Profile> =
                kept.into_iter().map(|kept| (kept.user.id, kept)).collect();
            let now = self.clock.now();
            let (changed, edited) =
                changed_users(&profiles, &users, kept, now, &mut active.run.counts);
            let mut work = self.storage.begin().await?;
            work.put_users(&changed).await?;
            if !edited.is_empty() {
                let mut locked = work.lock_profiles(&edited).await?;
                // Between reading and locking somebody may have edited again.
                locked.retain_mut(|kept| {
                    let source = profiles.get(&kept.user.id);
                    source.is_some_and(|source| kept.take_source(source, now))
                });
                work.put_profiles(&locked).await?;
            }
            active.set_aside(work.as_mut(), &page.rejected).await?;
            self.commit_step(active, work).await?;
            cursor = page.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }
}

fn holder_of(record: &CardRecord) -> Holder {
    record
        .owner
        .map_or(Holder::Card(record.card), Holder::Counterparty)
}

/// Compares cards with those that are known, and gives the new and the changed ones with whom they name.
fn changed_cards(
    records: &[CardRecord],
    known: &BTreeMap<CardRef, DiscountCard>,
    counts: &mut SyncCounts,
) -> Vec<(Holder, DiscountCard)> {
    let mut changed = Vec::new();
    for record in records {
        let holder = holder_of(record);
        let card = DiscountCard {
            card: record.card,
            user: holder.user_id(),
            number: record.number.clone(),
            removed: record.removed,
        };
        match known.get(&record.card) {
            Some(before) if *before == card => {
                counts.unchanged += 1;
                continue;
            }
            Some(before) => {
                counts.updated += 1;
                counts.moved += u64::from(before.user != card.user);
            }
            None => counts.created += 1,
        }
        changed.push((holder, card));
    }
    changed
}

/// Gives the users as they are after their cards have changed, without those who stay the same.
///
/// `held` are all cards of these users before; `bare` are the users of new cards, who take effect
/// only where they are not known.
fn users_after(
    changed: &[DiscountCard],
    held: Vec<DiscountCard>,
    known: Vec<User>,
    bare: Vec<User>,
    now: DateTime<Utc>,
) -> Vec<User> {
    let mut cards: BTreeMap<CardRef, DiscountCard> =
        held.into_iter().map(|card| (card.card, card)).collect();
    cards.extend(changed.iter().map(|card| (card.card, card.clone())));
    let mut cards_of: BTreeMap<UserId, Vec<DiscountCard>> = BTreeMap::new();
    for card in cards.into_values() {
        cards_of.entry(card.user).or_default().push(card);
    }

    let known: BTreeMap<UserId, User> = known.into_iter().map(|user| (user.id, user)).collect();
    let mut users: BTreeMap<UserId, User> = bare.into_iter().map(|user| (user.id, user)).collect();
    users.extend(known.clone());
    users
        .into_values()
        .filter_map(|user| {
            let cards = cards_of.remove(&user.id).unwrap_or_default();
            let after = User {
                discount_card_number: primary_card_number(&cards),
                // A holder who is nothing but a card is gone when the card has found its owner.
                removed: if user.customer_id_1c.is_none() {
                    cards.is_empty()
                } else {
                    user.removed
                },
                ..user
            };
            let same = known.get(&after.id) == Some(&after);
            (!same).then_some(User {
                updated_at: now,
                ..after
            })
        })
        .collect()
}

/// Compares profiles with the users whom they describe, and gives the users who change, and who
/// changes under what was edited here, or as far as a person who was forgotten can.
fn changed_users(
    profiles: &BTreeMap<UserId, CustomerProfile>,
    users: &[User],
    mut kept: BTreeMap<UserId, Profile>,
    now: DateTime<Utc>,
    counts: &mut SyncCounts,
) -> (Vec<User>, Vec<UserId>) {
    counts.read += u64::try_from(profiles.len()).unwrap_or(u64::MAX);
    counts.anonymous += u64::try_from(profiles.len() - users.len()).unwrap_or(u64::MAX);
    let (mut changed, mut edited) = (Vec::new(), Vec::new());
    for user in users {
        let Some(profile) = profiles.get(&user.id) else {
            continue;
        };
        let differs = if let Some(mut kept) = kept.remove(&user.id) {
            let differs = kept.take_source(profile, now);
            edited.extend(differs.then_some(user.id));
            differs
        } else {
            let after = described(user, profile);
            let differs = after != *user;
            changed.extend(differs.then_some(User {
                updated_at: now,
                ..after
            }));
            differs
        };
        if differs {
            counts.updated += 1;
        } else {
            counts.unchanged += 1;
        }
    }
    (changed, edited)
}

/// Gives a user as the profile describes them.
fn described(user: &User, profile: &CustomerProfile) -> User {
    User {
        full_name: profile.full_name.clone(),
        phone: profile.phone,
        email: profile.email.clone(),
        gender: profile.gender,
        birth_date: profile.birth_date,
        city: profile.city.clone(),
        removed: profile.removed,
        ..user.clone()
    }
}
