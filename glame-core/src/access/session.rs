use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::secret::{hex, unhex};
use super::{AuditActor, Caller, RequestOrigin, TokenHash};
use crate::ports::{NoRandomness, SecretSource};
use crate::users::Role;
use crate::values::{PlainText, SessionId, UserId};

/// A sign-in that lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names the session in lists.
    pub id: SessionId,
    /// Who has signed in.
    pub user: UserId,
    /// The role at that time; a session ends when the role changes.
    pub role: Role,
    /// Stands for the token.
    pub token: TokenHash,
    /// Whether a customer or a member of staff has signed in.
    pub kind: SessionKind,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, exact to [`Session::SEEN_EVERY`].
    pub last_seen_at: DateTime<Utc>,
    /// When it ends, however much it is used.
    pub expires_at: DateTime<Utc>,
    /// When it was ended by hand.
    pub revoked_at: Option<DateTime<Utc>>,
    /// What the browser says to be.
    pub user_agent: Option<PlainText>,
}

/// Whether a customer or a member of staff has signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionKind {
    /// A customer, with a code.
    Customer,
    /// A member of staff, with a password.
    Staff,
}

/// How long sessions of a kind last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLifetime {
    /// How long a session lasts that nobody uses.
    pub idle: TimeDelta,
    /// How long a session lasts at the most.
    pub absolute: TimeDelta,
}

/// What has become of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// It can be used.
    Active,
    /// It has lasted too long, or was not used for too long.
    Expired,
    /// It was ended by hand.
    Revoked,
}

/// Which sessions of a user are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionScope {
    /// All of them.
    All,
    /// This one.
    One(SessionId),
    /// All but this one.
    AllBut(SessionId),
}

impl SessionKind {
    /// Gives the name that the API and the databases use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Staff => "staff",
        }
    }

    /// Finds a kind by its name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Customer, Self::Staff]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

impl SessionScope {
    /// Tells whether a session is meant.
    #[must_use]
    pub fn holds(self, session: SessionId) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => session == one,
            Self::AllBut(one) => session != one,
        }
    }
}

impl Session {
    /// How often at most the last use is written down.
    pub const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);

    /// Tells what has become of the session.
    #[must_use]
    pub fn state(&self, lifetime: SessionLifetime, now: DateTime<Utc>) -> SessionState {
        if self.revoked_at.is_some() {
            SessionState::Revoked
        } else if now >= self.expires_at || now >= self.last_seen_at + lifetime.idle {
            SessionState::Expired
        } else {
            SessionState::Active
        }
    }

    /// Tells whether a use must be written down.
    #[must_use]
    pub fn must_be_touched(&self, now: DateTime<Utc>) -> bool {
        now >= self.last_seen_at + Self::SEEN_EVERY
    }
}

/// A session with what storage knows of its user now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// The session.
    pub session: Session,
    /// The role that the user has now.
    pub role: Role,
    /// Whether the customer is removed or the member disabled.
    pub barred: bool,
    /// Whether the member must change the password before anything else.
    pub must_change_password: bool,
}

impl StoredSession {
    /// Gives who may act by the session; none if nobody may.
    #[must_use]
    pub fn principal(&self, lifetime: SessionLifetime, now: DateTime<Utc>) -> Option<Principal> {
        let session = &self.session;
        let is_good = session.state(lifetime, now) == SessionState::Active
            && session.role == self.role
            && !self.barred;
        is_good.then_some(Principal {
            user: session.user,
            role: session.role,
            session: session.id,
            kind: session.kind,
            must_change_password: self.must_change_password,
        })
    }
}

/// Somebody who has signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// Who it is.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// By which session.
    pub session: SessionId,
    /// How they have signed in.
    pub kind: SessionKind,
    /// Whether they must change their password before anything else.
    pub must_change_password: bool,
}

impl Principal {
    /// Names the principal and where the request comes from.
    #[must_use]
    pub fn caller(&self, origin: &RequestOrigin) -> Caller {
        Caller {
            actor: AuditActor::User {
                user: self.user,
                role: self.role,
            },
            origin: origin.clone(),
        }
    }
}

/// What the owner of a session shows: the user, and 256 random bits that only the owner knows.
///
/// The user is in it so that the session is found by the key of its row. `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken {
    user: UserId,
    secret: [u8; 32],
}

impl SessionToken {
    /// What every token begins with, so that a leaked one is recognised.
    pub const PREFIX: &str = "glame_";

    /// Draws a token.
    pub fn draw(user: UserId, secrets: &dyn SecretSource) -> Result<Self, NoRandomness> {
        let mut secret = [0; 32];
        secrets.fill(&mut secret)?;
        Ok(Self { user, secret })
    }

    /// Reads a token; none if it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 48] = unhex(text.strip_prefix(Self::PREFIX)?)?;
        let (user, secret) = bytes.split_at(16);
        Some(Self {
            user: UserId::from_uuid(Uuid::from_slice(user).ok()?),
            secret: secret.try_into().ok()?,
        })
    }

    /// Writes the token for its owner.
    #[must_use]
    pub fn reveal(&self) -> String {
        let user = self.user.as_uuid().simple();
        format!("{}{user}{}", Self::PREFIX, hex(&self.secret))
    }

    /// Gives whose token it is, if it is one at all.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Gives what storage knows of the token.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::from_bytes(Sha256::digest(self.secret).into())
    }

    /// Gives the token that a page must send beside the cookie.
    ///
    /// It follows from the secret, so that nothing is stored, and tells nothing of it.
    #[must_use]
    pub fn csrf(&self) -> CsrfToken {
        CsrfToken(self.csrf_mac().finalize().into_bytes().into())
    }

    /// Tells whether a page has sent the right token beside the cookie, in constant time.
    #[must_use]
    pub fn has_csrf(&self, text: &str) -> bool {
        unhex::<32>(text).is_some_and(|bytes| self.csrf_mac().verify_slice(&bytes).is_ok())
    }

    fn csrf_mac(&self) -> Hmac<Sha256> {
        let mut key = [0; 64];
        key[..32].copy_from_slice(&self.secret);
        let mut mac = Hmac::<Sha256>::new((&key).into());
        mac.update(b"glame csrf");
        mac
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(***)")
    }
}

/// What a page sends in a header to show that it, and no other site, makes the request.
#[derive(Clone, PartialEq, Eq)]
pub struct CsrfToken([u8; 32]);

impl CsrfToken {
    /// Writes the token for the page.
    #[must_use]
    pub fn reveal(&self) -> String {
        hex(&self.0)
    }
}

impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfToken(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::KnownSecrets;
    use crate::testkit::fixtures::access::session;
    use crate::testkit::fixtures::{customer, minute};

    const LIFETIME: SessionLifetime = SessionLifetime {
        idle: TimeDelta::minutes(30),
        absolute: TimeDelta::days(1),
    };

    fn stored() -> StoredSession {
        StoredSession {
            session: session(0, customer(1).id),
            role: Role::Customer,
            barred: false,
            must_change_password: false,
        }
    }

    #[test]
    fn a_session_ends_by_silence_by_age_or_by_hand() {
        let mut session = stored().session;
        let state = |session: &Session, minutes| session.state(LIFETIME, minute(minutes));
        assert_eq!(state(&session, 29), SessionState::Active);
        assert_eq!(state(&session, 30), SessionState::Expired);
        session.last_seen_at = minute(24 * 60 - 1);
        assert_eq!(state(&session, 24 * 60 - 1), SessionState::Active);
        assert_eq!(state(&session, 24 * 60), SessionState::Expired);
        session.revoked_at = Some(minute(1));
        assert_eq!(state(&session, 24 * 60 - 1), SessionState::Revoked);
    }

    #[test]
    fn nobody_acts_by_a_session_whose_user_has_changed() {
        let acts = |stored: &StoredSession| stored.principal(LIFETIME, minute(1)).is_some();
        assert!(acts(&stored()));
        let changes: [fn(&mut StoredSession); 3] = [
            |stored| stored.role = Role::Admin,
            |stored| stored.barred = true,
            |stored| stored.session.revoked_at = Some(minute(0)),
        ];
        for change in changes {
            let mut stored = stored();
            change(&mut stored);
            assert!(!acts(&stored), "{stored:?}");
        }
    }

    #[test]
    fn a_token_is_read_as_it_was_written_and_no_secret_comes_twice() {
        let secrets = KnownSecrets::default();
        let draw = || SessionToken::draw(customer(1).id, &secrets).unwrap();
        let (one, other) = (draw(), draw());
        assert_ne!(one.hash(), other.hash());
        let text = one.reveal();
        assert_eq!(text.len(), SessionToken::PREFIX.len() + 2 * 48);
        let read = SessionToken::parse(&text).unwrap();
        assert_eq!((read.user(), read.hash()), (customer(1).id, one.hash()));
    }
}
