use async_trait::async_trait;
use glame_core::catalogue::{Product, Store};
use glame_core::ports::{CatalogueReader, CatalogueWriter, StorageError};
use glame_core::values::{PlainText, ProductRef};

use super::lists::{hex, json_rows};
use super::search_index::index_products;
use super::{SqliteStorage, SqliteWork};
use crate::rows::{ProductRow, StoreRow, first_after};
use crate::tables::{PRODUCTS, STORES};

#[async_trait]
impl CatalogueReader for SqliteStorage {
    async fn products(&self, products: &[ProductRef]) -> Result<Vec<Product>, StorageError> {
        let rows = sqlx::query_as!(
            ProductRow,
            "SELECT product, name, article, category, brand, kind, removed FROM products
             WHERE product IN (SELECT unhex(value) FROM json_each(?1))",
            json_rows(products, |product| hex(product.as_uuid()))?,
        )
        .fetch_all(&self.readers)
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
             WHERE product >= ?1 ORDER BY product LIMIT ?2",
            first,
            limit,
        )
        .fetch_all(&self.readers)
        .await
        .map_err(PRODUCTS.reading())?;
        rows.into_iter().map(Product::try_from).collect()
    }

    async fn stores(&self) -> Result<Vec<Store>, StorageError> {
        let rows = sqlx::query_as!(
            StoreRow,
            "SELECT store, name, removed FROM stores ORDER BY store -- sqlite",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(STORES.reading())?;
        rows.into_iter().map(Store::try_from).collect()
    }
}

#[async_trait]
impl CatalogueWriter for SqliteWork {
    async fn put_products(&mut self, products: &[Product]) -> Result<(), StorageError> {
        for product in products {
            sqlx::query_file!(
                "queries/sqlite/put_product.sql",
                product.product.as_uuid(),
                product.name.as_str(),
                product.article.as_ref().map(PlainText::as_str),
                product.category.as_ref().map(PlainText::as_str),
                product.brand.as_ref().map(PlainText::as_str),
                product.kind.as_str(),
                product.removed,
            )
            .execute(&mut *self.tx)
            .await
            .map_err(PRODUCTS.writing())?;
        }
        index_products(&mut self.tx, products).await
    }

    async fn put_stores(&mut self, stores: &[Store]) -> Result<(), StorageError> {
        for store in stores {
            sqlx::query!(
                "INSERT INTO stores (store, name, removed) VALUES (?1, ?2, ?3)
                 ON CONFLICT (store)
                 DO UPDATE SET name = EXCLUDED.name, removed = EXCLUDED.removed",
                store.store.as_uuid(),
                store.name.as_str(),
                store.removed,
            )
            .execute(&mut *self.tx)
            .await
            .map_err(STORES.writing())?;
        }
        Ok(())
    }
}
