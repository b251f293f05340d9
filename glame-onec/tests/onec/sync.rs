//! A living base, synchronised: after whatever happens in 1C, storage says what 1C says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{TimeZone, Utc};
use glame_core::ports::{PurchaseReader, Storage};
use glame_core::purchases::DocumentKind;
use glame_core::sync::{
    CustomerSyncService, PurchaseScope, SyncRun, SyncSettings, SyncTrigger, Unobserved,
};
use glame_core::testkit::{CountingIds, ManualClock, MemoryStorage};
use glame_core::users::Holder;
use glame_core::values::{CounterpartyRef, UserId};
use glame_onec::{OnecSource, SalesRegister};
use glame_onec_simulator::{
    Closing, Fault, FaultRule, Good, Pick, Rate, ScenarioStep, Simulator, When, random_scenario,
};

use crate::shop::{Reading, assert_complete, open_shop, plan, reader_of, source_of};

/// A shop, the storage that follows it, and the service between them.
struct Follower {
    shop: Simulator,
    storage: Arc<MemoryStorage>,
    service: CustomerSyncService,
}

impl Follower {
    async fn new() -> Self {
        let shop = open_shop().await;
        let storage = Arc::new(MemoryStorage::default());
        let shared: Arc<dyn Storage> = Arc::<MemoryStorage>::clone(&storage);
        let source = Arc::new(OnecSource::open(reader_of(&shop)).unwrap());
        // The last sale of the shop lies in the last days of 2025.
        let clock = Arc::new(ManualClock::at(
            Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap(),
        ));
        let ids = Arc::new(CountingIds::default());
        let service = CustomerSyncService::new(shared, source, clock, ids, SyncSettings::default());
        Self {
            shop,
            storage,
            service,
        }
    }

    async fn sync(&self, scope: PurchaseScope) -> SyncRun {
        let lease = self.service.acquire_lease("test").await.unwrap();
        let trigger = SyncTrigger::Manual;
        self.service
            .sync_discount_cards(&lease, trigger, &Unobserved)
            .await
            .unwrap();
        let run = self
            .service
            .sync_purchase_history(&lease, scope, trigger, &Unobserved)
            .await
            .unwrap();
        self.service.release_lease(lease).await.unwrap();
        run
    }

    /// Checks that each customer's sales come to what 1C's documents come to.
    async fn assert_same_as_shop(&self) {
        let register = glame_onec_simulator::SalesRegister::Sales;
        let holders = self.shop.oracle().totals(register).holders;
        let expected: BTreeMap<UserId, (u64, i64)> = holders
            .into_iter()
            .map(|(holder, totals)| {
                let user = Holder::Counterparty(CounterpartyRef::from_uuid(holder)).user_id();
                (user, (totals.lines, totals.kopecks))
            })
            .collect();
        let mut found: BTreeMap<UserId, (u64, i64)> = BTreeMap::new();
        for history in self.storage.histories_after(None, 100_000).await.unwrap() {
            let sales = history
                .lines()
                .iter()
                .filter(|line| line.document.kind != DocumentKind::OpeningBalance);
            for line in sales {
                let sum = found.entry(history.user()).or_default();
                sum.0 += 1;
                sum.1 += line.amount.kopecks();
            }
        }
        let users: BTreeSet<&UserId> = found.keys().chain(expected.keys()).collect();
        let different: Vec<_> = users
            .into_iter()
            .map(|user| (user, found.get(user), expected.get(user)))
            .filter(|(_, found, expected)| found != expected)
            .collect();
        assert_eq!(
            different,
            [],
            "user, lines and kopecks in storage, and in the shop"
        );
    }
}

fn changed(run: &SyncRun) -> (u64, u64, u64) {
    (run.counts.created, run.counts.updated, run.counts.removed)
}

#[tokio::test]
async fn a_second_synchronisation_changes_nothing() {
    let follower = Follower::new().await;
    let first = follower.sync(PurchaseScope::Everything).await;
    assert!(first.counts.created > 0);
    follower.assert_same_as_shop().await;
    for scope in [
        PurchaseScope::Everything,
        PurchaseScope::Days(90),
        PurchaseScope::Automatic,
    ] {
        assert_eq!(changed(&follower.sync(scope).await), (0, 0, 0));
    }
}

#[tokio::test]
async fn whatever_happens_in_1c_storage_follows() {
    for seed in 1..=4 {
        let follower = Follower::new().await;
        follower.sync(PurchaseScope::Everything).await;
        for part in 0..3 {
            follower
                .shop
                .run(&random_scenario(seed * 10 + part, 25))
                .unwrap();
            follower.sync(PurchaseScope::Everything).await;
            follower.assert_same_as_shop().await;
        }
        assert_eq!(
            changed(&follower.sync(PurchaseScope::Everything).await),
            (0, 0, 0)
        );
    }
}

#[tokio::test]
async fn either_register_is_read_completely_after_whatever_happens() {
    for seed in 1..=4 {
        let shop = open_shop().await;
        shop.run(&random_scenario(seed, 40)).unwrap();
        let source = source_of(&shop, SalesRegister::SalesByCards);
        let reading = Reading::of(&source, None).await.unwrap();
        assert_complete(&reading, &shop, SalesRegister::SalesByCards);
    }
}

#[tokio::test]
async fn storage_follows_through_faults() {
    let follower = Follower::new().await;
    let passing = [
        Fault::Reset,
        Fault::TruncatedJson,
        Fault::Unavailable,
        Fault::Maintenance,
        Fault::License,
        Fault::MissingValue,
        Fault::DuplicateRows,
    ];
    let rules = passing.map(|fault| FaultRule::always(fault).at_rate(Rate::percent(2)));
    follower.shop.set_faults(plan(rules));
    follower.sync(PurchaseScope::Everything).await;
    follower.shop.run(&random_scenario(5, 30)).unwrap();
    follower.sync(PurchaseScope::Everything).await;
    follower.assert_same_as_shop().await;
}

#[tokio::test]
async fn a_closed_shift_counts_each_sale_once() {
    for closing in [Closing::Archive, Closing::Keep] {
        let follower = Follower::new().await;
        for receipt in 0..4 {
            let good = Good {
                product: Pick::Nth(receipt),
                thousandths: 1_000,
                kopecks: 150_050,
            };
            let step = ScenarioStep::Receipt {
                name: None,
                at: When::Share(990),
                card: Some(Pick::Nth(receipt)),
                goods: vec![good],
                shift: Some("evening".to_owned()),
            };
            follower.shop.apply(&step).unwrap();
        }
        follower.sync(PurchaseScope::Everything).await;
        follower.assert_same_as_shop().await;
        let close = ScenarioStep::CloseShift {
            shift: "evening".to_owned(),
            at: When::Share(991),
            closing,
        };
        follower.shop.apply(&close).unwrap();
        let run = follower.sync(PurchaseScope::Days(60)).await;
        follower.assert_same_as_shop().await;
        assert_eq!(run.counts.removed > 0, closing == Closing::Archive);
    }
}

/// Lets a document sell of which the reader does not know what it is.
fn marketplace_sale(name: &str, share: u16) -> ScenarioStep {
    let good = Good {
        product: Pick::Nth(1),
        thousandths: 2_000,
        kopecks: 99_900,
    };
    ScenarioStep::MarketplaceSale {
        name: Some(name.to_owned()),
        at: When::Share(share),
        card: Some(Pick::Nth(2)),
        goods: vec![good],
    }
}

#[tokio::test]
async fn a_document_of_an_unknown_kind_is_followed_wherever_it_moves() {
    let follower = Follower::new().await;
    for name in ["moved", "deleted"] {
        follower.shop.apply(&marketplace_sale(name, 990)).unwrap();
    }
    follower.sync(PurchaseScope::Everything).await;
    follower.assert_same_as_shop().await;
    let moves = [-300, 300, -40].map(|days| ScenarioStep::Redate {
        document: Pick::Named("moved".to_owned()),
        days,
    });
    for step in moves {
        follower.shop.apply(&step).unwrap();
        let run = follower.sync(PurchaseScope::Days(60)).await;
        assert_eq!(run.counts.rejected, 0);
        follower.assert_same_as_shop().await;
    }
    let delete = ScenarioStep::Delete {
        document: Pick::Named("deleted".to_owned()),
    };
    follower.shop.apply(&delete).unwrap();
    let run = follower.sync(PurchaseScope::Days(60)).await;
    assert_eq!(changed(&run), (0, 0, 1));
    follower.assert_same_as_shop().await;
}
