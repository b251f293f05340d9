use chrono::{DateTime, Utc};

use super::{DocumentKey, ReceiptDigest};
use crate::users::Holder;
use crate::values::{DocumentRef, Money, ProductRef, Quantity, StoreRef, UserId, VariantRef};

/// One line of a sale as the shop's base has it, read and checked, not yet tied to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleLine {
    /// The document that wrote the line.
    pub document: DocumentKey,
    /// The number of the line inside its document.
    pub line_number: u32,
    /// When the sale took place.
    pub purchased_at: DateTime<Utc>,
    /// Who bought; none for an anonymous sale, which belongs to nobody.
    pub holder: Option<Holder>,
    /// What was bought; none on lines that only carry money.
    pub product: Option<ProductRef>,
    /// The variant of the article.
    pub variant: Option<VariantRef>,
    /// Where it was bought.
    pub store: Option<StoreRef>,
    /// How much; negative on returns.
    pub quantity: Quantity,
    /// What was paid after discounts; negative on returns.
    pub amount: Money,
    /// The document whose goods this line takes back or corrects, where the base tells.
    pub returns: Option<DocumentRef>,
}

/// Names a receipt: one document of one customer at one instant.
///
/// The instant is part of the key because a correction may write lines of several dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReceiptKey {
    /// Whose receipt it is.
    pub user: UserId,
    /// When the sale took place.
    pub purchased_at: DateTime<Utc>,
    /// The document that wrote it.
    pub document: DocumentKey,
}

/// The lines of one document for one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which receipt it is.
    pub key: ReceiptKey,
    /// Where the sale took place, by its first line.
    pub store: Option<StoreRef>,
    /// The document whose goods it takes back or corrects, where the base tells.
    pub returns: Option<DocumentRef>,
    /// The lines by line number.
    pub lines: Vec<ReceiptLine>,
}

/// One line of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptLine {
    /// The number of the line inside its document.
    pub line_number: u32,
    /// What was bought.
    pub product: Option<ProductRef>,
    /// The variant of the article.
    pub variant: Option<VariantRef>,
    /// How much; negative on returns.
    pub quantity: Quantity,
    /// What was paid after discounts; negative on returns.
    pub amount: Money,
}

/// What storage tells of a receipt that it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoredReceipt {
    /// Which receipt it is.
    pub key: ReceiptKey,
    /// What was in it when it was stored.
    pub digest: ReceiptDigest,
    /// How many lines it has.
    pub lines: u32,
}

/// Gathers sale lines into receipts, in the order of their keys.
///
/// A line that comes twice (same document and line number) counts once, the later one; anonymous
/// lines are left out. `user_of` finds the user of a holder.
pub fn receipts_of(
    lines: impl IntoIterator<Item = SaleLine>,
    mut user_of: impl FnMut(Holder) -> UserId,
) -> Vec<Receipt> {
    let mut keyed: Vec<(ReceiptKey, SaleLine)> = lines
        .into_iter()
        .filter_map(|line| {
            let user = user_of(line.holder?);
            let key = ReceiptKey {
                user,
                purchased_at: line.purchased_at,
                document: line.document,
            };
            Some((key, line))
        })
        .collect();
    // The sort is stable, so that of two equal lines the later one stays later.
    keyed.sort_by_key(|(key, line)| (*key, line.line_number));

    let mut receipts: Vec<Receipt> = Vec::new();
    for (key, line) in keyed {
        let receipt_line = ReceiptLine {
            line_number: line.line_number,
            product: line.product,
            variant: line.variant,
            quantity: line.quantity,
            amount: line.amount,
        };
        match receipts.last_mut() {
            Some(receipt) if receipt.key == key => {
                receipt.store = receipt.store.or(line.store);
                receipt.returns = receipt.returns.or(line.returns);
                match receipt.lines.last_mut() {
                    Some(last) if last.line_number == line.line_number => *last = receipt_line,
                    _ => receipt.lines.push(receipt_line),
                }
            }
            _ => receipts.push(Receipt {
                key,
                store: line.store,
                returns: line.returns,
                lines: vec![receipt_line],
            }),
        }
    }
    receipts
}

impl Receipt {
    /// Gives what storage keeps to tell whether the receipt has changed.
    #[must_use]
    pub fn digest(&self) -> ReceiptDigest {
        ReceiptDigest::of(self)
    }

    /// Gives the number of lines.
    #[must_use]
    pub fn line_count(&self) -> u32 {
        u32::try_from(self.lines.len()).unwrap_or(u32::MAX)
    }

    /// Gives the description by which storage will know the receipt.
    #[must_use]
    pub fn stored(&self) -> StoredReceipt {
        StoredReceipt {
            key: self.key,
            digest: self.digest(),
            lines: self.line_count(),
        }
    }
}
