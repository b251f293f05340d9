//! Looks: articles that go together, and those of them that customers have saved.
//!
//! Content managers make looks of the synchronised catalogue, the stylist makes them for one
//! customer; [`LookService`] lists, edits, saves and forgets them.

mod error;
mod look;
mod saved;
mod service;

pub use error::LookError;
pub use look::{
    InvalidLook, Look, LookContent, LookCursor, LookOrigin, LookQuery, LookStatus, LookTag,
    LookVersion, ParseLookTagError, ProductCursor, ProductQuery,
};
pub use saved::{SaveType, SavedLook, SavedLookCursor, SavedLookView, bought_after};
pub use service::{LookPage, LookService, ProductPage, SavedLookPage};
