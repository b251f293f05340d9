mod sign_in;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::NaiveDate;
use clap::Args;
use glame_core::analytics::Figures;
use glame_core::customers::CustomerDirectory;
use glame_core::ports::Storage;
use glame_core::sync::{PurchaseScope, SyncTarget, SyncTask, SyncTrigger};
use glame_onec_simulator::{BaseSettings, Simulator, SimulatorSettings};

use super::sync::{Shown, carry_out};
use super::{CommandError, serve};
use crate::app::{Errands, SyncDesk};
use crate::jobs::{
    AccessSweeper, ExpirySweeper, Jobs, Scheduler, SyncJob, SyncParts, SyncSuccessor, SyncWorker,
};
use crate::output::print;
use crate::reports::{self, RfmReport};
use crate::settings::{CustomerCodeSetting, Settings};
use crate::stop::Stop;
use crate::wiring;

/// Shows everything at work.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Where to serve
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// Where the demonstration keeps its database
    #[arg(long, value_name = "DIR", default_value = "glame-demo")]
    data: PathBuf,
    /// Stop when everything is shown, instead of serving
    #[arg(long)]
    exit_when_ready: bool,
}

/// The day after the last sale of the Online Retail shop: its figures speak of then, not of today.
const DAY_AFTER_THE_LAST_SALE: Option<NaiveDate> = NaiveDate::from_ymd_opt(2011, 12, 10);

/// The first day whose receipts earn points: the last year of the Online Retail shop does.
const A_YEAR_BEFORE_THE_LAST_SALE: Option<NaiveDate> = NaiveDate::from_ymd_opt(2010, 12, 10);

impl Demo {
    pub(super) async fn run(self, given: Settings) -> Result<ExitCode, CommandError> {
        let stop = Stop::on_signals();
        let base = SimulatorSettings {
            base: BaseSettings::OnlineRetail,
            ..Default::default()
        };
        let simulator = Simulator::start(base).await?;
        print(&format!(
            "A simulated 1C base serves the Online Retail shop at {}",
            simulator.base_url()
        ))?;

        let settings = self.settings(&simulator, given)?;
        std::fs::create_dir_all(&self.data)
            .map_err(|error| format!("cannot create {}: {error}", self.data.display()))?;
        glame_storage::migrate(settings.database_url()?).await?;
        wiring::warn_of_sign_in(&settings);
        let storage = wiring::storage(&settings).await?;
        let (loyalty, groups) =
            wiring::loyalty(&settings, Arc::clone(&storage))?.with_group_commit();
        tokio::spawn(groups.run());
        let parts = wiring::sync_parts(&settings, &storage, loyalty.clone())?;
        synchronise(&settings, &parts, &stop).await?;
        show_segments(&settings, Arc::clone(&storage)).await?;
        let owed = loyalty.liability().await?;
        print(&format!("\n{}", reports::liability_table(&owed)))?;

        let server = serve::bind(&settings).await?;
        let address = server.address();
        print(&format!(
            "\nThe API is documented at  http://{address}/docs\n\
             The document is at        http://{address}/openapi.json\n\
             Measurements are at       http://{address}/metrics\n\
             The data is in            {}",
            self.data.display()
        ))?;
        let access = wiring::access(&settings, Arc::clone(&storage))?;
        let customers = CustomerDirectory::new(Arc::clone(&storage));
        let ways = sign_in::sign_in(&access, &customers, &self.data).await?;
        print(&format!(
            "\nSign in at /api/auth/login and /api/auth/login-by-card as\n\n{ways}"
        ))?;
        if self.exit_when_ready {
            stop.raise();
        } else {
            print("Press Ctrl-C to stop.")?;
        }
        let errands = Errands::default();
        let desk = SyncDesk::new(&settings, parts.clone(), errands.clone(), stop.clone());
        let successor = SyncSuccessor::new(desk.clone());
        let points = loyalty.clone();
        let app = wiring::app(&settings, Arc::clone(&storage), points, desk, errands, stop)?;
        let jobs = Jobs {
            successor,
            access: AccessSweeper::new(app.access.clone()),
            figures: Scheduler::of_figures(&settings, parts.clone())?,
            scheduler: Scheduler::of_sync(&settings, parts)?,
            sweeper: ExpirySweeper::new(&settings, loyalty)?,
            webhooks: wiring::webhook_worker(&settings, &storage)?,
        };
        Box::pin(serve::until_stopped(&settings, server, app, jobs)).await?;
        Ok(ExitCode::SUCCESS)
    }

    /// Takes the log settings of the caller; everything else is the demonstration's own.
    fn settings(&self, simulator: &Simulator, given: Settings) -> Result<Settings, CommandError> {
        let path = self.data.join("glame.db");
        let path = path
            .to_str()
            .ok_or("the path of --data must be readable as text")?;
        let mut settings = Settings {
            log: given.log,
            ..Settings::default()
        };
        settings.server.listen = self.listen;
        settings.server.drain_seconds = 0;
        settings.database.url = Some(format!("sqlite:{path}").into());
        settings.onec.url = Some(simulator.base_url());
        let credentials = simulator.credentials();
        settings.onec.user = Some(credentials.user.clone());
        settings.onec.password = Some(credentials.password.clone().into());
        settings.analytics.as_of = DAY_AFTER_THE_LAST_SALE;
        settings.auth.customer_code = CustomerCodeSetting::CardSuffix;
        settings.loyalty.starts_on = A_YEAR_BEFORE_THE_LAST_SALE;
        Ok(settings)
    }
}

async fn synchronise(
    settings: &Settings,
    parts: &SyncParts,
    stop: &Stop,
) -> Result<(), CommandError> {
    let job = SyncJob {
        with: parts,
        task: SyncTask {
            target: SyncTarget::All,
            scope: PurchaseScope::Automatic,
            trigger: SyncTrigger::Manual,
        },
        as_of: wiring::as_of(settings),
        worker: SyncWorker::Command,
    };
    print("")?;
    carry_out(settings, job, Shown::Text, stop).await?;
    print("")?;
    Ok(())
}

async fn show_segments(settings: &Settings, storage: Arc<dyn Storage>) -> Result<(), CommandError> {
    let analytics = wiring::analytics(settings, storage);
    let analysis = analytics.get_rfm_analysis(Figures::Stored, |_| {}).await?;
    let report = RfmReport::new(&analysis, settings.analytics.metrics.zone, Vec::new());
    print(&report.to_table())?;
    Ok(())
}
