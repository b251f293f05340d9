//! Sign-in and sessions.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use glame_core::access::{Session, SessionScope, SignInName, SignedIn as Opened};
use glame_core::users::Role;
use glame_core::values::{PhoneNumber, SessionId};
use poem::http::HeaderValue;
use poem::http::header::SET_COOKIE;
use poem::web::Data;
use poem::{IntoResponse, Response};
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use uuid::Uuid;

use super::answer::{Answer, Done, Found, Told};
use super::problem::statuses;
use super::signed_in::{Anybody, Origin, SESSION_COOKIE, SignedIn};
use super::{Area, Problem, ProblemCode, Text};
use crate::app::App;

/// How long a code waits before it is sent.
///
/// The answer is gone by then: what sending costs falls on no answer of the same request, so that
/// nobody sees by the time whether there was anything to send.
const CODE_WAITS: Duration = Duration::from_millis(100);

statuses! {
    /// What signs somebody in.
    SigningIn = [400, 401, 413, 415, 422, 429, 500, 503];
    /// What answers whoever asks, as often as allowed.
    Asking = [400, 413, 415, 422, 429, 500, 503];
    /// What concerns one's own session.
    OwnSession = [400, 401, 403, 404, 413, 415, 422, 429, 500, 503];
}

/// Sign-in and sessions.
#[derive(Debug, Clone, Copy)]
pub struct AuthApi;

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
    const fn new(opened: Opened, keep: Keeping) -> Self {
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

#[OpenApi(prefix_path = "/api/auth", tag = "Area::SignIn")]
impl AuthApi {
    /// Check a card before a code is asked for.
    ///
    /// The answer is the same for every number, in shape and in time, whether such a card exists or
    /// not: who holds it learns so from the message with the code.
    #[oai(path = "/verify-card", method = "post", operation_id = "verifyCard")]
    async fn verify_card(
        &self,
        app: Data<&Arc<App>>,
        origin: Origin,
        body: Json<CardName>,
    ) -> Answer<Told<CardChecked>, Asking> {
        let name = name_of(&body.card_number)?;
        app.access
            .verify_card(&name, &origin.0)
            .await
            .map_err(Problem::from)?;
        Ok(Told::new(CardChecked {
            accepted: true,
            message: "Если карта есть, код придёт на телефон её владельца".to_owned(),
        }))
    }

    /// Ask for a one-time code.
    ///
    /// The answer is the same whether the card exists or not. A code holds for five minutes and five
    /// tries; another may be asked for after a minute.
    #[oai(path = "/request-code", method = "post", operation_id = "requestCode")]
    async fn request_code(
        &self,
        app: Data<&Arc<App>>,
        origin: Origin,
        body: Json<CardName>,
    ) -> Answer<Told<CodeAsked>, Asking> {
        let name = name_of(&body.card_number)?;
        let asked = app
            .access
            .request_code(&name, &origin.0)
            .await
            .map_err(Problem::from)?;
        let codes = app.codes.clone();
        // There is an errand even where there is nothing to send: to begin one takes time as well.
        app.errands.run(async move {
            tokio::time::sleep(CODE_WAITS).await;
            let (Some(message), Some(codes)) = (asked.message, codes) else {
                return;
            };
            if let Err(error) = codes.send(&message).await {
                tracing::warn!(error = crate::output::describe(&error), "no code was sent");
            }
        });
        Ok(Told::new(CodeAsked {
            success: true,
            message: "Если карта есть, код отправлен".to_owned(),
            expires_at: asked.expires_at,
            resend_after_seconds: asked.resend_after.num_seconds().unsigned_abs(),
        }))
    }

    /// Sign in as a customer, with a card and a code.
    #[oai(path = "/login-by-card", method = "post", operation_id = "loginByCard")]
    async fn login_by_card(
        &self,
        app: Data<&Arc<App>>,
        origin: Origin,
        body: Json<CardSignIn>,
    ) -> Answer<SignInAnswer, SigningIn> {
        let name = name_of(&body.card_number)?;
        let opened = app
            .access
            .login_by_card(&name, &body.code, &origin.0)
            .await
            .map_err(Problem::from)?;
        Ok(SignInAnswer::new(opened, body.keep))
    }

    /// Sign in as a member of staff, with an e-mail address and a password.
    #[oai(path = "/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        app: Data<&Arc<App>>,
        origin: Origin,
        body: Json<StaffSignIn>,
    ) -> Answer<SignInAnswer, SigningIn> {
        let opened = app
            .access
            .login(&body.email, &body.password, &origin.0)
            .await
            .map_err(Problem::from)?;
        Ok(SignInAnswer::new(opened, body.keep))
    }

    /// End the session.
    #[oai(path = "/logout", method = "post", operation_id = "logout")]
    async fn logout(
        &self,
        me: SignedIn<Anybody>,
        app: Data<&Arc<App>>,
    ) -> Answer<SignedOut, OwnSession> {
        app.access
            .logout(&me, me.origin())
            .await
            .map_err(Problem::from)?;
        app.sessions.forget(me.user());
        Ok(SignedOut)
    }

    /// Tell who is signed in.
    #[oai(path = "/me", method = "get", operation_id = "getMe")]
    async fn me(
        &self,
        me: SignedIn<Anybody>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<Me>, OwnSession> {
        let known = app
            .storage
            .users(&[me.user()])
            .await
            .map_err(Problem::from)?
            .pop();
        let known = known.as_ref();
        Ok(Told::new(Me {
            id: *me.user().as_uuid(),
            role: me.role.into(),
            is_customer: me.role == Role::Customer,
            full_name: known
                .and_then(|user| user.full_name.as_ref())
                .map(|name| name.as_str().to_owned()),
            email: known
                .and_then(|user| user.email.as_ref())
                .map(|email| email.as_str().to_owned()),
            phone: known.and_then(|user| user.phone).map(PhoneNumber::to_e164),
            must_change_password: me.must_change_password,
        }))
    }

    /// List one's own sessions.
    #[oai(path = "/sessions", method = "get", operation_id = "listSessions")]
    async fn sessions(
        &self,
        me: SignedIn<Anybody>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<Sessions>, OwnSession> {
        let sessions = app
            .access
            .sessions(me.user())
            .await
            .map_err(Problem::from)?;
        let view = |session: Session| SessionView {
            id: *session.id.as_uuid(),
            current: session.id == me.session,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
            user_agent: session.user_agent.map(|agent| agent.as_str().to_owned()),
        };
        Ok(Told::new(Sessions {
            sessions: sessions.into_iter().map(view).collect(),
        }))
    }

    /// End one of one's own sessions.
    #[oai(
        path = "/sessions/:id",
        method = "delete",
        operation_id = "revokeSession"
    )]
    async fn revoke_session(
        &self,
        me: SignedIn<Anybody>,
        app: Data<&Arc<App>>,
        /// The session.
        id: Path<Uuid>,
    ) -> Answer<Done, OwnSession> {
        let scope = SessionScope::One(SessionId::from_uuid(id.0));
        app.access
            .revoke_sessions(&me.caller(), me.user(), scope)
            .await
            .map_err(Problem::from)?;
        app.sessions.forget(me.user());
        Ok(Done)
    }

    /// Change one's own password; all other sessions end.
    #[oai(
        path = "/change-password",
        method = "post",
        operation_id = "changePassword"
    )]
    async fn change_password(
        &self,
        me: SignedIn<super::signed_in::Staff>,
        app: Data<&Arc<App>>,
        body: Json<PasswordChange>,
    ) -> Answer<Done, OwnSession> {
        app.access
            .change_password(&me, &body.current_password, &body.new_password, me.origin())
            .await
            .map_err(Problem::from)?;
        app.sessions.forget(me.user());
        Ok(Done)
    }
}

super::secret!(StaffSignIn, PasswordChange, SessionOpened, SignInAnswer);

fn name_of(text: &str) -> Result<SignInName, Problem> {
    SignInName::parse(text).map_err(|error| {
        Problem::of_field(ProblemCode::ValueInvalid, "/card_number", error.to_string())
    })
}
