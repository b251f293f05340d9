//! What runs by itself: write-offs, the settlement of purchases, and the balance of the shop's base.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{LoyaltyError, LoyaltyService, OpenAccount, PointsLedger};
use crate::analytics::CustomerStatus;
use crate::loyalty::birthday::birthday_around;
use crate::loyalty::calendar::end_of_day_after;
use crate::loyalty::{
    Authority, BIRTHDAY, Command, CustomerFacts, LEVEL_UP, Posting, PurchaseFacts, Request, Source,
};
use crate::ports::{AccountNeeds, AccountQuery, ReceiptScope, SettlementMark};
use crate::users::{Role, User};
use crate::values::{PlainText, UserId};

/// How many customers are looked at together for presents.
const USERS: u32 = 1_000;

/// How many accounts are settled or swept in one transaction.
const ACCOUNTS: u32 = 200;

/// What a sweep has written off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Accounts with lots that had expired.
    pub accounts: u64,
    /// Lots that were written off.
    pub lots: u64,
    /// Points that were written off.
    pub points: u64,
}

/// What a settlement of purchases has done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// Customers whose purchases had changed.
    pub customers: u64,
    /// Transactions that were written.
    pub transactions: u64,
    /// Points that were credited.
    pub credited: i128,
    /// Points that were taken back.
    pub taken_back: i128,
    /// Receipts and returns that the rules refuse, by the code of the refusal.
    pub refused: BTreeMap<&'static str, u64>,
}

/// What a round of presents has given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Granted {
    /// Customers who got a present.
    pub customers: u64,
    /// The points of the presents together.
    pub points: i128,
}

/// What the shop's base says of the points of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceBalance {
    /// Whose points.
    pub user: UserId,
    /// How many there are now; negative where the base has let a card go below nothing.
    pub points: i64,
}

impl LoyaltyService {
    /// Writes off every lot whose time is over. Balances do not change by it: expiry acts by time.
    ///
    /// # Errors
    /// Those of storage; what was written off before stays so.
    pub async fn expire_old_points(&self) -> Result<Swept, LoyaltyError> {
        let now = self.clock.now();
        let mut swept = Swept::default();
        let mut after = None;
        loop {
            let users = self
                .storage
                .users_with_expired_points(now, after, ACCOUNTS)
                .await?;
            let Some(last) = users.last() else {
                return Ok(swept);
            };
            after = Some(*last);
            let authority = by_platform("Срок действия баллов истёк");
            let postings = users
                .iter()
                .map(|user| posting(*user, Command::Expire, &authority));
            let outcomes = self.post_batch(postings.collect()).await?;
            for posted in outcomes.into_iter().flatten() {
                swept.accounts += u64::from(!posted.transactions.is_empty());
                for transaction in posted.transactions {
                    swept.lots += 1;
                    swept.points += transaction.points.unsigned_abs();
                }
            }
        }
    }

    /// Brings the points of all customers whose purchases have changed in line with them.
    ///
    /// Receipts earn once, returns take back, edits and documents that are no more compensate. A
    /// process that is killed in between leaves the marks of those who are not settled yet.
    ///
    /// # Errors
    /// Those of storage; what was settled before stays so.
    pub async fn settle_purchases(&self) -> Result<Settled, LoyaltyError> {
        let mut settled = Settled::default();
        let mut after = None;
        loop {
            let marks = self.storage.settlements_due(after, ACCOUNTS).await?;
            let Some(last) = marks.last() else {
                return Ok(settled);
            };
            after = Some(last.user);
            match self.ledger {
                PointsLedger::Glame => self.settle(&marks, &mut settled).await?,
                PointsLedger::Onec => {
                    let mut work = self.storage.begin().await?;
                    work.clear_settlements(&marks).await?;
                    work.commit().await?;
                }
            }
        }
    }

    async fn settle(
        &self,
        marks: &[SettlementMark],
        settled: &mut Settled,
    ) -> Result<(), LoyaltyError> {
        let users: Vec<UserId> = marks.iter().map(|mark| mark.user).collect();
        let known = self.storage.users(&users).await?;
        let known: HashMap<UserId, User> = known.into_iter().map(|user| (user.id, user)).collect();
        let metrics = self.storage.metrics(&users).await?;
        let vips: Vec<UserId> = metrics
            .iter()
            .filter(|row| row.status == CustomerStatus::Vip)
            .map(|row| row.figures.user)
            .collect();
        let histories = self.storage.histories(&users).await?;
        let facts: HashMap<UserId, PurchaseFacts> = histories
            .iter()
            .map(|history| (history.user(), PurchaseFacts::of(history)))
            .collect();
        // Whoever has no purchases any more has nothing that earns.
        let nothing = PurchaseFacts::default();

        let queries: Vec<AccountQuery> = users
            .iter()
            .map(|user| AccountQuery {
                user: *user,
                needs: AccountNeeds {
                    receipts: ReceiptScope::All,
                    ..AccountNeeds::default()
                },
            })
            .collect();
        let (mut work, mut accounts) = self.lock(&queries).await?;
        let now = self.clock.now();
        let authority = Authority {
            source: Source::Onec,
            ..by_platform("Покупка")
        };
        for user in &users {
            let Some(open) = accounts.get(user) else {
                continue;
            };
            let facts = facts.get(user).unwrap_or(&nothing);
            let birth_date = known.get(user).and_then(|user| user.birth_date);
            let postings = facts.postings(
                open.account(),
                |at| self.has_started(at),
                vips.contains(user),
                birth_date,
                &authority,
            );
            for outcome in self.post_to(&mut accounts, &postings, now)? {
                settled.count(outcome);
            }
        }
        let changes: Vec<_> = accounts
            .into_values()
            .filter_map(OpenAccount::into_change)
            .collect();
        self.write(work.as_mut(), &changes).await?;
        work.clear_settlements(marks).await?;
        work.commit().await?;
        settled.customers += u64::try_from(marks.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Gives the presents for birthdays that are due: on the days before the birthday that the
    /// programme tells, and on the birthday itself. A day that was missed is made up for until then.
    ///
    /// # Errors
    /// Those of storage; what was given before stays so.
    pub async fn grant_birthday_bonuses(&self) -> Result<Granted, LoyaltyError> {
        let mut granted = Granted::default();
        let Some(rule) = self.programme.bonuses.birthday else {
            return Ok(granted);
        };
        let now = self.clock.now();
        let today = now.with_timezone(&self.programme.zone).date_naive();
        let expires_at = end_of_day_after(now, rule.expires_after_days, self.programme.zone);
        let authority = by_platform("Подарок ко дню рождения");
        let mut after = None;
        loop {
            let users = self.storage.users_after(after, USERS).await?;
            let Some(last) = users.last() else {
                return Ok(granted);
            };
            after = Some(last.id);
            let customers = users
                .iter()
                .filter(|user| user.role == Role::Customer && !user.removed);
            let postings = customers.filter_map(|user| {
                let birthday = birthday_around(today, user.birth_date?, rule.days_before, 0)?;
                let command = Command::Bonus {
                    rule: BIRTHDAY.to_owned(),
                    occasion: birthday.to_string(),
                    points: rule.points,
                    available_from: None,
                    expires_at,
                };
                Some(posting(user.id, command, &authority))
            });
            self.grant(postings.collect(), &mut granted).await?;
        }
    }

    /// Gives the presents for levels that customers have reached, each level once; the first level,
    /// which everybody has, brings none.
    ///
    /// # Errors
    /// Those of storage; what was given before stays so.
    pub async fn grant_level_bonuses(&self) -> Result<Granted, LoyaltyError> {
        let mut granted = Granted::default();
        let Some(rule) = self.programme.bonuses.level_up else {
            return Ok(granted);
        };
        let now = self.clock.now();
        let expires_at = end_of_day_after(now, rule.expires_after_days, self.programme.zone);
        let authority = by_platform("Новый уровень программы");
        let mut after = None;
        loop {
            let rows = self.storage.metrics_after(after, USERS).await?;
            let Some(last) = rows.last() else {
                return Ok(granted);
            };
            after = Some(last.figures.user);
            let mut postings = Vec::new();
            for row in &rows {
                let figures = &row.figures;
                let reached = self.programme.levels.iter().skip(1).take_while(|level| {
                    level.receipts <= figures.total_purchases && level.spent <= figures.total_spent
                });
                postings.extend(reached.map(|level| {
                    let command = Command::Bonus {
                        rule: LEVEL_UP.to_owned(),
                        occasion: level.id.clone(),
                        points: rule.points,
                        available_from: None,
                        expires_at,
                    };
                    posting(figures.user, command, &authority)
                }));
            }
            self.grant(postings, &mut granted).await?;
        }
    }

    /// Posts presents; one that was given before is refused by the ledger and counts as nothing.
    async fn grant(
        &self,
        postings: Vec<Posting>,
        granted: &mut Granted,
    ) -> Result<(), LoyaltyError> {
        for posted in self.post_batch(postings).await?.into_iter().flatten() {
            granted.customers += 1;
            let points = posted.transactions.iter().map(|one| i128::from(one.points));
            granted.points += points.sum::<i128>();
        }
        Ok(())
    }

    /// Brings accounts in line with the balances of the shop's base, one transaction for each
    /// difference; gives those accounts that differed.
    ///
    /// # Errors
    /// Those of [`post_batch`](Self::post_batch).
    pub async fn reconcile(&self, balances: &[SourceBalance]) -> Result<Vec<UserId>, LoyaltyError> {
        let authority = Authority {
            source: Source::Onec,
            ..by_platform("Сверка с 1С")
        };
        let postings: Vec<Posting> = balances
            .iter()
            .map(|one| {
                let command = Command::Reconcile {
                    balance: one.points,
                };
                posting(one.user, command, &authority)
            })
            .collect();
        let outcomes = self.post_batch(postings).await?;
        let differed = balances.iter().zip(outcomes).filter(|(_, outcome)| {
            outcome
                .as_ref()
                .is_ok_and(|posted| !posted.transactions.is_empty())
        });
        Ok(differed.map(|(one, _)| one.user).collect())
    }

    /// Tells whether a purchase belongs to the time of the programme.
    fn has_started(&self, at: DateTime<Utc>) -> bool {
        let day = at.with_timezone(&self.programme.zone).date_naive();
        self.programme.starts_on.is_none_or(|first| first <= day)
    }
}

impl Settled {
    fn count(&mut self, outcome: Result<super::Posted, super::NotPosted>) {
        match outcome {
            Ok(posted) => {
                for transaction in posted.transactions {
                    self.transactions += 1;
                    let points = i128::from(transaction.points);
                    self.credited += points.max(0);
                    self.taken_back += (-points).max(0);
                }
            }
            Err(
                super::NotPosted::Refused { refusal } | super::NotPosted::RefusedBefore { refusal },
            ) => *self.refused.entry(refusal.code()).or_default() += 1,
            Err(super::NotPosted::KeyReused { .. }) => {}
        }
    }
}

fn by_platform(reason: &'static str) -> Authority {
    Authority {
        reason: PlainText::from_static(reason),
        source: Source::Platform,
        actor: None,
    }
}

fn posting(user: UserId, command: Command, authority: &Authority) -> Posting {
    Posting {
        user,
        key: None,
        request: Request {
            command,
            authority: authority.clone(),
        },
        customer: CustomerFacts::default(),
    }
}
