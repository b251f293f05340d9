use async_trait::async_trait;
use chrono::{DateTime, Utc};
use glame_core::ports::{
    HeldLease, LeaseState, RejectPlace, Rejected, RunQuery, SourceCursor, StorageError,
    StoredReject, SyncRunReader, SyncRunWriter,
};
use glame_core::sync::{SyncKind, SyncRun};
use glame_core::values::{LeaseToken, SyncJobId, SyncRunId};

use super::{PostgresStorage, PostgresWork, column};
use crate::rows::{LeaseRow, RejectRow, SyncRunRow, counts_of, reject_id, storable, task_of};
use crate::tables::{SYNC_LEASE, SYNC_REJECTS, SYNC_RUNS};

#[async_trait]
impl SyncRunReader for PostgresStorage {
    async fn run(&self, id: SyncRunId) -> Result<Option<SyncRun>, StorageError> {
        let row = sqlx::query_as!(
            SyncRunRow,
            "SELECT run, kind, since, status, triggered_by, counts, cursor, error, queued_at,
                    started_at, finished_at, job
             FROM sync_runs WHERE run = $1",
            id.as_uuid(),
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(SYNC_RUNS.reading())?;
        row.map(SyncRun::try_from).transpose()
    }

    async fn runs_of_job(&self, job: SyncJobId) -> Result<Vec<SyncRun>, StorageError> {
        let rows = sqlx::query_as!(
            SyncRunRow,
            "SELECT run, kind, since, status, triggered_by, counts, cursor, error, queued_at,
                    started_at, finished_at, job
             FROM sync_runs WHERE job = $1 ORDER BY queued_at, run",
            job.as_uuid(),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(SYNC_RUNS.reading())?;
        rows.into_iter().map(SyncRun::try_from).collect()
    }

    async fn held_lease(&self) -> Result<Option<HeldLease>, StorageError> {
        let row = sqlx::query_as!(
            LeaseRow,
            "SELECT token, job, task, owner, expires_at, cancel_wanted FROM sync_lease",
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(SYNC_LEASE.reading())?;
        row.map(HeldLease::try_from).transpose()
    }

    async fn runs(&self, query: RunQuery) -> Result<Vec<SyncRun>, StorageError> {
        let rows = sqlx::query_as!(
            SyncRunRow,
            "SELECT run, kind, since, status, triggered_by, counts, cursor, error, queued_at,
                    started_at, finished_at, job
             FROM sync_runs
             WHERE ($1::text IS NULL OR kind = $1)
               AND ($2::timestamptz IS NULL OR (queued_at, run) < ($2, $3))
             ORDER BY queued_at DESC, run DESC LIMIT $4",
            query.kind.map(SyncKind::as_str),
            query.before.map(|before| before.queued_at),
            query.before.map(|before| *before.run.as_uuid()),
            i64::from(query.limit),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(SYNC_RUNS.reading())?;
        rows.into_iter().map(SyncRun::try_from).collect()
    }

    async fn running(&self) -> Result<Vec<SyncRun>, StorageError> {
        let rows = sqlx::query_as!(
            SyncRunRow,
            "SELECT run, kind, since, status, triggered_by, counts, cursor, error, queued_at,
                    started_at, finished_at, job
             FROM sync_runs WHERE status = 'running' ORDER BY queued_at, run",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(SYNC_RUNS.reading())?;
        rows.into_iter().map(SyncRun::try_from).collect()
    }

    async fn last_succeeded(&self, kind: SyncKind) -> Result<Option<SyncRun>, StorageError> {
        let row = sqlx::query_as!(
            SyncRunRow,
            "SELECT run, kind, since, status, triggered_by, counts, cursor, error, queued_at,
                    started_at, finished_at, job
             FROM sync_runs WHERE kind = $1 AND status = 'succeeded'
             ORDER BY queued_at DESC, run DESC LIMIT 1",
            kind.as_str(),
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(SYNC_RUNS.reading())?;
        row.map(SyncRun::try_from).transpose()
    }

    async fn last_complete(&self, kind: SyncKind) -> Result<Option<SyncRun>, StorageError> {
        let row = sqlx::query_as!(
            SyncRunRow,
            "SELECT run, kind, since, status, triggered_by, counts, cursor, error, queued_at,
                    started_at, finished_at, job
             FROM sync_runs WHERE kind = $1 AND status = 'succeeded' AND since IS NULL
             ORDER BY queued_at DESC, run DESC LIMIT 1",
            kind.as_str(),
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(SYNC_RUNS.reading())?;
        row.map(SyncRun::try_from).transpose()
    }

    async fn last_run(&self, kind: SyncKind) -> Result<Option<SyncRun>, StorageError> {
        let row = sqlx::query_as!(
            SyncRunRow,
            "SELECT run, kind, since, status, triggered_by, counts, cursor, error, queued_at,
                    started_at, finished_at, job
             FROM sync_runs WHERE kind = $1
             ORDER BY queued_at DESC, run DESC LIMIT 1",
            kind.as_str(),
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(SYNC_RUNS.reading())?;
        row.map(SyncRun::try_from).transpose()
    }

    async fn cards_moved_since(&self, since: DateTime<Utc>) -> Result<bool, StorageError> {
        sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT 1 FROM sync_runs
                   WHERE queued_at >= $1 AND (counts::jsonb ->> 'moved')::bigint > 0
               ) AS "moved!""#,
            since,
        )
        .fetch_one(&self.pool)
        .await
        .map_err(SYNC_RUNS.reading())
    }

    async fn rejects(
        &self,
        run: SyncRunId,
        after: Option<RejectPlace>,
        limit: u32,
    ) -> Result<Vec<StoredReject>, StorageError> {
        let rows = sqlx::query_as!(
            RejectRow,
            "SELECT position, source_set, reference, reason FROM sync_rejects
             WHERE run = $1 AND position > $2 ORDER BY position LIMIT $3",
            run.as_uuid(),
            after.map_or(0, RejectPlace::number),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(SYNC_REJECTS.reading())?;
        Ok(rows.into_iter().map(StoredReject::from).collect())
    }
}

#[async_trait]
impl SyncRunWriter for PostgresWork {
    async fn take_lease(
        &mut self,
        lease: &HeldLease,
        now: DateTime<Utc>,
    ) -> Result<LeaseState, StorageError> {
        // The row is locked even where the condition does not hold, so that what is read
        // afterwards is what refused.
        let written = sqlx::query_file!(
            "queries/postgres/take_lease.sql",
            lease.token.as_uuid(),
            lease.job.as_uuid(),
            task_of(lease)?,
            storable(&lease.owner),
            lease.until,
            lease.cancel_wanted,
            now,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SYNC_LEASE.writing())?;
        if written.rows_affected() == 1 {
            return Ok(LeaseState::Taken);
        }
        let held = sqlx::query!("SELECT owner, expires_at FROM sync_lease")
            .fetch_one(&mut *self.tx)
            .await
            .map_err(SYNC_LEASE.reading())?;
        Ok(LeaseState::Held {
            owner: held.owner,
            until: held.expires_at.0,
        })
    }

    async fn take_over_lease(
        &mut self,
        left: LeaseToken,
        lease: &HeldLease,
        now: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        let written = sqlx::query!(
            "UPDATE sync_lease SET token = $2, owner = $3, expires_at = $4
             WHERE token = $1 AND expires_at <= $5",
            left.as_uuid(),
            lease.token.as_uuid(),
            storable(&lease.owner),
            lease.until,
            now,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SYNC_LEASE.writing())?;
        Ok(written.rows_affected() == 1)
    }

    async fn renew_lease(
        &mut self,
        token: LeaseToken,
        until: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        // The row stays locked until the work ends: nobody takes the lease before that.
        let renewed = sqlx::query!(
            "UPDATE sync_lease SET expires_at = $2 WHERE token = $1",
            token.as_uuid(),
            until,
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SYNC_LEASE.writing())?;
        Ok(renewed.rows_affected() == 1)
    }

    async fn ask_to_cancel(&mut self, job: SyncJobId) -> Result<bool, StorageError> {
        let asked = sqlx::query!(
            "UPDATE sync_lease SET cancel_wanted = TRUE WHERE job = $1",
            job.as_uuid(),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SYNC_LEASE.writing())?;
        Ok(asked.rows_affected() == 1)
    }

    async fn release_lease(&mut self, token: LeaseToken) -> Result<(), StorageError> {
        sqlx::query!("DELETE FROM sync_lease WHERE token = $1", token.as_uuid())
            .execute(&mut *self.tx)
            .await
            .map_err(SYNC_LEASE.writing())?;
        Ok(())
    }

    async fn put_run(&mut self, run: &SyncRun) -> Result<(), StorageError> {
        sqlx::query_file!(
            "queries/postgres/put_run.sql",
            run.id.as_uuid(),
            run.kind.as_str(),
            run.since,
            run.status.as_str(),
            run.trigger.as_str(),
            counts_of(run)?,
            run.cursor.as_ref().map(SourceCursor::as_str),
            run.error.as_deref().map(storable),
            run.queued_at,
            run.started_at,
            run.finished_at,
            run.job.as_ref().map(SyncJobId::as_uuid),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SYNC_RUNS.writing())?;
        Ok(())
    }

    async fn add_rejects(
        &mut self,
        run: SyncRunId,
        rejects: &[Rejected],
    ) -> Result<(), StorageError> {
        sqlx::query_file!(
            "queries/postgres/add_rejects.sql",
            run.as_uuid(),
            &column(rejects, reject_id),
            &column(rejects, |reject| storable(&reject.set)),
            &column(rejects, |reject| storable(&reject.reference)),
            &column(rejects, |reject| storable(&reject.reason)),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(SYNC_REJECTS.writing())?;
        Ok(())
    }
}
