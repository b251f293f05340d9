use serde::Serialize;

use super::{
    AccountHeader, LedgerFault, Lot, LoyaltyAccount, LoyaltyTransaction, Sequence, Spendable,
};
use crate::values::{TransactionId, UserId};

/// Something in a stored ledger that does not follow from its transactions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whose ledger it is.
    pub user: UserId,
    /// The transaction that does not hold, where it is one.
    pub transaction: Option<TransactionId>,
    /// The number of that transaction.
    pub sequence: Option<Sequence>,
    /// What is wrong.
    pub problem: String,
}

/// Replays a ledger and compares it with what storage keeps of it.
///
/// The first transaction that does not hold ends the replay: nothing after it can be trusted.
#[must_use]
pub fn verify_ledger(
    header: &AccountHeader,
    lots: &[Lot],
    transactions: &[LoyaltyTransaction],
) -> Vec<Finding> {
    let finding = |transaction: Option<&LoyaltyTransaction>, problem: String| Finding {
        user: header.user,
        transaction: transaction.map(|one| one.id),
        sequence: transaction.map(|one| one.sequence),
        problem,
    };
    let mut account = LoyaltyAccount::new(header.user);
    for transaction in transactions {
        if let Err(fault) = account.apply(transaction) {
            // A row that was altered is the one to look at, even if another check fails first.
            let altered = transaction.hash != transaction.compute_hash();
            let fault = if altered { LedgerFault::Altered } else { fault };
            return vec![finding(Some(transaction), fault.to_string())];
        }
    }
    let mut findings = Vec::new();
    let replayed = account.header();
    if replayed.sequence != header.sequence {
        let problem = format!(
            "the account says {} transactions, {} are stored",
            header.sequence, replayed.sequence
        );
        findings.push(finding(transactions.last(), problem));
    } else if (AccountHeader {
        spendable: header.spendable,
        ..replayed.clone()
    }) != *header
    {
        let problem = format!(
            "the account says a balance of {} and a debt of {}, its transactions come to {} and {}",
            header.balance, header.debt, replayed.balance, replayed.debt
        );
        findings.push(finding(None, problem));
    }
    // Who has none was written by a server that keeps none.
    if header.spendable.is_some() && header.spendable != replayed.spendable {
        let problem = format!(
            "the account says that {}, its lots come to {}",
            told(header.spendable),
            told(replayed.spendable)
        );
        findings.push(finding(None, problem));
    }
    let numbers = lots.iter().chain(account.lots()).map(|lot| lot.lot);
    let mut numbers: Vec<Sequence> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers {
        let stored = lots.iter().find(|lot| lot.lot == number);
        let replayed = account.lot(number);
        if stored != replayed {
            let remaining = |lot: Option<&Lot>| lot.map(|lot| lot.remaining);
            let made_by = transactions.iter().find(|one| one.sequence == number);
            let problem = format!(
                "lot {number} is stored with {:?} points left, its transactions leave {:?}",
                remaining(stored),
                remaining(replayed)
            );
            findings.push(finding(made_by, problem));
        }
    }
    findings
}

/// Tells what can be spent, and for how long.
fn told(spendable: Option<Spendable>) -> String {
    spendable.map_or_else(
        || "nothing".to_owned(),
        |Spendable {
             points,
             since,
             until,
         }| format!("{points} points can be spent from {since:?} until {until:?}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loyalty::{LoyaltyProgramme, decide};
    use crate::testkit::fixtures::loyalty::{bonus, day, posting};
    use crate::testkit::fixtures::{customer, minute};
    use crate::values::Points;

    #[test]
    fn what_an_account_says_of_its_lots_is_compared_with_them() {
        let mut account = LoyaltyAccount::new(customer(1).id);
        let gift = posting(customer(1).id, bonus(1, 30, Some(day(9))), None);
        let programme = LoyaltyProgramme::guide();
        let transactions = decide(&account, &gift, &programme, minute(1)).unwrap();
        for transaction in &transactions {
            account.apply(transaction).unwrap();
        }
        let findings =
            |header: &AccountHeader| verify_ledger(header, account.lots(), &transactions);
        let header = account.header();
        assert_eq!(findings(header), []);
        let spendable = header.spendable.unwrap();
        let altered = |change: fn(&mut Spendable)| {
            let mut altered = spendable;
            change(&mut altered);
            AccountHeader {
                spendable: Some(altered),
                ..header.clone()
            }
        };
        for altered in [
            altered(|spendable| spendable.points = Points::ZERO),
            altered(|spendable| spendable.until = None),
        ] {
            let [finding] = &findings(&altered)[..] else {
                panic!("one finding");
            };
            let lots = "its lots come to 30 points";
            assert!(finding.problem.contains(lots), "{finding:?}");
        }
        let unkept = AccountHeader {
            spendable: None,
            ..header.clone()
        };
        assert_eq!(findings(&unkept), []);
        let altered = AccountHeader {
            balance: 99,
            ..altered(|spendable| spendable.points = Points::ZERO)
        };
        assert_eq!(findings(&altered).len(), 2, "neither hides the other");
    }
}
