//! Proptest strategies for values, sales and purchase histories.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

mod loyalty;

pub use loyalty::{customer_facts, programme};

use super::fixtures;
use crate::purchases::{DocumentKind, SaleLine};
use crate::users::Holder;
use crate::values::{Money, PhoneNumber, Points, Quantity};

/// Gives any amount of money that a shop might see, returns included.
pub fn money() -> impl Strategy<Value = Money> {
    (-100_000_000_i64..=100_000_000).prop_map(Money::from_kopecks)
}

/// Gives any number of points that a customer might have.
pub fn points() -> impl Strategy<Value = Points> {
    (0_i64..=1_000_000).prop_map(|points| Points::try_new(points).unwrap())
}

/// Gives a Russian mobile number that nobody has.
pub fn phone_number() -> impl Strategy<Value = PhoneNumber> {
    (79_990_000_000_u64..=79_990_000_999)
        .prop_map(|digits| PhoneNumber::from_digits(digits).unwrap())
}

/// Gives an instant of the two years around the samples.
pub fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (-525_600_i64..=525_600).prop_map(|minutes| fixtures::minute(0) + TimeDelta::minutes(minutes))
}

/// Gives sales of up to `customers` customers, anonymous ones and returns among them.
pub fn sale_lines(customers: u128, most: usize) -> impl Strategy<Value = Vec<SaleLine>> {
    let line = (
        0..=customers,
        0_u128..200,
        1_u32..4,
        instant(),
        1_i64..5,
        1_i64..1_000_000,
        0..10,
    );
    prop::collection::vec(line, 0..most).prop_map(move |rows| {
        rows.into_iter()
            .map(
                |(customer, document, line_number, at, pieces, kopecks, kind)| {
                    let sign = if kind == 0 { -1 } else { 1 };
                    SaleLine {
                        document: fixtures::document(
                            if kind == 0 {
                                DocumentKind::ReturnReceipt
                            } else {
                                DocumentKind::Receipt
                            },
                            document,
                        ),
                        line_number,
                        purchased_at: at,
                        holder: (customer > 0)
                            .then(|| Holder::Counterparty(fixtures::counterparty(customer))),
                        product: Some(fixtures::product_ref(u128::from(line_number))),
                        variant: None,
                        store: Some(fixtures::store_ref(1)),
                        quantity: Quantity::from_thousandths(sign * pieces * 1_000),
                        amount: Money::from_kopecks(sign * kopecks),
                        returns: None,
                    }
                },
            )
            .collect()
    })
}
