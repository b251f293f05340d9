//! What is changed of a profile.

use chrono::NaiveDate;
use glame_core::customers::{FieldChange, ProfileChange};
use glame_core::values::EmailAddress;
use poem_openapi::types::{Example, MaybeUndefined};
use poem_openapi::{Enum, Object};

use super::super::text::plain;
use super::super::views::GenderName;
use super::super::{Problem, ProblemCode, Text};

/// What a customer changes of the profile; what is absent stays, `null` empties.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct ProfileUpdate {
    /// The name.
    #[oai(validator(max_length = 200))]
    pub full_name: MaybeUndefined<Text>,
    /// The e-mail address.
    #[oai(validator(max_length = 254))]
    pub email: MaybeUndefined<Text>,
    /// The gender.
    pub gender: MaybeUndefined<GenderName>,
    /// The date of birth.
    pub birth_date: MaybeUndefined<NaiveDate>,
    /// The city.
    #[oai(validator(max_length = 100))]
    pub city: MaybeUndefined<Text>,
    /// Fields that show again what the shop's base has.
    #[oai(default, validator(max_items = 5))]
    pub take_back: Vec<ProfileFieldName>,
}

/// A field of the profile that can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum ProfileFieldName {
    /// The name.
    FullName,
    /// The e-mail address.
    Email,
    /// The gender.
    Gender,
    /// The date of birth.
    BirthDate,
    /// The city.
    City,
}

impl Example for ProfileUpdate {
    fn example() -> Self {
        Self {
            full_name: MaybeUndefined::Value("Анна Примерова".into()),
            email: MaybeUndefined::Value("anna@example.com".into()),
            gender: MaybeUndefined::Undefined,
            birth_date: MaybeUndefined::Undefined,
            city: MaybeUndefined::Undefined,
            take_back: Vec::new(),
        }
    }
}

impl ProfileUpdate {
    /// Reads what is to be changed.
    pub fn into_change(self) -> Result<ProfileChange, Problem> {
        let taken_back = |field| self.take_back.contains(&field);
        Ok(ProfileChange {
            full_name: change(
                taken_back(ProfileFieldName::FullName),
                self.full_name,
                |text| plain(&text, "/full_name"),
            )?,
            email: change(taken_back(ProfileFieldName::Email), self.email, |text| {
                EmailAddress::parse(&text).map_err(|error| {
                    Problem::of_field(ProblemCode::ValueInvalid, "/email", error.to_string())
                })
            })?,
            gender: change(
                taken_back(ProfileFieldName::Gender),
                self.gender,
                |gender| Ok(gender.into()),
            )?,
            birth_date: change(taken_back(ProfileFieldName::BirthDate), self.birth_date, Ok)?,
            city: change(taken_back(ProfileFieldName::City), self.city, |text| {
                plain(&text, "/city")
            })?,
        })
    }
}

fn change<T, U>(
    taken_back: bool,
    given: MaybeUndefined<T>,
    read: impl FnOnce(T) -> Result<U, Problem>,
) -> Result<FieldChange<U>, Problem> {
    if taken_back {
        return Ok(FieldChange::TakeBack);
    }
    Ok(match given {
        MaybeUndefined::Undefined => FieldChange::Keep,
        MaybeUndefined::Null => FieldChange::Set(None),
        MaybeUndefined::Value(value) => FieldChange::Set(Some(read(value)?)),
    })
}
