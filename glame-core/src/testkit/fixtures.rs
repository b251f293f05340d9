//! Small named samples; everybody in them is invented.

pub mod access;
pub mod loyalty;
pub mod webhooks;

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use uuid::Uuid;

use crate::analytics::{CustomerMetrics, MetricsPolicy, PurchaseFigures, SettledHistory};
use crate::catalogue::{Product, ProductKind, Store};
use crate::ports::{CardRecord, CustomerProfile, Rejected};
use crate::purchases::{
    DocumentKey, DocumentKind, PurchaseHistory, Receipt, ReceiptKey, ReceiptLine, SaleLine,
};
use crate::segments::{
    Colour, CustomerSegment, SegmentKind, SegmentOrigin, SegmentRule, SegmentState, SegmentVersion,
};
use crate::sync::{SyncCounts, SyncKind, SyncRun, SyncStatus, SyncTrigger};
use crate::users::{DiscountCard, Gender, Holder, User};
use crate::values::{
    CardNumber, CardRef, CounterpartyRef, DocumentRef, EmailAddress, Money, PhoneNumber, PlainText,
    ProductRef, Quantity, SegmentId, StoreRef, SyncRunId, UserId,
};

/// Gives an instant in the middle of 2025, `minutes` later.
#[must_use]
pub fn minute(minutes: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 6, 15, 9, 0, 0).unwrap() + TimeDelta::minutes(minutes)
}

/// Gives the n-th counterparty.
#[must_use]
pub const fn counterparty(n: u128) -> CounterpartyRef {
    CounterpartyRef::from_uuid(Uuid::from_u128(0xA0_0000 + n))
}

/// Gives the n-th card.
#[must_use]
pub const fn card_ref(n: u128) -> CardRef {
    CardRef::from_uuid(Uuid::from_u128(0xC0_0000 + n))
}

/// Gives the n-th document of a kind.
#[must_use]
pub const fn document(kind: DocumentKind, n: u128) -> DocumentKey {
    DocumentKey {
        kind,
        document: DocumentRef::from_uuid(Uuid::from_u128(0xD0_0000 + n)),
    }
}

/// Gives the n-th article.
#[must_use]
pub const fn product_ref(n: u128) -> ProductRef {
    ProductRef::from_uuid(Uuid::from_u128(0xF0_0000 + n))
}

/// Gives the n-th store.
#[must_use]
pub const fn store_ref(n: u128) -> StoreRef {
    StoreRef::from_uuid(Uuid::from_u128(0x50_0000 + n))
}

/// Gives a cleaned text.
#[must_use]
pub fn text(text: &str) -> PlainText {
    PlainText::clean(text).unwrap()
}

/// Gives the n-th customer, with everything filled in.
#[must_use]
pub fn customer(n: u128) -> User {
    let mut user = User::from_holder(Holder::Counterparty(counterparty(n)), minute(0));
    user.full_name = Some(text(&format!("Примерова Алёна {n} 🌷")));
    user.phone =
        Some(PhoneNumber::from_digits(79_990_000_000 + u64::try_from(n).unwrap()).unwrap());
    user.email = Some(EmailAddress::parse(&format!("customer{n}@example.org")).unwrap());
    user.gender = Some(Gender::Female);
    user.birth_date = NaiveDate::from_ymd_opt(1990, 2, 3);
    user.city = Some(text("Ялта"));
    user.discount_card_number = Some(card_number(n));
    user
}

/// Gives the number of the n-th card.
#[must_use]
pub fn card_number(n: u128) -> CardNumber {
    CardNumber::parse(&format!("29{n:011}")).unwrap()
}

/// Gives the n-th card, held by a customer.
#[must_use]
pub fn card(n: u128, user: UserId) -> DiscountCard {
    DiscountCard {
        card: card_ref(n),
        user,
        number: Some(card_number(n)),
        removed: false,
    }
}

/// Gives the n-th card as the shop's base has it.
#[must_use]
pub fn card_record(n: u128, owner: Option<CounterpartyRef>) -> CardRecord {
    CardRecord {
        card: card_ref(n),
        number: Some(card_number(n)),
        owner,
        removed: false,
    }
}

/// Gives the profile of the n-th counterparty as the shop's base has it.
#[must_use]
pub fn profile(n: u128) -> CustomerProfile {
    let user = customer(n);
    CustomerProfile {
        counterparty: counterparty(n),
        full_name: user.full_name,
        phone: user.phone,
        email: user.email,
        gender: user.gender,
        birth_date: user.birth_date,
        city: user.city,
        removed: false,
    }
}

/// Gives the n-th article: a ring of a category and a brand.
#[must_use]
pub fn product(n: u128) -> Product {
    Product {
        product: product_ref(n),
        name: text(&format!("Кольцо {n}")),
        article: Some(text(&format!("K-{n}"))),
        category: Some(text("Кольца")),
        brand: Some(text("Примерный дом")),
        kind: ProductKind::Goods,
        removed: false,
    }
}

/// Gives the n-th store.
#[must_use]
pub fn store(n: u128) -> Store {
    Store {
        store: store_ref(n),
        name: text(&format!("Бутик {n}")),
        removed: false,
    }
}

/// Gives a line of the n-th receipt: one article for so many roubles.
#[must_use]
pub fn sale_line(n: u128, holder: Holder, at: DateTime<Utc>, roubles: i64) -> SaleLine {
    SaleLine {
        document: document(DocumentKind::Receipt, n),
        line_number: 1,
        purchased_at: at,
        holder: Some(holder),
        product: Some(product_ref(1)),
        variant: None,
        store: Some(store_ref(1)),
        quantity: Quantity::from_thousandths(1_000),
        amount: Money::from_whole_roubles(roubles).unwrap(),
        returns: None,
    }
}

/// Gives the n-th receipt of a customer with so many lines of 100, 200, 300… roubles.
#[must_use]
pub fn receipt(n: u128, user: UserId, at: DateTime<Utc>, lines: u32) -> Receipt {
    Receipt {
        key: ReceiptKey {
            user,
            purchased_at: at,
            document: document(DocumentKind::Receipt, n),
        },
        store: Some(store_ref(1)),
        returns: None,
        lines: (1..=lines)
            .map(|line_number| ReceiptLine {
                line_number,
                product: Some(product_ref(u128::from(line_number))),
                variant: None,
                quantity: Quantity::from_thousandths(1_000),
                amount: Money::from_whole_roubles(i64::from(line_number) * 100).unwrap(),
            })
            .collect(),
    }
}

/// Gives the figures of a customer with one receipt.
#[must_use]
pub fn metrics(user: UserId) -> CustomerMetrics {
    let policy = MetricsPolicy::default();
    let as_of = crate::analytics::AsOf::Now(minute(60));
    let bought = receipt(1, user, minute(0), 2);
    let lines = bought
        .lines
        .iter()
        .map(|line| crate::purchases::PurchaseLine {
            document: bought.key.document,
            line_number: line.line_number,
            purchased_at: bought.key.purchased_at,
            product: line.product,
            variant: line.variant,
            store: bought.store,
            quantity: line.quantity,
            amount: line.amount,
            returns: bought.returns,
        })
        .collect();
    let catalogue = [1, 2].map(|n| (product_ref(n), product(n))).into();
    let history = PurchaseHistory::new(user, lines);
    let settled = SettledHistory::of(&history, &catalogue, &policy, as_of);
    let figures = PurchaseFigures::of(&settled);
    let cuts = policy.rfm.cuts(&[]).unwrap();
    CustomerMetrics::score(figures, &cuts, &policy, as_of)
}

/// Gives the n-th run, asked for `n` minutes into the sample day.
#[must_use]
pub fn run(n: u32, kind: SyncKind, status: SyncStatus) -> SyncRun {
    SyncRun {
        id: SyncRunId::from_uuid(Uuid::from_u128(0xE0_0000 + u128::from(n))),
        job: None,
        kind,
        since: None,
        status,
        trigger: SyncTrigger::Manual,
        counts: SyncCounts {
            read: u64::from(n),
            ..SyncCounts::default()
        },
        cursor: None,
        error: None,
        queued_at: minute(i64::from(n)),
        started_at: Some(minute(i64::from(n))),
        finished_at: None,
    }
}

/// Gives a record that was set aside.
#[must_use]
pub fn rejected(n: u32) -> Rejected {
    Rejected {
        set: "sales".to_owned(),
        reference: format!("document {n}, line 1"),
        reason: "the amount is missing".to_owned(),
    }
}

/// Gives the n-th segment: an active rule about the age, made by a person.
#[must_use]
pub fn segment(n: u128) -> CustomerSegment {
    let rule = r#"{"version": 1, "rule": {"field": "age", "op": "gte", "value": 18}}"#;
    CustomerSegment {
        id: SegmentId::from_uuid(Uuid::from_u128(0x5E_0000 + n)),
        name: text(&format!("Сегмент {n} ✨")),
        description: Some(text("Совершеннолетние")),
        color: Colour::default(),
        origin: SegmentOrigin::Manual,
        state: SegmentState::Active,
        kind: SegmentKind::Rule(SegmentRule::parse(rule).unwrap()),
        version: SegmentVersion::FIRST,
        created_at: minute(0),
        updated_at: minute(0),
    }
}
