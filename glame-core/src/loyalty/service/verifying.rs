use serde::Serialize;

use super::{LoyaltyError, LoyaltyService, PAGE};
use crate::loyalty::{Finding, LoyaltyTransaction, Sequence, verify_ledger};
use crate::ports::AccountSnapshot;

/// The most findings that are told; all of them are counted.
const MOST_FINDINGS: usize = 1_000;

/// How many accounts are read at once.
const ACCOUNTS: u32 = 500;

/// What a verification of all ledgers has found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Ledgers that were replayed.
    pub accounts: u64,
    /// Transactions that were replayed.
    pub transactions: u64,
    /// How many findings there are.
    pub differences: u64,
    /// The first thousand of them.
    pub findings: Vec<Finding>,
}

impl LoyaltyService {
    /// Replays every ledger and compares it with what is stored; `observe` is told how many are done.
    ///
    /// # Errors
    /// Those of storage, and rows that cannot be understood at all.
    pub async fn verify(
        &self,
        observe: &(dyn Fn(u64) + Sync),
    ) -> Result<Verification, LoyaltyError> {
        let mut verification = Verification::default();
        let mut after = None;
        loop {
            let page = self.storage.loyalty_accounts_after(after, ACCOUNTS).await?;
            let Some(last) = page.last() else {
                return Ok(verification);
            };
            after = Some(last.header.user);
            for snapshot in &page {
                let transactions = self.stored_transactions(snapshot).await?;
                let findings = verify_ledger(&snapshot.header, &snapshot.lots, &transactions);
                verification.accounts += 1;
                verification.transactions += length(&transactions);
                verification.differences += length(&findings);
                let room = MOST_FINDINGS - verification.findings.len();
                verification
                    .findings
                    .extend(findings.into_iter().take(room));
            }
            observe(verification.accounts);
        }
    }

    /// Gives the transactions of an account up to the one that its header names.
    ///
    /// Later ones may have been written since the header was read.
    async fn stored_transactions(
        &self,
        snapshot: &AccountSnapshot,
    ) -> Result<Vec<LoyaltyTransaction>, LoyaltyError> {
        let header = &snapshot.header;
        let mut transactions: Vec<LoyaltyTransaction> = Vec::new();
        loop {
            let after = transactions
                .last()
                .map_or(Sequence::NONE, |one| one.sequence);
            let page = self
                .storage
                .transactions_after(header.user, after, PAGE)
                .await?;
            let full = page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
            let known = page
                .into_iter()
                .filter(|one| one.sequence <= header.sequence);
            let before = transactions.len();
            transactions.extend(known);
            if !full || transactions.len() == before {
                return Ok(transactions);
            }
        }
    }
}

fn length<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}
