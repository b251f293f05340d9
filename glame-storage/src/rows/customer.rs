use chrono::NaiveDate;
use glame_core::customers::{
    ConsentDecision, ConsentRecord, ConsentSource, ConsentTopic, CustomerRow, ListedFigures,
    Profile, ProfileEdits, ProfileVersion, city_key, customer_text, name_key,
};
use glame_core::ports::StorageError;
use glame_core::users::{Role, User};
use glame_core::values::{Money, PlainText, UserId};
use uuid::Uuid;

use super::metrics::{count, customer_status, rfm_score};
use super::{Instant, UserRow};
use crate::tables::{CONSENTS, CUSTOMER_METRICS, CUSTOMER_PROFILES};

/// The fields of a person who was erased, all of them kept empty: see the migration.
pub(crate) const EVERY_FIELD: i16 = 127;

/// A row of `users` with what is kept of its profile.
#[derive(Debug)]
pub(crate) struct ProfileRow {
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
    pub(crate) version: i64,
    pub(crate) edits: String,
    pub(crate) erased_at: Option<Instant>,
}

impl TryFrom<ProfileRow> for Profile {
    type Error = StorageError;

    fn try_from(row: ProfileRow) -> Result<Self, StorageError> {
        let user = UserRow {
            user_id: row.user_id,
            role: row.role,
            customer_id_1c: row.customer_id_1c,
            full_name: row.full_name,
            phone: row.phone,
            email: row.email,
            gender: row.gender,
            birth_date: row.birth_date,
            city: row.city,
            discount_card_number: row.discount_card_number,
            removed: row.removed,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        Ok(Self {
            user: user.try_into()?,
            version: ProfileVersion::new(row.version),
            edits: serde_json::from_str(&row.edits).map_err(CUSTOMER_PROFILES.corrupt("edits"))?,
            erased_at: row.erased_at.map(|at| at.0),
        })
    }
}

/// Gives the sum by which `users` tells the fields that stay as they are.
pub(crate) fn kept_fields(profile: &Profile) -> i16 {
    if profile.erased_at.is_some() {
        return EVERY_FIELD;
    }
    let edits = &profile.edits;
    let fields = [
        (edits.full_name.is_some(), 1),
        (edits.email.is_some(), 2),
        (edits.gender.is_some(), 4),
        (edits.birth_date.is_some(), 8),
        (edits.city.is_some(), 16),
    ];
    let edited = fields.into_iter().filter(|(is_edited, _)| *is_edited);
    edited.map(|(_, bit)| bit).sum()
}

/// Writes edits as they are kept.
pub(crate) fn edits_of(edits: &ProfileEdits) -> Result<String, StorageError> {
    serde_json::to_string(edits).map_err(CUSTOMER_PROFILES.corrupt("edits"))
}

/// What `customer_search` keeps of a customer.
#[derive(Debug)]
pub(crate) struct SearchCells {
    pub(crate) user_id: Uuid,
    pub(crate) name_key: Option<String>,
    pub(crate) city_key: Option<String>,
    pub(crate) person_text: String,
}

impl SearchCells {
    /// Gives the cells of those of the users who are customers; staff are not found.
    ///
    /// `kept` are those among them whose rows are not as given, because something was edited here.
    pub(crate) fn of(users: &[User], kept: &[Profile]) -> Vec<Self> {
        let customers = users.iter().filter(|user| user.role == Role::Customer);
        customers
            .map(|user| {
                let kept = kept.iter().find(|profile| profile.user.id == user.id);
                Self::from(kept.map_or(user, |profile| &profile.user))
            })
            .collect()
    }
}

impl From<&User> for SearchCells {
    fn from(user: &User) -> Self {
        Self {
            user_id: *user.id.as_uuid(),
            name_key: user.full_name.as_ref().and_then(name_key),
            city_key: user.city.as_ref().and_then(city_key),
            person_text: customer_text(user),
        }
    }
}

/// A row of the list of customers; the figures are all there or all missing.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct CustomerListRow {
    user_id: Uuid,
    role: String,
    customer_id_1c: Option<Uuid>,
    full_name: Option<String>,
    phone: Option<i64>,
    email: Option<String>,
    gender: Option<String>,
    birth_date: Option<NaiveDate>,
    city: Option<String>,
    discount_card_number: Option<String>,
    removed: bool,
    created_at: Instant,
    updated_at: Instant,
    total_purchases: Option<i64>,
    total_spent: Option<i64>,
    last_purchase_at: Option<Instant>,
    recency_score: Option<i16>,
    frequency_score: Option<i16>,
    monetary_score: Option<i16>,
    status: Option<String>,
    erased_at: Option<Instant>,
}

impl TryFrom<CustomerListRow> for CustomerRow {
    type Error = StorageError;

    fn try_from(row: CustomerListRow) -> Result<Self, StorageError> {
        let figures = row.figures()?;
        let erased_at = row.erased_at.map(|at| at.0);
        let user = UserRow {
            user_id: row.user_id,
            role: row.role,
            customer_id_1c: row.customer_id_1c,
            full_name: row.full_name,
            phone: row.phone,
            email: row.email,
            gender: row.gender,
            birth_date: row.birth_date,
            city: row.city,
            discount_card_number: row.discount_card_number,
            removed: row.removed,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        Ok(Self {
            user: user.try_into()?,
            figures,
            erased_at,
        })
    }
}

impl CustomerListRow {
    fn figures(&self) -> Result<Option<ListedFigures>, StorageError> {
        let Some(status) = &self.status else {
            return Ok(None);
        };
        let missing = "a figure is missing";
        let corrupt = |column| CUSTOMER_METRICS.corrupt(column);
        let purchases = self.total_purchases.ok_or(missing);
        let purchases = purchases.map_err(corrupt("total_purchases"))?;
        let spent = self.total_spent.ok_or(missing);
        Ok(Some(ListedFigures {
            total_purchases: count("total_purchases", purchases)?,
            total_spent: Money::from_kopecks(spent.map_err(corrupt("total_spent"))?),
            last_purchase_at: self.last_purchase_at.map(|at| at.0),
            rfm_score: rfm_score(
                self.recency_score,
                self.frequency_score,
                self.monetary_score,
            )?,
            status: customer_status(status)?,
        }))
    }
}

/// A row of `consents`.
#[derive(Debug)]
pub(crate) struct ConsentRow {
    pub(crate) user_id: Uuid,
    pub(crate) sequence: i64,
    pub(crate) topic: String,
    pub(crate) decision: String,
    pub(crate) text_version: String,
    pub(crate) source: String,
    pub(crate) actor: String,
    pub(crate) decided_at: Instant,
}

impl TryFrom<ConsentRow> for ConsentRecord {
    type Error = StorageError;

    fn try_from(row: ConsentRow) -> Result<Self, StorageError> {
        Ok(Self {
            user: UserId::from_uuid(row.user_id),
            sequence: u32::try_from(row.sequence).map_err(CONSENTS.corrupt("sequence"))?,
            topic: ConsentTopic::from_name(&row.topic)
                .ok_or("not a topic")
                .map_err(CONSENTS.corrupt("topic"))?,
            decision: ConsentDecision::from_name(&row.decision)
                .ok_or("not a decision")
                .map_err(CONSENTS.corrupt("decision"))?,
            text_version: PlainText::try_from(row.text_version)
                .map_err(CONSENTS.corrupt("text_version"))?,
            source: ConsentSource::from_name(&row.source)
                .ok_or("not a source")
                .map_err(CONSENTS.corrupt("source"))?,
            actor: row.actor.parse().map_err(CONSENTS.corrupt("actor"))?,
            at: row.decided_at.0,
        })
    }
}
