use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use glame_core::loyalty::Settled;
use glame_core::ports::{Rejected, RunQuery, Storage, StorageError};
use glame_core::sync::{PurchaseScope, SyncCounts, SyncRun, SyncTarget, SyncTask, SyncTrigger};
use glame_core::values::SyncRunId;
use serde::Serialize;

use super::CommandError;
use crate::jobs::{SyncJob, SyncWorker};
use crate::output::{grouped, print, print_json, table};
use crate::progress::ConsoleProgress;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::wiring;

/// Brings the shop's base over.
#[derive(Debug, Subcommand)]
pub(super) enum Sync {
    /// Cards and the customers who hold them; always all of them
    Customers(Purchases),
    /// Catalogue and purchases, and the figures that follow
    Purchases(Purchases),
    /// Everything
    All(Purchases),
    /// Print the newest runs
    Status(Format),
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Format {
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Purchases {
    /// Read the purchases of so many days, and every opening balance [default: what may have changed]
    #[arg(long, value_name = "N", conflicts_with = "full", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// Read all purchases, whatever their date
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    format: Format,
}

/// How a result is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// As a table.
    Text,
    /// As one JSON document.
    Json,
}

impl Shown {
    pub(super) const fn from_flag(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

/// The runs of a job, as programs read them.
#[derive(Debug, Serialize)]
struct RunsView<'a> {
    runs: Vec<RunView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loyalty: Option<&'a Settled>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct RunView<'a> {
    id: String,
    kind: &'a str,
    status: &'a str,
    trigger: &'a str,
    #[serde(flatten)]
    counts: SyncCounts,
    since: Option<chrono::DateTime<chrono::Utc>>,
    started_at: Option<chrono::DateTime<chrono::Utc>>,
    finished_at: Option<chrono::DateTime<chrono::Utc>>,
    error: Option<&'a str>,
    /// The first of the records that were set aside; `rejected` counts all of them.
    rejects: Vec<Rejected>,
}

/// How many rejects of a run are shown.
const REJECTS_SHOWN: u32 = 100;

/// Gives the first rejects of runs that have some.
async fn rejects_of(
    storage: &dyn Storage,
    runs: &[SyncRun],
) -> Result<BTreeMap<SyncRunId, Vec<Rejected>>, StorageError> {
    let mut rejects = BTreeMap::new();
    for run in runs.iter().filter(|run| run.counts.rejected > 0) {
        let found = storage.rejects(run.id, None, REJECTS_SHOWN).await?;
        let found = found.into_iter().map(|stored| stored.rejected);
        rejects.insert(run.id, found.collect());
    }
    Ok(rejects)
}

/// Lists the records that were set aside, a line each.
fn rejects_list(rejects: &BTreeMap<SyncRunId, Vec<Rejected>>) -> String {
    let lines: Vec<String> = rejects
        .values()
        .flatten()
        .map(|rejected| {
            format!(
                "set aside: {}, {}: {}",
                rejected.set, rejected.reference, rejected.reason
            )
        })
        .collect();
    lines.join("\n")
}

impl<'a> RunView<'a> {
    fn new(run: &'a SyncRun, rejects: &BTreeMap<SyncRunId, Vec<Rejected>>) -> Self {
        Self {
            id: run.id.to_string(),
            kind: run.kind.as_str(),
            status: run.status.as_str(),
            trigger: run.trigger.as_str(),
            counts: run.counts,
            since: run.since,
            started_at: run.started_at,
            finished_at: run.finished_at,
            error: run.error.as_deref(),
            rejects: rejects.get(&run.id).cloned().unwrap_or_default(),
        }
    }
}

impl Sync {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        let (target, scope, format) = match self {
            Self::Status(format) => return status(settings, format).await,
            Self::Customers(all) => (SyncTarget::Customers, all.scope(), all.format),
            Self::Purchases(purchases) => {
                (SyncTarget::Purchases, purchases.scope(), purchases.format)
            }
            Self::All(purchases) => (SyncTarget::All, purchases.scope(), purchases.format),
        };
        // Without a base the settings say what is missing.
        settings.onec()?;
        let storage = wiring::storage(settings).await?;
        let loyalty = wiring::loyalty(settings, Arc::clone(&storage))?;
        wiring::warn_of_old_receipts(settings)?;
        let job = SyncJob {
            with: &wiring::sync_parts(settings, &storage, loyalty)?,
            task: SyncTask {
                target,
                scope,
                trigger: SyncTrigger::Manual,
            },
            as_of: wiring::as_of(settings),
            worker: SyncWorker::Command,
        };
        let shown = Shown::from_flag(format.json);
        carry_out(settings, job, shown, &Stop::on_signals()).await?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Purchases {
    fn scope(&self) -> PurchaseScope {
        match (self.days, self.full) {
            (Some(days), _) => PurchaseScope::Days(days),
            (None, true) => PurchaseScope::Everything,
            (None, false) => PurchaseScope::Automatic,
        }
    }
}

/// Does a job and shows what became of it.
pub(super) async fn carry_out(
    settings: &Settings,
    job: SyncJob<'_>,
    shown: Shown,
    stop: &Stop,
) -> Result<(), CommandError> {
    let progress = ConsoleProgress::new(stop.clone());
    let lease_time = Duration::from_secs(u64::from(settings.sync.lease_seconds));
    let outcome = job.run(&progress, lease_time).await;
    progress.finish();
    let rejects = rejects_of(job.with.storage.as_ref(), &outcome.runs).await?;
    let error = outcome.error.as_ref().map(ToString::to_string);
    show(
        &outcome.runs,
        &rejects,
        outcome.settled.as_ref(),
        error,
        shown,
    )?;
    outcome.error.map_or(Ok(()), |error| Err(error.into()))
}

async fn status(settings: &Settings, format: Format) -> Result<ExitCode, CommandError> {
    let storage = wiring::storage(settings).await?;
    let runs = storage.runs(RunQuery::newest(20)).await?;
    if runs.is_empty() && !format.json {
        print("nothing has been synchronised yet; begin with `glame sync all`")?;
        return Ok(ExitCode::SUCCESS);
    }
    let rejects = rejects_of(storage.as_ref(), &runs).await?;
    show(&runs, &rejects, None, None, Shown::from_flag(format.json))?;
    Ok(ExitCode::SUCCESS)
}

/// Shows runs with what they have set aside, and what became of the points.
fn show(
    runs: &[SyncRun],
    rejects: &BTreeMap<SyncRunId, Vec<Rejected>>,
    settled: Option<&Settled>,
    error: Option<String>,
    shown: Shown,
) -> io::Result<()> {
    if shown == Shown::Json {
        return print_json(&RunsView {
            runs: runs.iter().map(|run| RunView::new(run, rejects)).collect(),
            loyalty: settled,
            error,
        });
    }
    let mut parts = Vec::new();
    if !runs.is_empty() {
        parts.push(runs_table(runs));
    }
    if !rejects.is_empty() {
        parts.push(rejects_list(rejects));
    }
    parts.extend(settled.map(settled_line));
    if parts.is_empty() {
        return Ok(());
    }
    print(&parts.join("\n\n"))
}

/// Tells in a line what became of the points.
pub(super) fn settled_line(settled: &Settled) -> String {
    let refused: u64 = settled.refused.values().sum();
    let line = format!(
        "points: {} customers settled, {} credited, {} taken back",
        grouped(&settled.customers.to_string()),
        grouped(&settled.credited.to_string()),
        grouped(&settled.taken_back.to_string()),
    );
    if refused == 0 {
        return line;
    }
    let codes: Vec<&str> = settled.refused.keys().copied().collect();
    let refused = grouped(&refused.to_string());
    format!("{line}, {refused} receipts refused ({})", codes.join(", "))
}

/// Lays runs out as a table.
fn runs_table(runs: &[SyncRun]) -> String {
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|run| {
            let counts = &run.counts;
            let numbers = [
                counts.read,
                counts.created,
                counts.updated,
                counts.removed,
                counts.unchanged,
                counts.anonymous,
                counts.rejected,
                counts.requests,
            ];
            let numbers = numbers.map(|number| grouped(&number.to_string()));
            let mut row = vec![run.kind.as_str().to_owned(), run.status.as_str().to_owned()];
            row.extend(numbers);
            row
        })
        .collect();
    let header = [
        "kind",
        "status",
        "read",
        "new",
        "changed",
        "removed",
        "unchanged",
        "anonymous",
        "rejected",
        "requests",
    ];
    table(&header, &rows)
}
