use serde::Serialize;

use super::{LoyaltyError, LoyaltyService};
use crate::loyalty::{Finding, verify_ledger};

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
                // Later ones may have been written since the header was read.
                let header = &snapshot.header;
                let transactions = self
                    .transactions_up_to(header.user, header.sequence)
                    .await?;
                let findings = verify_ledger(header, &snapshot.lots, &transactions);
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
}

fn length<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}
