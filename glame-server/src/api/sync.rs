//! The synchronisation with 1C, as administrators ask for it.

pub mod views;

use std::sync::Arc;

use glame_core::access::{AuditAction, AuditDetails, AuditNote};
use glame_core::ports::{RejectPlace, RunPlace, RunQuery};
use glame_core::sync::{PurchaseScope, SyncKind, SyncTarget};
use glame_core::users::Role;
use glame_core::values::{SyncJobId, SyncRunId};
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use uuid::Uuid;

use self::views::{
    JobBegun, JobView, PointsCompared, RejectView, Rejects, RunView, Standing, SyncRuns,
};
use super::answer::{Answer, Begun, Done, Told};
use super::parameters::{CursorText, PageLength};
use super::problem::statuses;
use super::signed_in::{Admins, Marketers, SignedIn};
use super::{Area, Named, Problem, ProblemCode, paging};
use crate::app::{App, SyncRefused, SyncStage};

statuses! {
    /// What shows the synchronisation.
    Reading = [400, 401, 403, 404, 413, 429, 500, 503];
    /// What begins or stops it.
    Starting = [400, 401, 403, 404, 409, 413, 429, 500, 503];
}

/// How many of the newest runs are shown beside how the synchronisation stands.
const RUNS_SHOWN: u32 = 20;

/// The synchronisation with 1C.
#[derive(Debug, Clone, Copy)]
pub struct SyncApi;

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

    /// Compare the points of 1C with the ledger; the ledger stays as it is.
    ///
    /// Where 1C keeps the points (`loyalty.ledger = "onec"`), every synchronisation of purchases takes
    /// them over.
    #[oai(path = "/points", method = "post", operation_id = "comparePoints")]
    async fn compare(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<JobBegun, Begun>, Starting> {
        let scope = PurchaseScope::Automatic;
        Ok(app.begin_sync(&me, SyncTarget::Comparison, scope).await?)
    }

    /// Show what the last comparison of the points of 1C with the ledger has found.
    #[oai(path = "/points", method = "get", operation_id = "getPointsComparison")]
    async fn compared(
        &self,
        _me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<PointsCompared>, Reading> {
        let found = app.loyalty.last_reconciliation().await;
        let found = found.map_err(Problem::from)?.ok_or_else(|| {
            let detail = "no points have been compared yet; begin with a POST to this path";
            Problem::new(ProblemCode::NotFound, detail)
        })?;
        Ok(Told::new(found.into()))
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
        let runs = storage.runs(RunQuery::newest(RUNS_SHOWN));
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
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The job.
        id: Path<Uuid>,
    ) -> Answer<Told<JobView>, Reading> {
        let state = app.sync.job(SyncJobId::from_uuid(id.0));
        let state = state.await.map_err(Problem::from)?;
        Ok(Told::new(JobView::from(&state)))
    }

    /// Ask a job to stop; it does so within seconds, and what it has stored stays.
    ///
    /// Marketers may stop what they may begin: a refresh of segments.
    #[oai(
        path = "/task/:id/cancel",
        method = "post",
        operation_id = "cancelSyncJob"
    )]
    async fn cancel(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The job.
        id: Path<Uuid>,
    ) -> Answer<Done, Starting> {
        let job = SyncJobId::from_uuid(id.0);
        if me.role() != Role::Admin {
            let state = app.sync.job(job).await.map_err(Problem::from)?;
            if state.stage == SyncStage::Over {
                return Err(Problem::from(SyncRefused::Over).into());
            }
            if state.target() != Some(SyncTarget::Segments) {
                let detail = "only an administrator stops this job";
                return Err(Problem::new(ProblemCode::Forbidden, detail).into());
            }
        }
        app.sync.cancel(job).await.map_err(Problem::from)?;
        app.note_job(&me, "cancel", &id.0).await?;
        Ok(Done)
    }

    /// List the runs that were ever begun, the newest first.
    #[oai(path = "/runs", method = "get", operation_id = "listSyncRuns")]
    async fn runs(
        &self,
        _me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// Only those of one kind.
        kind: Query<Option<Named<SyncKind>>>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many runs.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<SyncRuns>, Reading> {
        let kind = kind.0.map(|kind| kind.0);
        let list = format!("runs of {}", kind.map_or("all kinds", SyncKind::as_str));
        let query = RunQuery {
            kind,
            before: app.cursors.place(&list, cursor.0.as_deref())?,
            limit: limit.get() + 1,
        };
        let runs = app.storage.runs(query).await.map_err(Problem::from)?;
        let (runs, next) = paging::cut(runs, limit.get(), |last| RunPlace {
            queued_at: last.queued_at,
            run: last.id,
        });
        Ok(Told::new(SyncRuns {
            runs: runs.iter().map(RunView::from).collect(),
            page: app.cursors.page(&list, next.as_ref()),
        }))
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
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many records.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<Rejects>, Reading> {
        let run = SyncRunId::from_uuid(id.0);
        let storage = app.storage.as_ref();
        if storage.run(run).await.map_err(Problem::from)?.is_none() {
            return Err(Problem::new(ProblemCode::NotFound, "there is no such run").into());
        }
        let list = format!("rejects of {run}");
        let after = app
            .cursors
            .place::<RejectPlace>(&list, cursor.0.as_deref())?;
        let rejects = storage.rejects(run, after, limit.get() + 1);
        let rejects = rejects.await.map_err(Problem::from)?;
        let (rejects, next) = paging::cut(rejects, limit.get(), |last| last.place);
        Ok(Told::new(Rejects {
            rejects: rejects.into_iter().map(RejectView::from).collect(),
            page: app.cursors.page(&list, next.as_ref()),
        }))
    }
}

impl App {
    /// Begins a job, notes who has asked for it and tells where to follow it.
    pub(super) async fn begin_sync<A>(
        &self,
        me: &SignedIn<A>,
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

    async fn note_job<A>(
        &self,
        me: &SignedIn<A>,
        what: &'static str,
        job: &Uuid,
    ) -> Result<(), Problem> {
        let details = AuditDetails::new().word("change", what).id("job", job);
        let note = AuditNote::new(AuditAction::JobChanged, None).with(details);
        Ok(self.access.record(&me.caller(), note).await?)
    }
}
