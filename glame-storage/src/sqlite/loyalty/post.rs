use glame_core::ports::{AccountChange, StorageError};
use sqlx::SqliteConnection;

use crate::rows::{PostCells, not_locked};
use crate::sqlite::lists::{hex, json_rows};
use crate::tables::{
    LOYALTY_ACCOUNTS, LOYALTY_DRAWS, LOYALTY_LOTS, LOYALTY_REQUESTS, LOYALTY_TRANSACTIONS,
};

/// Writes all changes, or none of them.
pub(super) async fn post(
    connection: &mut SqliteConnection,
    changes: &[AccountChange],
) -> Result<(), StorageError> {
    let cells = PostCells::of(changes)?;
    // Nobody else writes meanwhile, so that looking first is safe.
    require_new(connection, &cells).await?;
    put_headers(connection, &cells).await?;
    put_lots(connection, &cells).await?;
    add_transactions(connection, &cells).await?;
    add_draws(connection, &cells).await?;
    add_requests(connection, &cells).await
}

async fn require_new(
    connection: &mut SqliteConnection,
    cells: &PostCells<'_>,
) -> Result<(), StorageError> {
    let transactions = json_rows(&cells.transactions, |cells| {
        (
            hex(&cells.user_id),
            cells.it.sequence,
            cells.it.natural_key.as_str(),
        )
    })?;
    let requests = json_rows(&cells.requests, |cells| {
        (hex(&cells.user_id), &cells.stored.key)
    })?;
    let known = sqlx::query_file!(
        "queries/sqlite/known_loyalty_rows.sql",
        transactions,
        requests
    )
    .fetch_one(connection)
    .await
    .map_err(LOYALTY_TRANSACTIONS.reading())?;
    if known.transactions {
        return Err(LOYALTY_TRANSACTIONS.conflict());
    }
    if known.requests {
        return Err(LOYALTY_REQUESTS.conflict());
    }
    Ok(())
}

async fn put_headers(
    connection: &mut SqliteConnection,
    cells: &PostCells<'_>,
) -> Result<(), StorageError> {
    let rows = json_rows(&cells.headers, |cells| {
        let header = cells.header;
        (
            hex(&cells.user_id),
            header.sequence,
            header.balance,
            header.debt,
            cells.spendable,
            cells.spendable_since.map(|at| at.timestamp_micros()),
            cells.spendable_until.map(|at| at.timestamp_micros()),
            header.recorded_at.map(|at| at.timestamp_micros()),
            header.hash,
            cells.birthdays.as_str(),
        )
    })?;
    let put = sqlx::query_file!("queries/sqlite/put_loyalty_headers.sql", rows)
        .execute(connection)
        .await
        .map_err(LOYALTY_ACCOUNTS.writing())?;
    if usize::try_from(put.rows_affected()) != Ok(cells.headers.len()) {
        return Err(not_locked());
    }
    Ok(())
}

async fn put_lots(
    connection: &mut SqliteConnection,
    cells: &PostCells<'_>,
) -> Result<(), StorageError> {
    if cells.lots.is_empty() {
        return Ok(());
    }
    let rows = json_rows(&cells.lots, |(user, lot)| {
        (
            hex(user),
            lot.lot,
            lot.original,
            lot.remaining,
            lot.expired,
            lot.term.available_from.timestamp_micros(),
            lot.term.expires_at.map(|at| at.timestamp_micros()),
            lot.term.reinstated,
        )
    })?;
    sqlx::query_file!("queries/sqlite/put_loyalty_lots.sql", rows)
        .execute(connection)
        .await
        .map_err(LOYALTY_LOTS.writing())?;
    Ok(())
}

async fn add_transactions(
    connection: &mut SqliteConnection,
    cells: &PostCells<'_>,
) -> Result<(), StorageError> {
    if cells.transactions.is_empty() {
        return Ok(());
    }
    // In groups, because a tuple holds no more.
    let rows = json_rows(&cells.transactions, |cells| {
        let it = cells.it;
        let term = it.lot.map(|lot| lot.term);
        (
            (hex(&cells.user_id), it.sequence, it.natural_key.as_str()),
            (
                hex(it.id.as_uuid()),
                it.kind.as_str(),
                it.points,
                it.balance_after,
            ),
            (
                it.lot.map(|lot| lot.points),
                term.map(|term| term.available_from.timestamp_micros()),
                term.and_then(|term| term.expires_at)
                    .map(|at| at.timestamp_micros()),
                term.map(|term| term.reinstated),
            ),
            (
                it.debt_change,
                it.reason.as_str(),
                it.source.as_str(),
                cells.actor.as_deref(),
            ),
            (
                it.receipt.as_ref().map(|receipt| hex(receipt.as_uuid())),
                it.reverses,
                it.effective_at.timestamp_micros(),
                it.recorded_at.timestamp_micros(),
            ),
            (
                it.rule.id.as_str(),
                it.rule.version,
                it.idempotency_key.as_ref(),
                cells.explain.as_str(),
            ),
            (it.previous_hash, it.hash),
        )
    })?;
    sqlx::query_file!("queries/sqlite/add_loyalty_transactions.sql", rows)
        .execute(connection)
        .await
        .map_err(LOYALTY_TRANSACTIONS.writing())?;
    Ok(())
}

async fn add_draws(
    connection: &mut SqliteConnection,
    cells: &PostCells<'_>,
) -> Result<(), StorageError> {
    if cells.draws.is_empty() {
        return Ok(());
    }
    let rows = json_rows(&cells.draws, |cells| {
        (
            hex(&cells.user_id),
            cells.sequence,
            cells.position,
            cells.draw.lot,
            cells.draw.points,
        )
    })?;
    sqlx::query_file!("queries/sqlite/add_loyalty_draws.sql", rows)
        .execute(connection)
        .await
        .map_err(LOYALTY_DRAWS.writing())?;
    Ok(())
}

async fn add_requests(
    connection: &mut SqliteConnection,
    cells: &PostCells<'_>,
) -> Result<(), StorageError> {
    if cells.requests.is_empty() {
        return Ok(());
    }
    let rows = json_rows(&cells.requests, |cells| {
        (
            hex(&cells.user_id),
            &cells.stored.key,
            cells.request.as_str(),
            cells.outcome.as_str(),
            cells.stored.decided_at.timestamp_micros(),
        )
    })?;
    sqlx::query_file!("queries/sqlite/add_loyalty_requests.sql", rows)
        .execute(connection)
        .await
        .map_err(LOYALTY_REQUESTS.writing())?;
    Ok(())
}
