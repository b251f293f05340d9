use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CustomerFilter, SearchText, name_key};
use crate::analytics::{CustomerMetrics, CustomerStatus, RfmScore};
use crate::users::User;
use crate::values::{Money, UserId};

/// Which customers are chosen, in whatever order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerSelection {
    /// Those who are found by this text; all, if there is none.
    pub text: Option<SearchText>,
    /// Those who are so.
    pub filter: CustomerFilter,
}

/// Asks for a page of customers. Staff are never among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerQuery {
    /// Which customers.
    pub selection: CustomerSelection,
    /// In which order.
    pub sort: CustomerSort,
    /// The row before the first one of the page, in the same order.
    pub after: Option<CustomerCursor>,
    /// The most rows.
    pub limit: u32,
}

/// An order of customers. Whoever has no value comes last in both directions; equal values are
/// ordered by user id, in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CustomerSort {
    /// By what.
    pub key: CustomerSortKey,
    /// In which direction.
    pub direction: SortDirection,
}

impl Default for CustomerSort {
    /// Those who have spent most come first.
    fn default() -> Self {
        Self {
            key: CustomerSortKey::TotalSpent,
            direction: SortDirection::Descending,
        }
    }
}

/// What customers are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerSortKey {
    /// The money spent; who has no figures has none.
    TotalSpent,
    /// How often they have bought; who has no figures has none.
    TotalPurchases,
    /// When they have bought last.
    LastPurchase,
    /// The name, without case, ё as е.
    Name,
    /// When they were first stored.
    Created,
}

impl CustomerSortKey {
    /// Every key.
    pub const ALL: [Self; 5] = [
        Self::TotalSpent,
        Self::TotalPurchases,
        Self::LastPurchase,
        Self::Name,
        Self::Created,
    ];

    /// Gives the name that the API uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TotalSpent => "total_spent",
            Self::TotalPurchases => "total_purchases",
            Self::LastPurchase => "last_purchase",
            Self::Name => "name",
            Self::Created => "created",
        }
    }

    /// Finds a key by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str() == name)
    }
}

/// The direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortDirection {
    /// The least first.
    Ascending,
    /// The most first.
    Descending,
}

/// The place of a row in an order: what it is sorted by, and whose row it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerCursor {
    /// The order.
    pub sort: CustomerSort,
    /// The value of the row; none comes last.
    pub value: Option<SortValue>,
    /// Whose row.
    pub user: UserId,
}

impl fmt::Debug for CustomerCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The value may be a name.
        f.debug_struct("CustomerCursor")
            .field("sort", &self.sort)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// What a row is sorted by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortValue {
    /// Kopecks, or a number of purchases.
    Number(i64),
    /// An instant.
    Instant(DateTime<Utc>),
    /// The key of a name ([`name_key`]).
    Text(String),
}

impl fmt::Debug for SortValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SortValue(***)")
    }
}

/// A customer in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRow {
    /// The customer.
    pub user: User,
    /// The figures; none for a customer who has bought nothing.
    pub figures: Option<ListedFigures>,
    /// When the person was forgotten, if so.
    pub erased_at: Option<DateTime<Utc>>,
}

/// What a list shows of a customer's figures, and can be filtered and ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedFigures {
    /// Receipts that were not returned in full.
    pub total_purchases: u32,
    /// The net sum of all lines.
    pub total_spent: Money,
    /// The last receipt that was not returned in full.
    pub last_purchase_at: Option<DateTime<Utc>>,
    /// The scores; none for a customer who has not bought.
    pub rfm_score: Option<RfmScore>,
    /// The guide's word for the customer.
    pub status: CustomerStatus,
}

impl From<&CustomerMetrics> for ListedFigures {
    fn from(metrics: &CustomerMetrics) -> Self {
        Self {
            total_purchases: metrics.figures.total_purchases,
            total_spent: metrics.figures.total_spent,
            last_purchase_at: metrics.figures.last_purchase_at,
            rfm_score: metrics.rfm_score,
            status: metrics.status,
        }
    }
}

impl CustomerSort {
    /// Gives the place of a row.
    #[must_use]
    pub fn cursor(self, row: &CustomerRow) -> CustomerCursor {
        let figures = row.figures;
        let value = match self.key {
            CustomerSortKey::TotalSpent => {
                figures.map(|figures| SortValue::Number(figures.total_spent.kopecks()))
            }
            CustomerSortKey::TotalPurchases => {
                figures.map(|figures| SortValue::Number(figures.total_purchases.into()))
            }
            CustomerSortKey::LastPurchase => figures
                .and_then(|figures| figures.last_purchase_at)
                .map(SortValue::Instant),
            CustomerSortKey::Name => row
                .user
                .full_name
                .as_ref()
                .and_then(name_key)
                .map(SortValue::Text),
            CustomerSortKey::Created => Some(SortValue::Instant(row.user.created_at)),
        };
        CustomerCursor {
            sort: self,
            value,
            user: row.user.id,
        }
    }

    /// Tells which of two places of this order comes first.
    #[must_use]
    pub fn compare(self, left: &CustomerCursor, right: &CustomerCursor) -> Ordering {
        let ascending = match (&left.value, &right.value) {
            (None, Some(_)) => return Ordering::Greater,
            (Some(_), None) => return Ordering::Less,
            (left_value, right_value) => {
                left_value.cmp(right_value).then(left.user.cmp(&right.user))
            }
        };
        match self.direction {
            SortDirection::Ascending => ascending,
            SortDirection::Descending => ascending.reverse(),
        }
    }
}
