use serde::{Deserialize, Serialize};

use super::{DocumentKind, PurchaseLine};
use crate::catalogue::{Product, ProductKind};
use crate::values::{Money, Quantity};

/// What a line is to the figures of a customer. Its money counts whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// Goods that were bought, returned or corrected: they make purchases and preferences.
    Goods,
    /// Pouches, bags, cards and the like.
    Packaging,
    /// Delivery, work, fees, gift certificates: they make purchases, but no preferences.
    Service,
    /// A line without quantity or without money.
    Zero,
    /// Totals carried over from an older system.
    OpeningBalance,
}

impl LineKind {
    /// Tells whether the line makes a purchase: a receipt, an occasion, a date.
    #[must_use]
    pub const fn makes_a_purchase(self) -> bool {
        matches!(self, Self::Goods | Self::Service)
    }
}

/// Tells goods from packaging and from lines that only look like purchases. The rule is data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinePolicy {
    /// A unit price below this is packaging, whatever it is called.
    pub packaging_below: Money,
    /// A name that begins with, or has a word that begins with, one of these is packaging…
    pub packaging_words: Vec<String>,
    /// …if its unit price is below this: a leather case is no packaging.
    pub packaging_words_below: Money,
}

impl Default for LinePolicy {
    /// Gives the rule for a shop of small things: below 5 ₽, or a wrapping word below 100 ₽.
    fn default() -> Self {
        let words = [
            "мешочек",
            "мешок",
            "пакет",
            "салфетка",
            "коробка",
            "упаковка",
            "конверт",
            "футляр",
            "чехол",
            "обертка",
            "обёртка",
        ];
        Self {
            packaging_below: Money::from_kopecks(500),
            packaging_words: words.map(str::to_owned).to_vec(),
            packaging_words_below: Money::from_kopecks(10_000),
        }
    }
}

impl LinePolicy {
    /// Tells what a line is; `product` is what the catalogue knows of its article.
    #[must_use]
    pub fn kind_of(&self, line: &PurchaseLine, product: Option<&Product>) -> LineKind {
        if line.document.kind == DocumentKind::OpeningBalance {
            return LineKind::OpeningBalance;
        }
        if line.quantity == Quantity::ZERO || line.amount == Money::ZERO {
            return LineKind::Zero;
        }
        match product.map(|product| product.kind) {
            Some(ProductKind::Service | ProductKind::GiftCertificate) => return LineKind::Service,
            Some(ProductKind::Goods) | None => {}
        }
        let named_packaging = || product.is_some_and(|product| self.names_packaging(product));
        if unit_price_is_below(line, self.packaging_below)
            || (unit_price_is_below(line, self.packaging_words_below) && named_packaging())
        {
            return LineKind::Packaging;
        }
        LineKind::Goods
    }

    fn names_packaging(&self, product: &Product) -> bool {
        let name = product.name.as_str().to_lowercase();
        name.split(|c: char| !c.is_alphanumeric()).any(|word| {
            self.packaging_words
                .iter()
                .any(|packaging| word.starts_with(packaging))
        })
    }
}

/// Compares |amount| / |quantity| with a price, without dividing.
fn unit_price_is_below(line: &PurchaseLine, price: Money) -> bool {
    let amount = i128::from(line.amount.kopecks().unsigned_abs());
    let thousandths = i128::from(line.quantity.thousandths().unsigned_abs());
    amount * 1_000 < i128::from(price.kopecks()) * thousandths
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::inconsistent_digit_grouping,
        reason = "roubles stand apart from kopecks"
    )]

    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::purchases::DocumentKey;
    use crate::values::{DocumentRef, PlainText, ProductRef};

    fn line(kind: DocumentKind, thousandths: i64, kopecks: i64) -> PurchaseLine {
        PurchaseLine {
            document: DocumentKey {
                kind,
                document: DocumentRef::from_uuid(Uuid::from_u128(1)),
            },
            line_number: 1,
            purchased_at: DateTime::UNIX_EPOCH,
            product: None,
            variant: None,
            store: None,
            quantity: Quantity::from_thousandths(thousandths),
            amount: Money::from_kopecks(kopecks),
            returns: None,
        }
    }

    fn product(name: &str, kind: ProductKind) -> Product {
        Product {
            product: ProductRef::from_uuid(Uuid::from_u128(2)),
            name: PlainText::clean(name).unwrap(),
            article: None,
            category: None,
            brand: None,
            kind,
            removed: false,
        }
    }

    #[test]
    fn lines_are_told_apart() {
        let goods = product("Кольцо с цирконом", ProductKind::Goods);
        let pouch = product("Фирменный мешочек малый", ProductKind::Goods);
        let delivery = product("Доставка", ProductKind::Service);
        let receipt = DocumentKind::Receipt;
        let cases = [
            (line(receipt, 1_000, 499_00), Some(&goods), LineKind::Goods),
            (
                line(receipt, -1_000, -499_00),
                Some(&goods),
                LineKind::Goods,
            ),
            (line(receipt, 1_000, 5_00), Some(&goods), LineKind::Goods),
            (
                line(receipt, 1_000, 4_99),
                Some(&goods),
                LineKind::Packaging,
            ),
            (
                line(receipt, -2_000, -9_98),
                Some(&goods),
                LineKind::Packaging,
            ),
            (
                line(receipt, 1_000, 99_99),
                Some(&pouch),
                LineKind::Packaging,
            ),
            (line(receipt, 1_000, 100_00), Some(&pouch), LineKind::Goods),
            (
                line(receipt, 1_000, 499_00),
                Some(&delivery),
                LineKind::Service,
            ),
            (line(receipt, 0, 499_00), Some(&goods), LineKind::Zero),
            (line(receipt, 1_000, 0), Some(&goods), LineKind::Zero),
            (line(receipt, 1_000, 499_00), None, LineKind::Goods),
            (
                line(DocumentKind::OpeningBalance, 0, 499_00),
                None,
                LineKind::OpeningBalance,
            ),
        ];
        let policy = LinePolicy::default();
        for (line, product, expected) in cases {
            assert_eq!(
                policy.kind_of(&line, product),
                expected,
                "{line:?} {product:?}"
            );
        }
    }
}
