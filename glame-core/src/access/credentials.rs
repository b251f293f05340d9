use std::fmt;

use chrono::{DateTime, Utc};

use crate::users::Role;
use crate::values::{EmailAddress, PlainText, UserId};

/// A member of staff: a user with another role than customer, and what they sign in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// Our name for the user.
    pub user: UserId,
    /// What the member may do; never [`Role::Customer`].
    pub role: Role,
    /// The address that the member signs in with; no two members share one, in whatever case.
    pub email: EmailAddress,
    /// The name, for other members.
    pub full_name: Option<PlainText>,
    /// The password, hashed.
    pub password: PasswordHash,
    /// When the password was set.
    pub password_changed_at: DateTime<Utc>,
    /// Whether the password must be changed before anything else.
    pub must_change_password: bool,
    /// Whether the member may not sign in.
    pub disabled: bool,
    /// Counts the changes of the member, from 1.
    pub version: u32,
    /// When the member was made.
    pub created_at: DateTime<Utc>,
}

impl StaffMember {
    /// Tells whether the member may sign in and administer.
    #[must_use]
    pub fn is_active_admin(&self) -> bool {
        self.role == Role::Admin && !self.disabled
    }
}

/// A password as a password hasher keeps it, in PHC text: `$argon2id$v=19$…`.
///
/// `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes what a password hasher has made.
    #[must_use]
    pub const fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// Gives the text to keep.
    #[must_use]
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}
