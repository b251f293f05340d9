use std::collections::HashSet;

use chrono::NaiveDate;
use glame_core::ports::StorageError;
use glame_core::users::{Gender, Role, User};
use glame_core::values::{CardNumber, CounterpartyRef, EmailAddress, PhoneNumber, UserId};
use uuid::Uuid;

use super::Instant;
use super::catalogue::plain_text;
use crate::tables::USERS;

/// A row of `users`.
#[derive(Debug)]
pub(crate) struct UserRow {
    pub(crate) user_id: Uuid,
    pub(crate) role: String,
    pub(crate) customer_id_1c: Option<Uuid>,
    pub(crate) full_name: Option<String>,
    pub(crate) phone: Option<i64>,
    pub(crate) email: Option<String>,
    pub(crate) gender: Option<String>,
    pub(crate) birth_date: Option<NaiveDate>,
    pub(crate) city: Option<String>,
    pub(crate) discount_card_number: Option<String>,
    pub(crate) removed: bool,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

impl TryFrom<UserRow> for User {
    type Error = StorageError;

    fn try_from(row: UserRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: UserId::from_uuid(row.user_id),
            role: Role::from_name(&row.role)
                .ok_or("not a role")
                .map_err(USERS.corrupt("role"))?,
            customer_id_1c: row.customer_id_1c.map(CounterpartyRef::from_uuid),
            full_name: plain_text(row.full_name).map_err(USERS.corrupt("full_name"))?,
            phone: row.phone.map(phone_number).transpose()?,
            email: row
                .email
                .map(|email| EmailAddress::parse(&email))
                .transpose()
                .map_err(USERS.corrupt("email"))?,
            gender: row
                .gender
                .map(|gender| Gender::from_name(&gender).ok_or("not a gender"))
                .transpose()
                .map_err(USERS.corrupt("gender"))?,
            birth_date: row.birth_date,
            city: plain_text(row.city).map_err(USERS.corrupt("city"))?,
            discount_card_number: row
                .discount_card_number
                .map(|number| CardNumber::parse(&number))
                .transpose()
                .map_err(USERS.corrupt("discount_card_number"))?,
            removed: row.removed,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

/// Reads the digits of a number of `users`.
pub(crate) fn phone_number(digits: i64) -> Result<PhoneNumber, StorageError> {
    let digits = u64::try_from(digits).map_err(USERS.corrupt("phone"))?;
    PhoneNumber::from_digits(digits).map_err(USERS.corrupt("phone"))
}

/// Gives those of the users whose ids these are.
pub(crate) fn users_of(users: &[User], ids: Vec<Uuid>) -> Vec<&User> {
    let ids: HashSet<Uuid> = ids.into_iter().collect();
    users
        .iter()
        .filter(|user| ids.contains(user.id.as_uuid()))
        .collect()
}

/// Gives the digits of a number as the databases keep them.
pub(crate) fn digits_of(phone: PhoneNumber) -> i64 {
    // A number has 15 digits at the most, which fit.
    i64::try_from(phone.digits()).unwrap_or_default()
}
