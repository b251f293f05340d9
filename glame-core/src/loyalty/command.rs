use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Actor, CustomerFacts, IdempotencyKey, Sequence, Source};
use crate::values::{DocumentRef, Money, PlainText, Points, TransactionId, UserId};

/// Something that is to be done with the points of one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Whose points these are.
    pub user: UserId,
    /// The key by which the client may repeat it; the deeds of the shop's base have natural keys.
    pub key: Option<IdempotencyKey>,
    /// What is to be done, and who wants it.
    pub request: Request,
    /// What is known of the customer now; looked at only when a receipt is new.
    pub customer: CustomerFacts,
}

/// What a client asks for: all that the same idempotency key must repeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What is to be done.
    #[serde(flatten)]
    pub command: Command,
    /// Why, and who wants it.
    #[serde(flatten)]
    pub authority: Authority,
}

/// On whose word points move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// Why, in words that the customer may read.
    pub reason: PlainText,
    /// Where it comes from.
    pub source: Source,
    /// Who wants it, where it is a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
}

/// What is to be done with points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// A receipt is worth so much now: it earns once, an edit changes what it earned.
    Receipt(ReceiptFact),
    /// A return takes so much of a receipt back now.
    Return(ReturnFact),
    /// Points pay.
    Spend {
        /// How many.
        points: Points,
        /// The receipt that they pay.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<DocumentRef>,
        /// The sum of that receipt before the points; needed where the programme limits their share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt_total: Option<Money>,
    },
    /// Points are given without a receipt, once for an occasion.
    Bonus {
        /// The rule that gives them: `birthday`, `level_up`, or the name of a campaign.
        rule: String,
        /// What they are given for.
        occasion: String,
        /// How many.
        points: Points,
        /// From when they can be spent; at once if it is not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        available_from: Option<DateTime<Utc>>,
        /// When they expire.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<DateTime<Utc>>,
    },
    /// A person corrects the points.
    Adjust {
        /// What is given, or taken (negative).
        points: i64,
        /// What the person has to say for it; for colleagues only.
        note: PlainText,
    },
    /// Lots whose time is over are written off.
    Expire,
    /// A spend or a bonus is taken back in whole.
    Reverse {
        /// Which transaction.
        transaction: TransactionId,
    },
    /// The shop's base says how many points there are.
    Reconcile {
        /// How many; negative where the base has let a card go below nothing.
        balance: i64,
    },
}

/// What a receipt of the shop is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptFact {
    /// Which receipt it is.
    pub receipt: DocumentRef,
    /// When the purchase took place.
    pub purchased_at: DateTime<Utc>,
    /// The money that was paid, before returns; none once the receipt is no more.
    pub basis: Option<Money>,
}

/// What a return takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnFact {
    /// The document of the return.
    pub document: DocumentRef,
    /// Its line; 0 for the document as a whole.
    #[serde(default)]
    pub line: u32,
    /// The receipt whose goods come back.
    pub receipt: DocumentRef,
    /// When they came back.
    pub returned_at: DateTime<Utc>,
    /// The money that was paid back; nothing once the return is no more.
    pub amount: Money,
}

impl Request {
    /// Names the fields in which another request under the same key differs.
    #[must_use]
    pub fn differing_fields(&self, other: &Self) -> Vec<String> {
        let fields = |request: &Self| match serde_json::to_value(request) {
            Ok(serde_json::Value::Object(fields)) => fields,
            Ok(_) | Err(_) => serde_json::Map::new(),
        };
        let (ours, theirs) = (fields(self), fields(other));
        let mut names: Vec<String> = ours
            .keys()
            .chain(theirs.keys())
            .filter(|name| ours.get(*name) != theirs.get(*name))
            .cloned()
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Command {
    /// Gives the natural key under which it may have been done already, where it has one alone.
    #[must_use]
    pub fn natural_key(&self) -> Option<String> {
        match self {
            Self::Bonus { rule, occasion, .. } => {
                Some(Deed::Bonus { rule, occasion }.natural_key())
            }
            Self::Receipt(_)
            | Self::Return(_)
            | Self::Spend { .. }
            | Self::Adjust { .. }
            | Self::Expire
            | Self::Reverse { .. }
            | Self::Reconcile { .. } => None,
        }
    }

    /// Gives the transaction that the command is about.
    #[must_use]
    pub const fn transaction(&self) -> Option<TransactionId> {
        match self {
            Self::Reverse { transaction } => Some(*transaction),
            Self::Receipt(_)
            | Self::Return(_)
            | Self::Spend { .. }
            | Self::Bonus { .. }
            | Self::Adjust { .. }
            | Self::Expire
            | Self::Reconcile { .. } => None,
        }
    }

    /// Gives the receipt that the command is about.
    #[must_use]
    pub const fn receipt(&self) -> Option<DocumentRef> {
        match self {
            Self::Receipt(fact) => Some(fact.receipt),
            Self::Return(fact) => Some(fact.receipt),
            Self::Spend { receipt, .. } => *receipt,
            Self::Bonus { .. }
            | Self::Adjust { .. }
            | Self::Expire
            | Self::Reverse { .. }
            | Self::Reconcile { .. } => None,
        }
    }
}

/// Names a deed by what it is about, so that it is done once whatever the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed<'a> {
    /// The n-th version of a receipt.
    Receipt(DocumentRef, u32),
    /// The n-th version of what a line of a return takes back of a receipt.
    Return(&'a ReturnFact, u32),
    /// A bonus for an occasion.
    Bonus { rule: &'a str, occasion: &'a str },
    /// The write-off of a lot.
    Expire(Sequence),
    /// The reversal of a transaction as a whole.
    Reverse(Sequence),
    /// Something that may be done any number of times: the transaction's own number names it.
    Once(&'static str, Sequence),
}

impl Deed<'_> {
    /// Gives the natural key of the transaction.
    pub(super) fn natural_key(&self) -> String {
        match self {
            Self::Receipt(receipt, version) => format!("receipt/{}/{version}", receipt.as_uuid()),
            Self::Return(fact, version) => format!(
                "return/{}/{}/{}/{version}",
                fact.document.as_uuid(),
                fact.line,
                fact.receipt.as_uuid()
            ),
            Self::Bonus { rule, occasion } => format!("bonus/{rule}/{occasion}"),
            Self::Expire(lot) => format!("expire/{lot}"),
            Self::Reverse(transaction) => format!("reverse/{transaction}"),
            Self::Once(what, sequence) => format!("{what}/{sequence}"),
        }
    }
}
