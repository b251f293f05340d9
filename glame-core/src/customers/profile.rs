use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::loyalty::Actor;
use crate::ports::CustomerProfile;
use crate::users::{Gender, User};
use crate::values::{EmailAddress, PlainText};

/// The profile of a customer: what holds, and which of it was edited here.
///
/// Name, e-mail, gender, birth date and city come from the shop's base until they are edited here;
/// then what was edited holds, the synchronisation keeps what the base says underneath, and taking
/// the edit back shows it again. The telephone and the cards are always the base's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The customer, with edits in place.
    pub user: User,
    /// Changes with every change of the profile, whoever makes it.
    pub version: ProfileVersion,
    /// What was edited here.
    pub edits: ProfileEdits,
    /// When the person was forgotten, if so.
    pub erased_at: Option<DateTime<Utc>>,
}

/// The version of a profile, for `ETag` and `If-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfileVersion(i64);

impl ProfileVersion {
    /// The version of a profile that was stored once.
    pub const FIRST: Self = Self(1);

    /// Takes a number that storage has kept.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Gives the number to keep.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Gives the version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A field of a profile that can be edited here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileField {
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

impl ProfileField {
    /// Every field.
    pub const ALL: [Self; 5] = [
        Self::FullName,
        Self::Email,
        Self::Gender,
        Self::BirthDate,
        Self::City,
    ];

    /// Gives the name that the API uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FullName => "full_name",
            Self::Email => "email",
            Self::Gender => "gender",
            Self::BirthDate => "birth_date",
            Self::City => "city",
        }
    }
}

/// What was edited here of a profile, over what the shop's base says.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProfileEdits {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<Edit<PlainText>>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Edit<EmailAddress>>,
    /// The gender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Edit<Gender>>,
    /// The date of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<Edit<NaiveDate>>,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Edit<PlainText>>,
}

impl fmt::Debug for ProfileEdits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProfileEdits").field(&self.fields()).finish()
    }
}

/// An edit of one field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit<T> {
    /// What holds; none where the field was emptied.
    pub ours: Option<T>,
    /// What the shop's base says now.
    pub theirs: Option<T>,
    /// When it was edited.
    pub at: DateTime<Utc>,
    /// Who has edited it.
    pub by: Actor,
}

impl<T> fmt::Debug for Edit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// What is done with one field.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum FieldChange<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is edited; none empties it.
    Set(Option<T>),
    /// The edit is taken back, and what the shop's base says holds again.
    TakeBack,
}

/// What is done with the fields of a profile.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// The name.
    pub full_name: FieldChange<PlainText>,
    /// The e-mail address.
    pub email: FieldChange<EmailAddress>,
    /// The gender.
    pub gender: FieldChange<Gender>,
    /// The date of birth.
    pub birth_date: FieldChange<NaiveDate>,
    /// The city.
    pub city: FieldChange<PlainText>,
}

impl<T> fmt::Debug for FieldChange<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep => "Keep",
            Self::Set(_) => "Set(***)",
            Self::TakeBack => "TakeBack",
        })
    }
}

impl fmt::Debug for ProfileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileChange").finish_non_exhaustive()
    }
}

/// Tells that a value of a profile cannot be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the field {} {problem}", field.as_str())]
pub struct InvalidProfile {
    /// The field.
    pub field: ProfileField,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl ProfileChange {
    /// The longest name.
    pub const NAME_CHARS: usize = 200;

    /// The longest name of a city.
    pub const CITY_CHARS: usize = 100;

    /// Tells whether the values can be accepted; `today` is the day in the shop.
    ///
    /// # Errors
    /// [`InvalidProfile`] names the first field that cannot.
    pub fn check(&self, today: NaiveDate) -> Result<(), InvalidProfile> {
        let invalid = |field, problem| Err(InvalidProfile { field, problem });
        let is_longer = |text: &PlainText, most| text.as_str().chars().count() > most;
        if let FieldChange::Set(Some(name)) = &self.full_name {
            if is_longer(name, Self::NAME_CHARS) {
                return invalid(ProfileField::FullName, "is longer than 200 characters");
            }
            if !name.as_str().chars().any(char::is_alphabetic) {
                return invalid(ProfileField::FullName, "has no letter");
            }
        }
        if let FieldChange::Set(Some(city)) = &self.city
            && is_longer(city, Self::CITY_CHARS)
        {
            return invalid(ProfileField::City, "is longer than 100 characters");
        }
        if let FieldChange::Set(Some(date)) = &self.birth_date {
            if *date > today {
                return invalid(ProfileField::BirthDate, "lies in the future");
            }
            if date.year() <= 1900 {
                return invalid(ProfileField::BirthDate, "lies too far in the past");
            }
        }
        Ok(())
    }
}

impl ProfileEdits {
    /// Gives the fields that were edited.
    #[must_use]
    pub fn fields(&self) -> Vec<ProfileField> {
        let edited = |field: &ProfileField| match field {
            ProfileField::FullName => self.full_name.is_some(),
            ProfileField::Email => self.email.is_some(),
            ProfileField::Gender => self.gender.is_some(),
            ProfileField::BirthDate => self.birth_date.is_some(),
            ProfileField::City => self.city.is_some(),
        };
        ProfileField::ALL.into_iter().filter(edited).collect()
    }

    /// Tells whether nothing was edited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Gives a user with the edits in place.
    #[must_use]
    pub fn over(&self, user: User) -> User {
        let mut user = user;
        put_ours(&mut user.full_name, self.full_name.as_ref());
        put_ours(&mut user.email, self.email.as_ref());
        put_ours(&mut user.gender, self.gender.as_ref());
        put_ours(&mut user.birth_date, self.birth_date.as_ref());
        put_ours(&mut user.city, self.city.as_ref());
        user
    }
}

fn put_ours<T: Clone>(field: &mut Option<T>, edit: Option<&Edit<T>>) {
    if let Some(edit) = edit {
        field.clone_from(&edit.ours);
    }
}

impl Profile {
    /// Carries out a change, and tells whether it changes anything.
    ///
    /// To set a field to what it is already is no edit.
    pub fn change(&mut self, change: &ProfileChange, by: &Actor, now: DateTime<Utc>) -> bool {
        let before = (self.user.clone(), self.edits.clone());
        let (user, edits) = (&mut self.user, &mut self.edits);
        let at = (by, now);
        change_field(
            &mut user.full_name,
            &mut edits.full_name,
            &change.full_name,
            at,
        );
        change_field(&mut user.email, &mut edits.email, &change.email, at);
        change_field(&mut user.gender, &mut edits.gender, &change.gender, at);
        change_field(
            &mut user.birth_date,
            &mut edits.birth_date,
            &change.birth_date,
            at,
        );
        change_field(&mut user.city, &mut edits.city, &change.city, at);
        self.finish(&before, now)
    }

    /// Takes over what the shop's base says, and tells whether it changes anything.
    ///
    /// Of a person who was forgotten only that the base has removed them is taken.
    pub fn take_source(&mut self, source: &CustomerProfile, now: DateTime<Utc>) -> bool {
        let before = (self.user.clone(), self.edits.clone());
        self.user.removed = source.removed;
        if self.erased_at.is_none() {
            let (user, edits) = (&mut self.user, &mut self.edits);
            take_theirs(
                &mut user.full_name,
                &mut edits.full_name,
                source.full_name.as_ref(),
            );
            take_theirs(&mut user.email, &mut edits.email, source.email.as_ref());
            take_theirs(&mut user.gender, &mut edits.gender, source.gender.as_ref());
            take_theirs(
                &mut user.birth_date,
                &mut edits.birth_date,
                source.birth_date.as_ref(),
            );
            take_theirs(&mut user.city, &mut edits.city, source.city.as_ref());
            user.phone = source.phone;
        }
        self.finish(&before, now)
    }

    fn finish(&mut self, before: &(User, ProfileEdits), now: DateTime<Utc>) -> bool {
        let changes = (&self.user, &self.edits) != (&before.0, &before.1);
        if changes {
            self.user.updated_at = now;
            self.version = self.version.next();
        }
        changes
    }
}

fn change_field<T: Clone + PartialEq>(
    field: &mut Option<T>,
    edit: &mut Option<Edit<T>>,
    change: &FieldChange<T>,
    (by, now): (&Actor, DateTime<Utc>),
) {
    match change {
        FieldChange::Set(value) if *value != *field => {
            let theirs = match edit.take() {
                Some(edit) => edit.theirs,
                None => field.take(),
            };
            field.clone_from(value);
            *edit = Some(Edit {
                ours: value.clone(),
                theirs,
                at: now,
                by: by.clone(),
            });
        }
        FieldChange::Keep | FieldChange::Set(_) => {}
        FieldChange::TakeBack => {
            if let Some(edit) = edit.take() {
                *field = edit.theirs;
            }
        }
    }
}

fn take_theirs<T: Clone>(field: &mut Option<T>, edit: &mut Option<Edit<T>>, theirs: Option<&T>) {
    match edit {
        Some(edit) => edit.theirs = theirs.cloned(),
        None => *field = theirs.cloned(),
    }
}

#[cfg(test)]
mod tests;
