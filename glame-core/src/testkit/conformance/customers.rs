//! Lists and search of customers, edits of profiles, consents and erasure.

use chrono::TimeDelta;

use super::with_users;
use crate::analytics::{CustomerMetrics, CustomerStatus, RfmSegment, Score};
use crate::customers::{
    Channel, ConsentDecision, ConsentRecord, ConsentSource, ConsentTopic, CustomerFilter,
    CustomerQuery, CustomerRow, CustomerSelection, CustomerSort, CustomerSortKey, FieldChange,
    Profile, ProfileChange, ProfileVersion, RemovedCustomers, RfmFilter, SearchText, SortDirection,
    ValueRange,
};
use crate::loyalty::Actor;
use crate::ports::{Storage, StorageError};
use crate::testkit::fixtures::{card, customer, metrics, minute, receipt, text};
use crate::users::{Gender, Role, User};
use crate::values::{Money, PeriodRange, UserId};

/// Stores a shop of ten customers, no two alike, and somebody of the staff.
async fn a_shop(storage: &dyn Storage) -> Vec<CustomerRow> {
    let mut users: Vec<User> = (1..=10).map(customer).collect();
    let names = [
        "Ёлкина Анна",
        "елкина анна",
        "Берёзова Мария",
        "Àdele",
        "ann",
    ];
    for (user, name) in users.iter_mut().zip(names) {
        user.full_name = Some(text(name));
    }
    users[5].full_name = None;
    users[6].full_name = Some(text("🌷"));
    for (n, user) in (0_i64..).zip(&mut users) {
        user.created_at = minute(n / 2);
        user.gender =
            [Some(Gender::Female), Some(Gender::Male), None][usize::try_from(n % 3).unwrap()];
    }
    users[1].city = Some(text("г. Орёл"));
    users[2].city = None;
    users[3].phone = None;
    users[7].removed = true;
    users[9].role = Role::Admin;
    let figures: Vec<CustomerMetrics> = (1_i64..)
        .zip(&users[..7])
        .map(|(n, user)| figures_of(user.id, n))
        .collect();
    let mut work = with_users(storage, &users).await;
    work.put_metrics(&figures).await.unwrap();
    work.commit().await.unwrap();
    users.pop();
    users
        .into_iter()
        .map(|user| CustomerRow {
            metrics: figures
                .iter()
                .find(|row| row.figures.user == user.id)
                .cloned(),
            user,
            erased_at: None,
        })
        .collect()
}

fn figures_of(user: UserId, n: i64) -> CustomerMetrics {
    let mut row = metrics(user);
    // Two of them have spent the same, one owes, and one has an opening balance alone.
    let spent = [5, 7, 7, -1, 0, 3, 9][usize::try_from(n - 1).unwrap()];
    row.figures.total_spent = Money::from_kopecks(spent * 100_000);
    row.figures.total_purchases = u32::try_from(n % 4).unwrap();
    row.figures.last_purchase_at = Some(minute(n * 10));
    row.status = CustomerStatus::ALL[usize::try_from(n % 3).unwrap()];
    if n == 5 {
        row.figures.last_purchase_at = None;
        row.rfm_score = None;
        row.status = CustomerStatus::New;
    }
    if let Some(score) = &mut row.rfm_score {
        score.recency = Score::try_new(u8::try_from(n % 5 + 1).unwrap()).unwrap();
    }
    row
}

/// Reads all pages of two rows.
async fn read_all(storage: &dyn Storage, query: &CustomerQuery) -> Vec<CustomerRow> {
    let mut rows: Vec<CustomerRow> = Vec::new();
    loop {
        let page = CustomerQuery {
            after: rows.last().map(|row| query.sort.cursor(row)),
            limit: 2,
            ..query.clone()
        };
        let found = storage.find_customers(&page).await.unwrap();
        assert!(found.len() <= 2);
        if found.is_empty() {
            return rows;
        }
        rows.extend(found);
        assert!(rows.len() < 100, "the pages have an end");
    }
}

/// Customers come in every order in both directions, page by page, those without a value last.
pub async fn customers_come_in_every_order(storage: &dyn Storage) {
    let mut shop = a_shop(storage).await;
    shop.retain(|row| !row.user.removed);
    for key in CustomerSortKey::ALL {
        for direction in [SortDirection::Ascending, SortDirection::Descending] {
            let sort = CustomerSort { key, direction };
            shop.sort_by(|left, right| sort.compare(&sort.cursor(left), &sort.cursor(right)));
            let query = CustomerQuery {
                sort,
                ..CustomerQuery::default()
            };
            assert_eq!(read_all(storage, &query).await, shop, "{sort:?}");
            let whole = CustomerQuery { limit: 99, ..query };
            assert_eq!(storage.find_customers(&whole).await.unwrap(), shop);
        }
    }
}

fn filters() -> Vec<CustomerFilter> {
    let none = CustomerFilter::default;
    let money = |roubles| Some(Money::from_whole_roubles(roubles).unwrap());
    let score = |n| Some(Score::try_new(n).unwrap());
    vec![
        none(),
        CustomerFilter {
            removed: RemovedCustomers::Among,
            ..none()
        },
        CustomerFilter {
            removed: RemovedCustomers::Only,
            ..none()
        },
        CustomerFilter {
            city: Some(text("Г ОРЕЛ")),
            ..none()
        },
        CustomerFilter {
            city: Some(text("🌷")),
            ..none()
        },
        CustomerFilter {
            gender: Some(Gender::Male),
            ..none()
        },
        CustomerFilter {
            has_phone: Some(true),
            ..none()
        },
        CustomerFilter {
            has_phone: Some(false),
            ..none()
        },
        CustomerFilter {
            statuses: vec![CustomerStatus::New],
            ..none()
        },
        CustomerFilter {
            statuses: vec![CustomerStatus::Active, CustomerStatus::Regular],
            ..none()
        },
        CustomerFilter {
            spent: ValueRange {
                min: money(5_000),
                max: money(7_000),
            },
            ..none()
        },
        CustomerFilter {
            spent: ValueRange {
                min: None,
                max: money(0),
            },
            ..none()
        },
        CustomerFilter {
            purchases: ValueRange {
                min: Some(1),
                max: Some(2),
            },
            ..none()
        },
        CustomerFilter {
            purchases: ValueRange {
                min: None,
                max: Some(0),
            },
            ..none()
        },
        CustomerFilter {
            last_purchase: PeriodRange::try_new(Some(minute(20)), Some(minute(40))).unwrap(),
            ..none()
        },
        CustomerFilter {
            rfm: RfmFilter {
                recency: ValueRange {
                    min: score(2),
                    max: score(4),
                },
                ..RfmFilter::default()
            },
            ..none()
        },
        CustomerFilter {
            rfm: RfmFilter {
                segments: vec![
                    RfmSegment::CannotLose,
                    RfmSegment::New,
                    RfmSegment::Promising,
                ],
                ..RfmFilter::default()
            },
            ..none()
        },
        CustomerFilter {
            rfm: RfmFilter {
                total: ValueRange {
                    min: Some(15),
                    max: Some(3),
                },
                ..RfmFilter::default()
            },
            ..none()
        },
    ]
}

/// Each filter chooses whom the rule of the core chooses, in every order, and counts them.
pub async fn filters_choose_whom_the_rule_chooses(storage: &dyn Storage) {
    let mut shop = a_shop(storage).await;
    for filter in filters() {
        for key in CustomerSortKey::ALL {
            let sort = CustomerSort {
                key,
                direction: SortDirection::Descending,
            };
            shop.sort_by(|left, right| sort.compare(&sort.cursor(left), &sort.cursor(right)));
            let chosen = |row: &&CustomerRow| filter.holds(&row.user, row.metrics.as_ref());
            let expected: Vec<CustomerRow> = shop.iter().filter(chosen).cloned().collect();
            let selection = CustomerSelection {
                text: None,
                filter: filter.clone(),
            };
            let count = storage.count_customers(&selection).await.unwrap();
            assert_eq!(
                usize::try_from(count).unwrap(),
                expected.len(),
                "{filter:?}"
            );
            let query = CustomerQuery {
                selection,
                sort,
                ..CustomerQuery::default()
            };
            assert_eq!(
                read_all(storage, &query).await,
                expected,
                "{filter:?} {sort:?}"
            );
        }
    }
}

async fn found(storage: &dyn Storage, typed: &str) -> Vec<UserId> {
    let selection = CustomerSelection {
        text: Some(SearchText::parse(typed).unwrap()),
        filter: CustomerFilter::default(),
    };
    let query = CustomerQuery {
        selection: selection.clone(),
        limit: 99,
        ..CustomerQuery::default()
    };
    let rows = storage.find_customers(&query).await.unwrap();
    let count = storage.count_customers(&selection).await.unwrap();
    assert_eq!(usize::try_from(count).unwrap(), rows.len());
    let mut found: Vec<UserId> = rows.into_iter().map(|row| row.user.id).collect();
    found.sort();
    found
}

/// Customers are found by parts of all that is known of them, however it is written.
pub async fn customers_are_found_by_what_is_known_of_them(storage: &dyn Storage) {
    let shop = a_shop(storage).await;
    let [anna, twin, maria] = [0, 1, 2].map(|n: usize| shop[n].user.id);
    let mut work = storage.begin().await.unwrap();
    work.put_cards(&[card(77, maria), card(78, maria)])
        .await
        .unwrap();
    work.commit().await.unwrap();
    let mut twins = vec![anna, twin];
    twins.sort();
    let cases: [(&str, Vec<UserId>); 13] = [
        ("ёлкина", twins.clone()),
        ("АННА елк", twins),
        ("берез", vec![maria]),
        ("ма бе", vec![maria]),
        ("+7 999 000 00 03", vec![maria]),
        ("8 (999) 000-00-03", vec![maria]),
        ("00003", vec![maria]),
        ("customer3@example.org", vec![maria]),
        ("2900000000077", vec![maria]),
        ("0000078", vec![maria]),
        ("орел", vec![twin]),
        ("анна ялта", vec![anna]),
        ("мария ялта", vec![]),
    ];
    for (typed, expected) in cases {
        assert_eq!(found(storage, typed).await, expected, "{typed}");
    }
    assert_eq!(found(storage, "% берез _ \" ' \\").await, [maria]);
    assert_eq!(found(storage, "b' OR 1=1 --").await, []);
    // Staff are never found.
    assert_eq!(found(storage, "customer10").await, []);
}

/// Who is renamed, gets or loses a card or becomes staff is found by what holds then.
pub async fn the_search_follows_every_change(storage: &dyn Storage) {
    let [mut anna, boris] = [1, 2].map(customer);
    let mut work = with_users(storage, &[anna.clone(), boris.clone()]).await;
    work.put_cards(&[card(5, anna.id)]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(found(storage, "2900000000005").await, [anna.id]);
    anna.full_name = Some(text("Переименованная"));
    let mut work = with_users(storage, &[anna.clone()]).await;
    work.put_cards(&[card(5, boris.id)]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(found(storage, "переименованная").await, [anna.id]);
    assert_eq!(found(storage, "2900000000005").await, [boris.id]);
    assert_eq!(found(storage, "алена").await, [boris.id]);
    anna.role = Role::ContentManager;
    with_users(storage, &[anna]).await.commit().await.unwrap();
    assert_eq!(found(storage, "переименованная").await, []);
    let dropped = User {
        full_name: Some(text("Несбывшаяся")),
        ..boris
    };
    drop(with_users(storage, &[dropped]).await);
    assert_eq!(found(storage, "несбывшаяся").await, []);
}

/// Customers who came with a sale are in the list, without a name.
pub async fn bare_customers_are_listed(storage: &dyn Storage) {
    let bare = User {
        full_name: None,
        phone: None,
        ..customer(1)
    };
    let mut work = storage.begin().await.unwrap();
    work.add_missing_users(&[bare.clone()]).await.unwrap();
    work.commit().await.unwrap();
    for key in CustomerSortKey::ALL {
        let query = CustomerQuery {
            sort: CustomerSort {
                key,
                direction: SortDirection::Ascending,
            },
            limit: 9,
            ..CustomerQuery::default()
        };
        let rows = storage.find_customers(&query).await.unwrap();
        assert_eq!(
            rows.iter().map(|row| row.user.id).collect::<Vec<_>>(),
            [bare.id]
        );
    }
}

async fn profile_of(storage: &dyn Storage, user: UserId) -> Profile {
    storage.profile(user).await.unwrap().unwrap()
}

/// Edits the profile of a customer as the service does.
async fn edit(storage: &dyn Storage, user: UserId, change: &ProfileChange) -> Profile {
    let mut work = storage.begin().await.unwrap();
    let mut profile = work.lock_profiles(&[user]).await.unwrap().pop().unwrap();
    let operator = Actor::Named(text("оператор"));
    assert!(profile.change(change, &operator, minute(7)));
    work.put_profiles(&[profile.clone()]).await.unwrap();
    work.commit().await.unwrap();
    profile
}

fn every_field() -> ProfileChange {
    ProfileChange {
        full_name: FieldChange::Set(Some(text("Исправленная Анна"))),
        email: FieldChange::Set(None),
        gender: FieldChange::Set(Some(Gender::Male)),
        birth_date: FieldChange::Set(Some(minute(0).date_naive() - TimeDelta::days(9_000))),
        city: FieldChange::Set(Some(text("Керчь"))),
    }
}

/// A profile that nobody has edited has the first version, and one more with each change.
pub async fn a_profile_has_a_version(storage: &dyn Storage) {
    let anna = customer(1);
    assert_eq!(storage.profile(anna.id).await.unwrap(), None);
    for version in 1..=3 {
        with_users(storage, &[anna.clone()])
            .await
            .commit()
            .await
            .unwrap();
        let profile = profile_of(storage, anna.id).await;
        assert_eq!(
            (profile.version, profile.user),
            (ProfileVersion::new(version), anna.clone())
        );
        assert!(profile.edits.is_empty() && profile.erased_at.is_none());
    }
    let mut work = storage.begin().await.unwrap();
    assert_eq!(work.lock_profiles(&[customer(9).id]).await.unwrap(), []);
}

/// What was edited outlasts every `put_users`, and is found.
pub async fn an_edit_outlasts_what_the_base_says(storage: &dyn Storage) {
    let [anna, boris] = [1, 2].map(customer);
    with_users(storage, &[anna.clone(), boris.clone()])
        .await
        .commit()
        .await
        .unwrap();
    let edited = edit(storage, anna.id, &every_field()).await;
    assert_eq!(profile_of(storage, anna.id).await, edited);
    let later = User {
        full_name: Some(text("Из базы")),
        phone: customer(3).phone,
        discount_card_number: customer(3).discount_card_number,
        removed: true,
        updated_at: minute(9),
        ..anna.clone()
    };
    with_users(storage, &[later.clone(), boris.clone()])
        .await
        .commit()
        .await
        .unwrap();
    let after = profile_of(storage, anna.id).await;
    let expected = edited.edits.over(later.clone());
    assert_eq!((&after.user, &after.edits), (&expected, &edited.edits));
    assert_eq!(after.version, edited.version.next());
    assert_eq!(storage.users(&[anna.id]).await.unwrap(), [expected]);
    assert_eq!(
        storage.kept_profiles(&[anna.id, boris.id]).await.unwrap(),
        [after]
    );
    let back = User {
        removed: false,
        ..later
    };
    with_users(storage, &[back]).await.commit().await.unwrap();
    assert_eq!(found(storage, "исправленная керчь").await, [anna.id]);
    assert_eq!(found(storage, "из базы").await, []);
}

/// An edit that is taken back leaves nothing: what the base says holds again.
pub async fn an_edit_is_taken_back(storage: &dyn Storage) {
    let anna = customer(1);
    with_users(storage, &[anna.clone()])
        .await
        .commit()
        .await
        .unwrap();
    edit(storage, anna.id, &every_field()).await;
    let take_back = ProfileChange {
        full_name: FieldChange::TakeBack,
        email: FieldChange::TakeBack,
        gender: FieldChange::TakeBack,
        birth_date: FieldChange::TakeBack,
        city: FieldChange::TakeBack,
    };
    let after = edit(storage, anna.id, &take_back).await;
    assert_eq!(
        after.user,
        User {
            updated_at: minute(7),
            ..anna.clone()
        }
    );
    assert_eq!(storage.kept_profiles(&[anna.id]).await.unwrap(), []);
    let renamed = User {
        full_name: Some(text("Новая")),
        ..anna
    };
    with_users(storage, &[renamed.clone()])
        .await
        .commit()
        .await
        .unwrap();
    assert_eq!(storage.users(&[renamed.id]).await.unwrap(), [renamed]);
}

/// Of a person who was erased nothing personal is left, nor does it ever come back; purchases stay.
pub async fn an_erased_person_never_comes_back(storage: &dyn Storage) {
    let [anna, boris] = [1, 2].map(customer);
    let mut work = with_users(storage, &[anna.clone(), boris.clone()]).await;
    work.put_cards(&[card(1, anna.id), card(2, boris.id)])
        .await
        .unwrap();
    work.add_receipts(&[receipt(1, anna.id, minute(1), 2)])
        .await
        .unwrap();
    work.put_metrics(&[metrics(anna.id)]).await.unwrap();
    work.commit().await.unwrap();
    edit(storage, anna.id, &every_field()).await;
    for at in [minute(30), minute(31)] {
        let mut work = storage.begin().await.unwrap();
        work.erase_customer(anna.id, at).await.unwrap();
        work.commit().await.unwrap();
    }
    for _ in 0..2 {
        let profile = profile_of(storage, anna.id).await;
        let user = &profile.user;
        assert_eq!(
            (&user.full_name, user.phone, &user.email),
            (&None, None, &None)
        );
        assert_eq!(
            (user.gender, user.birth_date, &user.city),
            (None, None, &None)
        );
        assert_eq!(user.discount_card_number, None);
        assert_eq!(
            (profile.erased_at, profile.edits.is_empty()),
            (Some(minute(30)), true)
        );
        let cards = storage.cards_of(&[anna.id]).await.unwrap();
        assert!(cards.iter().all(|card| card.number.is_none()), "{cards:?}");
        for typed in [
            "исправленная",
            "алена 1",
            "79990000001",
            "2900000000001",
            "керчь",
        ] {
            assert!(!found(storage, typed).await.contains(&anna.id), "{typed}");
        }
        // The base still knows the person.
        let mut work = with_users(storage, &[anna.clone()]).await;
        work.put_cards(&[card(1, anna.id), card(2, anna.id)])
            .await
            .unwrap();
        work.put_cards(&[card(2, boris.id)]).await.unwrap();
        work.commit().await.unwrap();
    }
    let history = storage.history(anna.id).await.unwrap();
    assert_eq!(history.lines().len(), 2);
    assert_eq!(
        storage.metrics(&[anna.id]).await.unwrap(),
        [metrics(anna.id)]
    );
    let query = CustomerQuery {
        limit: 9,
        ..CustomerQuery::default()
    };
    let rows = storage.find_customers(&query).await.unwrap();
    let erased: Vec<_> = rows.iter().filter_map(|row| row.erased_at).collect();
    assert_eq!((rows.len(), erased), (2, vec![minute(30)]));
    // Others keep what is theirs.
    assert_eq!(storage.users(&[boris.id]).await.unwrap(), [boris.clone()]);
    assert_eq!(
        storage.cards_of(&[boris.id]).await.unwrap(),
        [card(2, boris.id)]
    );
}

fn consent(user: UserId, sequence: u32, topic: ConsentTopic) -> ConsentRecord {
    ConsentRecord {
        user,
        sequence,
        topic,
        decision: ConsentDecision::Granted,
        text_version: text("2026-03"),
        source: ConsentSource::Cabinet,
        actor: Actor::User(user),
        at: minute(sequence.into()),
    }
}

/// Decisions come back as they were written, oldest first; a number is never written twice.
pub async fn consents_are_only_added_to(storage: &dyn Storage) {
    let [anna, boris] = [1, 2].map(customer);
    let history: Vec<ConsentRecord> = (1..)
        .zip(ConsentTopic::ALL)
        .map(|(sequence, topic)| consent(anna.id, sequence, topic))
        .collect();
    let sms = ConsentTopic::Marketing(Channel::Sms);
    let mut work = with_users(storage, &[anna.clone(), boris.clone()]).await;
    work.add_consents(&history).await.unwrap();
    work.add_consents(&[consent(boris.id, 1, sms)])
        .await
        .unwrap();
    work.add_consents(&[]).await.unwrap();
    assert_eq!(work.locked_consents(anna.id).await.unwrap(), history);
    work.commit().await.unwrap();
    assert_eq!(storage.consents(anna.id).await.unwrap(), history);
    let mut work = storage.begin().await.unwrap();
    let again = work.add_consents(&[consent(anna.id, 2, sms)]).await;
    assert!(matches!(again, Err(StorageError::Conflict { .. })));
    drop(work);
    assert_eq!(storage.consents(anna.id).await.unwrap(), history);
    assert_eq!(storage.consents(customer(9).id).await.unwrap(), []);
}
