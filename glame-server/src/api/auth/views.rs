//! What sign-in asks for and answers.

use chrono::{DateTime, Utc};
use glame_core::access::SignedIn as Opened;
use glame_core::users::Role;
use poem::http::HeaderValue;
use poem::http::header::SET_COOKIE;
use poem::{IntoResponse, Response};
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Enum, Object};
use uuid::Uuid;

use super::super::answer::{Done, Found, Told};
use super::super::signed_in::SESSION_COOKIE;
use super::super::{Text, secret};

/// How the session is kept by the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum Keeping {
    /// As a token in the answer, for programs.
    #[default]
    Bearer,
    /// As an `HttpOnly` cookie, for pages; the answer has a token against forgery.
    Cookie,
}

/// A card, by the number on it or the phone of its holder.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct CardName {
    /// The number of the card or the phone, in any writing.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub card_number: Text,
}

impl Example for CardName {
    fn example() -> Self {
        Self {
            card_number: "+7 978 000-00-01".into(),
        }
    }
}

/// A card and the code that was sent for it.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct CardSignIn {
    /// The number of the card or the phone, in any writing.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub card_number: Text,
    /// The code: six digits, or the last four of the card where the shop has chosen so.
    #[oai(validator(min_length = 1, max_length = 16))]
    pub code: Text,
    /// How the session is kept.
    #[oai(default)]
    pub keep: Keeping,
}

impl Example for CardSignIn {
    fn example() -> Self {
        Self {
            card_number: "79780000001".into(),
            code: "000000".into(),
            keep: Keeping::Bearer,
        }
    }
}

/// A member of staff who signs in.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub struct StaffSignIn {
    /// The e-mail address.
    #[oai(validator(min_length = 3, max_length = 254))]
    pub email: Text,
    /// The password.
    #[oai(validator(min_length = 1, max_length = 256))]
    pub password: Text,
    /// How the session is kept.
    #[oai(default)]
    pub keep: Keeping,
}

impl Example for StaffSignIn {
    fn example() -> Self {
        Self {
            email: "admin@example.com".into(),
            password: "correct horse battery staple".into(),
            keep: Keeping::Bearer,
        }
    }
}

/// A password that is changed.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub struct PasswordChange {
    /// The present password.
    #[oai(validator(min_length = 1, max_length = 256))]
    pub current_password: Text,
    /// The new one: at least twelve characters.
    #[oai(validator(min_length = 12, max_length = 256))]
    pub new_password: Text,
}

impl Example for PasswordChange {
    fn example() -> Self {
        Self {
            current_password: "correct horse battery staple".into(),
            new_password: "гуси летят на юг".into(),
        }
    }
}

/// What is said of a card that somebody asks about: always the same.
#[derive(Debug, Object)]
pub struct CardChecked {
    /// Whether the number may be a card: true for every number that can be one.
    pub accepted: bool,
    /// What to do next.
    pub message: String,
}

/// A code was asked for; the same is said of unknown cards.
#[derive(Debug, Object)]
pub struct CodeAsked {
    /// Always true.
    pub success: bool,
    /// What to tell the customer.
    pub message: String,
    /// When the code ends.
    pub expires_at: DateTime<Utc>,
    /// After how many seconds another may be asked for.
    pub resend_after_seconds: u64,
}

/// A session that was begun.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub struct SessionOpened {
    /// What to send as `Authorization: Bearer …`; absent where the session is a cookie.
    pub access_token: Option<String>,
    /// `bearer`, or `cookie`.
    pub token_type: String,
    /// What pages send as `X-CSRF-Token` with everything that changes something.
    pub csrf_token: Option<String>,
    /// When the session ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// Who is signed in.
    pub user_id: Uuid,
    /// The role.
    pub role: RoleName,
    /// Whether the password must be changed before anything else.
    pub must_change_password: bool,
}

/// Who is signed in.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Me {
    /// The user.
    pub id: Uuid,
    /// The role.
    pub role: RoleName,
    /// Whether it is a customer.
    pub is_customer: bool,
    /// The name.
    pub full_name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The phone.
    pub phone: Option<String>,
    /// Whether the password must be changed before anything else.
    pub must_change_password: bool,
}

/// A role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum RoleName {
    /// A customer.
    Customer,
    /// An administrator.
    Admin,
    /// A marketer.
    AiMarketer,
    /// Who makes looks and texts.
    ContentManager,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Customer => Self::Customer,
            Role::Admin => Self::Admin,
            Role::AiMarketer => Self::AiMarketer,
            Role::ContentManager => Self::ContentManager,
        }
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Customer => Self::Customer,
            RoleName::Admin => Self::Admin,
            RoleName::AiMarketer => Self::AiMarketer,
            RoleName::ContentManager => Self::ContentManager,
        }
    }
}

/// A session of the user.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct SessionView {
    /// Its id.
    pub id: Uuid,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was used last, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// What program it is, in its own words.
    pub user_agent: Option<String>,
}

/// The sessions of the user that can be used.
#[derive(Debug, Object)]
pub struct Sessions {
    /// Newest first.
    pub sessions: Vec<SessionView>,
}

/// Somebody is signed in; pages get a cookie.
pub struct SignInAnswer {
    opened: Opened,
    keep: Keeping,
}

impl SignInAnswer {
    pub(super) const fn new(opened: Opened, keep: Keeping) -> Self {
        Self { opened, keep }
    }
}

impl IntoResponse for SignInAnswer {
    fn into_response(self) -> Response {
        let Self { opened, keep } = self;
        let token = opened.token.reveal();
        let (is_cookie, csrf) = match keep {
            Keeping::Bearer => (false, None),
            Keeping::Cookie => (true, Some(opened.token.csrf().reveal())),
        };
        let body = SessionOpened {
            access_token: (!is_cookie).then(|| token.clone()),
            token_type: if is_cookie { "cookie" } else { "bearer" }.to_owned(),
            csrf_token: csrf,
            expires_at: opened.session.expires_at,
            user_id: *opened.principal.user.as_uuid(),
            role: opened.principal.role.into(),
            must_change_password: opened.principal.must_change_password,
        };
        let mut response = Told::<_, Found>::new(body).into_response();
        if is_cookie {
            let left = (opened.session.expires_at - opened.session.created_at).num_seconds();
            let cookie = cookie(&token, left);
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().insert(SET_COOKIE, value);
            }
        }
        response
    }
}

impl ApiResponse for SignInAnswer {
    fn meta() -> MetaResponses {
        Told::<SessionOpened, Found>::meta()
    }

    fn register(registry: &mut Registry) {
        Told::<SessionOpened, Found>::register(registry);
    }
}

/// Writes the cookie of a session: for this host alone, over TLS alone, out of reach of scripts and
/// of other sites.
fn cookie(token: &str, seconds: i64) -> String {
    format!(
        "{SESSION_COOKIE}={token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict"
    )
}

/// The session is over, and the cookie with it.
#[derive(Debug, Clone, Copy)]
pub struct SignedOut;

impl IntoResponse for SignedOut {
    fn into_response(self) -> Response {
        let mut response = Done.into_response();
        if let Ok(value) = HeaderValue::from_str(&cookie("", 0)) {
            response.headers_mut().insert(SET_COOKIE, value);
        }
        response
    }
}

impl ApiResponse for SignedOut {
    fn meta() -> MetaResponses {
        Done::meta()
    }

    fn register(registry: &mut Registry) {
        Done::register(registry);
    }
}

secret!(StaffSignIn, PasswordChange, SessionOpened, SignInAnswer);
