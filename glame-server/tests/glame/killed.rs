//! A run that is killed at any moment and started again ends in the same state.

use std::time::Duration;

use glame_onec_simulator::{SalesRegister, SimulatorSettings};

use crate::shop::{Database, Shop, small_shop};

/// How often the process is killed before it may end.
const KILLS: u64 = 12;

async fn killed_runs_end_in_the_same_state(database: Database) {
    let settings = SimulatorSettings {
        base: small_shop(7),
        page_latency: Duration::from_millis(15),
        ..SimulatorSettings::default()
    };
    let shop = Shop::of(settings, database)
        .await
        .with("ONEC_LINES_PER_CALL", "100");
    shop.done(&["migrate"]).await;

    let mut resumed = 0;
    for kill in 0..KILLS {
        let called_before = shop.simulator.requests();
        let mut running = shop.glame(&["sync", "all", "--json"]).spawn().unwrap();
        // Moments spread over the whole run, from the first call to the last figures, by what the
        // run has done: a busy machine needs its time to start a process.
        while shop.simulator.requests() <= called_before + kill
            && running.try_wait().unwrap().is_none()
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(5 * kill)).await;
        running.kill().await.unwrap();
        let status = shop.json(&["sync", "status", "--json"]).await;
        let runs = status["runs"].as_array().unwrap();
        resumed += u64::from(runs.iter().any(|run| run["status"] == "running"));
    }
    assert!(
        resumed > KILLS / 2,
        "most kills must hit a run, {resumed} of {KILLS} did"
    );

    let runs = shop.sync_all(&[]).await;
    assert!(runs.values().all(|run| run["status"] == "succeeded"));
    assert_eq!(
        shop.stored_sums().await,
        shop.expected_sums(SalesRegister::Sales).await
    );
    let again = shop.sync_all(&["--full"]).await;
    for change in ["created", "updated", "removed"] {
        assert_eq!(again["purchases"][change].as_u64(), Some(0), "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_killed_runs_end_in_the_same_state() {
    killed_runs_end_in_the_same_state(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_killed_runs_end_in_the_same_state() {
    killed_runs_end_in_the_same_state(Database::Postgres).await;
}
