//! What the API shows: the JSON of the outside, apart from the types of the core.

mod customer;
mod looks;
mod loyalty;
mod purchases;

pub use customer::{CustomerView, GenderName, ProfileView, StatsView, StatusName, text_of};
pub use looks::{LookView, ProductView, SaveTypeName, SavedLookView};
pub use loyalty::{BalanceView, ProgrammeView, TransactionView};
pub use purchases::{PurchaseView, ReceiptView};
