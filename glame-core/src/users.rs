//! Customers and members of staff, and the cards that customers hold.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::values::{
    CardNumber, CardRef, CounterpartyRef, EmailAddress, PhoneNumber, PlainText, UserId,
};

/// A customer or a member of staff.
///
/// The figures of a customer (`total_purchases`, `total_spent`, `rfm_score`,
/// `purchase_preferences`) are [`CustomerMetrics`](crate::analytics::CustomerMetrics), made anew
/// from the purchases and never edited. `Debug` shows no personal data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Our name for the user.
    pub id: UserId,
    /// What the user may do.
    pub role: Role,
    /// The counterparty in the shop's base; none for staff and for holders of nameless cards.
    pub customer_id_1c: Option<CounterpartyRef>,
    /// The name as the shop's base has it, in no fixed order of its parts.
    pub full_name: Option<PlainText>,
    /// The number that messages go to.
    pub phone: Option<PhoneNumber>,
    /// The e-mail address.
    pub email: Option<EmailAddress>,
    /// The gender, where the shop knows it.
    pub gender: Option<Gender>,
    /// The date of birth.
    pub birth_date: Option<NaiveDate>,
    /// The city of the postal address.
    pub city: Option<PlainText>,
    /// The number of the card that stands for the customer ([`primary_card_number`]).
    pub discount_card_number: Option<CardNumber>,
    /// Whether the shop's base has marked the customer for deletion.
    pub removed: bool,
    /// When the user was first stored.
    pub created_at: DateTime<Utc>,
    /// When the user was last changed.
    pub updated_at: DateTime<Utc>,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("role", &self.role)
            .field("removed", &self.removed)
            .field("updated_at", &self.updated_at)
            .finish_non_exhaustive()
    }
}

impl User {
    /// Makes the customer whom a holder in the shop's base stands for, with nothing else known.
    #[must_use]
    pub fn from_holder(holder: Holder, now: DateTime<Utc>) -> Self {
        Self {
            id: holder.user_id(),
            role: Role::Customer,
            customer_id_1c: match holder {
                Holder::Counterparty(counterparty) => Some(counterparty),
                Holder::Card(_) => None,
            },
            full_name: None,
            phone: None,
            email: None,
            gender: None,
            birth_date: None,
            city: None,
            discount_card_number: None,
            removed: false,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees the own cabinet.
    Customer,
    /// Administers customers, points and synchronisation.
    Admin,
    /// Works with segments and campaigns.
    AiMarketer,
    /// Works with looks and texts.
    ContentManager,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [
        Self::Customer,
        Self::Admin,
        Self::AiMarketer,
        Self::ContentManager,
    ];

    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Admin => "admin",
            Self::AiMarketer => "ai_marketer",
            Self::ContentManager => "content_manager",
        }
    }

    /// Finds a role by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// The gender as the shop's base records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
}

impl Gender {
    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }

    /// Finds a gender by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Female, Self::Male]
            .into_iter()
            .find(|gender| gender.as_str() == name)
    }
}

/// Whom a sale or a card names in the shop's base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Holder {
    /// A counterparty: the usual case.
    Counterparty(CounterpartyRef),
    /// A card whose owner nobody has written down.
    Card(CardRef),
}

/// The namespace of user ids that are derived from references in a shop's base.
const HOLDERS: Uuid = Uuid::from_u128(0x9f0c_5a51_1c57_5e0f_8d3a_5b1e_7c0f_2a64);

impl Holder {
    /// Gives the id of the user whom this holder stands for.
    ///
    /// It is a function of the reference alone (UUID version 5), so that sales may arrive before
    /// their customer and two servers may read the same base without asking each other.
    #[must_use]
    pub fn user_id(self) -> UserId {
        let mut name = [0_u8; 17];
        let (tag, uuid) = match &self {
            Self::Counterparty(counterparty) => (b'p', counterparty.as_uuid()),
            Self::Card(card) => (b'c', card.as_uuid()),
        };
        name[0] = tag;
        name[1..].copy_from_slice(uuid.as_bytes());
        UserId::from_uuid(Uuid::new_v5(&HOLDERS, &name))
    }
}

/// A discount card, which belongs to one customer at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscountCard {
    /// The card in the shop's base.
    pub card: CardRef,
    /// The customer who holds it.
    pub user: UserId,
    /// The number at the till; none on cards whose number nobody has entered.
    pub number: Option<CardNumber>,
    /// Whether the shop's base has marked it for deletion or has it no more.
    pub removed: bool,
}

/// Chooses the card number that stands for a customer: the smallest among the valid cards.
///
/// The choice depends on the cards alone, not on the order in which they arrive.
#[must_use]
pub fn primary_card_number(cards: &[DiscountCard]) -> Option<CardNumber> {
    cards
        .iter()
        .filter(|card| !card.removed)
        .filter_map(|card| card.number.clone())
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(n: u128, number: Option<&str>, removed: bool) -> DiscountCard {
        let card = CardRef::from_uuid(Uuid::from_u128(n));
        DiscountCard {
            card,
            user: Holder::Card(card).user_id(),
            number: number.map(|text| CardNumber::parse(text).unwrap()),
            removed,
        }
    }

    #[test]
    fn the_id_of_a_user_is_a_function_of_the_reference() {
        let uuid = Uuid::from_u128(7);
        let person = Holder::Counterparty(CounterpartyRef::from_uuid(uuid));
        let nameless = Holder::Card(CardRef::from_uuid(uuid));
        assert_eq!(person.user_id(), person.user_id());
        assert_ne!(person.user_id(), nameless.user_id());
        assert_eq!(
            person.user_id().to_string(),
            "60acc7fe-ace9-5a06-9804-94e1b06f2fe2"
        );
    }

    #[test]
    fn the_primary_card_is_the_smallest_valid_number() {
        let cards = [
            card(1, Some("300"), false),
            card(2, Some("100"), true),
            card(3, None, false),
            card(4, Some("200"), false),
        ];
        assert_eq!(primary_card_number(&cards).unwrap().as_str(), "200");
        assert_eq!(primary_card_number(&cards[1..3]), None);
    }
}
