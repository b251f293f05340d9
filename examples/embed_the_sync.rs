//! Reads a 1C base into SQLite inside a program of your own. The base is simulated here.
#![expect(clippy::print_stdout, reason = "the program prints its result")]

use std::error::Error;
use std::sync::Arc;

use glame_core::analytics::{AsOf, CustomerAnalyticsService, Figures};
use glame_core::ports::Clock;
use glame_core::sync::{CustomerSyncService, PurchaseScope, SyncSettings, SyncTrigger, Unobserved};
use glame_core::testkit::{CountingIds, ManualClock};
use glame_onec::{Credentials, OnecSettings, OnecSource};
use glame_onec_simulator::{BaseSettings, Simulator, SimulatorSettings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let base = BaseSettings::Generated {
        customers: 100,
        lines: 2_000,
        seed: 1,
    };
    let simulator = Simulator::start(SimulatorSettings {
        base,
        ..Default::default()
    })
    .await?;
    let login = simulator.credentials().clone();
    let settings = OnecSettings::new(
        simulator.base_url(),
        Credentials::login(login.user, login.password),
    );

    // A program of its own brings the clock and the ids of its own.
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z".parse()?));
    let storage = glame_storage::open("sqlite::memory:").await?;
    let service = CustomerSyncService::new(
        Arc::clone(&storage),
        Arc::new(OnecSource::open(settings)?),
        clock.clone(),
        Arc::new(CountingIds::default()),
        SyncSettings::default(),
    );
    let lease = service.acquire_lease("an example").await?;
    let (by, watcher) = (SyncTrigger::Manual, &Unobserved);
    service.sync_discount_cards(&lease, by, watcher).await?;
    service.sync_catalogue(&lease, by, watcher).await?;
    service
        .sync_purchase_history(&lease, PurchaseScope::Automatic, by, watcher)
        .await?;
    let as_of = AsOf::Now(clock.now());
    service
        .calculate_customer_metrics(&lease, as_of, by, watcher)
        .await?;
    service.release_lease(lease).await?;

    let policy = SyncSettings::default().metrics;
    let analytics = CustomerAnalyticsService::new(storage, policy);
    let (_, best) = analytics.get_top_customers(Figures::Stored, 3).await?;
    for row in best {
        println!(
            "{} has spent {} ₽",
            row.figures.user, row.figures.total_spent
        );
    }
    Ok(())
}
