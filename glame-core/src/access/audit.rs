use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{AddressHash, Caller, ServerSecret};
use crate::users::Role;
use crate::values::{AuditEntryId, PeriodRange, PlainText, UserId};

/// One line of the audit log, which is only ever added to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Names the entry; ids grow with time.
    pub id: AuditEntryId,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// Who has done it.
    pub actor: AuditActor,
    /// What was done.
    pub action: AuditAction,
    /// The user whom it was done to, where there is one.
    pub subject: Option<UserId>,
    /// What else there is to say, without personal data.
    pub details: AuditDetails,
    /// The request that it was done by.
    pub request_id: Option<PlainText>,
    /// The network that the request came from, hashed.
    pub address: Option<AddressHash>,
}

/// Who does what the audit log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditActor {
    /// A job, or whoever may call the command line of the server.
    System,
    /// Somebody who has not signed in.
    Anonymous,
    /// A user, in the role of that time.
    User {
        /// Who.
        user: UserId,
        /// What they were allowed to.
        role: Role,
    },
}

impl AuditActor {
    /// Gives the user, if it is one.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::User { user, .. } => Some(*user),
            Self::System | Self::Anonymous => None,
        }
    }

    /// Gives the name of the role that the databases use: `system`, `anonymous`, or a role.
    #[must_use]
    pub const fn role_name(&self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Anonymous => "anonymous",
            Self::User { role, .. } => role.as_str(),
        }
    }

    /// Puts an actor together as the databases keep it; none if the parts do not fit.
    #[must_use]
    pub fn from_parts(user: Option<UserId>, role_name: &str) -> Option<Self> {
        match (user, role_name) {
            (None, "system") => Some(Self::System),
            (None, "anonymous") => Some(Self::Anonymous),
            (None, _) => None,
            (Some(user), name) => Role::from_name(name).map(|role| Self::User { user, role }),
        }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident = $name:literal;)*) => {
        /// What the audit log tells; the names are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum AuditAction {
            $($(#[$doc])* $action,)*
        }

        impl AuditAction {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$action,)*];

            /// Gives the name that the API and the databases use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$action => $name,)*
                }
            }
        }
    };
}

actions! {
    /// Somebody has asked for a code.
    CodeRequested = "code_requested";
    /// Somebody has asked whether a card is known.
    CardChecked = "card_checked";
    /// Somebody has signed in.
    SignedIn = "signed_in";
    /// Somebody has tried to sign in, in vain.
    SignInRefused = "sign_in_refused";
    /// Somebody has signed out.
    SignedOut = "signed_out";
    /// Sessions of a user were ended by hand.
    SessionsRevoked = "sessions_revoked";
    /// A member of staff has set another password.
    PasswordChanged = "password_changed";
    /// A member of staff has tried to set another password without knowing the present one.
    PasswordChangeRefused = "password_change_refused";
    /// A member of staff was given a temporary password.
    PasswordReset = "password_reset";
    /// A member of staff was made.
    StaffCreated = "staff_created";
    /// A member of staff was given another role.
    RoleChanged = "role_changed";
    /// A member of staff may not sign in any more.
    StaffDisabled = "staff_disabled";
    /// A member of staff may sign in again.
    StaffEnabled = "staff_enabled";
    /// The members of staff were listed.
    StaffListed = "staff_listed";
    /// Customers were listed or searched for.
    CustomersListed = "customers_listed";
    /// A customer's data was read.
    CustomerRead = "customer_read";
    /// A customer's data was changed.
    CustomerChanged = "customer_changed";
    /// A customer's data was given out whole.
    CustomerExported = "customer_exported";
    /// A customer's data was erased.
    CustomerErased = "customer_erased";
    /// A customer's consent was given or taken back.
    ConsentChanged = "consent_changed";
    /// Points were moved.
    PointsMoved = "points_moved";
    /// A segment was made, changed or removed.
    SegmentChanged = "segment_changed";
    /// The members of a segment were read.
    SegmentRead = "segment_read";
    /// A campaign was made, changed or sent.
    CampaignChanged = "campaign_changed";
    /// A webhook was made, changed or removed.
    WebhookChanged = "webhook_changed";
    /// A synchronisation or another job was started or cancelled.
    JobChanged = "job_changed";
    /// The audit log was read.
    AuditRead = "audit_read";
}

impl AuditAction {
    /// Finds an action by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|action| action.as_str() == name)
    }
}

/// What an entry of the audit log says beside its action: a small JSON object.
///
/// It takes only numbers, ids, yes or no and words of ours, so that no personal data gets into a
/// log that is kept for ever.
///
/// ```
/// use glame_core::access::AuditDetails;
///
/// let details = AuditDetails::new().word("role", "admin").number("sessions", 2);
/// assert_eq!(details.to_string(), r#"{"role":"admin","sessions":2}"#);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditDetails(Map<String, Value>);

/// Tells that a text is no JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON object")]
pub struct ParseDetailsError;

impl AuditDetails {
    /// Says nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a word of ours.
    #[must_use]
    pub fn word(self, key: &'static str, word: &'static str) -> Self {
        self.with(key, word.into())
    }

    /// Adds a number.
    #[must_use]
    pub fn number(self, key: &'static str, number: impl Into<i64>) -> Self {
        self.with(key, number.into().into())
    }

    /// Adds how many there were.
    #[must_use]
    pub fn count(self, key: &'static str, count: u64) -> Self {
        self.with(key, count.into())
    }

    /// Adds a yes or no.
    #[must_use]
    pub fn flag(self, key: &'static str, flag: bool) -> Self {
        self.with(key, flag.into())
    }

    /// Adds an id.
    #[must_use]
    pub fn id(self, key: &'static str, id: &Uuid) -> Self {
        self.with(key, id.to_string().into())
    }

    /// Reads what a database has kept.
    pub fn parse(text: &str) -> Result<Self, ParseDetailsError> {
        serde_json::from_str(text)
            .map(Self)
            .map_err(|_| ParseDetailsError)
    }

    /// Gives the object.
    #[must_use]
    pub const fn as_json(&self) -> &Map<String, Value> {
        &self.0
    }

    fn with(mut self, key: &'static str, value: Value) -> Self {
        self.0.insert(key.to_owned(), value);
        self
    }
}

impl std::fmt::Display for AuditDetails {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Value::Object(self.0.clone()).fmt(f)
    }
}

/// What is to be written down: an entry without what the request and the clock know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditNote {
    /// What was done.
    pub action: AuditAction,
    /// The user whom it was done to.
    pub subject: Option<UserId>,
    /// What else there is to say.
    pub details: AuditDetails,
}

impl AuditNote {
    /// Says that something was done to somebody, or to nobody.
    #[must_use]
    pub fn new(action: AuditAction, subject: Option<UserId>) -> Self {
        Self {
            action,
            subject,
            details: AuditDetails::new(),
        }
    }

    /// Adds what else there is to say.
    #[must_use]
    pub fn with(self, details: AuditDetails) -> Self {
        Self { details, ..self }
    }

    /// Makes the entry of it.
    #[must_use]
    pub fn entry(
        self,
        id: AuditEntryId,
        at: DateTime<Utc>,
        caller: &Caller,
        secret: &ServerSecret,
    ) -> AuditEntry {
        AuditEntry {
            id,
            at,
            actor: caller.actor,
            action: self.action,
            subject: self.subject,
            details: self.details,
            request_id: caller.origin.request_id.clone(),
            address: caller.origin.address_hash(secret),
        }
    }
}

/// Which entries of the audit log are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only what this user has done.
    pub actor: Option<UserId>,
    /// Only what was done to this user.
    pub subject: Option<UserId>,
    /// Only this action.
    pub action: Option<AuditAction>,
    /// Only what was done in this time.
    pub range: PeriodRange,
}

impl Default for AuditFilter {
    fn default() -> Self {
        Self {
            actor: None,
            subject: None,
            action: None,
            range: PeriodRange::EVERYTHING,
        }
    }
}

impl AuditFilter {
    /// Tells whether an entry is asked for.
    #[must_use]
    pub fn holds(&self, entry: &AuditEntry) -> bool {
        self.range.contains(entry.at)
            && self
                .actor
                .is_none_or(|user| entry.actor.user() == Some(user))
            && self.subject.is_none_or(|user| entry.subject == Some(user))
            && self.action.is_none_or(|action| entry.action == action)
    }
}

/// Where a page of the audit log ends: the instant and the id of its last entry.
pub type AuditPosition = (DateTime<Utc>, AuditEntryId);
