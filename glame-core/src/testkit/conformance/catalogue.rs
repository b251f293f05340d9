//! Articles and stores.

use crate::catalogue::{Product, ProductKind, Store};
use crate::ports::Storage;
use crate::testkit::fixtures::{product, product_ref, store, text};

async fn put(storage: &dyn Storage, products: &[Product], stores: &[Store]) {
    let mut work = storage.begin().await.unwrap();
    work.put_products(products).await.unwrap();
    work.put_stores(stores).await.unwrap();
    work.commit().await.unwrap();
}

/// Articles come back as they were stored, of every kind and with nothing known.
pub async fn articles_come_back_as_they_were_stored(storage: &dyn Storage) {
    let products: Vec<Product> = ProductKind::ALL
        .into_iter()
        .zip(1..)
        .map(|(kind, n)| Product {
            kind,
            category: None,
            brand: None,
            article: None,
            ..product(n)
        })
        .chain([product(4)])
        .collect();
    put(storage, &products, &[]).await;
    for expected in products {
        assert_eq!(
            storage.products(&[expected.product]).await.unwrap(),
            [expected]
        );
    }
    assert_eq!(storage.products(&[product_ref(9)]).await.unwrap(), []);
    assert_eq!(storage.products(&[]).await.unwrap(), []);
}

/// An article that is stored again is replaced.
pub async fn an_article_is_replaced(storage: &dyn Storage) {
    put(storage, &[product(1)], &[]).await;
    let renamed = Product {
        name: text("Кольцо «Ёлка»"),
        removed: true,
        ..product(1)
    };
    put(storage, &[renamed.clone()], &[]).await;
    assert_eq!(
        storage.products(&[product_ref(1)]).await.unwrap(),
        [renamed]
    );
}

/// Articles come in pages in the order of their references.
pub async fn articles_come_in_pages(storage: &dyn Storage) {
    let products: Vec<Product> = (1..=5).map(product).collect();
    put(storage, &products, &[]).await;
    let first = storage.products_after(None, 3).await.unwrap();
    assert_eq!(first, products[..3]);
    let second = storage
        .products_after(Some(products[2].product), 3)
        .await
        .unwrap();
    assert_eq!(second, products[3..]);
}

/// Stores come back in the order of their references, and are replaced.
pub async fn stores_come_back_and_are_replaced(storage: &dyn Storage) {
    put(storage, &[], &[store(2), store(1)]).await;
    let renamed = Store {
        name: text("Бутик на набережной"),
        removed: true,
        ..store(2)
    };
    put(storage, &[], &[renamed.clone()]).await;
    assert_eq!(storage.stores().await.unwrap(), [store(1), renamed]);
}
