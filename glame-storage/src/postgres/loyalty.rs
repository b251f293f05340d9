use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::loyalty::{ChainHash, LoyaltyTransaction, Reconciliation, Sequence};
use glame_core::ports::{
    AccountChange, AccountQuery, AccountSnapshot, LotTotal, LoyaltyReader, LoyaltyWriter,
    PointsOutstanding, RuleTotal, SettlementMark, StorageError, TransactionQuery,
};
use glame_core::values::{Points, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{PostgresStorage, PostgresWork, column, failed};
use crate::rows::{
    AccountRow, AccountTotalsRow, Accounts, LotRow, LotTotalsRow, RecallNeeds, RequestRow,
    RuleTotalsRow, SettlementRow, TransactionRow, available_points, first_after, pages_of,
    reconciliation_document, reconciliation_from, sequence_bound, unknown_user,
};
use crate::tables::{
    LOYALTY_ACCOUNTS, LOYALTY_LOTS, LOYALTY_REQUESTS, LOYALTY_SETTLEMENTS, LOYALTY_TRANSACTIONS,
    RECONCILIATIONS,
};

mod post;

/// All that is read in it is of the same instant, and planned once, as in works.
const ONE_INSTANT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
                           SET LOCAL plan_cache_mode = force_generic_plan";

#[async_trait]
impl LoyaltyReader for PostgresStorage {
    async fn loyalty_accounts(
        &self,
        queries: &[AccountQuery],
    ) -> Result<Vec<AccountSnapshot>, StorageError> {
        let needs = RecallNeeds::of(queries);
        let found = if needs.is_empty() {
            let mut connection = self.pool.acquire().await.map_err(failed("connecting"))?;
            read_accounts(&mut connection, queries, &needs).await?
        } else {
            let mut tx = self
                .pool
                .begin_with(ONE_INSTANT)
                .await
                .map_err(LOYALTY_ACCOUNTS.reading())?;
            let found = read_accounts(&mut tx, queries, &needs).await?;
            tx.commit().await.map_err(LOYALTY_ACCOUNTS.reading())?;
            found
        };
        Ok(found.in_order_of(queries))
    }

    async fn transactions_after(
        &self,
        user: UserId,
        after: Sequence,
        limit: u32,
    ) -> Result<Vec<LoyaltyTransaction>, StorageError> {
        let rows = sqlx::query_file_as!(
            TransactionRow,
            "queries/postgres/transactions_after.sql",
            user.as_uuid(),
            i64::from(after.get()),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(LOYALTY_TRANSACTIONS.reading())?;
        rows.into_iter().map(LoyaltyTransaction::try_from).collect()
    }

    async fn transaction_pages(
        &self,
        queries: &[TransactionQuery],
    ) -> Result<Vec<Vec<LoyaltyTransaction>>, StorageError> {
        let rows = sqlx::query_file_as!(
            TransactionRow,
            "queries/postgres/transaction_pages.sql",
            &column(queries, |query| *query.user.as_uuid()),
            &column(queries, sequence_bound),
            &column(queries, |query| i64::from(query.limit)),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(LOYALTY_TRANSACTIONS.reading())?;
        pages_of(queries, rows)
    }

    async fn available_points(
        &self,
        users: &[UserId],
        now: DateTime<Utc>,
    ) -> Result<Vec<Points>, StorageError> {
        let sums = sqlx::query_file_scalar!(
            "queries/postgres/available_points.sql",
            &column(users, |user| *user.as_uuid()),
            now,
        )
        .fetch_all(&self.pool)
        .await
        .map_err(LOYALTY_LOTS.reading())?;
        sums.into_iter().map(available_points).collect()
    }

    async fn loyalty_accounts_after(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<AccountSnapshot>, StorageError> {
        let Some(first) = first_after(after.as_ref().map(UserId::as_uuid)) else {
            return Ok(Vec::new());
        };
        let rows = sqlx::query_file_as!(
            AccountRow,
            "queries/postgres/loyalty_accounts_after.sql",
            first,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(LOYALTY_ACCOUNTS.reading())?;
        Accounts::of(rows).map(Accounts::into_page)
    }

    async fn users_with_expired_points(
        &self,
        now: DateTime<Utc>,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, StorageError> {
        let Some(first) = first_after(after.as_ref().map(UserId::as_uuid)) else {
            return Ok(Vec::new());
        };
        let users = sqlx::query_scalar!(
            "SELECT DISTINCT user_id FROM loyalty_lots
             WHERE open AND expires_at <= $1 AND user_id >= $2
             ORDER BY user_id LIMIT $3",
            now,
            first,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(LOYALTY_LOTS.reading())?;
        Ok(users.into_iter().map(UserId::from_uuid).collect())
    }

    async fn settlements_due(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<SettlementMark>, StorageError> {
        let Some(first) = first_after(after.as_ref().map(UserId::as_uuid)) else {
            return Ok(Vec::new());
        };
        let rows = sqlx::query_as!(
            SettlementRow,
            "SELECT user_id, raised FROM loyalty_settlements
             WHERE raised > settled AND user_id >= $1
             ORDER BY user_id LIMIT $2",
            first,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(LOYALTY_SETTLEMENTS.reading())?;
        Ok(rows.into_iter().map(SettlementMark::from).collect())
    }

    async fn points_outstanding(
        &self,
        now: DateTime<Utc>,
    ) -> Result<PointsOutstanding, StorageError> {
        let mut tx = self
            .pool
            .begin_with(ONE_INSTANT)
            .await
            .map_err(LOYALTY_ACCOUNTS.reading())?;
        let accounts = sqlx::query_file_as!(
            AccountTotalsRow,
            "queries/postgres/loyalty_account_totals.sql"
        )
        .fetch_one(&mut *tx)
        .await
        .map_err(LOYALTY_ACCOUNTS.reading())?;
        let lots =
            sqlx::query_file_as!(LotTotalsRow, "queries/postgres/loyalty_lot_totals.sql", now)
                .fetch_all(&mut *tx)
                .await
                .map_err(LOYALTY_LOTS.reading())?;
        let rules = sqlx::query_file_as!(RuleTotalsRow, "queries/postgres/loyalty_rule_totals.sql")
            .fetch_all(&mut *tx)
            .await
            .map_err(LOYALTY_TRANSACTIONS.reading())?;
        tx.commit().await.map_err(LOYALTY_ACCOUNTS.reading())?;
        let (pending, available): (Vec<_>, Vec<_>) = lots.iter().partition(|lots| lots.pending);
        Ok(PointsOutstanding {
            available: available.into_iter().map(LotTotal::from).collect(),
            pending: pending.into_iter().map(LotTotal::from).collect(),
            debt: accounts.debt(),
            accounts: accounts.accounts()?,
            rules: rules
                .into_iter()
                .map(RuleTotal::try_from)
                .collect::<Result<_, _>>()?,
        })
    }

    async fn reconciliation(&self) -> Result<Option<Reconciliation>, StorageError> {
        let document = sqlx::query_scalar!("SELECT document FROM reconciliations")
            .fetch_optional(&self.pool)
            .await
            .map_err(RECONCILIATIONS.reading())?;
        document.as_deref().map(reconciliation_from).transpose()
    }
}

#[async_trait]
impl LoyaltyWriter for PostgresWork {
    async fn lock_loyalty_accounts(
        &mut self,
        queries: &[AccountQuery],
    ) -> Result<Vec<AccountSnapshot>, StorageError> {
        lock_accounts(
            &mut self.tx,
            &column(queries, |query| *query.user.as_uuid()),
        )
        .await?;
        // A statement of its own: it sees what those have written who held the locks before.
        let found = read_accounts(&mut self.tx, queries, &RecallNeeds::of(queries)).await?;
        Ok(found.in_order_of(queries))
    }

    async fn post(&mut self, changes: &[AccountChange]) -> Result<(), StorageError> {
        post::post(&mut self.tx, changes).await
    }

    async fn mark_for_settlement(&mut self, users: &[UserId]) -> Result<(), StorageError> {
        sqlx::query_file!(
            "queries/postgres/mark_for_settlement.sql",
            &column(users, |user| *user.as_uuid()),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(LOYALTY_SETTLEMENTS.writing())?;
        Ok(())
    }

    async fn clear_settlements(&mut self, marks: &[SettlementMark]) -> Result<(), StorageError> {
        sqlx::query_file!(
            "queries/postgres/clear_settlements.sql",
            &column(marks, |mark| *mark.user.as_uuid()),
            &column(marks, |mark| mark.raised),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(LOYALTY_SETTLEMENTS.writing())?;
        Ok(())
    }

    async fn put_reconciliation(&mut self, found: &Reconciliation) -> Result<(), StorageError> {
        sqlx::query!(
            "INSERT INTO reconciliations (reconciliation, compared_at, document)
             VALUES (1, $1, $2)
             ON CONFLICT (reconciliation) DO UPDATE
             SET compared_at = EXCLUDED.compared_at, document = EXCLUDED.document",
            found.compared_at,
            reconciliation_document(found)?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(RECONCILIATIONS.writing())?;
        Ok(())
    }
}

/// Locks accounts in the order of users; those that are not there yet are made.
async fn lock_accounts(connection: &mut PgConnection, users: &[Uuid]) -> Result<(), StorageError> {
    if lock_all_or_none(connection, users).await? {
        return Ok(());
    }
    sqlx::query_file!(
        "queries/postgres/add_loyalty_accounts.sql",
        users,
        ChainHash::ZERO.as_bytes(),
    )
    .execute(&mut *connection)
    .await
    .map_err(LOYALTY_ACCOUNTS.writing())?;
    if lock_all_or_none(connection, users).await? {
        return Ok(());
    }
    let known = sqlx::query_scalar!("SELECT user_id FROM users WHERE user_id = ANY($1)", users)
        .fetch_all(connection)
        .await
        .map_err(LOYALTY_ACCOUNTS.reading())?;
    // Whoever vanished since was unknown too.
    let unknown = users.iter().find(|user| !known.contains(user));
    Err(unknown.map_or_else(|| LOYALTY_ACCOUNTS.conflict(), unknown_user))
}

/// Tells whether all accounts were there and are locked; if not, none is.
async fn lock_all_or_none(
    connection: &mut PgConnection,
    users: &[Uuid],
) -> Result<bool, StorageError> {
    let locked = sqlx::query_file_scalar!("queries/postgres/lock_loyalty_accounts.sql", users)
        .fetch_all(connection)
        .await
        .map_err(LOYALTY_ACCOUNTS.writing())?;
    Ok(locked.len() == users.len())
}

/// Reads accounts with what is wanted of them; those that are not there are left out.
async fn read_accounts(
    connection: &mut PgConnection,
    queries: &[AccountQuery],
    needs: &RecallNeeds<'_>,
) -> Result<Accounts, StorageError> {
    let users = column(queries, |query| *query.user.as_uuid());
    let rows = if needs.is_empty() {
        sqlx::query_file_as!(AccountRow, "queries/postgres/loyalty_accounts.sql", &users)
            .fetch_all(&mut *connection)
            .await
    } else if needs.is_keys_only() {
        sqlx::query_file_as!(
            AccountRow,
            "queries/postgres/loyalty_accounts_with_keys.sql",
            &users,
            &column(&needs.keys, |(user, _)| *user),
            &column(&needs.keys, |(_, key)| *key) as _,
        )
        .fetch_all(&mut *connection)
        .await
    } else {
        sqlx::query_file_as!(
            AccountRow,
            "queries/postgres/loyalty_accounts_with_recalls.sql",
            &users,
            &column(&needs.keys, |(user, _)| *user),
            &column(&needs.keys, |(_, key)| *key) as _,
            &column(&needs.receipts, |(user, _)| *user),
            &column(&needs.receipts, |(_, receipt)| *receipt),
            &needs.all_receipts,
            &column(&needs.transactions, |(user, _)| *user),
            &column(&needs.transactions, |(_, transaction)| *transaction),
            &column(&needs.natural_keys, |(user, _)| *user),
            &column(&needs.natural_keys, |(_, key)| *key) as _,
        )
        .fetch_all(&mut *connection)
        .await
    };
    let rows = rows.map_err(LOYALTY_ACCOUNTS.reading())?;
    let recalls = rows.first().is_some_and(|row| row.recalls);
    let mut accounts = Accounts::of(rows)?;
    if recalls {
        recall_requests(connection, needs, &mut accounts).await?;
        recall_transactions(connection, needs, &mut accounts).await?;
    }
    Ok(accounts)
}

async fn recall_transactions(
    connection: &mut PgConnection,
    needs: &RecallNeeds<'_>,
    accounts: &mut Accounts,
) -> Result<(), StorageError> {
    let posted = accounts.posted_by_requests();
    let transactions = sqlx::query_file_as!(
        TransactionRow,
        "queries/postgres/recalled_transactions.sql",
        &column(&posted, |(user, _)| *user),
        &column(&posted, |(_, sequence)| *sequence),
        &column(&needs.receipts, |(user, _)| *user),
        &column(&needs.receipts, |(_, receipt)| *receipt),
        &needs.all_receipts,
        &column(&needs.transactions, |(user, _)| *user),
        &column(&needs.transactions, |(_, transaction)| *transaction),
        &column(&needs.natural_keys, |(user, _)| *user),
        &column(&needs.natural_keys, |(_, key)| *key) as _,
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(LOYALTY_TRANSACTIONS.reading())?;
    accounts.recall(transactions)?;
    let missing = accounts.missing_lots();
    if missing.is_empty() {
        return Ok(());
    }
    let lots = sqlx::query_as!(
        LotRow,
        "SELECT user_id, lot, original, remaining, expired, available_from, expires_at, reinstated
         FROM loyalty_lots
         WHERE (user_id, lot) IN (SELECT * FROM UNNEST($1::uuid[], $2::bigint[]))",
        &column(&missing, |(user, _)| *user),
        &column(&missing, |(_, lot)| *lot),
    )
    .fetch_all(connection)
    .await
    .map_err(LOYALTY_LOTS.reading())?;
    accounts.add_lots(lots)
}

async fn recall_requests(
    connection: &mut PgConnection,
    needs: &RecallNeeds<'_>,
    accounts: &mut Accounts,
) -> Result<(), StorageError> {
    if needs.keys.is_empty() {
        return Ok(());
    }
    let requests = sqlx::query_as!(
        RequestRow,
        "SELECT user_id, idempotency_key, request, outcome, decided_at
         FROM loyalty_requests
         WHERE (user_id, idempotency_key) IN (SELECT * FROM UNNEST($1::uuid[], $2::text[]))",
        &column(&needs.keys, |(user, _)| *user),
        &column(&needs.keys, |(_, key)| *key) as _,
    )
    .fetch_all(connection)
    .await
    .map_err(LOYALTY_REQUESTS.reading())?;
    accounts.add_requests(requests)
}
