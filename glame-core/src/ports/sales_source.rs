use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::SourceError;
use crate::catalogue::{Product, Store};
use crate::purchases::{DocumentKey, DocumentScope, SaleLine};
use crate::users::Gender;
use crate::values::{
    CardNumber, CardRef, CounterpartyRef, DocumentRef, EmailAddress, PeriodRange, PhoneNumber,
    PlainText,
};

/// The shop's base, read in bulk.
///
/// Pages and windows follow one another by cursor: `after` is none for the first, and `next` of
/// the last answer for the next. A cursor outlives the process. A record that cannot be understood
/// is [`Rejected`] and never stops its page; nothing is ever read as zero.
#[cfg_attr(any(test, feature = "testkit"), mockall::automock)]
#[async_trait]
pub trait SalesSource: Send + Sync {
    /// Gives the next page of discount cards, cards marked for deletion among them.
    async fn cards<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<CardRecord>, SourceError>;

    /// Tells which of these cards do not exist any more.
    async fn missing_cards(
        &self,
        cards: &[CardRef],
    ) -> Result<SourceAnswer<Vec<CardRef>>, SourceError>;

    /// Gives the next page of counterparties, folders left out.
    async fn profiles<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<CustomerProfile>, SourceError>;

    /// Gives the next page of stores.
    async fn stores<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<Store>, SourceError>;

    /// Gives the next page of articles, folders left out.
    async fn products<'a>(
        &'a self,
        after: Option<&'a SourceCursor>,
    ) -> Result<SourcePage<Product>, SourceError>;

    /// Gives the next window of sales.
    ///
    /// The windows of one reading do not overlap and together hold every sale from `since` on (all
    /// sales if none), future and stray dates among them, and every opening balance of any date.
    async fn sales<'a>(
        &'a self,
        since: Option<DateTime<Utc>>,
        after: Option<&'a SourceCursor>,
    ) -> Result<SalesWindow, SourceError>;

    /// Gives all lines of these documents, wherever they lie in time.
    ///
    /// A document that is gone, is not posted or writes no sales any more gives none.
    async fn sales_of(
        &self,
        documents: &[DocumentKey],
    ) -> Result<SourceAnswer<Vec<SaleLine>>, SourceError>;
}

/// A place in a reading, understood only by the source that made it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceCursor(String);

impl SourceCursor {
    /// Takes the text of a cursor.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Gives the text to keep.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Records of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePage<T> {
    /// What was understood.
    pub items: Vec<T>,
    /// What was not.
    pub rejected: Vec<Rejected>,
    /// Where the next page begins; none after the last.
    pub next: Option<SourceCursor>,
    /// How many requests it took.
    pub requests: u32,
}

/// An answer with what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAnswer<T> {
    /// The answer.
    pub answer: T,
    /// What could not be understood.
    pub rejected: Vec<Rejected>,
    /// How many requests it took.
    pub requests: u32,
}

/// All sales of a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesWindow {
    /// The stretch of time that the window holds completely.
    pub range: PeriodRange,
    /// The documents that the window holds completely.
    pub documents: DocumentScope,
    /// Documents of which a line could not be understood: what is stored of them stays.
    pub unreadable: Vec<DocumentRef>,
    /// The lines, in no fixed order, each once.
    pub lines: Vec<SaleLine>,
    /// How many lines do not count: switched off by hand.
    pub inactive: u32,
    /// What could not be understood.
    pub rejected: Vec<Rejected>,
    /// Where the next window begins; none after the last.
    pub next: Option<SourceCursor>,
    /// How many requests it took.
    pub requests: u32,
}

/// A record that could not be understood, set aside for a person to look at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rejected {
    /// The set of the shop's base that the record is in.
    pub set: String,
    /// The record there: its reference, or its document and line.
    pub reference: String,
    /// What is wrong with it, without personal data.
    pub reason: String,
}

/// A discount card as the shop's base has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardRecord {
    /// Which card it is.
    pub card: CardRef,
    /// Its number at the till.
    pub number: Option<CardNumber>,
    /// Who holds it; none if nobody has written it down.
    pub owner: Option<CounterpartyRef>,
    /// Whether it is marked for deletion.
    pub removed: bool,
}

/// A counterparty as the shop's base has it; `Debug` shows no personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomerProfile {
    /// Which counterparty it is.
    pub counterparty: CounterpartyRef,
    /// The name.
    pub full_name: Option<PlainText>,
    /// The number that messages go to.
    pub phone: Option<PhoneNumber>,
    /// The e-mail address.
    pub email: Option<EmailAddress>,
    /// The gender.
    pub gender: Option<Gender>,
    /// The date of birth.
    pub birth_date: Option<NaiveDate>,
    /// The city of the postal address.
    pub city: Option<PlainText>,
    /// Whether it is marked for deletion.
    pub removed: bool,
}

impl fmt::Debug for CustomerProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerProfile")
            .field("counterparty", &self.counterparty)
            .field("removed", &self.removed)
            .finish_non_exhaustive()
    }
}
