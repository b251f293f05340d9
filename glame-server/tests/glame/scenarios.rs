//! Whatever happens in the shop, the sums are those of the base after the next synchronisation.

use std::sync::Arc;

use chrono::TimeDelta;
use glame_core::ports::Storage;
use glame_core::sync::{CustomerSyncService, PurchaseScope, SyncTrigger, Unobserved};
use glame_core::testkit::ManualClock;
use glame_onec::{Credentials, OnecSettings, OnecSource, SalesRegister as ReadRegister};
use glame_onec_simulator::{SalesRegister, random_scenario};
use glame_server::clock::TimeOrderedIds;

use crate::shop::{Database, Shop, small_shop};

/// A shop, and a service that stays open while the shop lives on.
struct Living {
    shop: Shop,
    service: CustomerSyncService,
    clock: Arc<ManualClock>,
    register: SalesRegister,
}

impl Living {
    async fn open(seed: u64, register: SalesRegister) -> Self {
        let shop = Shop::open(small_shop(seed), Database::Sqlite).await;
        let credentials = shop.simulator.credentials();
        let login = Credentials::login(credentials.user.clone(), credentials.password.clone());
        let mut settings = OnecSettings::new(shop.simulator.base_url(), login);
        settings.page_sizes.sales = 300;
        settings.sales_register = match register {
            SalesRegister::Sales => ReadRegister::Sales,
            SalesRegister::CardSales => ReadRegister::SalesByCards,
        };
        let storage: Arc<dyn Storage> = shop.storage().await;
        let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()));
        let service = CustomerSyncService::new(
            storage,
            Arc::new(OnecSource::open(settings).unwrap()),
            clock.clone(),
            Arc::new(TimeOrderedIds),
            glame_core::sync::SyncSettings::default(),
        );
        Self {
            shop,
            service,
            clock,
            register,
        }
    }

    async fn customers(&self) {
        let lease = self.service.acquire_lease("a test").await.unwrap();
        self.service
            .sync_discount_cards(&lease, SyncTrigger::Manual, &Unobserved)
            .await
            .unwrap();
        self.service.release_lease(lease).await.unwrap();
        self.clock.advance(TimeDelta::minutes(30));
    }

    async fn purchases(&self, scope: PurchaseScope) {
        let lease = self.service.acquire_lease("a test").await.unwrap();
        self.service
            .sync_purchase_history(&lease, scope, SyncTrigger::Manual, &Unobserved)
            .await
            .unwrap();
        self.service.release_lease(lease).await.unwrap();
        self.clock.advance(TimeDelta::minutes(30));
    }

    async fn is_as_the_base(&self, when: &str) {
        let stored = self.shop.stored_sums().await;
        assert_eq!(
            stored,
            self.shop.expected_sums(self.register).await,
            "{when}"
        );
    }
}

/// Plays random histories with readings in between, in an order that the seed chooses.
async fn random_histories_end_right(register: SalesRegister) {
    for seed in 0..6 {
        let living = Living::open(seed, register).await;
        let scenario = random_scenario(seed, 40);
        for (n, timed) in scenario.steps.iter().enumerate() {
            living.shop.simulator.apply(&timed.step).unwrap();
            match (u64::try_from(n).unwrap() * 7 + seed) % 10 {
                0 => living.customers().await,
                3 => living.purchases(PurchaseScope::Automatic).await,
                6 => living.purchases(PurchaseScope::Days(40)).await,
                _ => {}
            }
        }
        living.customers().await;
        living.purchases(PurchaseScope::Everything).await;
        living.is_as_the_base(&format!("seed {seed}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_end_right_in_the_register_of_sales() {
    random_histories_end_right(SalesRegister::Sales).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_end_right_in_the_register_of_cards() {
    random_histories_end_right(SalesRegister::CardSales).await;
}
