use chrono::{DateTime, Utc};
use glame_core::loyalty::{
    Level, LoyaltyBalance, LoyaltyProgramme, LoyaltyTransaction, Sequence, Source, Standing,
    TransactionKind,
};
use poem_openapi::types::Any;
use poem_openapi::{Enum, Object};
use serde_json::Value;
use uuid::Uuid;

use crate::api::roubles::Roubles;

/// A kind of operation with points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum TransactionType {
    /// A receipt earned.
    Earn,
    /// Points paid.
    Spend,
    /// The time of points was over.
    Expire,
    /// Points were given without a receipt.
    Bonus,
    /// A person or the shop's base has corrected.
    Manual,
}

impl From<TransactionKind> for TransactionType {
    fn from(kind: TransactionKind) -> Self {
        match kind {
            TransactionKind::Earn => Self::Earn,
            TransactionKind::Spend => Self::Spend,
            TransactionKind::Expire => Self::Expire,
            TransactionKind::Bonus => Self::Bonus,
            TransactionKind::Manual => Self::Manual,
        }
    }
}

/// Where an operation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum SourceName {
    /// The shop's base.
    Onec,
    /// A program.
    Platform,
    /// A person.
    Manual,
    /// A campaign.
    Campaign,
}

impl From<Source> for SourceName {
    fn from(source: Source) -> Self {
        match source {
            Source::Onec => Self::Onec,
            Source::Platform => Self::Platform,
            Source::Manual => Self::Manual,
            Source::Campaign => Self::Campaign,
        }
    }
}

/// An operation with points.
#[derive(Debug, Clone, Object)]
#[oai(rename = "LoyaltyTransaction", skip_serializing_if_is_none)]
pub struct TransactionView {
    /// Its id.
    pub id: Uuid,
    /// Its number in the ledger of the customer, from 1 on.
    pub sequence: u32,
    /// What kind of operation it is.
    #[oai(rename = "type")]
    pub kind: TransactionType,
    /// What it changes.
    pub points: i64,
    /// What all operations up to this one come to; a debt is negative.
    pub balance_after: i64,
    /// Why, in words for the customer.
    pub reason: String,
    /// Where it comes from.
    pub source: SourceName,
    /// The receipt that it is about.
    pub document_id_1c: Option<Uuid>,
    /// The number of the operation that it takes back.
    pub reverses: Option<u32>,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
    /// When it takes effect.
    pub effective_at: DateTime<Utc>,
    /// When the points that it gives expire; absent if never.
    pub expires_at: Option<DateTime<Utc>>,
    /// How it came about: its inputs and every step to its points. For members of staff.
    pub explain: Option<Any<Value>>,
}

impl TransactionView {
    /// Shows an operation to its customer.
    #[must_use]
    pub fn for_customers(transaction: &LoyaltyTransaction) -> Self {
        Self {
            id: *transaction.id.as_uuid(),
            sequence: transaction.sequence.get(),
            kind: transaction.kind.into(),
            points: transaction.points,
            balance_after: transaction.balance_after,
            reason: transaction.reason.as_str().to_owned(),
            source: transaction.source.into(),
            document_id_1c: transaction.receipt.map(|receipt| *receipt.as_uuid()),
            reverses: transaction.reverses.map(Sequence::get),
            created_at: transaction.recorded_at,
            effective_at: transaction.effective_at,
            expires_at: transaction.lot.and_then(|lot| lot.term.expires_at),
            explain: None,
        }
    }

    /// Shows an operation to a colleague, with the explanation.
    #[must_use]
    pub fn for_staff(transaction: &LoyaltyTransaction) -> Self {
        Self {
            explain: serde_json::to_value(&transaction.explain).ok().map(Any),
            ..Self::for_customers(transaction)
        }
    }
}

/// Points that expire at an instant.
#[derive(Debug, Clone, Object)]
#[oai(rename = "ExpiringPoints")]
pub struct ExpiringView {
    /// When.
    pub at: DateTime<Utc>,
    /// How many.
    pub points: i64,
}

/// What a customer has.
#[derive(Debug, Clone, Object)]
#[oai(rename = "LoyaltyBalance")]
pub struct BalanceView {
    /// What can be spent.
    pub available: i64,
    /// What can be spent later.
    pub pending: i64,
    /// What is owed: points of returned goods that had been spent already.
    pub debt: i64,
    /// The available points that expire, soonest first.
    pub expiring: Vec<ExpiringView>,
    /// The instant that it speaks of.
    pub as_of: DateTime<Utc>,
}

impl From<&LoyaltyBalance> for BalanceView {
    fn from(balance: &LoyaltyBalance) -> Self {
        let expiring = balance.expiring.iter().map(|expiring| ExpiringView {
            at: expiring.at,
            points: expiring.points.get(),
        });
        Self {
            available: balance.available.get(),
            pending: balance.pending.get(),
            debt: balance.debt.get(),
            expiring: expiring.collect(),
            as_of: balance.as_of,
        }
    }
}

/// A level of the programme.
#[derive(Debug, Clone, Object)]
#[oai(rename = "LoyaltyLevel")]
pub struct LevelView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many receipts it takes.
    pub min_purchases: u32,
    /// How much money it takes.
    pub min_total: Roubles,
}

impl From<&Level> for LevelView {
    fn from(level: &Level) -> Self {
        Self {
            id: level.id.clone(),
            name: level.name.clone(),
            min_purchases: level.receipts,
            min_total: level.spent.into(),
        }
    }
}

/// The programme and where the customer stands in it.
#[derive(Debug, Clone, Object)]
#[oai(rename = "LoyaltyProgramme", skip_serializing_if_is_none)]
pub struct ProgrammeView {
    /// The id of the rules.
    pub id: String,
    /// Their version.
    pub version: u32,
    /// The fewest points that are spent at once; one point is one rouble.
    pub min_redemption: i64,
    /// All levels, the lowest first.
    pub levels: Vec<LevelView>,
    /// The level that is reached.
    pub level: Option<LevelView>,
    /// The level above it.
    pub next_level: Option<LevelView>,
    /// How many receipts are missing to it.
    pub missing_purchases: u32,
    /// How much money is missing to it.
    pub missing_total: Roubles,
}

impl ProgrammeView {
    /// Shows the programme to a customer who stands there.
    #[must_use]
    pub fn new(programme: &LoyaltyProgramme, standing: &Standing) -> Self {
        Self {
            id: programme.id.clone(),
            version: programme.version,
            min_redemption: programme.redemption.minimum.get(),
            levels: programme.levels.iter().map(LevelView::from).collect(),
            level: standing.level.as_ref().map(LevelView::from),
            next_level: standing.next.as_ref().map(LevelView::from),
            missing_purchases: standing.missing_receipts,
            missing_total: standing.missing_spent.into(),
        }
    }
}
