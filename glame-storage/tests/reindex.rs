//! What an earlier version has stored, which knew no search, is found after an upgrade.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use glame_core::customers::{CustomerQuery, SearchText};
use glame_core::looks::ProductQuery;
use glame_core::testkit::fixtures::{card, customer, product};
use glame_core::users::{Role, User};
use glame_storage::testing::PostgresCluster;
use sqlx::{Connection, PgConnection, SqliteConnection};

/// Stores two customers, a card, an article and somebody of the staff.
async fn store(url: &str) {
    glame_storage::migrate(url).await.unwrap();
    let storage = glame_storage::open(url).await.unwrap();
    let admin = User {
        role: Role::Admin,
        ..customer(3)
    };
    let mut work = storage.begin().await.unwrap();
    work.put_users(&[customer(1), customer(2), admin])
        .await
        .unwrap();
    work.put_cards(&[card(7, customer(1).id)]).await.unwrap();
    work.put_products(&[product(1)]).await.unwrap();
    work.commit().await.unwrap();
}

/// Upgrades, and tells how many customers and articles a search finds.
async fn found(url: &str, typed: &str) -> (usize, usize) {
    glame_storage::migrate(url).await.unwrap();
    let storage = glame_storage::open(url).await.unwrap();
    let text = SearchText::parse(typed).unwrap();
    let mut query = CustomerQuery {
        limit: 9,
        ..CustomerQuery::default()
    };
    query.selection.text = Some(text.clone());
    let products = ProductQuery {
        text: Some(text),
        limit: 9,
        ..ProductQuery::default()
    };
    (
        storage.find_customers(&query).await.unwrap().len(),
        storage.find_products(&products).await.unwrap().len(),
    )
}

#[tokio::test]
async fn an_upgrade_makes_everybody_found_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("glame.db").display());
    store(&url).await;
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    for forget in ["DELETE FROM customer_search", "DELETE FROM product_search"] {
        sqlx::raw_sql(forget)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    assert_eq!(found(&url, "алена").await, (2, 0));
    assert_eq!(found(&url, "2900000000007").await, (1, 0));
    assert_eq!(found(&url, "кольцо").await, (0, 1));
}

#[tokio::test]
async fn an_upgrade_makes_everybody_found_in_postgres() {
    let url = PostgresCluster::start().fresh_database().await;
    store(&url).await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for forget in ["DELETE FROM customer_search", "DELETE FROM product_search"] {
        sqlx::raw_sql(forget)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    assert_eq!(found(&url, "алена").await, (2, 0));
    assert_eq!(found(&url, "2900000000007").await, (1, 0));
    assert_eq!(found(&url, "кольцо").await, (0, 1));
}
