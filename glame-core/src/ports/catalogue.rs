use async_trait::async_trait;

use super::StorageError;
use crate::catalogue::{Product, Store};
use crate::values::ProductRef;

/// Finds articles and stores.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait CatalogueReader: Send + Sync {
    /// Gives the articles among `products` that are known, in no fixed order.
    async fn products(&self, products: &[ProductRef]) -> Result<Vec<Product>, StorageError>;

    /// Gives the next `limit` articles after `after`, by their reference.
    async fn products_after(
        &self,
        after: Option<ProductRef>,
        limit: u32,
    ) -> Result<Vec<Product>, StorageError>;

    /// Gives all stores, by their reference.
    async fn stores(&self) -> Result<Vec<Store>, StorageError>;
}

/// Writes articles and stores.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait CatalogueWriter: Send {
    /// Stores the articles as given; none may come twice.
    async fn put_products(&mut self, products: &[Product]) -> Result<(), StorageError>;

    /// Stores the stores as given; none may come twice.
    async fn put_stores(&mut self, stores: &[Store]) -> Result<(), StorageError>;
}
