use async_trait::async_trait;
use glame_core::catalogue::{Product, Store};
use glame_core::ports::{CatalogueReader, CatalogueWriter, StorageError};
use glame_core::values::{PlainText, ProductRef};

use super::search_index::index_products;
use super::{PostgresStorage, PostgresWork, column};
use crate::rows::{ProductRow, StoreRow, first_after};
use crate::tables::{PRODUCTS, STORES};

#[async_trait]
impl CatalogueReader for PostgresStorage {
    async fn products(&self, products: &[ProductRef]) -> Result<Vec<Product>, StorageError> {
        let rows = sqlx::query_as!(
            ProductRow,
            "SELECT product, name, article, category, brand, kind, removed FROM products
             WHERE product = ANY($1)",
            &column(products, |product| *product.as_uuid()),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(PRODUCTS.reading())?;
        rows.into_iter().map(Product::try_from).collect()
    }

    async fn products_after(
        &self,
        after: Option<ProductRef>,
        limit: u32,
    ) -> Result<Vec<Product>, StorageError> {
        let Some(first) = first_after(after.as_ref().map(ProductRef::as_uuid)) else {
            return Ok(Vec::new());
        };
        let rows = sqlx::query_as!(
            ProductRow,
            "SELECT product, name, article, category, brand, kind, removed FROM products
             WHERE product >= $1 ORDER BY product LIMIT $2",
            first,
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await
        .map_err(PRODUCTS.reading())?;
        rows.into_iter().map(Product::try_from).collect()
    }

    async fn stores(&self) -> Result<Vec<Store>, StorageError> {
        let rows = sqlx::query_as!(
            StoreRow,
            "SELECT store, name, removed FROM stores ORDER BY store",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(STORES.reading())?;
        rows.into_iter().map(Store::try_from).collect()
    }
}

#[async_trait]
impl CatalogueWriter for PostgresWork {
    async fn put_products(&mut self, products: &[Product]) -> Result<(), StorageError> {
        sqlx::query_file!(
            "queries/postgres/put_products.sql",
            &column(products, |product| *product.product.as_uuid()),
            &column(products, |product| product.name.as_str()) as _,
            &column(products, |product| product
                .article
                .as_ref()
                .map(PlainText::as_str)) as _,
            &column(products, |product| product
                .category
                .as_ref()
                .map(PlainText::as_str)) as _,
            &column(products, |product| product
                .brand
                .as_ref()
                .map(PlainText::as_str)) as _,
            &column(products, |product| product.kind.as_str()) as _,
            &column(products, |product| product.removed),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(PRODUCTS.writing())?;
        index_products(&mut self.tx, products).await
    }

    async fn put_stores(&mut self, stores: &[Store]) -> Result<(), StorageError> {
        sqlx::query!(
            "INSERT INTO stores (store, name, removed)
             SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::boolean[])
             ON CONFLICT (store) DO UPDATE SET name = EXCLUDED.name, removed = EXCLUDED.removed",
            &column(stores, |store| *store.store.as_uuid()),
            &column(stores, |store| store.name.as_str()) as _,
            &column(stores, |store| store.removed),
        )
        .execute(&mut *self.tx)
        .await
        .map_err(STORES.writing())?;
        Ok(())
    }
}
