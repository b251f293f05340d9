//! The synchronisation with 1C, as administrators ask for it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use glame_core::access::{AuditAction, AuditDetails, AuditNote};
use glame_core::loyalty::Reconciliation;
use glame_core::ports::Rejected;
use glame_core::sync::{PurchaseScope, SyncKind, SyncRun, SyncStatus, SyncTarget};
use glame_core::values::{SyncJobId, SyncRunId};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Enum, Object, OpenApi};
use uuid::Uuid;

use super::answer::{Answer, Begun, Done, Told};
use super::problem::statuses;
use super::signed_in::{Admins, SignedIn};
use super::{Area, Problem, ProblemCode};
use crate::app::{App, SyncStage, SyncState};

statuses! {
    /// What shows the synchronisation.
    Reading = [400, 401, 403, 404, 413, 429, 500, 503];
    /// What asks the base while the request waits.
    Comparing = [400, 401, 403, 409, 413, 429, 500, 503];
    /// What begins or stops it.
    Starting = [400, 401, 403, 404, 409, 413, 429, 500, 503];
}

/// How many of the newest runs are shown.
const RUNS_SHOWN: u32 = 20;

/// The most rejects of a run that are shown.
const REJECTS_SHOWN: u32 = 1_000;

/// The synchronisation with 1C.
#[derive(Debug, Clone, Copy)]
pub struct SyncApi;

/// How far a run or a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum StateName {
    /// It waits for a replica: the one that worked at it has ended.
    Queued,
    /// It is under way.
    Running,
    /// It has done all that it had to.
    Succeeded,
    /// It has stopped with an error; what it had written stays and is right.
    Failed,
    /// Somebody has stopped it; what it had written stays and is right.
    Cancelled,
}

impl From<SyncStatus> for StateName {
    fn from(status: SyncStatus) -> Self {
        match status {
            SyncStatus::Queued => Self::Queued,
            SyncStatus::Running => Self::Running,
            SyncStatus::Succeeded => Self::Succeeded,
            SyncStatus::Failed => Self::Failed,
            SyncStatus::Cancelled => Self::Cancelled,
        }
    }
}

/// One run: one kind of records that was brought over.
#[derive(Debug, Object)]
#[oai(rename = "SyncRun", skip_serializing_if_is_none)]
pub struct RunView {
    /// Its id.
    pub id: Uuid,
    /// `customers`, `catalogue`, `purchases` or `metrics`.
    pub kind: String,
    /// How far it has come.
    pub status: StateName,
    /// `schedule`, or `manual`.
    pub trigger: String,
    /// Records read.
    pub read: u64,
    /// Records that are new.
    pub created: u64,
    /// Records that have changed.
    pub updated: u64,
    /// Records that the base has no more.
    pub removed: u64,
    /// Records that are as they were.
    pub unchanged: u64,
    /// Records that could not be understood and were set aside.
    pub rejected: u64,
    /// Requests to the base.
    pub requests: u64,
    /// From when on purchases were read; absent for all of them.
    pub since: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub queued_at: DateTime<Utc>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it failed and what to do.
    pub error: Option<String>,
}

impl From<&SyncRun> for RunView {
    fn from(run: &SyncRun) -> Self {
        Self {
            id: *run.id.as_uuid(),
            kind: run.kind.as_str().to_owned(),
            status: run.status.into(),
            trigger: run.trigger.as_str().to_owned(),
            read: run.counts.read,
            created: run.counts.created,
            updated: run.counts.updated,
            removed: run.counts.removed,
            unchanged: run.counts.unchanged,
            rejected: run.counts.rejected,
            requests: run.counts.requests,
            since: run.since,
            queued_at: run.queued_at,
            started_at: run.started_at,
            finished_at: run.finished_at,
            error: run.error.clone(),
        }
    }
}

/// A job: the runs that somebody has asked for together.
#[derive(Debug, Object)]
#[oai(rename = "SyncJob", skip_serializing_if_is_none)]
pub struct JobView {
    /// Its id.
    pub id: Uuid,
    /// How far it has come.
    pub status: StateName,
    /// Whether somebody has asked it to stop.
    pub cancel_wanted: bool,
    /// Which process works at it, or did last.
    pub owner: Option<String>,
    /// Its runs so far.
    pub runs: Vec<RunView>,
}

impl From<&SyncState> for JobView {
    fn from(state: &SyncState) -> Self {
        let last = state.runs.last().map(|run| run.status);
        let status = match (&state.stage, last) {
            (SyncStage::Worked(_), _) => StateName::Running,
            (SyncStage::Left(_), _) => StateName::Queued,
            // Its process has ended without a word.
            (SyncStage::Over, Some(SyncStatus::Running | SyncStatus::Queued) | None) => {
                StateName::Failed
            }
            (SyncStage::Over, Some(status)) => status.into(),
        };
        let lease = state.stage.lease();
        Self {
            id: *state.job.as_uuid(),
            status,
            cancel_wanted: lease.is_some_and(|held| held.cancel_wanted),
            owner: lease.map(|held| held.owner.clone()),
            runs: state.runs.iter().map(RunView::from).collect(),
        }
    }
}

/// A job was begun.
#[derive(Debug, Object)]
pub struct JobBegun {
    /// Always true.
    pub success: bool,
    /// The job.
    pub task_id: Uuid,
    /// Where to ask how far it is.
    pub status_url: String,
}

/// How the synchronisation stands.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Standing {
    /// Customers that are not removed.
    pub total_customers: u64,
    /// When customers were last brought over.
    pub last_sync: Option<DateTime<Utc>>,
    /// What is under way, in any replica.
    pub active_tasks: Vec<JobView>,
    /// Why the newest run of a kind failed, where it did.
    pub errors: Vec<String>,
    /// The newest runs, newest first.
    pub runs: Vec<RunView>,
}

/// A record that was set aside.
#[derive(Debug, Object)]
pub struct RejectView {
    /// The set of the base.
    pub set: String,
    /// Which record.
    pub reference: String,
    /// Why.
    pub reason: String,
}

impl From<Rejected> for RejectView {
    fn from(rejected: Rejected) -> Self {
        Self {
            set: rejected.set,
            reference: rejected.reference,
            reason: rejected.reason,
        }
    }
}

/// Records that a run has set aside.
#[derive(Debug, Object)]
pub struct Rejects {
    /// The first thousand; the run counts all of them.
    pub rejects: Vec<RejectView>,
}

/// The points of the shop's base beside those of the ledger.
#[derive(Debug, Object)]
pub struct PointsCompared {
    /// Customers who have points in the base or transactions here.
    pub customers: u64,
    /// Customers whose points differ.
    pub different: u64,
    /// The first thousand of them.
    pub differences: Vec<DifferenceView>,
    /// All points in the base, of cards whose holder is known.
    pub source_points: i64,
    /// All points here: what can be spent now or later, less what is owed.
    pub ledger_points: i64,
    /// Cards of the base that are not known here: bring customers over first.
    pub unknown_cards: u64,
    /// Records of the base that could not be understood; of their customers nothing is said.
    pub rejected: u64,
}

/// A customer whose points differ.
#[derive(Debug, Object)]
#[oai(rename = "PointsDifference")]
pub struct DifferenceView {
    /// Who.
    pub customer_id: Uuid,
    /// What the base says, over all cards of the customer.
    pub source_points: i64,
    /// What the ledger says.
    pub ledger_points: i64,
}

impl From<Reconciliation> for PointsCompared {
    fn from(compared: Reconciliation) -> Self {
        let shown = |points: i128| i64::try_from(points).unwrap_or(i64::MAX);
        let differences = compared.differences.iter();
        Self {
            customers: compared.customers,
            different: compared.different,
            differences: differences
                .map(|one| DifferenceView {
                    customer_id: *one.user.as_uuid(),
                    source_points: one.source_points,
                    ledger_points: one.ledger_points,
                })
                .collect(),
            source_points: shown(compared.source_points),
            ledger_points: shown(compared.ledger_points),
            unknown_cards: compared.unknown_cards,
            rejected: compared.rejected,
        }
    }
}

#[OpenApi(prefix_path = "/api/admin/1c/sync", tag = "Area::Sync")]
impl SyncApi {
    /// Bring cards and customers over.
    #[oai(path = "/customers", method = "post", operation_id = "syncCustomers")]
    async fn customers(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<JobBegun, Begun>, Starting> {
        let scope = PurchaseScope::Automatic;
        Ok(app.begin_sync(&me, SyncTarget::Customers, scope).await?)
    }

    /// Bring catalogue and purchases over, and make the figures that follow.
    #[oai(path = "/purchases", method = "post", operation_id = "syncPurchases")]
    async fn purchases(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The purchases of so many days, and every opening balance; absent for what may have changed.
        #[oai(validator(minimum(value = "1"), maximum(value = "3650")))]
        days: Query<Option<u32>>,
    ) -> Answer<Told<JobBegun, Begun>, Starting> {
        let scope = days.0.map_or(PurchaseScope::Automatic, PurchaseScope::Days);
        Ok(app.begin_sync(&me, SyncTarget::Purchases, scope).await?)
    }

    /// Bring everything over, whatever its date.
    #[oai(path = "/full", method = "post", operation_id = "syncEverything")]
    async fn full(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<JobBegun, Begun>, Starting> {
        let scope = PurchaseScope::Everything;
        Ok(app.begin_sync(&me, SyncTarget::All, scope).await?)
    }

    /// Make the figures of all customers anew from what is stored, without asking 1C.
    #[oai(path = "/metrics", method = "post", operation_id = "recomputeMetrics")]
    async fn metrics(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<JobBegun, Begun>, Starting> {
        let scope = PurchaseScope::Automatic;
        Ok(app.begin_sync(&me, SyncTarget::Metrics, scope).await?)
    }

    /// Compare the points of 1C with the ledger; nothing is written.
    ///
    /// Where 1C keeps the points (`loyalty.ledger = "onec"`), every synchronisation of purchases takes
    /// them over. A base that takes longer than a request may is compared by `glame loyalty reconcile`.
    #[oai(path = "/points", method = "get", operation_id = "comparePoints")]
    async fn points(
        &self,
        _me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<PointsCompared>, Comparing> {
        let compared = app.sync.compare_points();
        let compared = compared.await.map_err(Problem::from)?;
        Ok(Told::new(compared.into()))
    }

    /// Tell how the synchronisation stands.
    #[oai(path = "/status", method = "get", operation_id = "getSyncStatus")]
    async fn status(
        &self,
        _me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<Standing>, Reading> {
        let active = app.sync.under_way().await.map_err(Problem::from)?;
        let storage = app.storage.as_ref();
        let last = storage.last_succeeded(SyncKind::Customers);
        let last = last.await.map_err(Problem::from)?;
        let mut errors = Vec::new();
        for kind in SyncKind::ALL {
            let run = storage.last_run(kind).await.map_err(Problem::from)?;
            errors.extend(run.and_then(|run| run.error));
        }
        let runs = storage.latest_runs(RUNS_SHOWN);
        let runs = runs.await.map_err(Problem::from)?;
        Ok(Told::new(Standing {
            total_customers: storage.customer_count().await.map_err(Problem::from)?,
            last_sync: last.and_then(|run| run.finished_at),
            active_tasks: active.iter().map(JobView::from).collect(),
            errors,
            runs: runs.iter().map(RunView::from).collect(),
        }))
    }

    /// Tell how far a job has come.
    #[oai(path = "/task/:id", method = "get", operation_id = "getSyncJob")]
    async fn job(
        &self,
        _me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The job.
        id: Path<Uuid>,
    ) -> Answer<Told<JobView>, Reading> {
        let state = app.sync.job(SyncJobId::from_uuid(id.0));
        let state = state.await.map_err(Problem::from)?;
        Ok(Told::new(JobView::from(&state)))
    }

    /// Ask a job to stop; it does so before its next page.
    #[oai(
        path = "/task/:id/cancel",
        method = "post",
        operation_id = "cancelSyncJob"
    )]
    async fn cancel(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The job.
        id: Path<Uuid>,
    ) -> Answer<Done, Starting> {
        let cancelled = app.sync.cancel(SyncJobId::from_uuid(id.0));
        cancelled.await.map_err(Problem::from)?;
        app.note_job(&me, "cancel", &id.0).await?;
        Ok(Done)
    }

    /// List the records that a run has set aside, with the reasons.
    #[oai(
        path = "/runs/:id/rejects",
        method = "get",
        operation_id = "listRejects"
    )]
    async fn rejects(
        &self,
        _me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The run.
        id: Path<Uuid>,
    ) -> Answer<Told<Rejects>, Reading> {
        let run = SyncRunId::from_uuid(id.0);
        let storage = app.storage.as_ref();
        if storage.run(run).await.map_err(Problem::from)?.is_none() {
            return Err(Problem::new(ProblemCode::NotFound, "there is no such run").into());
        }
        let rejects = storage.rejects(run, REJECTS_SHOWN);
        let rejects = rejects.await.map_err(Problem::from)?;
        Ok(Told::new(Rejects {
            rejects: rejects.into_iter().map(RejectView::from).collect(),
        }))
    }
}

impl App {
    async fn begin_sync(
        &self,
        me: &SignedIn<Admins>,
        target: SyncTarget,
        scope: PurchaseScope,
    ) -> Result<Told<JobBegun, Begun>, Problem> {
        let job = *self.sync.begin(target, scope).await?.as_uuid();
        self.note_job(me, "begin", &job).await?;
        let status_url = format!("/api/admin/1c/sync/task/{job}");
        let body = JobBegun {
            success: true,
            task_id: job,
            status_url: status_url.clone(),
        };
        Ok(Told::begun(body, &status_url))
    }

    async fn note_job(
        &self,
        me: &SignedIn<Admins>,
        what: &'static str,
        job: &Uuid,
    ) -> Result<(), Problem> {
        let details = AuditDetails::new().word("change", what).id("job", job);
        let note = AuditNote::new(AuditAction::JobChanged, None).with(details);
        Ok(self.access.record(&me.caller(), note).await?)
    }
}
