use std::process::ExitCode;
use std::sync::Arc;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use glame_core::analytics::AsOf;
use glame_core::sync::{PurchaseScope, SyncTarget, SyncTask, SyncTrigger};

use super::CommandError;
use super::sync::{Shown, carry_out};
use crate::jobs::{SyncJob, SyncWorker};
use crate::settings::Settings;
use crate::stop::Stop;
use crate::wiring;

/// The figures of all customers.
#[derive(Debug, Subcommand)]
pub(super) enum Metrics {
    /// Make them anew
    Recompute(Recompute),
}

#[derive(Debug, Args)]
pub(super) struct Recompute {
    /// The day that the figures speak of [default: today]
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Metrics {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        let Self::Recompute(recompute) = self;
        let storage = wiring::storage(settings).await?;
        let loyalty = wiring::loyalty(settings, Arc::clone(&storage))?;
        let as_of = recompute
            .as_of
            .map_or_else(|| wiring::as_of(settings), AsOf::EndOf);
        let job = SyncJob {
            with: &wiring::parts_without_base(settings, &storage, loyalty)?,
            task: SyncTask {
                target: SyncTarget::Metrics,
                scope: PurchaseScope::Automatic,
                trigger: SyncTrigger::Manual,
            },
            as_of,
            worker: SyncWorker::Command,
        };
        let shown = Shown::from_flag(recompute.json);
        carry_out(settings, job, shown, &Stop::on_signals()).await?;
        Ok(ExitCode::SUCCESS)
    }
}
