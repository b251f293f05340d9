use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::loyalty::{
    Actor, Authority, BIRTHDAY, Command, CustomerFacts, ReceiptFact, Request, ReturnFact, Source,
};
use crate::testkit::fixtures;
use crate::testkit::strategies;
use crate::values::{DocumentRef, Money, Points, TransactionId};

/// One step of a simulated ledger. Receipts, documents and transactions are small numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Time passes.
    Wait {
        /// How many minutes.
        minutes: u32,
    },
    /// A receipt becomes known, is edited, or is no more.
    Receipt {
        /// Which one.
        receipt: u8,
        /// What was paid.
        kopecks: Option<u32>,
        /// How long ago the purchase took place.
        minutes_ago: u32,
        /// What is known of the customer.
        customer: CustomerFacts,
    },
    /// A line of a return becomes known, is edited, or is no more (nothing).
    Return {
        /// The document of the return.
        document: u8,
        /// Its line.
        line: u8,
        /// The receipt whose goods come back.
        receipt: u8,
        /// What was paid back.
        kopecks: u32,
    },
    /// Points pay.
    Spend {
        /// How many.
        points: u32,
        /// The receipt that they pay.
        receipt: Option<u8>,
    },
    /// Everything that is available pays, and so many more.
    SpendAll {
        /// How many more; one is refused.
        beyond: u8,
    },
    /// A campaign gives points.
    Bonus {
        /// What for.
        occasion: u8,
        /// How many.
        points: u16,
        /// In how many minutes they can be spent.
        available_in: u16,
        /// How many minutes after that they expire.
        lives: Option<u32>,
    },
    /// The birthday is rewarded.
    Birthday {
        /// The day of the year 2025.
        day: u16,
    },
    /// A person corrects the points.
    Adjust {
        /// By how many.
        points: i32,
    },
    /// Lots whose time is over are written off.
    Sweep,
    /// A person takes a transaction back.
    Reverse {
        /// Which one of those that are no write-offs, counted from the first, around and around.
        nth: u16,
    },
    /// The shop's base tells its balance.
    Reconcile {
        /// What it says.
        balance: i32,
    },
}

/// Gives sequences of up to `most` steps.
pub fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..=most)
}

fn step() -> impl Strategy<Value = Step> {
    let minutes = prop_oneof![4 => 0_u32..60, 3 => 60_u32..5_000, 1 => 5_000_u32..60_000];
    let receipt = (
        0_u8..12,
        prop::option::weighted(0.9, 0_u32..3_000_000),
        0_u32..20_000,
        strategies::customer_facts(),
    );
    let back = (
        0_u8..8,
        0_u8..2,
        0_u8..12,
        prop_oneof![1 => Just(0), 5 => 1_u32..2_000_000],
    );
    let bonus = (
        0_u8..40,
        1_u16..2_000,
        0_u16..5_000,
        prop::option::of(1_u32..50_000),
    );
    prop_oneof![
        4 => minutes.prop_map(|minutes| Step::Wait { minutes }),
        6 => receipt.prop_map(|(receipt, kopecks, minutes_ago, customer)| Step::Receipt {
            receipt, kopecks, minutes_ago, customer,
        }),
        4 => back.prop_map(|(document, line, receipt, kopecks)| Step::Return {
            document, line, receipt, kopecks,
        }),
        4 => (0_u32..2_000, prop::option::of(0_u8..12))
            .prop_map(|(points, receipt)| Step::Spend { points, receipt }),
        1 => (0_u8..2).prop_map(|beyond| Step::SpendAll { beyond }),
        3 => bonus.prop_map(|(occasion, points, available_in, lives)| Step::Bonus {
            occasion, points, available_in, lives,
        }),
        1 => (0_u16..365).prop_map(|day| Step::Birthday { day }),
        1 => (-500_i32..500).prop_map(|points| Step::Adjust { points }),
        1 => Just(Step::Sweep),
        2 => any::<u16>().prop_map(|nth| Step::Reverse { nth }),
        1 => (-100_i32..2_000).prop_map(|balance| Step::Reconcile { balance }),
    ]
}

/// What a step asks of a ledger.
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) customer: CustomerFacts,
}

impl Step {
    /// Gives the command of the step; none where only time passes.
    ///
    /// `available` is what can be spent now, `nth` finds a transaction to take back.
    pub(super) fn asked(
        &self,
        now: DateTime<Utc>,
        available: Points,
        nth: impl FnOnce(u16) -> Option<TransactionId>,
    ) -> Option<Asked> {
        let mut customer = CustomerFacts::default();
        let mut actor = None;
        let command = match self {
            Self::Wait { .. } => return None,
            Self::Receipt {
                receipt,
                kopecks,
                minutes_ago,
                customer: facts,
            } => {
                customer = *facts;
                Command::Receipt(ReceiptFact {
                    receipt: document(*receipt),
                    purchased_at: now - TimeDelta::minutes(i64::from(*minutes_ago)),
                    basis: kopecks.map(|kopecks| Money::from_kopecks(i64::from(kopecks))),
                })
            }
            Self::Return {
                document: back,
                line,
                receipt,
                kopecks,
            } => Command::Return(ReturnFact {
                document: document(100 + back),
                line: u32::from(*line),
                receipt: document(*receipt),
                returned_at: now,
                amount: Money::from_kopecks(i64::from(*kopecks)),
            }),
            Self::Spend { points, receipt } => spend(i64::from(*points), receipt.map(document)),
            Self::SpendAll { beyond } => spend(available.get() + i64::from(*beyond), None),
            Self::Bonus {
                occasion,
                points,
                available_in,
                lives,
            } => {
                let from = now + TimeDelta::minutes(i64::from(*available_in));
                Command::Bonus {
                    rule: "spring".to_owned(),
                    occasion: occasion.to_string(),
                    points: Points::try_new(i64::from(*points)).unwrap(),
                    available_from: Some(from),
                    expires_at: lives.map(|lives| from + TimeDelta::minutes(i64::from(lives))),
                }
            }
            Self::Birthday { day } => Command::Bonus {
                rule: BIRTHDAY.to_owned(),
                occasion: NaiveDate::from_yo_opt(2025, u32::from(*day) + 1)
                    .unwrap()
                    .to_string(),
                points: Points::try_new(200).unwrap(),
                available_from: None,
                expires_at: Some(now + TimeDelta::days(30)),
            },
            Self::Adjust { points } => {
                actor = Some(Actor::Named(fixtures::text("colleague")));
                Command::Adjust {
                    points: i64::from(*points),
                    note: fixtures::text("a correction"),
                }
            }
            Self::Sweep => Command::Expire,
            Self::Reverse { nth: number } => Command::Reverse {
                transaction: nth(*number)?,
            },
            Self::Reconcile { balance } => Command::Reconcile {
                balance: i64::from(*balance),
            },
        };
        let authority = Authority {
            reason: fixtures::text("simulated"),
            source: Source::Platform,
            actor,
        };
        let request = Request { command, authority };
        Some(Asked { request, customer })
    }
}

fn spend(points: i64, receipt: Option<DocumentRef>) -> Command {
    Command::Spend {
        points: Points::try_new(points).unwrap(),
        receipt,
        receipt_total: Some(Money::from_kopecks(100_000_000)),
    }
}

fn document(number: u8) -> DocumentRef {
    DocumentRef::from_uuid(Uuid::from_u128(0xD0_0000 + u128::from(number)))
}
