//! What goes wrong is told in one message that says what to do, and nothing is half done.

use glame_core::purchases::DocumentScope;
use glame_core::values::PeriodRange;
use glame_onec_simulator::{BaseSettings, Fault, FaultPlan, FaultRule, SimulatorSettings};

use crate::shop::{Database, Outcome, Shop, small_shop};

/// Holds that a call was refused with one message that has these words.
fn refused(outcome: &Outcome, words: &[&str]) {
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let message = outcome.message();
    for word in words {
        assert!(message.contains(word), "{word:?} is missing in: {message}");
    }
}

async fn shop() -> Shop {
    Shop::open(small_shop(1), Database::Sqlite).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_without_settings_names_the_key_and_the_variable() {
    let mut shop = shop().await;
    shop.environment.remove("DATABASE_URL");
    refused(
        &shop.call(&["migrate"]).await,
        &["database.url", "DATABASE_URL"],
    );
    let shop = self::shop().await.with("ONEC_API_URL", "");
    refused(
        &shop.call(&["sync", "all"]).await,
        &["onec.url", "ONEC_API_URL"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settings_file_with_an_unknown_key_is_refused_with_its_line() {
    let shop = shop().await;
    let file = shop.directory.path().join("glame.toml");
    std::fs::write(&file, "[sync]\nschedul = \"off\"\n").unwrap();
    refused(
        &shop.call(&["sync", "status"]).await,
        &["glame.toml", "line 2", "schedul"],
    );
    std::fs::write(&file, "[sync]\nschedule = \"every now and then\"\n").unwrap();
    refused(
        &shop.call(&["sync", "status"]).await,
        &["sync.schedule", "cron"],
    );
    refused(
        &shop
            .call(&["--config", "missing.toml", "sync", "status"])
            .await,
        &["missing.toml", "exists"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_a_schema_asks_for_migrate() {
    let shop = Shop::closed(small_shop(1), Database::Postgres).await;
    refused(&shop.call(&["sync", "all"]).await, &["glame migrate"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_database_address_is_told_without_the_password() {
    let cases = [
        "mysql://glame:hidden@localhost/glame",
        "postgres://glame:hidden@127.0.0.1:1/glame",
        "postgres://glame:hidden@",
        "sqlite:/no/such/folder/glame.db",
        "glame.db",
    ];
    for url in cases {
        let shop = shop().await.with("DATABASE_URL", url);
        let outcome = shop.call(&["sync", "status"]).await;
        assert_eq!(outcome.code, Some(1), "{url}: {outcome:?}");
        assert!(
            outcome.message().len() > "glame: ".len(),
            "{url}: {outcome:?}"
        );
        assert!(!outcome.stderr.contains("hidden"), "{url}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_base_address_is_told() {
    let shop = shop().await.with("ONEC_API_URL", "not an address");
    let outcome = shop.call(&["sync", "all"]).await;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let nowhere = shop.simulator.base_url().replace("/1234567/", "/7654321/");
    let shop = shop.with("ONEC_API_URL", nowhere);
    let outcome = shop.call(&["sync", "all"]).await;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(shop.stored_sums().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_tried_only_once() {
    let shop = shop().await.with("ONEC_API_PASSWORD", "a-wrong-secret");
    let outcome = shop.call(&["sync", "customers"]).await;
    refused(&outcome, &["login"]);
    assert!(!outcome.stderr.contains("a-wrong-secret"));
    assert_eq!(
        shop.simulator.requests(),
        1,
        "a second try could lock the user out"
    );
}

/// Holds that of two registers only the readable one, which is read first, has been stored.
async fn only_opening_balances_are_stored(shop: &Shop) {
    let storage = shop.storage().await;
    let scope = DocumentScope::ExceptOpeningBalances;
    let sales = storage
        .receipts_between(PeriodRange::EVERYTHING, scope)
        .await
        .unwrap();
    assert!(sales.is_empty(), "{sales:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpublished_set_is_named() {
    let mut settings = SimulatorSettings {
        base: small_shop(1),
        ..Default::default()
    };
    let set = "AccumulationRegister_Продажи_RecordType";
    settings.published.unpublished_sets.insert(set.to_owned());
    let shop = Shop::of(settings, Database::Sqlite).await;
    shop.done(&["migrate"]).await;
    refused(&shop.call(&["sync", "purchases"]).await, &[set]);
    only_opening_balances_are_stored(&shop).await;
    let doctor = shop.call(&["doctor"]).await;
    assert_eq!(doctor.code, Some(1));
    assert!(
        doctor.stdout.contains("FAILED") && doctor.stdout.contains(set),
        "{doctor:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_field_is_named() {
    let mut settings = SimulatorSettings {
        base: small_shop(1),
        ..Default::default()
    };
    let renamed = [("Сумма".to_owned(), "СуммаПродажи".to_owned())].into();
    let set = "AccumulationRegister_Продажи_RecordType".to_owned();
    settings.published.renamed_fields.insert(set, renamed);
    let shop = Shop::of(settings, Database::Sqlite).await;
    shop.done(&["migrate"]).await;
    refused(&shop.call(&["sync", "purchases"]).await, &["Сумма"]);
    only_opening_balances_are_stored(&shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_html_with_200_is_not_taken_for_data() {
    let shop = shop().await;
    shop.simulator
        .set_faults(FaultPlan::of([FaultRule::always(Fault::Maintenance)]));
    let outcome = shop.call(&["sync", "customers"]).await;
    refused(&outcome, &["maintenance", "HTTP 200"]);
    assert_eq!(shop.storage().await.customer_count().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_leaves_a_database_that_goes_on() {
    let base = BaseSettings::Generated {
        customers: 300,
        lines: 30_000,
        seed: 1,
    };
    let shop = Shop::open(base, Database::Sqlite).await;
    let disk = tempfile::tempdir().unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
        .arg(disk.path())
        .status();
    assert!(
        mounted.is_ok_and(|status| status.success()),
        "this test mounts a tmpfs of 2 MB: run it as root"
    );
    let url = format!("sqlite:{}/glame.db", disk.path().display());
    let shop = shop.with("DATABASE_URL", url);
    shop.done(&["migrate"]).await;
    let outcome = shop.call(&["sync", "all", "--json"]).await;
    let again = shop.call(&["sync", "status"]).await;
    let unmounted = std::process::Command::new("umount")
        .arg("-l")
        .arg(disk.path())
        .status();
    refused(&outcome, &["disk"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(unmounted.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_ends_with_2() {
    let shop = shop().await;
    for arguments in [
        &["sink"][..],
        &["sync", "all", "--days", "0"],
        &["sync", "all", "--days", "3", "--full"],
        &["report", "rfm", "--as-of", "yesterday"],
    ] {
        assert_eq!(shop.call(arguments).await.code, Some(2), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_is_refused_while_one_runs() {
    let settings = SimulatorSettings {
        base: small_shop(2),
        page_latency: std::time::Duration::from_millis(400),
        ..SimulatorSettings::default()
    };
    let shop = Shop::of(settings, Database::Sqlite)
        .await
        .with("ONEC_LINES_PER_CALL", "300");
    shop.done(&["migrate"]).await;
    let mut first = shop.glame(&["sync", "all"]).spawn().unwrap();
    while shop.simulator.requests() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    refused(
        &shop.call(&["sync", "all"]).await,
        &["another synchronisation is running"],
    );
    assert!(first.wait().await.unwrap().success());
}
