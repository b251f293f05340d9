//! The services of the cabinet, over the in-memory adapter.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono_tz::Europe::Moscow;
use glame_core::customers::{
    Channel, ConsentDecision, ConsentService, ConsentSource, ConsentTopic, CustomerDirectory,
    CustomerError, CustomerExporter, CustomerQuery, CustomerSort, CustomerSortKey, ErasureService,
    FieldChange, Forgets, NewConsent, ProfileChange, ProfileField, ProfileService, SortDirection,
};
use glame_core::looks::{
    InvalidLook, LookContent, LookError, LookOrigin, LookService, LookStatus, LookVersion, SaveType,
};
use glame_core::loyalty::Actor;
use glame_core::ports::{BoxError, Storage, UserReader};
use glame_core::purchases::{Packaging, PurchaseLog, PurchaseQuery, ReceiptQuery};
use glame_core::testkit::fixtures::{
    card, customer, metrics, minute, product, product_ref, receipt, store, text,
};
use glame_core::testkit::{CountingIds, ManualClock, MemoryStorage};
use glame_core::users::{Role, User};
use glame_core::values::{Money, PeriodRange, UserId};

const SMS: ConsentTopic = ConsentTopic::Marketing(Channel::Sms);

struct Shop {
    storage: Arc<MemoryStorage>,
    clock: Arc<ManualClock>,
}

impl Shop {
    async fn open() -> Self {
        let storage = Arc::new(MemoryStorage::default());
        let admin = User {
            role: Role::Admin,
            ..customer(9)
        };
        let anna = customer(1).id;
        let mut work = storage.begin().await.unwrap();
        work.put_users(&[customer(1), customer(2), admin])
            .await
            .unwrap();
        work.put_cards(&[card(1, anna)]).await.unwrap();
        work.put_products(&[1, 2, 3].map(product)).await.unwrap();
        work.put_stores(&[store(1)]).await.unwrap();
        work.add_receipts(&[receipt(1, anna, minute(1), 2)])
            .await
            .unwrap();
        work.put_metrics(&[metrics(anna)]).await.unwrap();
        work.commit().await.unwrap();
        Self {
            storage,
            clock: Arc::new(ManualClock::at(minute(10))),
        }
    }

    fn profiles(&self) -> ProfileService {
        ProfileService::new(self.storage.clone(), self.clock.clone(), Moscow)
    }

    fn consents(&self) -> ConsentService {
        ConsentService::new(self.storage.clone(), self.clock.clone())
    }

    fn erasure(&self, others: Vec<Arc<dyn Forgets>>) -> ErasureService {
        ErasureService::new(self.storage.clone(), self.clock.clone(), others)
    }

    fn looks(&self) -> LookService {
        let ids = Arc::new(CountingIds::default());
        LookService::new(self.storage.clone(), self.clock.clone(), ids)
    }
}

fn anna() -> UserId {
    customer(1).id
}

fn operator() -> Actor {
    Actor::Named(text("оператор"))
}

fn moved(city: &str) -> ProfileChange {
    ProfileChange {
        city: FieldChange::Set(Some(text(city))),
        ..ProfileChange::default()
    }
}

fn granted(topic: ConsentTopic) -> NewConsent {
    NewConsent {
        topic,
        decision: ConsentDecision::Granted,
        text_version: text("2026-03"),
    }
}

#[tokio::test]
async fn an_edit_needs_the_version_that_was_seen() {
    let shop = Shop::open().await;
    let profiles = shop.profiles();
    let seen = profiles.profile(anna()).await.unwrap().version;
    let edited = profiles
        .edit(anna(), Some(seen), &moved("Керчь"), &operator())
        .await
        .unwrap();
    assert_eq!(edited.version, seen.next());
    let stale = profiles
        .edit(anna(), Some(seen), &moved("Судак"), &operator())
        .await;
    assert!(matches!(stale, Err(CustomerError::Stale)));
    let same = profiles
        .edit(anna(), None, &moved("Керчь"), &operator())
        .await
        .unwrap();
    assert_eq!(same, edited, "what is so already is no edit");
}

#[tokio::test]
async fn only_customers_have_profiles_to_edit() {
    let shop = Shop::open().await;
    for user in [customer(9).id, customer(77).id] {
        let shown = shop.profiles().profile(user).await;
        assert!(matches!(shown, Err(CustomerError::Unknown(unknown)) if unknown == user));
        let edited = shop
            .profiles()
            .edit(user, None, &moved("Керчь"), &operator())
            .await;
        assert!(matches!(edited, Err(CustomerError::Unknown(_))));
        let erased = shop.erasure(Vec::new()).erase(user, &operator()).await;
        assert!(matches!(erased, Err(CustomerError::Unknown(_))));
    }
    let born_tomorrow = ProfileChange {
        birth_date: FieldChange::Set(minute(0).date_naive().succ_opt()),
        ..ProfileChange::default()
    };
    let refused = shop
        .profiles()
        .edit(anna(), None, &born_tomorrow, &operator())
        .await;
    assert!(matches!(
        refused,
        Err(CustomerError::Invalid(invalid)) if invalid.field == ProfileField::BirthDate
    ));
}

#[tokio::test]
async fn consents_are_told_once_and_withdrawn() {
    let shop = Shop::open().await;
    let consents = shop.consents();
    let source = ConsentSource::Cabinet;
    let by = Actor::User(anna());
    for _ in 0..2 {
        let told = [granted(SMS), granted(ConsentTopic::AnalyticsAi)];
        let now = consents.record(anna(), &told, source, &by).await.unwrap();
        assert!(now.granted(SMS) && now.granted(ConsentTopic::AnalyticsAi));
    }
    assert_eq!(consents.history(anna()).await.unwrap().len(), 2);
    let withdrawn = NewConsent {
        decision: ConsentDecision::Withdrawn,
        ..granted(SMS)
    };
    let now = consents
        .record(anna(), &[withdrawn], source, &by)
        .await
        .unwrap();
    assert!(!now.granted(SMS));
    assert!(
        !consents
            .consents(customer(2).id)
            .await
            .unwrap()
            .granted(SMS)
    );
}

/// Somebody else who knows customers, and cannot always be reached.
#[derive(Debug, Default)]
struct Sessions {
    forgotten: Mutex<Vec<UserId>>,
    down: Mutex<bool>,
}

#[async_trait]
impl Forgets for Sessions {
    fn name(&self) -> &'static str {
        "sessions"
    }

    async fn forget(&self, user: UserId) -> Result<(), BoxError> {
        if *self.down.lock().unwrap() {
            return Err("not now".into());
        }
        self.forgotten.lock().unwrap().push(user);
        Ok(())
    }
}

#[tokio::test]
async fn an_erasure_withdraws_consents_and_is_repeated_until_everybody_has_forgotten() {
    let shop = Shop::open().await;
    let by = Actor::User(anna());
    let told = [granted(SMS)];
    shop.consents()
        .record(anna(), &told, ConsentSource::Cabinet, &by)
        .await
        .unwrap();
    let sessions = Arc::new(Sessions::default());
    *sessions.down.lock().unwrap() = true;
    let erasure = shop.erasure(vec![sessions.clone()]);
    let failed = erasure.erase(anna(), &operator()).await;
    assert!(matches!(
        failed,
        Err(CustomerError::NotForgotten {
            forgetter: "sessions",
            ..
        })
    ));
    *sessions.down.lock().unwrap() = false;
    shop.clock.advance(chrono::TimeDelta::minutes(5));
    let erased = erasure.erase(anna(), &operator()).await.unwrap();
    assert_eq!(erased.at, minute(10), "the first time counts");
    assert_eq!(*sessions.forgotten.lock().unwrap(), [anna()]);
    let history = shop.consents().history(anna()).await.unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(history[1].source, ConsentSource::Erasure);
    assert!(!shop.consents().consents(anna()).await.unwrap().granted(SMS));
    let edited = shop
        .profiles()
        .edit(anna(), None, &moved("Керчь"), &operator())
        .await;
    assert!(matches!(edited, Err(CustomerError::Erased(_))));
    let told = shop
        .consents()
        .record(anna(), &told, ConsentSource::Staff, &by)
        .await;
    assert!(matches!(told, Err(CustomerError::Erased(_))));
    assert_eq!(shop.storage.users(&[anna()]).await.unwrap()[0].phone, None);
}

#[tokio::test]
async fn an_export_tells_everything_and_after_an_erasure_nothing_personal() {
    let shop = Shop::open().await;
    let looks = shop.looks();
    let look = looks
        .create(content([1]), LookOrigin::Catalogue, &operator())
        .await
        .unwrap();
    let notes = Some(text("к юбилею"));
    looks
        .save(anna(), look.id, SaveType::Favorite, notes)
        .await
        .unwrap();
    shop.profiles()
        .edit(anna(), None, &moved("Керчь"), &operator())
        .await
        .unwrap();
    let told = [granted(SMS)];
    let by = Actor::User(anna());
    shop.consents()
        .record(anna(), &told, ConsentSource::Cabinet, &by)
        .await
        .unwrap();
    let exporter = CustomerExporter::new(shop.storage.clone(), shop.clock.clone());
    let export = exporter.export(anna()).await.unwrap();
    assert_eq!(
        (
            export.cards.len(),
            export.purchases.len(),
            export.consents.len()
        ),
        (1, 2, 1)
    );
    assert_eq!(export.metrics, Some(metrics(anna())));
    let json = serde_json::to_string(&export).unwrap();
    let personal = [
        "Примерова",
        "Керчь",
        "Ялта",
        "+79990000001",
        "2900000000001",
        "к юбилею",
    ];
    for told in personal {
        assert!(json.contains(told), "{told} is in {json}");
    }
    shop.erasure(Vec::new())
        .erase(anna(), &operator())
        .await
        .unwrap();
    let left = serde_json::to_string(&exporter.export(anna()).await.unwrap()).unwrap();
    for told in personal {
        assert!(!left.contains(told), "{told} is in {left}");
    }
    assert!(left.contains("Кольцо 1"));
}

fn content(products: impl IntoIterator<Item = u128>) -> LookContent {
    LookContent {
        title: text("Вечерний"),
        description: None,
        products: products.into_iter().map(product_ref).collect(),
        tags: BTreeSet::new(),
        image_url: None,
    }
}

#[tokio::test]
async fn looks_are_made_of_the_catalogue_and_archived() {
    let shop = Shop::open().await;
    let looks = shop.looks();
    let unknown = looks
        .create(content([1, 8]), LookOrigin::Catalogue, &operator())
        .await;
    assert!(matches!(
        unknown,
        Err(LookError::Invalid(InvalidLook::UnknownProduct(product))) if product == product_ref(8)
    ));
    let look = looks
        .create(content([1]), LookOrigin::Catalogue, &operator())
        .await
        .unwrap();
    let changed = looks
        .change(
            look.id,
            Some(look.version),
            content([2]),
            LookStatus::Active,
            &operator(),
        )
        .await
        .unwrap();
    assert_eq!(changed.version, LookVersion::new(2));
    let stale = looks
        .archive(look.id, Some(look.version), &operator())
        .await;
    assert!(matches!(stale, Err(LookError::Stale)));
    let archived = looks.archive(look.id, None, &operator()).await.unwrap();
    assert_eq!(archived.status, LookStatus::Archived);
    let saved = looks.save(anna(), look.id, SaveType::Favorite, None).await;
    assert!(matches!(saved, Err(LookError::Unknown(_))));
}

#[tokio::test]
async fn a_saved_look_is_bought_with_its_articles_or_by_hand() {
    let shop = Shop::open().await;
    let looks = shop.looks();
    let first = looks
        .create(content([1]), LookOrigin::Catalogue, &operator())
        .await
        .unwrap();
    let second = looks
        .create(content([3]), LookOrigin::Generated, &operator())
        .await
        .unwrap();
    looks
        .save(anna(), first.id, SaveType::Favorite, None)
        .await
        .unwrap();
    let by_hand = looks
        .save(anna(), second.id, SaveType::Generated, None)
        .await
        .unwrap();
    let again = looks.save(anna(), first.id, SaveType::Favorite, None).await;
    assert!(matches!(again, Err(LookError::AlreadySaved(look)) if look == first.id));
    looks.mark_purchased(anna(), by_hand.id).await.unwrap();
    let mut work = shop.storage.begin().await.unwrap();
    work.add_receipts(&[receipt(5, anna(), minute(30), 1)])
        .await
        .unwrap();
    work.commit().await.unwrap();
    let page = looks.saved_looks(anna(), None, None, 9).await.unwrap();
    let mut bought: Vec<_> = page.looks.iter().map(|view| view.purchased_at).collect();
    bought.sort();
    assert_eq!(bought, [Some(minute(10)), Some(minute(30))]);
    let foreign = looks.remove_saved(customer(2).id, by_hand.id).await;
    assert!(matches!(foreign, Err(LookError::NotSaved(_))));
    looks.remove_saved(anna(), by_hand.id).await.unwrap();
}

#[tokio::test]
async fn nobody_saves_more_looks_than_are_kept() {
    let shop = Shop::open().await;
    let looks = shop.looks();
    let mut last = None;
    for n in 0..=500 {
        let look = looks
            .create(content([1]), LookOrigin::Catalogue, &operator())
            .await
            .unwrap();
        let saved = looks.save(anna(), look.id, SaveType::Favorite, None).await;
        assert_eq!(saved.is_ok(), n < 500, "{n}");
        last = saved.err();
    }
    assert!(matches!(last, Some(LookError::TooMany)));
}

#[tokio::test]
async fn packaging_is_left_out_on_request_and_pages_go_on_behind_it() {
    let shop = Shop::open().await;
    let boris = customer(2).id;
    let mut receipts: Vec<_> = (1..=9_u128)
        .map(|n| receipt(100 + n, boris, minute(i64::try_from(n).unwrap()), 2))
        .collect();
    for receipt in &mut receipts {
        receipt.lines[1].amount = Money::from_kopecks(100);
    }
    let mut work = shop.storage.begin().await.unwrap();
    work.add_receipts(&receipts).await.unwrap();
    work.commit().await.unwrap();
    let log = PurchaseLog::new(
        shop.storage.clone(),
        glame_core::purchases::LinePolicy::default(),
    );
    for (packaging, expected) in [(Packaging::Shown, 18), (Packaging::LeftOut, 9)] {
        let mut lines = Vec::new();
        let mut after = None;
        loop {
            let query = PurchaseQuery {
                user: boris,
                range: PeriodRange::EVERYTHING,
                after,
                limit: 2,
            };
            let page = log.purchases(query, packaging).await.unwrap();
            assert!(page.lines.len() <= 2);
            lines.extend(page.lines);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(lines.len(), expected);
    }
    let query = ReceiptQuery {
        user: boris,
        range: PeriodRange::EVERYTHING,
        after: None,
        limit: 4,
    };
    let page = log.receipts(query).await.unwrap();
    assert_eq!((page.receipts.len(), page.next.is_some()), (4, true));
    assert_eq!(page.receipts[0].amount, Money::from_kopecks(10_100));
    assert_eq!(log.stats(anna()).await.unwrap(), Some(metrics(anna())));
}

#[tokio::test]
async fn a_cursor_of_another_order_is_refused() {
    let shop = Shop::open().await;
    let directory = CustomerDirectory::new(shop.storage.clone());
    let by_spent = CustomerQuery {
        limit: 1,
        ..CustomerQuery::default()
    };
    let page = directory.page(&by_spent).await.unwrap();
    assert_eq!((page.rows.len(), page.rows[0].user.id), (1, anna()));
    let sort = CustomerSort {
        key: CustomerSortKey::Name,
        direction: SortDirection::Ascending,
    };
    let by_name = CustomerQuery {
        sort,
        after: page.next.clone(),
        ..by_spent.clone()
    };
    let refused = directory.page(&by_name).await;
    assert!(matches!(refused, Err(CustomerError::ForeignCursor)));
    let rest = CustomerQuery {
        after: page.next,
        ..by_spent
    };
    let rest = directory.page(&rest).await.unwrap();
    assert_eq!((rest.rows.len(), rest.next), (1, None));
    assert_eq!(directory.total(&by_name.selection).await.unwrap(), 2);
}
