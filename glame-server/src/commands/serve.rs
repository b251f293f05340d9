use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use glame_core::ports::Storage;

use super::CommandError;
use crate::http::HttpServer;
use crate::jobs::{ExpirySweeper, Jobs, Scheduler};
use crate::settings::Settings;
use crate::stop::Stop;
use crate::wiring;

pub(super) async fn run(settings: &Settings) -> Result<ExitCode, CommandError> {
    let stop = Stop::on_signals();
    let storage = wiring::storage(settings).await?;
    let loyalty = wiring::loyalty(settings, Arc::clone(&storage))?;
    wiring::warn_of_old_receipts(settings)?;
    wiring::warn_of_sign_in(settings);
    let scheduler = if settings.onec.url.is_some() {
        let source = Arc::new(wiring::source(settings)?);
        let service = wiring::sync_service(settings, Arc::clone(&storage), source);
        let points = wiring::points(settings)?;
        Scheduler::new(
            settings,
            Arc::clone(&storage),
            service,
            loyalty.clone(),
            points,
        )?
    } else {
        tracing::warn!("onec.url is not set: nothing will be synchronised");
        None
    };
    let jobs = Jobs {
        scheduler,
        sweeper: ExpirySweeper::new(settings, loyalty)?,
    };
    let server = bind(settings).await?;
    tracing::info!(address = %server.address(), "listening");
    until_stopped(settings, server, storage, jobs, stop).await?;
    Ok(ExitCode::SUCCESS)
}

/// Serves and lets the jobs run until both have come to their end.
pub(super) async fn until_stopped(
    settings: &Settings,
    server: HttpServer,
    storage: Arc<dyn Storage>,
    jobs: Jobs,
    stop: Stop,
) -> Result<(), CommandError> {
    let patience = Duration::from_secs(u64::from(settings.server.stop_within_seconds));
    let answering = server.run(storage, stop.clone(), patience);
    let (outcome, ()) = tokio::join!(answering, jobs.run(&stop));
    Ok(outcome?)
}

/// Takes the address of the settings.
pub(super) async fn bind(settings: &Settings) -> Result<HttpServer, CommandError> {
    let address = settings.server.listen;
    HttpServer::bind(address).await.map_err(|error| {
        format!("cannot listen at {address}; is another server there? Set server.listen: {error}")
            .into()
    })
}
