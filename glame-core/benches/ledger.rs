//! Deciding and applying commands on an account with 1,000 lots.
#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot be set up is a failed bench"
)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use glame_core::loyalty::{Command, LoyaltyAccount, LoyaltyProgramme, decide};
use glame_core::testkit::fixtures::customer;
use glame_core::testkit::fixtures::loyalty::{bonus, day, earn, posting, spend};

/// Gives an account with so many open lots, every third of them without expiry.
fn account(lots: u32) -> LoyaltyAccount {
    let programme = LoyaltyProgramme::guide();
    let mut account = LoyaltyAccount::new(customer(1).id);
    for n in 0..lots {
        let expires_at = (n % 3 > 0).then(|| day(100 + i64::from(n)));
        let gift = posting(customer(1).id, bonus(n, 100, expires_at), None);
        for transaction in decide(&account, &gift, &programme, day(0)).unwrap() {
            account.apply(&transaction).unwrap();
        }
    }
    account
}

fn ledger(criterion: &mut Criterion) {
    let programme = LoyaltyProgramme::guide();
    let full = account(1_000);
    let commands: [(&str, Command); 4] = [
        ("spend from one lot", spend(100)),
        ("spend from 500 lots", spend(50_000)),
        ("credit a receipt", earn(1, day(0), 10_000)),
        ("write off 300 lots", Command::Expire),
    ];
    let mut group = criterion.benchmark_group("decide and apply on 1,000 lots");
    for (name, command) in commands {
        let now = if matches!(command, Command::Expire) {
            day(100 + 450)
        } else {
            day(0)
        };
        let posting = posting(customer(1).id, command, None);
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || full.clone(),
                |account| {
                    for transaction in decide(account, &posting, &programme, now).unwrap() {
                        account.apply(&transaction).unwrap();
                    }
                    black_box(account.header().balance)
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, ledger);
criterion_main!(benches);
