use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::loyalty::{ChainHash, LoyaltyTransaction, Reconciliation, Sequence};
use glame_core::ports::{
    AccountChange, AccountQuery, AccountSnapshot, LotTotal, LoyaltyReader, LoyaltyWriter,
    PointsOutstanding, RuleTotal, SettlementMark, StorageError, TransactionQuery,
};
use glame_core::values::{Points, UserId};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::lists::{hex, json_rows};
use super::{SqliteStorage, SqliteWork, failed};
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

#[async_trait]
impl LoyaltyReader for SqliteStorage {
    async fn loyalty_accounts(
        &self,
        queries: &[AccountQuery],
    ) -> Result<Vec<AccountSnapshot>, StorageError> {
        // One transaction, so that all that is read is of the same instant.
        let mut tx = self
            .readers
            .begin()
            .await
            .map_err(LOYALTY_ACCOUNTS.reading())?;
        let found = read_accounts(&mut tx, queries).await?;
        tx.commit().await.map_err(LOYALTY_ACCOUNTS.reading())?;
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
            "queries/sqlite/transactions_after.sql",
            user.as_uuid(),
            after.get(),
            limit,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(LOYALTY_TRANSACTIONS.reading())?;
        rows.into_iter().map(LoyaltyTransaction::try_from).collect()
    }

    async fn transaction_pages(
        &self,
        queries: &[TransactionQuery],
    ) -> Result<Vec<Vec<LoyaltyTransaction>>, StorageError> {
        let mut connection = self.readers.acquire().await.map_err(failed("connecting"))?;
        let mut rows = Vec::new();
        // SQLite has no lateral join; a statement of it is no round trip.
        for query in queries {
            let page = sqlx::query_file_as!(
                TransactionRow,
                "queries/sqlite/transactions_before.sql",
                query.user.as_uuid(),
                sequence_bound(query),
                query.limit,
            )
            .fetch_all(&mut *connection)
            .await
            .map_err(LOYALTY_TRANSACTIONS.reading())?;
            rows.extend(page);
        }
        pages_of(queries, rows)
    }

    async fn available_points(
        &self,
        users: &[UserId],
        now: DateTime<Utc>,
    ) -> Result<Vec<Points>, StorageError> {
        let sums = sqlx::query_file_scalar!(
            "queries/sqlite/available_points.sql",
            json_rows(users, |user| hex(user.as_uuid()))?,
            now.timestamp_micros(),
        )
        .fetch_all(&self.readers)
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
            "queries/sqlite/loyalty_accounts_after.sql",
            first,
            limit,
        )
        .fetch_all(&self.readers)
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
             WHERE open AND expires_at <= ?1 AND user_id >= ?2
             ORDER BY user_id LIMIT ?3",
            now.timestamp_micros(),
            first,
            limit,
        )
        .fetch_all(&self.readers)
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
             WHERE raised > settled AND user_id >= ?1
             ORDER BY user_id LIMIT ?2",
            first,
            limit,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(LOYALTY_SETTLEMENTS.reading())?;
        Ok(rows.into_iter().map(SettlementMark::from).collect())
    }

    async fn points_outstanding(
        &self,
        now: DateTime<Utc>,
    ) -> Result<PointsOutstanding, StorageError> {
        let mut tx = self
            .readers
            .begin()
            .await
            .map_err(LOYALTY_ACCOUNTS.reading())?;
        let accounts = sqlx::query_file_as!(
            AccountTotalsRow,
            "queries/sqlite/loyalty_account_totals.sql"
        )
        .fetch_one(&mut *tx)
        .await
        .map_err(LOYALTY_ACCOUNTS.reading())?;
        let lots = sqlx::query_file_as!(
            LotTotalsRow,
            "queries/sqlite/loyalty_lot_totals.sql",
            now.timestamp_micros(),
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(LOYALTY_LOTS.reading())?;
        let rules = sqlx::query_file_as!(RuleTotalsRow, "queries/sqlite/loyalty_rule_totals.sql")
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
        let document = sqlx::query_scalar!("SELECT document FROM reconciliations -- sqlite")
            .fetch_optional(&self.readers)
            .await
            .map_err(RECONCILIATIONS.reading())?;
        document.as_deref().map(reconciliation_from).transpose()
    }
}

#[async_trait]
impl LoyaltyWriter for SqliteWork {
    async fn lock_loyalty_accounts(
        &mut self,
        queries: &[AccountQuery],
    ) -> Result<Vec<AccountSnapshot>, StorageError> {
        // The work is the only one that writes, so that there is nothing left to lock.
        add_accounts(&mut self.tx, queries).await?;
        let found = read_accounts(&mut self.tx, queries).await?;
        Ok(found.in_order_of(queries))
    }

    async fn post(&mut self, changes: &[AccountChange]) -> Result<(), StorageError> {
        post::post(&mut self.tx, changes).await
    }

    async fn mark_for_settlement(&mut self, users: &[UserId]) -> Result<(), StorageError> {
        sqlx::query_file!(
            "queries/sqlite/mark_for_settlement.sql",
            json_rows(users, |user| hex(user.as_uuid()))?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(LOYALTY_SETTLEMENTS.writing())?;
        Ok(())
    }

    async fn clear_settlements(&mut self, marks: &[SettlementMark]) -> Result<(), StorageError> {
        sqlx::query_file!(
            "queries/sqlite/clear_settlements.sql",
            json_rows(marks, |mark| (hex(mark.user.as_uuid()), mark.raised))?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(LOYALTY_SETTLEMENTS.writing())?;
        Ok(())
    }

    async fn put_reconciliation(&mut self, found: &Reconciliation) -> Result<(), StorageError> {
        sqlx::query!(
            "INSERT INTO reconciliations (reconciliation, compared_at, document)
             VALUES (1, ?1, ?2)
             ON CONFLICT (reconciliation) DO UPDATE
             SET compared_at = EXCLUDED.compared_at, document = EXCLUDED.document",
            found.compared_at.timestamp_micros(),
            reconciliation_document(found)?,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(RECONCILIATIONS.writing())?;
        Ok(())
    }
}

/// Makes the accounts that are not there yet.
async fn add_accounts(
    connection: &mut SqliteConnection,
    queries: &[AccountQuery],
) -> Result<(), StorageError> {
    let users = json_rows(queries, |query| hex(query.user.as_uuid()))?;
    sqlx::query_file!(
        "queries/sqlite/add_loyalty_accounts.sql",
        users,
        &ChainHash::ZERO.as_bytes()[..],
    )
    .execute(&mut *connection)
    .await
    .map_err(LOYALTY_ACCOUNTS.writing())?;
    let unknown = sqlx::query_scalar!(
        r#"SELECT unhex(value) AS "user_id!: Uuid" FROM json_each(?1)
           WHERE unhex(value) NOT IN (SELECT user_id FROM loyalty_accounts)
           LIMIT 1"#,
        users,
    )
    .fetch_optional(connection)
    .await
    .map_err(LOYALTY_ACCOUNTS.reading())?;
    unknown.map_or(Ok(()), |user| Err(unknown_user(&user)))
}

/// What is recalled, list by list, as the statements take it.
struct RecallLists {
    keys: String,
    receipts: String,
    all_receipts: String,
    transactions: String,
    natural_keys: String,
}

impl RecallLists {
    fn of(needs: &RecallNeeds<'_>) -> Result<Self, StorageError> {
        Ok(Self {
            keys: json_rows(&needs.keys, |(user, key)| (hex(user), *key))?,
            receipts: json_rows(&needs.receipts, |(user, receipt)| (hex(user), hex(receipt)))?,
            all_receipts: json_rows(&needs.all_receipts, hex)?,
            transactions: json_rows(&needs.transactions, |(user, id)| (hex(user), hex(id)))?,
            natural_keys: json_rows(&needs.natural_keys, |(user, key)| (hex(user), *key))?,
        })
    }
}

/// Reads accounts with what is wanted of them; those that are not there are left out.
async fn read_accounts(
    connection: &mut SqliteConnection,
    queries: &[AccountQuery],
) -> Result<Accounts, StorageError> {
    let users = json_rows(queries, |query| hex(query.user.as_uuid()))?;
    let needs = RecallNeeds::of(queries);
    let lists = RecallLists::of(&needs)?;
    let rows = if needs.is_empty() {
        sqlx::query_file_as!(AccountRow, "queries/sqlite/loyalty_accounts.sql", users)
            .fetch_all(&mut *connection)
            .await
    } else {
        sqlx::query_file_as!(
            AccountRow,
            "queries/sqlite/loyalty_accounts_with_recalls.sql",
            users,
            lists.keys,
            lists.receipts,
            lists.all_receipts,
            lists.transactions,
            lists.natural_keys,
        )
        .fetch_all(&mut *connection)
        .await
    };
    let rows = rows.map_err(LOYALTY_ACCOUNTS.reading())?;
    let recalls = rows.first().is_some_and(|row| row.recalls);
    let mut accounts = Accounts::of(rows)?;
    if recalls {
        recall_requests(connection, &lists, &mut accounts).await?;
        recall_transactions(connection, &lists, &mut accounts).await?;
    }
    Ok(accounts)
}

async fn recall_transactions(
    connection: &mut SqliteConnection,
    lists: &RecallLists,
    accounts: &mut Accounts,
) -> Result<(), StorageError> {
    let transactions = sqlx::query_file_as!(
        TransactionRow,
        "queries/sqlite/recalled_transactions.sql",
        json_rows(&accounts.posted_by_requests(), |(user, sequence)| (
            hex(user),
            *sequence
        ))?,
        lists.receipts,
        lists.all_receipts,
        lists.transactions,
        lists.natural_keys,
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(LOYALTY_TRANSACTIONS.reading())?;
    accounts.recall(transactions)?;
    let lots = sqlx::query_as!(
        LotRow,
        r#"SELECT user_id, lot, original AS "original!", remaining AS "remaining!",
                  expired AS "expired!", available_from AS "available_from!", expires_at,
                  reinstated AS "reinstated!"
           FROM loyalty_lots
           WHERE (user_id, lot) IN (SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?1))"#,
        json_rows(&accounts.missing_lots(), |(user, lot)| (hex(user), *lot))?,
    )
    .fetch_all(connection)
    .await
    .map_err(LOYALTY_LOTS.reading())?;
    accounts.add_lots(lots)
}

async fn recall_requests(
    connection: &mut SqliteConnection,
    lists: &RecallLists,
    accounts: &mut Accounts,
) -> Result<(), StorageError> {
    let requests = sqlx::query_as!(
        RequestRow,
        r#"SELECT user_id, idempotency_key, request AS "request!", outcome AS "outcome!",
                  decided_at AS "decided_at!"
           FROM loyalty_requests
           WHERE (user_id, idempotency_key) IN (
               SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?1)
           )"#,
        lists.keys,
    )
    .fetch_all(connection)
    .await
    .map_err(LOYALTY_REQUESTS.reading())?;
    accounts.add_requests(requests)
}
