//! Customers as the shop's staff and they themselves see them: lists, profiles, consents, erasure.
//!
//! [`CustomerDirectory`] lists and searches, [`ProfileService`] shows and edits one profile over
//! what the shop's base says of it, [`ConsentService`] keeps what was agreed to,
//! [`ErasureService`] forgets a person and [`CustomerExporter`] tells everything that is known.

mod consent;
mod consents;
mod directory;
mod erasure;
mod error;
mod export;
mod filter;
mod profile;
mod profiles;
mod query;
mod search_text;

pub use consent::{
    Channel, ConsentDecision, ConsentRecord, ConsentSource, ConsentState, ConsentTopic,
    ConsentVersion, Consents,
};
pub use consents::{ConsentService, NewConsent};
pub use directory::{CustomerDirectory, CustomerPage};
pub use erasure::{Erased, ErasureService, Forgets};
pub use error::CustomerError;
pub use export::{CustomerExport, CustomerExporter, ExportedLook};
pub use filter::{CustomerFilter, RemovedCustomers, RfmFilter, ValueRange};
pub use profile::{
    Edit, FieldChange, InvalidProfile, Profile, ProfileChange, ProfileEdits, ProfileField,
    ProfileVersion,
};
pub use profiles::ProfileService;
pub(crate) use profiles::lock_customer;
pub use query::{
    CustomerCursor, CustomerQuery, CustomerRow, CustomerSelection, CustomerSort, CustomerSortKey,
    ListedFigures, SortDirection, SortValue,
};
#[cfg(any(test, feature = "testkit"))]
pub(crate) use search_text::card_text;
pub use search_text::{
    SearchText, SearchTextError, SearchWord, city_key, customer_text, name_key, product_text,
};
