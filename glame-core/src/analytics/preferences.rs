use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::values::{Money, PlainText};

/// What a customer likes, by the money spent on it net of returns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchasePreferences {
    /// The five categories with the most money, the most first.
    pub favorite_categories: Vec<Preference>,
    /// The five brands with the most money, the most first.
    pub favorite_brands: Vec<Preference>,
}

/// One thing that a customer likes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    /// The category or brand.
    pub name: PlainText,
    /// The money spent on it, net of returns; more than zero.
    pub amount: Money,
}

/// Gives the five names with the most money; equal amounts are ordered by name.
pub(super) fn favourites(amounts: &BTreeMap<&PlainText, i128>) -> Vec<Preference> {
    let mut ranked: Vec<(Reverse<i128>, &PlainText)> = amounts
        .iter()
        .filter(|(_, kopecks)| **kopecks > 0)
        .map(|(name, kopecks)| (Reverse(*kopecks), *name))
        .collect();
    ranked.sort_unstable();
    ranked
        .into_iter()
        .take(5)
        .map(|(Reverse(kopecks), name)| Preference {
            name: name.clone(),
            amount: Money::from_kopecks(i64::try_from(kopecks).unwrap_or(i64::MAX)),
        })
        .collect()
}
