use glame_core::loyalty::IdempotencyKey;
use glame_core::ports::{AccountChange, StorageError};
use glame_core::values::DocumentRef;
use sqlx::PgConnection;

use crate::postgres::column;
use crate::rows::{PostCells, not_locked};
use crate::tables::LOYALTY_TRANSACTIONS;

/// Writes all changes with one statement, or none of them.
pub(super) async fn post(
    connection: &mut PgConnection,
    changes: &[AccountChange],
) -> Result<(), StorageError> {
    let PostCells {
        headers,
        lots,
        transactions,
        draws,
        requests,
    } = &PostCells::of(changes)?;
    let locked = sqlx::query_file_scalar!(
        "queries/postgres/post_loyalty.sql",
        &column(headers, |cells| cells.user_id),
        &column(headers, |cells| i64::from(cells.header.sequence.get())),
        &column(headers, |cells| cells.header.balance),
        &column(headers, |cells| cells.header.debt.get()),
        &column(headers, |cells| cells.spendable) as _,
        &column(headers, |cells| cells.spendable_since) as _,
        &column(headers, |cells| cells.spendable_until) as _,
        &column(headers, |cells| cells.header.recorded_at) as _,
        &column(headers, |cells| cells.header.hash.as_bytes()) as _,
        &column(headers, |cells| cells.birthdays.as_str()) as _,
        &column(lots, |(user, _)| *user),
        &column(lots, |(_, lot)| i64::from(lot.lot.get())),
        &column(lots, |(_, lot)| lot.original.get()),
        &column(lots, |(_, lot)| lot.remaining.get()),
        &column(lots, |(_, lot)| lot.expired.get()),
        &column(lots, |(_, lot)| lot.term.available_from),
        &column(lots, |(_, lot)| lot.term.expires_at) as _,
        &column(lots, |(_, lot)| lot.term.reinstated),
        &column(transactions, |cells| cells.user_id),
        &column(transactions, |cells| i64::from(cells.it.sequence.get())),
        &column(transactions, |cells| *cells.it.id.as_uuid()),
        &column(transactions, |cells| cells.it.kind.as_str()) as _,
        &column(transactions, |cells| cells.it.points),
        &column(transactions, |cells| cells.it.balance_after),
        &column(transactions, |cells| cells
            .it
            .lot
            .map(|lot| lot.points.get())) as _,
        &column(transactions, |cells| cells
            .it
            .lot
            .map(|lot| lot.term.available_from)) as _,
        &column(transactions, |cells| cells
            .it
            .lot
            .and_then(|lot| lot.term.expires_at)) as _,
        &column(transactions, |cells| cells
            .it
            .lot
            .map(|lot| lot.term.reinstated)) as _,
        &column(transactions, |cells| cells.it.debt_change),
        &column(transactions, |cells| cells.it.reason.as_str()) as _,
        &column(transactions, |cells| cells.it.source.as_str()) as _,
        &column(transactions, |cells| cells.actor.as_deref()) as _,
        &column(transactions, |cells| cells
            .it
            .receipt
            .as_ref()
            .map(DocumentRef::as_uuid)) as _,
        &column(transactions, |cells| cells
            .it
            .reverses
            .map(|number| i64::from(number.get()))) as _,
        &column(transactions, |cells| cells.it.effective_at),
        &column(transactions, |cells| cells.it.recorded_at),
        &column(transactions, |cells| cells.it.rule.id.as_str()) as _,
        &column(transactions, |cells| i64::from(cells.it.rule.version)),
        &column(transactions, |cells| cells
            .it
            .idempotency_key
            .as_ref()
            .map(IdempotencyKey::as_str)) as _,
        &column(transactions, |cells| cells.it.natural_key.as_str()) as _,
        &column(transactions, |cells| cells.explain.as_str()) as _,
        &column(transactions, |cells| cells.it.previous_hash.as_bytes()) as _,
        &column(transactions, |cells| cells.it.hash.as_bytes()) as _,
        &column(draws, |cells| cells.user_id),
        &column(draws, |cells| cells.sequence),
        &column(draws, |cells| cells.position),
        &column(draws, |cells| i64::from(cells.draw.lot.get())),
        &column(draws, |cells| cells.draw.points),
        &column(requests, |cells| cells.user_id),
        &column(requests, |cells| cells.stored.key.as_str()) as _,
        &column(requests, |cells| cells.request.as_str()) as _,
        &column(requests, |cells| cells.outcome.as_str()) as _,
        &column(requests, |cells| cells.stored.decided_at),
    )
    .fetch_one(connection)
    .await
    .map_err(LOYALTY_TRANSACTIONS.writing())?;
    if usize::try_from(locked) != Ok(headers.len()) {
        return Err(not_locked());
    }
    Ok(())
}
