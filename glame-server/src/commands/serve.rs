use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::CommandError;
use crate::app::{App, SyncDesk};
use crate::http::{HttpServer, RequestLimits};
use crate::jobs::{ExpirySweeper, Jobs, Scheduler};
use crate::settings::Settings;
use crate::stop::Stop;
use crate::wiring;

pub(super) async fn run(settings: &Settings) -> Result<ExitCode, CommandError> {
    let stop = Stop::on_signals();
    let storage = wiring::storage(settings).await?;
    let (loyalty, groups) = wiring::loyalty(settings, Arc::clone(&storage))?.with_group_commit();
    tokio::spawn(groups.run());
    let mut desk = SyncDesk::new(Arc::clone(&storage), stop.clone());
    wiring::warn_of_old_receipts(settings)?;
    wiring::warn_of_sign_in(settings);
    let scheduler = if settings.onec.url.is_some() {
        let source = Arc::new(wiring::source(settings)?);
        let service = wiring::sync_service(settings, Arc::clone(&storage), source);
        let points = wiring::points(settings)?;
        let (for_people, of_points) = (service.clone(), points.clone());
        desk = desk.with_source(settings, for_people, loyalty.clone(), of_points);
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
    let app = wiring::app(settings, Arc::clone(&storage), loyalty.clone(), desk)?;
    let jobs = Jobs {
        scheduler,
        sweeper: ExpirySweeper::new(settings, loyalty)?,
        webhooks: wiring::webhook_worker(settings, &storage)?,
    };
    let server = bind(settings).await?;
    tracing::info!(address = %server.address(), "listening");
    Box::pin(until_stopped(settings, server, app, jobs, stop)).await?;
    Ok(ExitCode::SUCCESS)
}

/// Serves and lets the jobs run until both have come to their end.
pub(super) async fn until_stopped(
    settings: &Settings,
    server: HttpServer,
    app: App,
    jobs: Jobs,
    stop: Stop,
) -> Result<(), CommandError> {
    let patience = Duration::from_secs(u64::from(settings.server.stop_within_seconds));
    let limits = RequestLimits {
        requests_a_minute: settings.server.requests_per_minute,
    };
    let answering = server.run(Arc::new(app), limits, stop.clone(), patience);
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
