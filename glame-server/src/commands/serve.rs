use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::CommandError;
use crate::app::{App, Errands, SyncDesk};
use crate::http::{HttpServer, Leaving, RequestLimits};
use crate::jobs::{AccessSweeper, ExpirySweeper, Jobs, Scheduler, SyncSuccessor};
use crate::settings::Settings;
use crate::stop::Stop;
use crate::wiring;

pub(super) async fn run(settings: &Settings) -> Result<ExitCode, CommandError> {
    let stop = Stop::on_signals();
    let storage = wiring::storage(settings).await?;
    let (loyalty, groups) = wiring::loyalty(settings, Arc::clone(&storage))?.with_group_commit();
    tokio::spawn(groups.run());
    let errands = Errands::default();
    wiring::warn_of_old_receipts(settings)?;
    wiring::warn_of_sign_in(settings);
    let parts = wiring::sync_parts(settings, &storage, loyalty.clone())?;
    let scheduler = if settings.onec.url.is_some() {
        Scheduler::of_sync(settings, parts.clone())?
    } else {
        tracing::warn!("onec.url is not set: nothing will be synchronised");
        None
    };
    let figures = Scheduler::of_figures(settings, parts.clone())?;
    let desk = SyncDesk::new(settings, parts, errands.clone(), stop.clone());
    let successor = SyncSuccessor::new(desk.clone());
    let points = loyalty.clone();
    let app = wiring::app(settings, Arc::clone(&storage), points, desk, errands, stop)?;
    let jobs = Jobs {
        scheduler,
        figures,
        successor,
        sweeper: ExpirySweeper::new(settings, loyalty)?,
        access: AccessSweeper::new(app.access.clone()),
        webhooks: wiring::webhook_worker(settings, &storage)?,
    };
    let server = bind(settings).await?;
    tracing::info!(address = %server.address(), "listening");
    Box::pin(until_stopped(settings, server, app, jobs)).await?;
    Ok(ExitCode::SUCCESS)
}

/// Serves and lets the jobs run until all have come to their end, or their time is over.
pub(super) async fn until_stopped(
    settings: &Settings,
    server: HttpServer,
    app: App,
    jobs: Jobs,
) -> Result<(), CommandError> {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let leaving = Leaving {
        drain: seconds(settings.server.drain_seconds),
        patience: seconds(settings.server.stop_within_seconds),
    };
    let limits = RequestLimits {
        requests_a_minute: settings.server.requests_per_minute,
    };
    let (stop, errands) = (app.stop.clone(), app.errands.clone());
    let answering = server.run(Arc::new(app), limits, leaving);
    let (outcome, ()) = tokio::join!(answering, jobs.run(&stop));
    // Nobody can begin another one now.
    let finished = tokio::time::timeout(leaving.patience, errands.finished());
    if finished.await.is_err() {
        tracing::warn!("some of what had been begun was not done in time");
    }
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
