use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{DocumentKey, DocumentKind, LineKind, LinePolicy, PurchaseLine, ReceiptKey};
use crate::catalogue::{Product, Store};
use crate::values::{DocumentRef, Money, PeriodRange, UserId};

/// A purchase as it is shown: a line of a receipt with what the catalogue knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PurchaseRecord {
    /// The line.
    pub line: PurchaseLine,
    /// The article, where it is known.
    pub product: Option<Product>,
    /// The store, where it is known.
    pub store: Option<Store>,
}

/// What a line is to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseKind {
    /// Something was bought.
    Sale,
    /// Something was brought back, or money was.
    Return,
    /// A total carried over from an older system.
    OpeningBalance,
}

impl PurchaseKind {
    /// Gives the name that the API uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Return => "return",
            Self::OpeningBalance => "opening_balance",
        }
    }
}

impl PurchaseRecord {
    /// Tells what the line is.
    #[must_use]
    pub fn kind(&self) -> PurchaseKind {
        let line = &self.line;
        match line.document.kind {
            DocumentKind::OpeningBalance => PurchaseKind::OpeningBalance,
            DocumentKind::ReturnReceipt | DocumentKind::GoodsReturn => PurchaseKind::Return,
            DocumentKind::Receipt
            | DocumentKind::ShiftReport
            | DocumentKind::Invoice
            | DocumentKind::SaleCorrection
            | DocumentKind::RegisterCorrection
            | DocumentKind::CustomerOrder
            | DocumentKind::WorkStatement
            | DocumentKind::MonthClose
            | DocumentKind::Other
                if line.amount < Money::ZERO || line.quantity.thousandths() < 0 =>
            {
                PurchaseKind::Return
            }
            DocumentKind::Receipt
            | DocumentKind::ShiftReport
            | DocumentKind::Invoice
            | DocumentKind::SaleCorrection
            | DocumentKind::RegisterCorrection
            | DocumentKind::CustomerOrder
            | DocumentKind::WorkStatement
            | DocumentKind::MonthClose
            | DocumentKind::Other => PurchaseKind::Sale,
        }
    }

    /// Gives what one unit has cost, if that is a whole number of kopecks.
    #[must_use]
    pub fn price(&self) -> Option<Money> {
        let kopecks = i128::from(self.line.amount.kopecks()) * 1_000;
        let thousandths = i128::from(self.line.quantity.thousandths());
        let is_exact = kopecks.checked_rem(thousandths)? == 0;
        let price = i64::try_from(kopecks / thousandths).ok()?;
        is_exact.then(|| Money::from_kopecks(price))
    }

    /// Tells whether the line is wrapping, or has neither goods nor money.
    #[must_use]
    pub fn is_packaging(&self, policy: &LinePolicy) -> bool {
        matches!(
            policy.kind_of(&self.line, self.product.as_ref()),
            LineKind::Packaging | LineKind::Zero
        )
    }

    /// Gives the place of the line in a list, newest receipts first.
    #[must_use]
    pub const fn cursor(&self) -> PurchaseCursor {
        PurchaseCursor {
            purchased_at: self.line.purchased_at,
            document: self.line.document,
            line_number: self.line.line_number,
        }
    }
}

/// The place of a line in a list: newest receipts first, the lines of each as they stand on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseCursor {
    /// When the sale took place.
    pub purchased_at: DateTime<Utc>,
    /// The document.
    pub document: DocumentKey,
    /// The number of the line.
    pub line_number: u32,
}

/// Asks for purchases of a customer, newest receipts first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurchaseQuery {
    /// Whose purchases.
    pub user: UserId,
    /// Of which time, half-open.
    pub range: PeriodRange,
    /// The line before the first one of the page.
    pub after: Option<PurchaseCursor>,
    /// The most lines.
    pub limit: u32,
}

/// The place of a receipt in a list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptCursor {
    /// When the sale took place.
    pub purchased_at: DateTime<Utc>,
    /// The document.
    pub document: DocumentKey,
}

/// Asks for receipts of a customer, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptQuery {
    /// Whose receipts.
    pub user: UserId,
    /// Of which time, half-open.
    pub range: PeriodRange,
    /// The receipt before the first one of the page.
    pub after: Option<ReceiptCursor>,
    /// The most receipts.
    pub limit: u32,
}

/// A receipt as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRecord {
    /// Which receipt it is.
    pub key: ReceiptKey,
    /// What it is: a return if all its lines are.
    pub kind: PurchaseKind,
    /// Where the sale took place, where that is known.
    pub store: Option<Store>,
    /// The document whose goods it takes back or corrects.
    pub returns: Option<DocumentRef>,
    /// What all lines come to.
    pub amount: Money,
    /// The lines, as they stand on it.
    pub lines: Vec<PurchaseRecord>,
}

impl ReceiptRecord {
    /// Gathers the lines of receipts of one customer, which come receipt by receipt.
    #[must_use]
    pub fn gather(user: UserId, lines: Vec<PurchaseRecord>) -> Vec<Self> {
        let mut receipts: Vec<Self> = Vec::new();
        for record in lines {
            let key = ReceiptKey {
                user,
                purchased_at: record.line.purchased_at,
                document: record.line.document,
            };
            let amount = record.line.amount.kopecks();
            match receipts.last_mut().filter(|receipt| receipt.key == key) {
                Some(receipt) => {
                    if receipt.kind != record.kind() {
                        receipt.kind = PurchaseKind::Sale;
                    }
                    let sum = receipt.amount.kopecks().saturating_add(amount);
                    receipt.amount = Money::from_kopecks(sum);
                    receipt.lines.push(record);
                }
                None => receipts.push(Self {
                    key,
                    kind: record.kind(),
                    store: record.store.clone(),
                    returns: record.line.returns,
                    amount: record.line.amount,
                    lines: vec![record],
                }),
            }
        }
        receipts
    }

    /// Gives the place of the receipt in a list.
    #[must_use]
    pub const fn cursor(&self) -> ReceiptCursor {
        ReceiptCursor {
            purchased_at: self.key.purchased_at,
            document: self.key.document,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::{customer, document, minute, product, store};
    use crate::values::Quantity;

    fn record(kind: DocumentKind, n: u128, thousandths: i64, kopecks: i64) -> PurchaseRecord {
        PurchaseRecord {
            line: PurchaseLine {
                document: document(kind, n),
                line_number: 1,
                purchased_at: minute(0),
                product: None,
                variant: None,
                store: None,
                quantity: Quantity::from_thousandths(thousandths),
                amount: Money::from_kopecks(kopecks),
                returns: None,
            },
            product: Some(product(1)),
            store: Some(store(1)),
        }
    }

    #[test]
    fn a_line_is_a_sale_a_return_or_an_opening_balance() {
        let cases = [
            (DocumentKind::Receipt, 1_000, 100, PurchaseKind::Sale),
            (
                DocumentKind::ShiftReport,
                -1_000,
                -100,
                PurchaseKind::Return,
            ),
            (DocumentKind::SaleCorrection, 0, -100, PurchaseKind::Return),
            (
                DocumentKind::ReturnReceipt,
                1_000,
                100,
                PurchaseKind::Return,
            ),
            (
                DocumentKind::OpeningBalance,
                0,
                -1,
                PurchaseKind::OpeningBalance,
            ),
        ];
        for (kind, thousandths, kopecks, expected) in cases {
            assert_eq!(
                record(kind, 1, thousandths, kopecks).kind(),
                expected,
                "{kind:?}"
            );
        }
    }

    #[test]
    fn a_price_is_told_only_where_it_is_exact() {
        let price = |thousandths, kopecks| {
            record(DocumentKind::Receipt, 1, thousandths, kopecks)
                .price()
                .map(Money::kopecks)
        };
        assert_eq!(price(2_000, 500), Some(250));
        assert_eq!(price(500, 500), Some(1_000));
        assert_eq!(price(-1_000, -500), Some(500));
        assert_eq!(price(3_000, 500), None);
        assert_eq!(price(0, 500), None);
        assert_eq!(price(1, i64::MAX), None);
    }

    #[test]
    fn lines_are_gathered_into_their_receipts() {
        let mut second = record(DocumentKind::Receipt, 1, -1_000, -30);
        second.line.line_number = 2;
        let lines = vec![
            record(DocumentKind::Receipt, 1, 1_000, 100),
            second,
            record(DocumentKind::ReturnReceipt, 2, -1_000, -70),
        ];
        let receipts = ReceiptRecord::gather(customer(1).id, lines);
        let told: Vec<_> = receipts
            .iter()
            .map(|receipt| (receipt.kind, receipt.amount.kopecks(), receipt.lines.len()))
            .collect();
        assert_eq!(
            told,
            [(PurchaseKind::Sale, 70, 2), (PurchaseKind::Return, -70, 1)]
        );
    }
}
