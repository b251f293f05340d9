//! What is said of customers does not depend on the database.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::num::NonZeroUsize;
use std::sync::Arc;

use chrono::TimeDelta;
use glame_core::analytics::{
    AsOf, CustomerAnalyticsService, CustomerMetrics, MetricsPolicy, OutlookPolicy, RfmPolicy,
    ShopAnalysis,
};
use glame_core::ports::Storage;
use glame_core::purchases::SaleLine;
use glame_core::segments::{SegmentService, SegmentSettings};
use glame_core::sync::{CustomerSyncService, PurchaseScope, SyncSettings, SyncTrigger, Unobserved};
use glame_core::testkit::fixtures::{counterparty, minute, product_ref, sale_line};
use glame_core::testkit::{CountingIds, ListSource, ManualClock, MemoryStorage};
use glame_core::users::Holder;
use glame_core::values::{Money, Quantity};
use glame_storage::testing::PostgresCluster;

/// Three hundred customers who buy now and then over two years, and bring one thing in ten back.
fn sales() -> Vec<SaleLine> {
    let mut state = 1_u64;
    let mut chance = move |sides: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    };
    let mut number = 0;
    let mut lines = Vec::new();
    for customer in 1..=300 {
        let holder = Holder::Counterparty(counterparty(customer));
        for _ in 0..=chance(12) {
            number += 1;
            let days = i64::try_from(chance(730)).unwrap();
            let at = minute(-days * 24 * 60 + i64::try_from(chance(600)).unwrap());
            let roubles = i64::try_from(1 + chance(30_000)).unwrap();
            let sold = SaleLine {
                product: Some(product_ref(u128::from(1 + chance(9)))),
                ..sale_line(number, holder, at, roubles)
            };
            if chance(10) == 0 {
                number += 1;
                lines.push(SaleLine {
                    quantity: Quantity::from_thousandths(-1_000),
                    amount: Money::from_kopecks(-sold.amount.kopecks()),
                    returns: Some(sold.document.document),
                    ..sale_line(number, holder, at + TimeDelta::days(2), 1)
                });
            }
            lines.push(sold);
        }
    }
    lines
}

/// Brings the sales over and says all that there is to say: figures, models, members.
async fn told_by(
    storage: Arc<dyn Storage>,
    rfm: RfmPolicy,
) -> (
    Vec<CustomerMetrics>,
    ShopAnalysis,
    Vec<(String, u64, Money)>,
) {
    let source = Arc::new(ListSource::default());
    source.sales.lock().unwrap().extend(sales());
    let clock = Arc::new(ManualClock::at(minute(24 * 60)));
    let now = AsOf::Now(minute(24 * 60));
    let metrics = MetricsPolicy {
        rfm,
        ..MetricsPolicy::default()
    };
    let ids = Arc::new(CountingIds::default());
    let settings = SyncSettings {
        metrics: metrics.clone(),
        ..SyncSettings::default()
    };
    let sync = CustomerSyncService::new(
        Arc::clone(&storage),
        source,
        clock.clone(),
        ids.clone(),
        settings,
    );
    let lease = sync.acquire_lease("a test").await.unwrap();
    let (trigger, everything) = (SyncTrigger::Manual, PurchaseScope::Everything);
    sync.sync_purchase_history(&lease, everything, trigger, &Unobserved)
        .await
        .unwrap();
    sync.calculate_customer_metrics(&lease, now, trigger, &Unobserved)
        .await
        .unwrap();
    let analytics = CustomerAnalyticsService::new(Arc::clone(&storage), metrics.clone())
        .looking_ahead(OutlookPolicy::default(), NonZeroUsize::MIN);
    let analysis = analytics
        .analyse_shop(now, minute(24 * 60), |_, _| {})
        .await
        .unwrap();
    analytics.store_analysis(&analysis).await.unwrap();
    let settings = SegmentSettings {
        metrics,
        programme: None,
        threads: NonZeroUsize::MIN,
    };
    let segments = SegmentService::new(Arc::clone(&storage), clock, ids, settings);
    segments.install_defaults().await.unwrap();
    let stats = segments.load(now).await.unwrap().stats();
    let held = stats.into_iter().map(|one| {
        let name = one.segment.name.to_string();
        (name, one.customer_count, one.total_spent)
    });
    let figures = storage.metrics_after(None, 1_000).await.unwrap();
    (figures, analysis, held.collect())
}

#[tokio::test]
async fn figures_models_and_segments_are_the_same_in_every_database() {
    for rfm in [RfmPolicy::default(), RfmPolicy::quantiles()] {
        let expected = told_by(Arc::new(MemoryStorage::default()), rfm.clone()).await;
        assert_eq!(expected.0.len(), 300);
        let (folder, cluster) = (tempfile::tempdir().unwrap(), PostgresCluster::start());
        let sqlite = format!("sqlite:{}", folder.path().join("glame.db").display());
        for url in [sqlite, cluster.fresh_database().await] {
            glame_storage::migrate(&url).await.unwrap();
            let storage = glame_storage::open(&url).await.unwrap();
            let found = told_by(storage, rfm.clone()).await;
            assert_eq!(found.0, expected.0, "{url}");
            assert_eq!(found.1, expected.1, "{url}");
            assert_eq!(found.2, expected.2, "{url}");
        }
    }
}
