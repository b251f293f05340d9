//! What happens to a base while it runs.

mod apply;
mod pick;
mod random;
mod receipts;
mod shifts;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::world::World;

pub use random::random_scenario;
pub(crate) use receipts::insert_a_receipt;

/// A list of steps; the README shows it as a JSON file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Carried out in this order.
    pub steps: Vec<TimedStep>,
}

impl Scenario {
    /// A scenario whose steps all happen at once.
    #[must_use]
    pub fn of(steps: impl IntoIterator<Item = ScenarioStep>) -> Self {
        let steps = steps
            .into_iter()
            .map(|step| TimedStep {
                after_requests: 0,
                step,
            })
            .collect();
        Self { steps }
    }

    /// Reads the JSON of a scenario file.
    pub fn from_json(text: &str) -> Result<Self, ScenarioError> {
        serde_json::from_str(text).map_err(|source| ScenarioError::Unreadable { source })
    }
}

/// A step and when it is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedStep {
    /// How many requests must have come since the scenario began.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after_requests: u64,
    /// What happens.
    #[serde(flatten)]
    pub step: ScenarioStep,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Names something in the base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Pick {
    /// The n-th of its kind, counted round; folders are not counted.
    Nth(usize),
    /// By its GUID.
    Id(Uuid),
    /// By the name that an earlier step gave it.
    Named(String),
}

/// A moment of the base's local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum When {
    /// So many thousandths of the way from the base's first sale to its last.
    Share(u16),
    /// Exactly then.
    At(NaiveDateTime),
}

/// One line of goods to be sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Good {
    /// What is sold.
    pub product: Pick,
    /// How much, in thousandths.
    pub thousandths: i64,
    /// For how much, in kopecks, after discounts.
    pub kopecks: i64,
}

/// How much of a receipt comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// All of it.
    Full,
    /// Its first line.
    FirstLine,
    /// Half of the quantity and of the money of its first line.
    HalfOfFirstLine,
}

/// What closing a shift does with its receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// Their lines vanish, and the shift report writes one line for each customer and product.
    Archive,
    /// They keep their lines, which no longer belong to an open shift.
    Keep,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum ScenarioStep {
    /// A receipt is punched; with a shift, it belongs to that open shift.
    Receipt {
        /// What later steps call it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// When it is punched.
        at: When,
        /// The card shown at the till; its owner becomes the counterparty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        card: Option<Pick>,
        /// What is sold.
        goods: Vec<Good>,
        /// The open shift, named by its first receipt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shift: Option<String>,
    },
    /// A shift is closed.
    CloseShift {
        /// The shift that its receipts named.
        shift: String,
        /// When it closes; later than its receipts.
        at: When,
        /// What becomes of the receipts.
        closing: Closing,
    },
    /// Goods come back with their receipt.
    Return {
        /// What later steps call the return.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The sale.
        of: Pick,
        /// How many days after it.
        days_later: u16,
        /// How much comes back.
        share: Share,
        /// The open shift, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shift: Option<String>,
    },
    /// Goods come back without a receipt.
    ReturnWithoutReceipt {
        /// When.
        at: When,
        /// The card that is shown, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        card: Option<Pick>,
        /// What comes back, in positive amounts.
        goods: Vec<Good>,
    },
    /// A marketplace sells: a document of an extension writes the sale.
    MarketplaceSale {
        /// What later steps call it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// When.
        at: When,
        /// The card of the buyer, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        card: Option<Pick>,
        /// What is sold.
        goods: Vec<Good>,
    },
    /// A sale is corrected: a document of differences is entered.
    Correct {
        /// The sale.
        sale: Pick,
        /// How many days after it.
        days_later: u16,
        /// The difference of its first line, in thousandths.
        thousandths: i64,
        /// The difference of its first line, in kopecks.
        kopecks: i64,
    },
    /// A document is posted again with other line numbers.
    Renumber {
        /// The document.
        document: Pick,
    },
    /// A document is posted again without its last line.
    DropLine {
        /// The document; one with a single line loses nothing.
        document: Pick,
    },
    /// A document is posted again with another amount in its first line.
    Reprice {
        /// The document.
        document: Pick,
        /// The new amount.
        kopecks: i64,
    },
    /// A document gets another date.
    Redate {
        /// The document.
        document: Pick,
        /// Days into the past (negative) or the future.
        days: i32,
    },
    /// A document is posted again as it is; the owners of cards are looked up anew.
    Repost {
        /// The document.
        document: Pick,
    },
    /// A document loses its movements but stays.
    Unpost {
        /// The document.
        document: Pick,
    },
    /// A document is marked for deletion, which also unposts it.
    MarkDeleted {
        /// The document.
        document: Pick,
    },
    /// A document is removed for good.
    Delete {
        /// The document.
        document: Pick,
    },
    /// The movements of a document are switched off by hand: `Active` is false.
    Deactivate {
        /// The document.
        document: Pick,
    },
    /// Points are given that count, and burn, on days of their own.
    Accrue {
        /// The card.
        card: Pick,
        /// When the document is entered.
        at: When,
        /// Whole points.
        points: u32,
        /// After how many days they count.
        counts_after_days: u16,
        /// After how many more days they burn.
        burns_after_days: u16,
    },
    /// Points are taken off a card.
    Burn {
        /// The card.
        card: Pick,
        /// When.
        at: When,
        /// Whole points.
        points: u32,
    },
    /// The points of a card are put right by hand, up or down, below nothing too.
    Adjust {
        /// The card.
        card: Pick,
        /// When.
        at: When,
        /// By so many hundredths of a point; down if negative.
        hundredths: i32,
    },
    /// A card gets another owner, its first owner, or none.
    AssignCard {
        /// The card.
        card: Pick,
        /// The new owner.
        owner: Option<Pick>,
    },
    /// Two records of one person become one.
    Merge {
        /// Marked for deletion; its cards and lines go to the other.
        duplicate: Pick,
        /// The record that stays.
        into: Pick,
    },
    /// A customer is entered, with a card.
    NewCustomer {
        /// What later steps call the customer; the card is called `<name>/card`.
        name: String,
        /// Surname and first name.
        description: String,
        /// The phone as typed.
        phone: String,
        /// The barcode of the card.
        barcode: String,
    },
    /// A card is entered.
    NewCard {
        /// What later steps call it.
        name: String,
        /// Its owner, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<Pick>,
        /// Its barcode.
        barcode: String,
    },
    /// A product gets another name.
    RenameProduct {
        /// The product.
        product: Pick,
        /// The new name.
        description: String,
    },
}

/// What the steps wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Documents that were written or removed, in order.
    pub documents: Vec<Uuid>,
    /// Catalog items that were written, in order.
    pub objects: Vec<Uuid>,
}

/// A scenario that cannot be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The file is not the JSON of a scenario.
    #[error("the scenario is not valid; compare it with the format in the README")]
    Unreadable {
        /// Where and why.
        source: serde_json::Error,
    },
    /// A step names what is not there.
    #[error("there is no {kind} {pick:?}; name one that exists or that an earlier step made")]
    NotFound {
        /// A document, a card and so on.
        kind: &'static str,
        /// What the step said.
        pick: Pick,
    },
    /// A shift that no receipt has opened.
    #[error("shift {shift:?} is not open; name it in a receipt first")]
    NoShift {
        /// What the step said.
        shift: String,
    },
}

/// Carries one step out.
pub(crate) fn apply(
    world: &mut World,
    step: &ScenarioStep,
    applied: &mut Applied,
) -> Result<(), ScenarioError> {
    apply::Stage { world, applied }.apply(step)
}
