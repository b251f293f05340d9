//! The loyalty programme: an exact, replayable, explainable ledger of points.
//!
//! [`decide()`] says what a [`Command`] does to a [`LoyaltyAccount`] under a [`LoyaltyProgramme`]:
//! the [`LoyaltyTransaction`]s to write, or a [`Refusal`]. [`LoyaltyAccount::apply`] makes the next
//! account of each. Both are pure; the time is passed in, and all numbers are integers.

mod account;
mod birthday;
mod calendar;
mod command;
mod decide;
mod draft;
mod earning;
mod explain;
mod levels;
mod liability;
mod lot;
mod open_account;
mod programme;
mod purchases;
mod rate;
mod records;
mod refusal;
mod service;
mod spendable;
mod statement;
mod transaction;
mod verification;

pub use account::{AccountHeader, Expiring, LedgerFault, LoyaltyAccount, LoyaltyBalance};
pub use command::{Authority, Command, Posting, ReceiptFact, Request, ReturnFact};
pub use decide::{decide, decide_merge};
pub use earning::{AppliedFactor, CustomerFacts, Earning, TooManyPoints};
pub use explain::{Explain, Settlement};
pub use levels::Standing;
pub use liability::LiabilityReport;
pub use lot::{Lot, LotState, Sequence, Term};
pub use open_account::{NotPosted, Posted};
pub use programme::{
    BaseRate, BirthdayBonus, BonusRules, EarningRules, FactorKind, FactorRule, Level, LevelBonus,
    LoyaltyProgramme, ProgrammeError, RedemptionRules, ReturnPolicy, ReturnRules, RuleRef,
    SpendStep, Stacking,
};
pub use purchases::PurchaseFacts;
pub use rate::{ParseRateError, Rate};
pub use refusal::Refusal;
pub use service::{
    BalanceAt, Difference, Granted, GroupCommit, LoyaltyError, LoyaltyService, MOST_POSTINGS,
    PointsLedger, Reconciliation, Settled, SourceBalance, Swept, Verification,
};
pub use spendable::Spendable;
pub use statement::Statement;
pub use transaction::{
    Actor, ChainHash, Draw, IdempotencyKey, LoyaltyTransaction, NewLot, ParseActorError,
    ParseKeyError, Source, TransactionKind,
};
pub use verification::{Finding, verify_ledger};

/// The rule of the bonus that is given for a birthday; its occasion is the date of the birthday.
pub const BIRTHDAY: &str = "birthday";

/// The rule of the bonus that is given for a new level; its occasion is the id of the level.
pub const LEVEL_UP: &str = "level_up";
