use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{
    IdempotencyKey, LedgerFault, LoyaltyAccount, LoyaltyProgramme, LoyaltyTransaction, Posting,
    Refusal, Sequence, decide,
};
use crate::ports::{AccountChange, AccountSnapshot, StoredOutcome, StoredRequest};

/// What came of a posting that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The transactions; none where there was nothing to do.
    pub transactions: Vec<LoyaltyTransaction>,
    /// Whether they had been written before, under the same idempotency key.
    pub replayed: bool,
}

/// Tells why a posting was not carried out. It changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPosted {
    /// The rules refuse it.
    #[error(transparent)]
    Refused {
        /// Why.
        #[from]
        refusal: Refusal,
    },
    /// The rules had refused it under the same idempotency key; take a new key to try again.
    #[error("{refusal} (as before under this idempotency key; take a new key to try again)")]
    RefusedBefore {
        /// Why.
        refusal: Refusal,
    },
    /// The idempotency key stands for another request.
    #[error("the idempotency key stands for another request, which differs in: {}", fields.join(", "))]
    KeyReused {
        /// The fields that differ.
        fields: Vec<String>,
    },
}

/// An account that is being posted to, with what storage has kept under idempotency keys.
#[derive(Debug)]
pub(super) struct OpenAccount {
    account: LoyaltyAccount,
    /// Recalled and new transactions.
    transactions: BTreeMap<Sequence, LoyaltyTransaction>,
    requests: BTreeMap<IdempotencyKey, StoredRequest>,
    stored: Sequence,
    new_keys: Vec<IdempotencyKey>,
}

impl OpenAccount {
    pub(super) fn new(snapshot: AccountSnapshot) -> Self {
        let stored = snapshot.header.sequence;
        let mut account = LoyaltyAccount::restore(snapshot.header, snapshot.lots);
        for transaction in &snapshot.recalled {
            account.recall(transaction);
        }
        let transactions = snapshot.recalled.into_iter();
        let requests = snapshot.requests.into_iter();
        Self {
            account,
            transactions: transactions.map(|one| (one.sequence, one)).collect(),
            requests: requests.map(|one| (one.key.clone(), one)).collect(),
            stored,
            new_keys: Vec::new(),
        }
    }

    pub(super) const fn account(&self) -> &LoyaltyAccount {
        &self.account
    }

    /// Carries a posting out on the account, unless its key has been used.
    ///
    /// # Errors
    /// Outside, that a decision does not hold, which is a fault of the ledger and not of the
    /// posting; inside, that it was not carried out.
    pub(super) fn post(
        &mut self,
        posting: &Posting,
        programme: &LoyaltyProgramme,
        now: DateTime<Utc>,
    ) -> Result<Result<Posted, NotPosted>, LedgerFault> {
        if let Some(known) = posting.key.as_ref().and_then(|key| self.requests.get(key)) {
            return Ok(self.repeat(known, posting));
        }
        let decision = decide(&self.account, posting, programme, now);
        let outcome = match &decision {
            Ok(transactions) => {
                for transaction in transactions {
                    self.account.apply(transaction)?;
                    self.transactions
                        .insert(transaction.sequence, transaction.clone());
                }
                let sequences = transactions.iter().map(|transaction| transaction.sequence);
                Some(StoredOutcome::Posted(sequences.collect()))
            }
            Err(refusal) => refusal
                .is_sticky()
                .then(|| StoredOutcome::Refused(refusal.clone())),
        };
        if let (Some(key), Some(outcome)) = (&posting.key, outcome) {
            let request = StoredRequest {
                key: key.clone(),
                request: posting.request.clone(),
                outcome,
                decided_at: now,
            };
            self.requests.insert(key.clone(), request);
            self.new_keys.push(key.clone());
        }
        Ok(decision
            .map(|transactions| Posted {
                transactions,
                replayed: false,
            })
            .map_err(NotPosted::from))
    }

    fn repeat(&self, known: &StoredRequest, posting: &Posting) -> Result<Posted, NotPosted> {
        let fields = known.request.differing_fields(&posting.request);
        if !fields.is_empty() {
            return Err(NotPosted::KeyReused { fields });
        }
        match &known.outcome {
            StoredOutcome::Posted(sequences) => Ok(Posted {
                transactions: sequences
                    .iter()
                    .filter_map(|sequence| self.transactions.get(sequence).cloned())
                    .collect(),
                replayed: true,
            }),
            StoredOutcome::Refused(refusal) => Err(NotPosted::RefusedBefore {
                refusal: refusal.clone(),
            }),
        }
    }

    /// Applies transactions that were decided for two accounts together.
    pub(super) fn apply_all(
        &mut self,
        transactions: Vec<LoyaltyTransaction>,
    ) -> Result<(), LedgerFault> {
        for transaction in transactions {
            self.account.apply(&transaction)?;
            self.transactions.insert(transaction.sequence, transaction);
        }
        Ok(())
    }

    /// Gives what is to be written; none if nothing is.
    pub(super) fn into_change(mut self) -> Option<AccountChange> {
        let transactions: Vec<LoyaltyTransaction> = match self.stored.next() {
            Some(first) => self.transactions.split_off(&first).into_values().collect(),
            None => Vec::new(),
        };
        if transactions.is_empty() && self.new_keys.is_empty() {
            return None;
        }
        let touched: BTreeSet<Sequence> = transactions
            .iter()
            .flat_map(|one| {
                let made = one.lot.map(|_| one.sequence);
                one.draws.iter().map(|draw| draw.lot).chain(made)
            })
            .collect();
        let lots = touched
            .into_iter()
            .filter_map(|lot| self.account.lot(lot).copied());
        let requests = self
            .new_keys
            .iter()
            .filter_map(|key| self.requests.remove(key));
        Some(AccountChange {
            lots: lots.collect(),
            requests: requests.collect(),
            transactions,
            header: self.account.header().clone(),
        })
    }
}
