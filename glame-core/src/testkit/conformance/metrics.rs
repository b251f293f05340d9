//! The figures of customers.

use std::num::NonZeroUsize;

use super::with_users;
use crate::analytics::buying::PurchaseDay;
use crate::analytics::{
    AsOf, CategoryNames, CustomerDays, CustomerMetrics, CustomerStatus, MeasuredCustomer,
    MetricsPolicy, Occasions, OutlookPolicy, PurchasePreferences, RfmPolicy, Scoring, ShopAnalysis,
    day_number,
};
use crate::catalogue::Product;
use crate::ports::Storage;
use crate::testkit::fixtures::{customer, metrics, minute, product, text};
use crate::users::User;
use crate::values::{Money, UserId};

/// Figures come back as they were stored, full ones and empty ones.
pub async fn figures_come_back_as_they_were_stored(storage: &dyn Storage) {
    let (anna, boris) = (customer(1), customer(2));
    let full = metrics(anna.id);
    let mut empty = metrics(boris.id);
    empty.figures.average_receipt = None;
    empty.figures.first_purchase_at = None;
    empty.figures.last_purchase_at = None;
    empty.figures.total_spent = Money::from_kopecks(-1);
    empty.figures.preferences = PurchasePreferences::default();
    empty.rfm_score = None;
    empty.status = CustomerStatus::New;
    let mut work = with_users(storage, &[anna.clone(), boris.clone()]).await;
    work.put_metrics(&[full.clone(), empty.clone()])
        .await
        .unwrap();
    work.commit().await.unwrap();
    assert_eq!(
        storage.metrics(&[anna.id, customer(9).id]).await.unwrap(),
        [full]
    );
    assert_eq!(storage.metrics(&[boris.id]).await.unwrap(), [empty]);
    assert_eq!(storage.metrics(&[]).await.unwrap(), []);
}

/// Figures are replaced as a whole, and removed.
pub async fn figures_are_replaced_and_removed(storage: &dyn Storage) {
    let anna = customer(1);
    let mut work = with_users(storage, &[anna.clone()]).await;
    work.put_metrics(&[metrics(anna.id)]).await.unwrap();
    let mut changed = metrics(anna.id);
    changed.figures.total_purchases += 1;
    changed.status = CustomerStatus::Vip;
    work.put_metrics(&[changed.clone()]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(storage.metrics(&[anna.id]).await.unwrap(), [changed]);

    let mut work = storage.begin().await.unwrap();
    work.remove_metrics(&[anna.id, customer(9).id])
        .await
        .unwrap();
    work.commit().await.unwrap();
    assert_eq!(storage.metrics(&[anna.id]).await.unwrap(), []);
}

/// Figures come in pages in the order of user ids.
pub async fn figures_come_in_pages_by_user(storage: &dyn Storage) {
    let users: Vec<User> = (1..=5).map(customer).collect();
    let rows: Vec<CustomerMetrics> = users.iter().map(|user| metrics(user.id)).collect();
    let mut work = with_users(storage, &users).await;
    work.put_metrics(&rows).await.unwrap();
    work.commit().await.unwrap();
    let mut seen: Vec<UserId> = Vec::new();
    loop {
        let page = storage
            .metrics_after(seen.last().copied(), 2)
            .await
            .unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page.iter().map(|row| row.figures.user));
    }
    let mut expected: Vec<UserId> = users.iter().map(|user| user.id).collect();
    expected.sort();
    assert_eq!(seen, expected);
}

/// There is one scoring, the last.
pub async fn the_scoring_is_replaced(storage: &dyn Storage) {
    assert_eq!(storage.scoring().await.unwrap(), None);
    let policy = MetricsPolicy {
        rfm: RfmPolicy::quantiles(),
        ..MetricsPolicy::default()
    };
    let cuts = policy.rfm.cuts(&[]).unwrap();
    let first = Scoring {
        as_of: AsOf::Now(minute(1)),
        policy,
        cuts,
        computed_at: minute(1),
        customers: 7,
        scored: 5,
    };
    let second = Scoring {
        as_of: AsOf::EndOf(minute(0).date_naive()),
        computed_at: minute(2),
        ..first.clone()
    };
    for scoring in [first, second] {
        let mut work = storage.begin().await.unwrap();
        work.put_scoring(&scoring).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(storage.scoring().await.unwrap(), Some(scoring));
    }
}

/// There is one analysis of the shop, the last, and no bit of it is lost.
pub async fn the_analysis_of_the_shop_is_replaced(storage: &dyn Storage) {
    assert_eq!(storage.shop_analysis().await.unwrap(), None);
    let chain = Product {
        category: Some(text("Цепочки")),
        ..product(2)
    };
    let categories = CategoryNames::of(&[product(1), chain]);
    let mut customers = Vec::new();
    for user in 1..=3 {
        // Seasons are learnt from two years, pairs and categories from what comes often.
        let days = (0..user).map(|visit| PurchaseDay {
            day: day_number(minute(0).date_naive()) - 800 + 397 * visit,
            kopecks: 100_001,
        });
        customers.push(MeasuredCustomer {
            metrics: metrics(customer(user.into()).id),
            days: CustomerDays {
                days: days.collect(),
                ..CustomerDays::default()
            },
            occasions: Occasions((0..user).map(|_| vec![0, 1]).collect()),
        });
    }
    for as_of in [AsOf::Now(minute(1)), AsOf::EndOf(minute(0).date_naive())] {
        let analysis = ShopAnalysis::of(
            (&customers, categories.clone()),
            (as_of, chrono_tz::Europe::Moscow),
            OutlookPolicy::default(),
            NonZeroUsize::MIN,
            minute(2),
        );
        let analysis = analysis.unwrap();
        assert!(analysis.season.is_some() && analysis.next_category.is_some());
        assert_eq!(analysis.bought_together.len(), 1);
        let mut work = storage.begin().await.unwrap();
        work.put_shop_analysis(&analysis).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(storage.shop_analysis().await.unwrap(), Some(analysis));
    }
}
