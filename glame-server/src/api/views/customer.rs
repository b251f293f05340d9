use chrono::{DateTime, NaiveDate, Utc};
use glame_core::analytics::{
    CustomerMetrics, CustomerStatus, Preference, PurchasePreferences, RfmScore,
};
use glame_core::customers::{CustomerRow, Profile};
use glame_core::users::{Gender, User};
use glame_core::values::{Money, PhoneNumber, PlainText};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use crate::api::roubles::Roubles;

/// A gender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum GenderName {
    /// Female.
    Female,
    /// Male.
    Male,
}

impl From<Gender> for GenderName {
    fn from(gender: Gender) -> Self {
        match gender {
            Gender::Female => Self::Female,
            Gender::Male => Self::Male,
        }
    }
}

impl From<GenderName> for Gender {
    fn from(gender: GenderName) -> Self {
        match gender {
            GenderName::Female => Self::Female,
            GenderName::Male => Self::Male,
        }
    }
}

/// The guide's word for a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum StatusName {
    /// Among the best.
    #[oai(rename = "VIP")]
    Vip,
    /// Buys well.
    Active,
    /// Buys.
    Regular,
    /// Has stopped buying.
    Sleeping,
    /// Has not bought yet.
    New,
}

impl From<CustomerStatus> for StatusName {
    fn from(status: CustomerStatus) -> Self {
        match status {
            CustomerStatus::Vip => Self::Vip,
            CustomerStatus::Active => Self::Active,
            CustomerStatus::Regular => Self::Regular,
            CustomerStatus::Sleeping => Self::Sleeping,
            CustomerStatus::New => Self::New,
        }
    }
}

impl From<StatusName> for CustomerStatus {
    fn from(status: StatusName) -> Self {
        match status {
            StatusName::Vip => Self::Vip,
            StatusName::Active => Self::Active,
            StatusName::Regular => Self::Regular,
            StatusName::Sleeping => Self::Sleeping,
            StatusName::New => Self::New,
        }
    }
}

/// How good a customer is, by recency, frequency and money.
#[derive(Debug, Clone, Object)]
#[oai(rename = "RfmScore")]
pub struct RfmView {
    /// 1 to 5; 5 bought just now.
    pub r_score: u8,
    /// 1 to 5; 5 buys most often.
    pub f_score: u8,
    /// 1 to 5; 5 has spent most.
    pub m_score: u8,
    /// The three together, 3 to 15.
    pub total_score: u8,
    /// The cell, such as `R5F1M3`.
    pub cell: String,
    /// The segment of the cell in the named map.
    pub segment: String,
}

impl From<RfmScore> for RfmView {
    fn from(score: RfmScore) -> Self {
        Self {
            r_score: score.recency.get(),
            f_score: score.frequency.get(),
            m_score: score.monetary.get(),
            total_score: score.total(),
            cell: score.to_string(),
            segment: score.segment().as_str().to_owned(),
        }
    }
}

/// Something that a customer likes.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Preference")]
pub struct PreferenceView {
    /// The category or the brand.
    pub name: String,
    /// What was spent on it, net of returns.
    pub amount: Roubles,
}

impl From<&Preference> for PreferenceView {
    fn from(preference: &Preference) -> Self {
        Self {
            name: preference.name.as_str().to_owned(),
            amount: preference.amount.into(),
        }
    }
}

/// What a customer likes, by the money spent on it.
#[derive(Debug, Clone, Default, Object)]
#[oai(rename = "PurchasePreferences")]
pub struct PreferencesView {
    /// At most five categories, the most money first.
    pub favorite_categories: Vec<PreferenceView>,
    /// At most five brands, the most money first.
    pub favorite_brands: Vec<PreferenceView>,
}

impl From<&PurchasePreferences> for PreferencesView {
    fn from(preferences: &PurchasePreferences) -> Self {
        let view = |list: &[Preference]| list.iter().map(PreferenceView::from).collect();
        Self {
            favorite_categories: view(&preferences.favorite_categories),
            favorite_brands: view(&preferences.favorite_brands),
        }
    }
}

/// What purchases come to.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PurchaseStats", skip_serializing_if_is_none)]
pub struct StatsView {
    /// How many purchases; a receipt that was returned in full is none.
    pub total_purchases: u32,
    /// What was spent, net of returns.
    pub total_spent: Roubles,
    /// What a receipt comes to on average; absent before the first.
    pub average_check: Option<Roubles>,
    /// When the first purchase was.
    pub first_purchase_date: Option<DateTime<Utc>>,
    /// When the last purchase was.
    pub last_purchase_date: Option<DateTime<Utc>>,
    /// How many receipts were taken back, in whole or in part.
    pub returns: u32,
    /// What is bought most, by money.
    pub favorite_categories: Vec<PreferenceView>,
    /// What is bought most, by money.
    pub favorite_brands: Vec<PreferenceView>,
}

impl From<Option<&CustomerMetrics>> for StatsView {
    fn from(metrics: Option<&CustomerMetrics>) -> Self {
        let figures = metrics.map(|metrics| &metrics.figures);
        let likes = figures
            .map(|figures| PreferencesView::from(&figures.preferences))
            .unwrap_or_default();
        Self {
            total_purchases: figures.map_or(0, |figures| figures.total_purchases),
            total_spent: figures
                .map(|figures| figures.total_spent)
                .unwrap_or_default()
                .into(),
            average_check: figures
                .and_then(|figures| figures.average_receipt)
                .map(Roubles::from),
            first_purchase_date: figures.and_then(|figures| figures.first_purchase_at),
            last_purchase_date: figures.and_then(|figures| figures.last_purchase_at),
            returns: figures.map_or(0, |figures| figures.returns),
            favorite_categories: likes.favorite_categories,
            favorite_brands: likes.favorite_brands,
        }
    }
}

/// A customer in the cabinet.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Profile", skip_serializing_if_is_none)]
pub struct ProfileView {
    /// The user.
    pub id: Uuid,
    /// The phone, which only the shop changes.
    pub phone: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The name.
    pub full_name: Option<String>,
    /// The gender.
    pub gender: Option<GenderName>,
    /// The date of birth.
    pub birth_date: Option<NaiveDate>,
    /// The city.
    pub city: Option<String>,
    /// The number of the card.
    pub discount_card_number: Option<String>,
    /// The points that can be spent now.
    pub loyalty_points: i64,
    /// The guide's word for the customer.
    pub customer_segment: StatusName,
    /// How many purchases.
    pub total_purchases: u32,
    /// What was spent, net of returns.
    pub total_spent: Roubles,
    /// What a receipt comes to on average.
    pub average_check: Option<Roubles>,
    /// When the last purchase was.
    pub last_purchase_date: Option<DateTime<Utc>>,
    /// What is bought most.
    pub purchase_preferences: PreferencesView,
    /// The fields that were edited here and differ from the shop's base.
    pub edited_fields: Vec<String>,
    /// The version, as in `ETag`.
    pub version: i64,
}

impl ProfileView {
    /// Shows a profile with figures and points.
    #[must_use]
    pub fn new(profile: &Profile, metrics: Option<&CustomerMetrics>, points: i64) -> Self {
        let user = &profile.user;
        let stats = StatsView::from(metrics);
        Self {
            id: *user.id.as_uuid(),
            phone: user.phone.map(PhoneNumber::to_e164),
            email: email_of(user),
            full_name: text_of(user.full_name.as_ref()),
            gender: user.gender.map(GenderName::from),
            birth_date: user.birth_date,
            city: text_of(user.city.as_ref()),
            discount_card_number: card_of(user),
            loyalty_points: points,
            customer_segment: status_of(metrics.map(|metrics| metrics.status)),
            total_purchases: stats.total_purchases,
            total_spent: stats.total_spent,
            average_check: stats.average_check,
            last_purchase_date: stats.last_purchase_date,
            purchase_preferences: PreferencesView {
                favorite_categories: stats.favorite_categories,
                favorite_brands: stats.favorite_brands,
            },
            edited_fields: profile
                .edits
                .fields()
                .into_iter()
                .map(|field| field.as_str().to_owned())
                .collect(),
            version: profile.version.get(),
        }
    }
}

/// A customer in the list of the administrators.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Customer", skip_serializing_if_is_none)]
pub struct CustomerView {
    /// The user.
    pub id: Uuid,
    /// The phone.
    pub phone: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The name.
    pub full_name: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The gender.
    pub gender: Option<GenderName>,
    /// The number of the card.
    pub discount_card_number: Option<String>,
    /// The guide's word for the customer.
    pub customer_segment: StatusName,
    /// The points that can be spent now.
    pub loyalty_points: i64,
    /// How many purchases.
    pub total_purchases: u32,
    /// What was spent, net of returns.
    pub total_spent: Roubles,
    /// When the last purchase was.
    pub last_purchase_date: Option<DateTime<Utc>>,
    /// The scores; absent for who has never bought.
    pub rfm_score: Option<RfmView>,
    /// Whether the shop's base has marked the customer for deletion.
    pub removed: bool,
}

impl CustomerView {
    /// Shows a row of the list with points.
    #[must_use]
    pub fn new(row: &CustomerRow, points: i64) -> Self {
        let user = &row.user;
        let figures = row.figures;
        let spent = figures.map_or(Money::ZERO, |figures| figures.total_spent);
        Self {
            id: *user.id.as_uuid(),
            phone: user.phone.map(PhoneNumber::to_e164),
            email: email_of(user),
            full_name: text_of(user.full_name.as_ref()),
            city: text_of(user.city.as_ref()),
            gender: user.gender.map(GenderName::from),
            discount_card_number: card_of(user),
            customer_segment: status_of(figures.map(|figures| figures.status)),
            loyalty_points: points,
            total_purchases: figures.map_or(0, |figures| figures.total_purchases),
            total_spent: spent.into(),
            last_purchase_date: figures.and_then(|figures| figures.last_purchase_at),
            rfm_score: figures
                .and_then(|figures| figures.rfm_score)
                .map(RfmView::from),
            removed: user.removed,
        }
    }
}

/// Gives the status of a customer; who has no figures is new.
fn status_of(status: Option<CustomerStatus>) -> StatusName {
    status.unwrap_or(CustomerStatus::New).into()
}

/// Gives a text as clients see it.
#[must_use]
pub fn text_of(text: Option<&PlainText>) -> Option<String> {
    text.map(|text| text.as_str().to_owned())
}

fn email_of(user: &User) -> Option<String> {
    user.email.as_ref().map(|email| email.as_str().to_owned())
}

fn card_of(user: &User) -> Option<String> {
    user.discount_card_number
        .as_ref()
        .map(|number| number.as_str().to_owned())
}
