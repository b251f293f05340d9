//! What is said of customers depends on what they bought alone: not on the order in which it became
//! known, on what was computed before, or on threads.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

use std::num::NonZeroUsize;
use std::sync::Arc;

use chrono::TimeDelta;
use glame_core::analytics::{
    AsOf, CustomerAnalyticsService, CustomerMetrics, CustomerStatus, Figures, MetricsPolicy,
    OutlookPolicy, ShopAnalysis,
};
use glame_core::catalogue::Product;
use glame_core::ports::{Clock, MetricsReader, PurchaseReader, Storage};
use glame_core::purchases::SaleLine;
use glame_core::sync::{CustomerSyncService, PurchaseScope, SyncSettings, SyncTrigger, Unobserved};
use glame_core::testkit::fixtures::{counterparty, minute, product, product_ref, sale_line, text};
use glame_core::testkit::{CountingIds, ListSource, ManualClock, MemoryStorage, strategies};
use glame_core::users::Holder;
use proptest::prelude::*;

/// A shop that is read and measured as its days pass.
struct Shop {
    storage: Arc<MemoryStorage>,
    source: Arc<ListSource>,
    clock: Arc<ManualClock>,
    sync: CustomerSyncService,
}

impl Shop {
    /// Opens a shop that sells four articles of two categories.
    async fn open() -> Self {
        let storage = Arc::new(MemoryStorage::default());
        let articles = [(1, "Кольца"), (2, "Серьги"), (3, "Кольца"), (4, "Серьги")];
        let articles = articles.map(|(number, category)| Product {
            category: Some(text(category)),
            ..product(number)
        });
        let mut work = storage.begin().await.unwrap();
        work.put_products(&articles).await.unwrap();
        work.commit().await.unwrap();
        let source = Arc::new(ListSource::default());
        let clock = Arc::new(ManualClock::at(minute(0)));
        let sync = CustomerSyncService::new(
            storage.clone(),
            source.clone(),
            clock.clone(),
            Arc::new(CountingIds::default()),
            SyncSettings::default(),
        );
        Self {
            storage,
            source,
            clock,
            sync,
        }
    }

    fn sell(&self, lines: impl IntoIterator<Item = SaleLine>) {
        self.source.sales.lock().unwrap().extend(lines);
    }

    /// Reads everything, makes all figures and looks ahead.
    async fn daily_run(&self, threads: usize) -> ShopAnalysis {
        let lease = self.sync.acquire_lease("a test").await.unwrap();
        let (trigger, everything) = (SyncTrigger::Manual, PurchaseScope::Everything);
        self.sync
            .sync_purchase_history(&lease, everything, trigger, &Unobserved)
            .await
            .unwrap();
        self.sync
            .calculate_customer_metrics(&lease, self.as_of(), trigger, &Unobserved)
            .await
            .unwrap();
        self.sync.release_lease(lease).await.unwrap();
        let analytics = self.analytics(threads);
        let analysis = analytics
            .analyse_shop(self.as_of(), self.clock.now(), |_, _| {})
            .await
            .unwrap();
        analytics.store_analysis(&analysis).await.unwrap();
        analysis
    }

    fn analytics(&self, threads: usize) -> CustomerAnalyticsService {
        CustomerAnalyticsService::new(self.storage.clone(), MetricsPolicy::default()).looking_ahead(
            OutlookPolicy::default(),
            NonZeroUsize::new(threads).unwrap(),
        )
    }

    fn as_of(&self) -> AsOf {
        AsOf::Now(self.clock.now())
    }

    async fn metrics(&self) -> Vec<CustomerMetrics> {
        self.storage.metrics_after(None, 1_000).await.unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Purchases and returns become known late, in any order, between daily runs: in the end every
    /// figure is the one of a shop that has known everything from the beginning.
    #[test]
    fn what_became_known_late_counts_as_if_it_had_always_been_known(
        lines in strategies::sale_lines(5, 40),
        pieces in prop::collection::vec(1_usize..12, 1..6),
        days in 0_i64..300,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (step_by_step, at_once) = (Shop::open().await, Shop::open().await);
            let mut late: Vec<SaleLine> = lines.iter().rev().cloned().collect();
            for piece in pieces {
                let rest = late.split_off(piece.min(late.len()));
                step_by_step.sell(std::mem::replace(&mut late, rest));
                step_by_step.daily_run(1).await;
            }
            step_by_step.sell(late);
            at_once.sell(lines);
            for shop in [&step_by_step, &at_once] {
                shop.clock.advance(TimeDelta::days(days));
            }
            let found = step_by_step.daily_run(2).await;
            let expected = at_once.daily_run(1).await;
            assert_eq!(step_by_step.metrics().await, at_once.metrics().await);
            assert_eq!(found, expected);

            // One customer alone is told the same as everybody together.
            let analytics = at_once.analytics(1);
            for listed in &expected.most_valuable {
                let alone = analytics.outlook(listed.user, at_once.as_of()).await.unwrap();
                assert_eq!(&alone, listed);
            }
            let spread = analytics.get_rfm_analysis(Figures::Stored, |_| {}).await.unwrap();
            assert_eq!(spread.segments, expected.rfm.segments());
            assert_eq!(spread.customers, expected.rfm.buyers());
            assert_eq!(spread.statuses, expected.statuses);
        });
    }
}

#[tokio::test]
async fn a_customer_who_stays_silent_sleeps_by_the_daily_run_alone() {
    let shop = Shop::open().await;
    let anna = Holder::Counterparty(counterparty(1));
    shop.sell((1..=12).map(|n| {
        let at = minute(0) - TimeDelta::days(i64::try_from(n).unwrap() * 7);
        sale_line(n, anna, at, 9_000)
    }));
    let before = shop.daily_run(1).await;
    assert_eq!(shop.metrics().await[0].status, CustomerStatus::Vip);
    let risk = |analysis: &ShopAnalysis| analysis.most_valuable[0].churn.level.as_str();
    assert_eq!(risk(&before), "low");

    shop.clock.advance(TimeDelta::days(200));
    let after = shop.daily_run(1).await;
    assert_eq!(shop.metrics().await[0].status, CustomerStatus::Sleeping);
    assert_ne!(risk(&after), "low");
    assert_eq!(after.values.historic, before.values.historic);
}

/// Throws dice with so many sides, the same ones for the same seed.
fn dice(seed: u128) -> impl FnMut(u64) -> u64 {
    let mut state = u64::try_from(seed)
        .unwrap()
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    move |sides| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    }
}

#[tokio::test]
async fn seasons_and_categories_are_learnt_from_the_whole_shop() {
    let shop = Shop::open().await;
    // Customers buy a ring and a pair of earrings by turns, some often and some seldom, all of them
    // more often at the end of a year, and after each purchase some stop.
    let mut lines = Vec::new();
    for customer in 1..=300_u128 {
        let holder = Holder::Counterparty(counterparty(customer));
        let mut chance = dice(customer);
        let seldom = [2, 4, 10, 60][usize::try_from(chance(4)).unwrap()];
        let steadiness = [3, 30][usize::try_from(chance(2)).unwrap()];
        let mut bought = 0_u128;
        for week in chance(40)..154 {
            let often = if week % 52 > 47 { 4 } else { 1 };
            if bought > 0 && chance(seldom) >= often {
                continue;
            }
            let at = minute(0) + TimeDelta::days(i64::try_from(week).unwrap() * 7 - 154 * 7);
            lines.push(SaleLine {
                product: Some(product_ref(bought % 2 + 1)),
                ..sale_line(customer * 1_000 + u128::from(week), holder, at, 1_000)
            });
            bought += 1;
            if chance(steadiness) == 0 {
                break;
            }
        }
    }
    shop.sell(lines);
    let analysis = shop.daily_run(2).await;

    let season = analysis.season.as_ref().unwrap();
    assert_eq!((season.index.years(), season.is_believed()), (2, true));
    let strongest = season.index.factors().iter().copied().fold(0.0, f64::max);
    assert!(strongest > 2.0, "{season:?}");

    let anna = Holder::Counterparty(counterparty(1)).user_id();
    let outlook = shop.analytics(1).outlook(anna, shop.as_of()).await.unwrap();
    let by_model = outlook.forecast.unwrap().by_model.unwrap();
    let seasonal = outlook.seasonal.unwrap();
    assert_eq!(
        seasonal.by_model.to_bits(),
        by_model.expected_purchases.to_bits()
    );
    assert!((seasonal.season - 1.0).abs() > 0.05, "{seasonal:?}");
    let bought = shop.storage.history(anna).await.unwrap();
    let last = bought.lines().last().unwrap().product;
    let expected = if last == Some(product_ref(1)) {
        "Серьги"
    } else {
        "Кольца"
    };
    let guess = outlook.next_category.unwrap();
    assert_eq!(guess.category.as_str(), expected);
    assert!(guess.confidence.unwrap() > 0.9, "{guess:?}");
    // Nobody bought both on one day.
    assert_eq!(analysis.bought_together, []);
}
