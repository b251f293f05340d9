//! Small checked values: money, points, ids, phones, cards, instants.
//!
//! Each has one constructor that checks, and no setter; a value that exists is a value that holds.

mod calendar;
mod card_number;
mod email_address;
mod ids;
mod image_url;
mod money;
mod period_range;
mod phone_number;
mod points;
mod quantity;
pub(crate) mod scaled_decimal;
mod source_refs;
mod text;

pub use calendar::{days_between, start_of_day};
pub use card_number::{CardNumber, ParseCardNumberError};
pub use email_address::{EmailAddress, ParseEmailAddressError};
pub use ids::{
    AuditEntryId, ClaimToken, LeaseToken, LookId, SavedLookId, SegmentId, SessionId, SyncJobId,
    SyncRunId, TransactionId, UserId, WebhookEndpointId, WebhookEventId,
};
pub use image_url::{ImageUrl, ParseImageUrlError};
pub use money::{Money, MoneyError};
pub use period_range::{EmptyRange, PeriodRange};
pub use phone_number::{ParsePhoneNumberError, PhoneNumber};
pub use points::{Points, PointsError};
pub use quantity::{Quantity, QuantityError};
pub use scaled_decimal::ParseDecimalError;
pub use source_refs::{
    CardRef, CounterpartyRef, DocumentRef, ParseRefError, ProductRef, StoreRef, VariantRef,
};
pub use text::{PlainText, PlainTextError};
