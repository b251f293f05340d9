//! Lists and search of customers.

use super::with_users;
use crate::analytics::{CustomerMetrics, CustomerStatus, RfmSegment, Score};
use crate::customers::{
    CustomerFilter, CustomerQuery, CustomerRow, CustomerSelection, CustomerSort, CustomerSortKey,
    ListedFigures, RemovedCustomers, RfmFilter, SearchText, SortDirection, ValueRange,
};
use crate::ports::Storage;
use crate::testkit::fixtures::{card, customer, metrics, minute, text};
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
            figures: figures
                .iter()
                .find(|row| row.figures.user == user.id)
                .map(ListedFigures::from),
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

fn filters_of_profiles() -> Vec<CustomerFilter> {
    let none = CustomerFilter::default;
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
    ]
}

fn filters_of_figures() -> Vec<CustomerFilter> {
    let none = CustomerFilter::default;
    let money = |roubles| Some(Money::from_whole_roubles(roubles).unwrap());
    let score = |n| Some(Score::try_new(n).unwrap());
    vec![
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
    for filter in filters_of_profiles()
        .into_iter()
        .chain(filters_of_figures())
    {
        for key in CustomerSortKey::ALL {
            let sort = CustomerSort {
                key,
                direction: SortDirection::Descending,
            };
            shop.sort_by(|left, right| sort.compare(&sort.cursor(left), &sort.cursor(right)));
            let chosen = |row: &&CustomerRow| filter.holds(&row.user, row.figures);
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

pub(super) async fn found(storage: &dyn Storage, typed: &str) -> Vec<UserId> {
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
