use std::sync::Arc;

use chrono_tz::Tz;

use super::{CustomerError, Profile, ProfileChange, ProfileVersion};
use crate::loyalty::Actor;
use crate::ports::{Clock, Storage, UnitOfWork};
use crate::users::Role;
use crate::values::UserId;

/// Shows and edits the profiles of customers.
#[derive(Debug, Clone)]
pub struct ProfileService {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    zone: Tz,
}

impl ProfileService {
    /// Edits profiles of a storage; `zone` is the shop's.
    #[must_use]
    pub const fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>, zone: Tz) -> Self {
        Self {
            storage,
            clock,
            zone,
        }
    }

    /// Gives the profile of a customer.
    ///
    /// # Errors
    /// [`CustomerError::Unknown`], and those of storage.
    pub async fn profile(&self, user: UserId) -> Result<Profile, CustomerError> {
        let profile = self.storage.profiles(&[user]).await?.pop();
        profile
            .filter(|profile| profile.user.role == Role::Customer)
            .ok_or(CustomerError::Unknown(user))
    }

    /// Changes the profile of a customer and gives it as it is then.
    ///
    /// `expected` is the version that was seen; none changes whatever there is.
    ///
    /// # Errors
    /// [`CustomerError::Unknown`], [`CustomerError::Erased`], [`CustomerError::Stale`],
    /// [`CustomerError::Invalid`], and those of storage.
    pub async fn edit(
        &self,
        user: UserId,
        expected: Option<ProfileVersion>,
        change: &ProfileChange,
        by: &Actor,
    ) -> Result<Profile, CustomerError> {
        let now = self.clock.now();
        change.check(now.with_timezone(&self.zone).date_naive())?;
        let mut work = self.storage.begin().await?;
        let mut profile = lock_customer(work.as_mut(), user).await?;
        if expected.is_some_and(|expected| expected != profile.version) {
            return Err(CustomerError::Stale);
        }
        if profile.change(change, by, now) {
            work.put_profiles(std::slice::from_ref(&profile)).await?;
            work.commit().await?;
        }
        Ok(profile)
    }
}

/// Locks the profile of a customer who was not forgotten, until the work ends.
pub(crate) async fn lock_customer(
    work: &mut dyn UnitOfWork,
    user: UserId,
) -> Result<Profile, CustomerError> {
    let profile = work.lock_profiles(&[user]).await?.pop();
    let profile = profile
        .filter(|profile| profile.user.role == Role::Customer)
        .ok_or(CustomerError::Unknown(user))?;
    match profile.erased_at {
        Some(_) => Err(CustomerError::Erased(user)),
        None => Ok(profile),
    }
}
