//! What is said of customers depends on what they bought alone: not on the order in which it became
//! known, on what was computed before, or on threads.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use chrono::TimeDelta;
use glame_core::analytics::{
    AsOf, CustomerAnalyticsService, CustomerMetrics, CustomerStatus, Figures, MetricsPolicy,
    OutlookPolicy, RfmPolicy, ShopAnalysis,
};
use glame_core::catalogue::Product;
use glame_core::ports::{Clock, MetricsReader, PurchaseReader, Storage};
use glame_core::purchases::{DocumentKind, SaleLine};
use glame_core::segments::{Population, SegmentService, SegmentSettings};
use glame_core::sync::{CustomerSyncService, PurchaseScope, SyncSettings, SyncTrigger, Unobserved};
use glame_core::testkit::fixtures::{
    card_record, card_ref, counterparty, customer, document, minute, product, product_ref,
    sale_line, text,
};
use glame_core::testkit::{CountingIds, ListSource, ManualClock, MemoryStorage, strategies};
use glame_core::users::{Holder, Role};
use glame_core::values::{Money, Quantity};
use proptest::prelude::*;

/// A shop that is read and measured as its days pass.
struct Shop {
    storage: Arc<MemoryStorage>,
    source: Arc<ListSource>,
    clock: Arc<ManualClock>,
    policy: MetricsPolicy,
    sync: CustomerSyncService,
}

impl Shop {
    /// Opens a shop that sells four articles of two categories.
    async fn open() -> Self {
        Self::scoring_by(RfmPolicy::default()).await
    }

    async fn scoring_by(rfm: RfmPolicy) -> Self {
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
        let policy = MetricsPolicy {
            rfm,
            ..MetricsPolicy::default()
        };
        let sync = CustomerSyncService::new(
            storage.clone(),
            source.clone(),
            clock.clone(),
            Arc::new(CountingIds::default()),
            SyncSettings {
                metrics: policy.clone(),
                ..SyncSettings::default()
            },
        );
        Self {
            storage,
            source,
            clock,
            policy,
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
            .sync_discount_cards(&lease, trigger, &Unobserved)
            .await
            .unwrap();
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
        let policy = self.policy.clone();
        CustomerAnalyticsService::new(self.storage.clone(), policy).looking_ahead(
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

/// What happens in the shop's base between two readings, to a line whose place is given.
#[derive(Debug, Clone)]
enum Change {
    /// The document is posted again with another amount.
    Corrected(usize, i64),
    /// The goods are brought back, and the return names their receipt.
    Returned(usize),
    /// The shift is closed: its report takes the lines of the receipt over.
    Closed(usize),
    /// The document is marked for deletion.
    Removed(usize),
    /// The line is a sale by a card.
    Carded(usize, u128),
    /// Somebody writes down, or changes, who holds a card: two customers may turn out to be one.
    Owned(u128, Option<u128>),
}

fn change() -> impl Strategy<Value = Change> {
    let (place, card) = (0_usize..64, 1_u128..=3);
    prop_oneof![
        (place.clone(), 1_i64..1_000_000)
            .prop_map(|(place, kopecks)| Change::Corrected(place, kopecks)),
        place.clone().prop_map(Change::Returned),
        place.clone().prop_map(Change::Closed),
        place.clone().prop_map(Change::Removed),
        (place, card.clone()).prop_map(|(place, card)| Change::Carded(place, card)),
        (card, prop::option::of(1_u128..=5)).prop_map(|(card, owner)| Change::Owned(card, owner)),
    ]
}

impl Shop {
    fn change(&self, change: &Change, number: u128) {
        let mut sales = self.source.sales.lock().unwrap();
        let count = sales.len();
        let place = |place: usize| (count > 0).then(|| place % count);
        match *change {
            Change::Corrected(at, kopecks) => {
                if let Some(at) = place(at) {
                    let sign = sales[at].amount.kopecks().signum();
                    sales[at].amount = Money::from_kopecks(sign * kopecks);
                }
            }
            Change::Returned(at) => {
                let sold = place(at).map(|at| sales[at].clone());
                if let Some(sold) = sold.filter(|sold| sold.amount > Money::ZERO) {
                    sales.push(SaleLine {
                        document: document(DocumentKind::ReturnReceipt, 1_000 + number),
                        line_number: 1,
                        purchased_at: sold.purchased_at + TimeDelta::days(3),
                        quantity: Quantity::from_thousandths(-sold.quantity.thousandths()),
                        amount: Money::from_kopecks(-sold.amount.kopecks()),
                        returns: Some(sold.document.document),
                        ..sold
                    });
                }
            }
            Change::Closed(at) => {
                let receipt = place(at).map(|at| sales[at].document);
                let receipt = receipt.filter(|receipt| receipt.kind == DocumentKind::Receipt);
                for (line_number, line) in (1..).zip(sales.iter_mut()) {
                    if Some(line.document) == receipt {
                        line.document = document(DocumentKind::ShiftReport, 2_000 + number);
                        line.line_number = line_number;
                    }
                }
            }
            Change::Removed(at) => {
                let gone = place(at).map(|at| sales[at].document);
                sales.retain(|line| Some(line.document) != gone);
            }
            Change::Carded(at, card) => {
                if let Some(at) = place(at) {
                    sales[at].holder = Some(Holder::Card(card_ref(card)));
                }
            }
            Change::Owned(card, owner) => {
                let mut cards = self.source.cards.lock().unwrap();
                cards.retain(|record| record.card != card_ref(card));
                cards.push(card_record(card, owner.map(counterparty)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Purchases become known late and in any order, receipts are corrected, returned, taken over
    /// by shift reports and deleted, and cards change hands, between daily runs: in the end every
    /// figure is the one of a shop that has known everything from the beginning.
    #[test]
    fn what_became_known_late_counts_as_if_it_had_always_been_known(
        lines in strategies::sale_lines(5, 40),
        pieces in prop::collection::vec(
            (1_usize..12, prop::collection::vec(change(), 0..6)), 1..6,
        ),
        days in 0_i64..300,
        by_quintiles: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let rfm = if by_quintiles { RfmPolicy::quantiles() } else { RfmPolicy::default() };
            let step_by_step = Shop::scoring_by(rfm.clone()).await;
            let at_once = Shop::scoring_by(rfm).await;
            let mut late: Vec<SaleLine> = lines.iter().rev().cloned().collect();
            let mut number = 0;
            for (piece, changes) in pieces {
                let rest = late.split_off(piece.min(late.len()));
                step_by_step.sell(std::mem::replace(&mut late, rest));
                for change in changes {
                    number += 1;
                    step_by_step.change(&change, number);
                }
                step_by_step.daily_run(1).await;
            }
            step_by_step.sell(late);
            let (sales, cards) = (&step_by_step.source.sales, &step_by_step.source.cards);
            at_once.sell(sales.lock().unwrap().iter().cloned());
            at_once.source.cards.lock().unwrap().extend(cards.lock().unwrap().iter().cloned());
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
async fn staff_and_removed_customers_are_in_no_analysis() {
    let shop = Shop::open().await;
    let holders = [1, 2, 3].map(|n| Holder::Counterparty(counterparty(n)));
    shop.sell(
        (1..)
            .zip(holders)
            .map(|(n, holder)| sale_line(n, holder, minute(-60), 9_000)),
    );
    shop.daily_run(1).await;
    let mut users = [2, 3].map(customer);
    users[0].role = Role::Admin;
    users[1].removed = true;
    let mut work = shop.storage.begin().await.unwrap();
    work.put_users(&users).await.unwrap();
    work.commit().await.unwrap();

    let analysis = shop.daily_run(1).await;
    assert_eq!(analysis.values.customers, 1);
    assert_eq!(analysis.most_valuable.len(), 1);
    assert_eq!(shop.metrics().await.len(), 3, "their own figures stay");
    let analytics = shop.analytics(1);
    for figures in [Figures::Stored, Figures::AsOf(shop.as_of())] {
        let spread = analytics.get_rfm_analysis(figures, |_| {}).await.unwrap();
        assert_eq!(spread.customers, 1, "{figures:?}");
        let (_, top) = analytics.get_top_customers(figures, 9).await.unwrap();
        assert_eq!(top.len(), 1, "{figures:?}");
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

#[tokio::test]
async fn segments_of_a_past_day_are_those_of_its_figures() {
    let shop = Shop::open().await;
    let anna = Holder::Counterparty(counterparty(1));
    shop.sell((1..=12).map(|n| {
        let at = minute(0) - TimeDelta::days(i64::try_from(n).unwrap() * 7);
        sale_line(n, anna, at, 9_000)
    }));
    shop.daily_run(1).await;
    let segments = SegmentService::new(
        shop.storage.clone(),
        shop.clock.clone(),
        Arc::new(CountingIds::default()),
        SegmentSettings {
            metrics: MetricsPolicy::default(),
            programme: None,
            threads: NonZeroUsize::MIN,
        },
    );
    segments.install_defaults().await.unwrap();
    let of = |population: &Population| -> BTreeMap<String, (u64, Money)> {
        let stats = population.stats().into_iter();
        let held = stats.filter(|stats| stats.customer_count > 0);
        held.map(|stats| {
            let name = stats.segment.name.to_string();
            (name, (stats.customer_count, stats.total_spent))
        })
        .collect()
    };
    let then = of(&segments.load(shop.as_of()).await.unwrap());
    assert!(
        then.contains_key("VIP") && !then.contains_key("Спящие"),
        "{then:?}"
    );

    // She buys once more and then falls silent.
    let day = shop.as_of().date(MetricsPolicy::default().zone);
    shop.clock.advance(TimeDelta::days(1));
    shop.sell([sale_line(13, anna, shop.clock.now(), 9_000)]);
    shop.clock.advance(TimeDelta::days(200));
    shop.daily_run(1).await;
    let now = of(&segments.load(shop.as_of()).await.unwrap());
    assert!(
        !now.contains_key("VIP") && now.contains_key("Спящие"),
        "{now:?}"
    );
    let analytics = shop.analytics(1);
    let analysis = analytics
        .analyse_shop(AsOf::EndOf(day), shop.clock.now(), |_, _| {})
        .await
        .unwrap();
    assert_eq!(of(&segments.load_past(&analysis).await.unwrap()), then);
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
