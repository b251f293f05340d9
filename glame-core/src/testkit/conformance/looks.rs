//! Looks, saved looks, articles by name, and purchases as they are shown.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::with_users;
use crate::catalogue::Product;
use crate::customers::SearchText;
use crate::looks::{
    Look, LookContent, LookOrigin, LookQuery, LookStatus, LookTag, LookVersion, ProductCursor,
    ProductQuery, SaveType, SavedLook,
};
use crate::loyalty::Actor;
use crate::ports::{Storage, StorageError};
use crate::purchases::{
    DocumentKind, PurchaseQuery, PurchaseRecord, Receipt, ReceiptCursor, ReceiptQuery,
};
use crate::testkit::fixtures::{
    customer, document, minute, product, product_ref, receipt, store, text,
};
use crate::values::{ImageUrl, LookId, PeriodRange, SavedLookId, UserId};

fn look(n: u128) -> Look {
    let tag = if n.is_multiple_of(2) {
        "вечер"
    } else {
        "день \""
    };
    Look {
        id: LookId::from_uuid(Uuid::from_u128(0x10_0000 + n)),
        content: LookContent {
            title: text(&format!("Образ {n} ё")),
            description: (n != 2).then(|| text("Про образ")),
            products: vec![product_ref(2), product_ref(1)],
            tags: BTreeSet::from([
                LookTag::parse(tag).unwrap(),
                LookTag::parse("зима").unwrap(),
            ]),
            image_url: (n != 2).then(|| ImageUrl::parse("https://example.org/a.jpg").unwrap()),
        },
        origin: if n == 3 {
            LookOrigin::Generated
        } else {
            LookOrigin::Catalogue
        },
        status: if n == 4 {
            LookStatus::Archived
        } else {
            LookStatus::Active
        },
        version: LookVersion::FIRST,
        created_at: minute(i64::try_from(n / 2).unwrap()),
        updated_at: minute(50),
        changed_by: Actor::Named(text("редактор")),
    }
}

fn saved(n: u128, user: UserId, look: &Look) -> SavedLook {
    SavedLook {
        id: SavedLookId::from_uuid(Uuid::from_u128(0x20_0000 + n)),
        user,
        look: look.id,
        save_type: if n.is_multiple_of(2) {
            SaveType::Generated
        } else {
            SaveType::Favorite
        },
        notes: (n == 1).then(|| text("Для выставки")),
        purchased_at: None,
        saved_at: minute(i64::try_from(n / 2).unwrap()),
    }
}

async fn put_looks(storage: &dyn Storage, looks: &[Look]) {
    let mut work = storage.begin().await.unwrap();
    for look in looks {
        work.put_look(look).await.unwrap();
    }
    work.commit().await.unwrap();
}

/// A look comes back as it was stored, and only the version before makes way for the next.
pub async fn a_look_is_changed_from_the_version_that_was_seen(storage: &dyn Storage) {
    let [first, second] = [1, 2].map(look);
    put_looks(storage, &[first.clone(), second.clone()]).await;
    assert_eq!(storage.looks(&[second.id]).await.unwrap(), [second.clone()]);
    let changed = Look {
        content: first.content.clone(),
        status: LookStatus::Archived,
        version: second.version.next(),
        ..second.clone()
    };
    put_looks(storage, &[changed.clone()]).await;
    for stale in [&changed, &second] {
        let mut work = storage.begin().await.unwrap();
        let again = work.put_look(stale).await;
        assert!(matches!(again, Err(StorageError::Conflict { .. })));
    }
    assert_eq!(storage.looks(&[changed.id]).await.unwrap(), [changed]);
    assert_eq!(storage.looks(&[look(9).id]).await.unwrap(), []);
}

/// Looks come newest first, by tag, origin and status, page by page.
pub async fn looks_come_in_pages_newest_first(storage: &dyn Storage) {
    let looks: Vec<Look> = (1..=5).map(look).collect();
    put_looks(storage, &looks).await;
    let tag = |tag: &str| Some(LookTag::parse(tag).unwrap());
    let queries = [
        (LookQuery::default(), vec![5, 4, 3, 2, 1]),
        (
            LookQuery {
                tag: tag("вечер"),
                ..LookQuery::default()
            },
            vec![4, 2],
        ),
        (
            LookQuery {
                tag: tag("день \""),
                ..LookQuery::default()
            },
            vec![5, 3, 1],
        ),
        (
            LookQuery {
                tag: tag("им"),
                ..LookQuery::default()
            },
            vec![],
        ),
        (
            LookQuery {
                origin: Some(LookOrigin::Generated),
                ..LookQuery::default()
            },
            vec![3],
        ),
        (
            LookQuery {
                status: Some(LookStatus::Archived),
                ..LookQuery::default()
            },
            vec![4],
        ),
    ];
    for (query, expected) in queries {
        let mut found: Vec<Look> = Vec::new();
        loop {
            let after = found.last().map(Look::cursor);
            let page = LookQuery {
                after,
                limit: 2,
                ..query.clone()
            };
            let page = storage.find_looks(&page).await.unwrap();
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        let expected: Vec<Look> = expected.into_iter().map(look).collect();
        assert_eq!(found, expected, "{query:?}");
    }
}

/// A customer saves each look once; others save it for themselves.
pub async fn saved_looks_belong_to_one_customer(storage: &dyn Storage) {
    let [anna, boris] = [1, 2].map(customer);
    let looks: Vec<Look> = (1..=3).map(look).collect();
    put_looks(storage, &looks).await;
    let of_anna: Vec<SavedLook> = (1..)
        .zip(&looks)
        .map(|(n, it)| saved(n, anna.id, it))
        .collect();
    let of_boris = saved(9, boris.id, &looks[0]);
    let mut work = with_users(storage, &[anna.clone(), boris.clone()]).await;
    for saved in of_anna.iter().chain([&of_boris]) {
        work.add_saved_look(saved).await.unwrap();
    }
    let twice = work.add_saved_look(&saved(8, anna.id, &looks[0])).await;
    assert!(matches!(twice, Err(StorageError::Conflict { .. })));
    assert_eq!(work.saved_look_count(anna.id).await.unwrap(), 3);
    work.commit().await.unwrap();

    let first = storage
        .saved_looks_before(anna.id, None, None, 2)
        .await
        .unwrap();
    let expected = [2, 1].map(|n: usize| (of_anna[n].clone(), looks[n].content.clone()));
    assert_eq!(first, expected);
    let after = first.last().map(|(saved, _)| saved.cursor());
    let rest = storage
        .saved_looks_before(anna.id, None, after, 2)
        .await
        .unwrap();
    assert_eq!(rest, [(of_anna[0].clone(), looks[0].content.clone())]);
    let generated = Some(SaveType::Generated);
    let generated = storage
        .saved_looks_before(anna.id, generated, None, 9)
        .await
        .unwrap();
    assert_eq!(generated, [(of_anna[1].clone(), looks[1].content.clone())]);

    let mut work = storage.begin().await.unwrap();
    assert!(
        !work
            .remove_saved_look(boris.id, of_anna[0].id)
            .await
            .unwrap()
    );
    assert!(
        !work
            .mark_saved_look_purchased(boris.id, of_anna[1].id, minute(9))
            .await
            .unwrap()
    );
    assert!(
        work.remove_saved_look(anna.id, of_anna[0].id)
            .await
            .unwrap()
    );
    for at in [minute(60), minute(61)] {
        assert!(
            work.mark_saved_look_purchased(anna.id, of_anna[1].id, at)
                .await
                .unwrap()
        );
    }
    work.commit().await.unwrap();
    let left = storage
        .saved_looks_before(anna.id, None, None, 9)
        .await
        .unwrap();
    let marks: Vec<_> = left.iter().map(|(saved, _)| saved.purchased_at).collect();
    // The third was saved last, at the same minute as the second.
    assert_eq!(marks, [None, Some(minute(60))]);
    assert_eq!(
        storage
            .saved_looks_before(boris.id, None, None, 9)
            .await
            .unwrap()
            .len(),
        1
    );
}

/// The notes of a person who was erased go; what was saved stays.
pub async fn notes_go_with_their_person(storage: &dyn Storage) {
    let anna = customer(1);
    let first = look(1);
    put_looks(storage, &[first.clone()]).await;
    let mut work = with_users(storage, &[anna.clone()]).await;
    work.add_saved_look(&saved(1, anna.id, &first))
        .await
        .unwrap();
    work.erase_customer(anna.id, minute(3)).await.unwrap();
    work.commit().await.unwrap();
    let left = storage
        .saved_looks_before(anna.id, None, None, 9)
        .await
        .unwrap();
    assert_eq!(left[0].0.notes, None);
    assert_eq!(left.len(), 1);
}

/// Articles are found by name, number, brand and category, and come by name, page by page.
pub async fn articles_are_found_by_text(storage: &dyn Storage) {
    let mut articles: Vec<Product> = (1..=5).map(product).collect();
    articles[1].name = text("Ёлка-брошь");
    articles[2].name = text("🌷");
    articles[3].brand = Some(text("Другой дом"));
    articles[4].removed = true;
    let mut work = storage.begin().await.unwrap();
    work.put_products(&[product(2)]).await.unwrap();
    work.put_products(&articles).await.unwrap();
    work.commit().await.unwrap();
    let typed = |typed: &str| ProductQuery {
        text: Some(SearchText::parse(typed).unwrap()),
        ..ProductQuery::default()
    };
    let cases = [
        (ProductQuery::default(), vec![3, 2, 1, 4]),
        (typed("елка"), vec![2]),
        (typed("кольцо 2"), vec![]),
        (typed("k-4"), vec![4]),
        (typed("пример кольца"), vec![3, 2, 1]),
        (
            ProductQuery {
                brand: Some(text("Другой дом")),
                ..typed("кол")
            },
            vec![4],
        ),
        (
            ProductQuery {
                category: Some(text("Кольца")),
                ..typed("кольцо")
            },
            vec![1, 4],
        ),
        (
            ProductQuery {
                category: Some(text("кольца")),
                ..ProductQuery::default()
            },
            vec![],
        ),
    ];
    for (query, expected) in cases {
        let mut found: Vec<Product> = Vec::new();
        loop {
            let after = found.last().map(ProductCursor::of);
            let page = ProductQuery {
                after,
                limit: 2,
                ..query.clone()
            };
            let page = storage.find_products(&page).await.unwrap();
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        let names: Vec<_> = found.iter().map(|product| product.product).collect();
        assert_eq!(
            names,
            expected.into_iter().map(product_ref).collect::<Vec<_>>(),
            "{query:?}"
        );
    }
}

async fn a_customer_with_purchases(storage: &dyn Storage) -> (UserId, Vec<Receipt>) {
    let [anna, boris] = [1, 2].map(customer);
    let mut receipts = vec![
        receipt(1, anna.id, minute(1), 3),
        receipt(2, anna.id, minute(2), 1),
        receipt(3, anna.id, minute(2), 2),
        receipt(4, anna.id, minute(4), 1),
    ];
    receipts[3].key.document = document(DocumentKind::ReturnReceipt, 4);
    receipts[3].returns = Some(receipts[0].key.document.document);
    receipts[1].store = None;
    let mut work = with_users(storage, &[anna.clone(), boris.clone()]).await;
    work.put_products(&[1, 2].map(product)).await.unwrap();
    work.put_stores(&[store(1)]).await.unwrap();
    work.add_receipts(&receipts).await.unwrap();
    work.add_receipts(&[receipt(9, boris.id, minute(3), 1)])
        .await
        .unwrap();
    work.commit().await.unwrap();
    receipts.reverse();
    (anna.id, receipts)
}

fn places(records: &[PurchaseRecord]) -> Vec<(crate::purchases::DocumentKey, u32)> {
    let place = |record: &PurchaseRecord| (record.line.document, record.line.line_number);
    records.iter().map(place).collect()
}

/// Lines come newest receipt first and in the order of the receipt, with article and store.
pub async fn purchases_come_newest_first(storage: &dyn Storage) {
    let (anna, receipts) = a_customer_with_purchases(storage).await;
    let lines = |receipts: &[Receipt]| -> Vec<_> {
        let lines = receipts.iter().flat_map(|receipt| {
            let numbers = receipt.lines.iter().map(|line| line.line_number);
            numbers.map(|number| (receipt.key.document, number))
        });
        lines.collect()
    };
    let whole = PurchaseQuery {
        user: anna,
        range: PeriodRange::EVERYTHING,
        after: None,
        limit: 99,
    };
    let found = storage.purchases_before(&whole).await.unwrap();
    assert_eq!(places(&found), lines(&receipts));
    let first = &found[0];
    assert_eq!(
        (&first.product, &first.store),
        (&Some(product(1)), &Some(store(1)))
    );
    assert_eq!(first.line.returns, receipts[0].returns);
    let unknown = found
        .iter()
        .find(|record| record.line.line_number == 3)
        .unwrap();
    assert_eq!(
        (unknown.line.product, &unknown.product),
        (Some(product_ref(3)), &None)
    );
    assert!(found.iter().any(|record| record.store.is_none()));

    let mut paged: Vec<PurchaseRecord> = Vec::new();
    loop {
        let after = paged.last().map(PurchaseRecord::cursor);
        let query = PurchaseQuery {
            after,
            limit: 2,
            ..whole
        };
        let page = storage.purchases_before(&query).await.unwrap();
        if page.is_empty() {
            break;
        }
        paged.extend(page);
        assert!(paged.len() <= found.len());
    }
    assert_eq!(paged, found);
    let range = PeriodRange::try_new(Some(minute(2)), Some(minute(4))).unwrap();
    let within = storage
        .purchases_before(&PurchaseQuery { range, ..whole })
        .await
        .unwrap();
    assert_eq!(places(&within), lines(&receipts[1..3]));
}

/// Receipts come whole, newest first; the limit counts receipts.
pub async fn receipts_come_whole_and_newest_first(storage: &dyn Storage) {
    let (anna, receipts) = a_customer_with_purchases(storage).await;
    let query = ReceiptQuery {
        user: anna,
        range: PeriodRange::EVERYTHING,
        after: None,
        limit: 2,
    };
    let first = storage.receipts_before(&query).await.unwrap();
    let count: usize = receipts[..2]
        .iter()
        .map(|receipt| receipt.lines.len())
        .sum();
    assert_eq!(first.len(), count);
    let after = Some(ReceiptCursor {
        purchased_at: receipts[1].key.purchased_at,
        document: receipts[1].key.document,
    });
    let rest = storage
        .receipts_before(&ReceiptQuery { after, ..query })
        .await
        .unwrap();
    let documents: Vec<_> = rest.iter().map(|record| record.line.document).collect();
    let last = receipts[3].key.document;
    assert_eq!(documents, [receipts[2].key.document, last, last, last]);
    let range = PeriodRange::try_new(Some(minute(2)), Some(minute(4))).unwrap();
    let within = storage
        .receipts_before(&ReceiptQuery { range, ..query })
        .await
        .unwrap();
    assert_eq!(within.len(), 3);
}
