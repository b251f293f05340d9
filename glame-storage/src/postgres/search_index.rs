//! By what customers and articles are found: written beside them, in the same work.

use glame_core::catalogue::Product;
use glame_core::customers::Profile;
use glame_core::ports::StorageError;
use glame_core::users::User;
use sqlx::PgConnection;
use uuid::Uuid;

use super::column;
use crate::rows::{ProductRow, ProfileRow, SearchCells, UserRow, first_after, product_cells};
use crate::tables::{CUSTOMER_SEARCH, PRODUCT_SEARCH, PRODUCTS, USERS};

/// How many rows are indexed at once after a migration.
const BATCH: i64 = 1_000;

/// Makes users found by what is now known of them, and staff not found any more.
pub(super) async fn index_users(
    connection: &mut PgConnection,
    users: &[User],
) -> Result<(), StorageError> {
    let rows = sqlx::query_file_as!(
        ProfileRow,
        "queries/postgres/profiles.sql",
        &column(users, |user| *user.id.as_uuid()),
        true,
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(USERS.reading())?;
    let kept: Result<Vec<Profile>, _> = rows.into_iter().map(Profile::try_from).collect();
    let cells = SearchCells::of(users, &kept?);
    if cells.len() < users.len() {
        sqlx::query!(
            "DELETE FROM customer_search USING users
             WHERE customer_search.user_id = ANY($1)
               AND users.user_id = customer_search.user_id AND users.role <> 'customer'",
            &column(users, |user| *user.id.as_uuid()),
        )
        .execute(&mut *connection)
        .await
        .map_err(CUSTOMER_SEARCH.writing())?;
    }
    index_customers(connection, &cells).await
}

/// Makes customers found by these keys and texts.
pub(super) async fn index_customers(
    connection: &mut PgConnection,
    cells: &[SearchCells],
) -> Result<(), StorageError> {
    sqlx::query_file!(
        "queries/postgres/index_customers.sql",
        &column(cells, |cells| cells.user_id),
        &column(cells, |cells| cells.name_key.as_deref()) as _,
        &column(cells, |cells| cells.city_key.as_deref()) as _,
        &column(cells, |cells| cells.person_text.as_str()) as _,
    )
    .execute(connection)
    .await
    .map_err(CUSTOMER_SEARCH.writing())?;
    Ok(())
}

/// Makes customers found by the cards that they hold now.
pub(super) async fn index_cards(
    connection: &mut PgConnection,
    users: &[Uuid],
) -> Result<(), StorageError> {
    sqlx::query_file!("queries/postgres/index_cards.sql", users)
        .execute(connection)
        .await
        .map_err(CUSTOMER_SEARCH.writing())?;
    Ok(())
}

/// Makes articles found by what is now known of them.
pub(super) async fn index_products(
    connection: &mut PgConnection,
    products: &[Product],
) -> Result<(), StorageError> {
    let cells = column(products, product_cells);
    sqlx::query!(
        "INSERT INTO product_search (product, name_key, search_text)
         SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[])
         ON CONFLICT (product) DO UPDATE
         SET name_key = EXCLUDED.name_key, search_text = EXCLUDED.search_text
         WHERE product_search.name_key <> EXCLUDED.name_key
            OR product_search.search_text <> EXCLUDED.search_text",
        &column(products, |product| *product.product.as_uuid()),
        &column(&cells, |(key, _)| key.as_str()) as _,
        &column(&cells, |(_, text)| text.as_str()) as _,
    )
    .execute(connection)
    .await
    .map_err(PRODUCT_SEARCH.writing())?;
    Ok(())
}

/// Indexes what an earlier version has stored, which knew no index; mostly there is nothing to do.
pub(super) async fn index_everything(connection: &mut PgConnection) -> Result<(), StorageError> {
    let mut first = Some(Uuid::nil());
    while let Some(begin) = first {
        let rows = sqlx::query_file_as!(
            UserRow,
            "queries/postgres/users_without_search.sql",
            begin,
            BATCH,
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(USERS.reading())?;
        let Some(last) = rows.last().map(|row| row.user_id) else {
            break;
        };
        first = first_after(Some(&last));
        let users: Result<Vec<User>, _> = rows.into_iter().map(User::try_from).collect();
        let cells = SearchCells::of(&users?, &[]);
        index_customers(connection, &cells).await?;
        let users: Vec<Uuid> = cells.iter().map(|cells| cells.user_id).collect();
        index_cards(connection, &users).await?;
    }
    let mut first = Some(Uuid::nil());
    while let Some(begin) = first {
        let rows = sqlx::query_as!(
            ProductRow,
            "SELECT product, name, article, category, brand, kind, removed FROM products
             WHERE product >= $1 AND NOT EXISTS (
                 SELECT 1 FROM product_search AS known WHERE known.product = products.product
             )
             ORDER BY product LIMIT $2",
            begin,
            BATCH,
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(PRODUCTS.reading())?;
        let Some(last) = rows.last().map(|row| row.product) else {
            break;
        };
        first = first_after(Some(&last));
        let products: Result<Vec<Product>, _> = rows.into_iter().map(Product::try_from).collect();
        index_products(connection, &products?).await?;
    }
    Ok(())
}
