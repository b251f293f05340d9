use chrono::{DateTime, Utc};
use glame_core::loyalty::{
    Command, CustomerFacts, LoyaltyAccount, LoyaltyBalance, LoyaltyProgramme, LoyaltyTransaction,
    Posting, Refusal, decide,
};
use glame_core::testkit::fixtures::{self, loyalty};
use glame_core::values::UserId;

/// A ledger of one customer in the hand of a test.
pub(crate) struct Book {
    pub(crate) programme: LoyaltyProgramme,
    pub(crate) account: LoyaltyAccount,
    pub(crate) transactions: Vec<LoyaltyTransaction>,
    pub(crate) now: DateTime<Utc>,
}

impl Book {
    pub(crate) fn new() -> Self {
        Self::under(LoyaltyProgramme::guide())
    }

    pub(crate) fn under(programme: LoyaltyProgramme) -> Self {
        Self {
            programme,
            account: LoyaltyAccount::new(anna()),
            transactions: Vec::new(),
            now: loyalty::day(0),
        }
    }

    pub(crate) fn on_day(&mut self, days: i64) -> &mut Self {
        self.now = loyalty::day(days);
        self
    }

    pub(crate) fn try_post(
        &mut self,
        command: Command,
    ) -> Result<Vec<LoyaltyTransaction>, Refusal> {
        self.try_posting(&loyalty::posting(anna(), command, None))
    }

    pub(crate) fn try_posting(
        &mut self,
        posting: &Posting,
    ) -> Result<Vec<LoyaltyTransaction>, Refusal> {
        let decided = decide(&self.account, posting, &self.programme, self.now)?;
        for transaction in &decided {
            self.account.apply(transaction).unwrap();
        }
        self.transactions.extend(decided.iter().cloned());
        Ok(decided)
    }

    pub(crate) fn post(&mut self, command: Command) -> Vec<LoyaltyTransaction> {
        self.try_post(command).unwrap()
    }

    /// Posts a receipt of a customer of whom something is known.
    pub(crate) fn post_for(
        &mut self,
        command: Command,
        customer: CustomerFacts,
    ) -> Vec<LoyaltyTransaction> {
        let posting = Posting {
            customer,
            ..loyalty::posting(anna(), command, None)
        };
        self.try_posting(&posting).unwrap()
    }

    pub(crate) fn balance(&self) -> LoyaltyBalance {
        self.account.balance(self.now)
    }

    pub(crate) fn available(&self) -> i64 {
        self.balance().available.get()
    }

    pub(crate) fn debt(&self) -> i64 {
        self.balance().debt.get()
    }

    /// Gives available points less debt.
    pub(crate) fn net(&self) -> i64 {
        self.available() - self.debt()
    }
}

pub(crate) fn anna() -> UserId {
    fixtures::customer(1).id
}
