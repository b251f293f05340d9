//! What the API shows: the JSON of the outside, apart from the types of the core.

mod customer;
mod looks;
mod loyalty;
mod purchases;

pub use customer::{
    CustomerView, GenderName, PreferenceView, PreferencesView, ProfileView, RfmView, StatsView,
    StatusName, status_of, text_of,
};
pub use looks::{LookView, ProductView, SaveTypeName, SavedLookView};
pub use loyalty::{BalanceView, LevelView, ProgrammeView, TransactionView};
pub use purchases::{PurchaseView, ReceiptView};
