//! Sign-in and sessions.

pub mod views;

use std::sync::Arc;
use std::time::Duration;

use glame_core::access::{Session, SessionScope, SignInName};
use glame_core::users::Role;
use glame_core::values::{PhoneNumber, SessionId};
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use uuid::Uuid;

use self::views::{
    CardChecked, CardName, CardSignIn, CodeAsked, Me, PasswordChange, SessionView, Sessions,
    SignInAnswer, SignedOut, StaffSignIn,
};
use super::answer::{Answer, Done, Told};
use super::problem::statuses;
use super::signed_in::{Anybody, Origin, SignedIn, Staff};
use super::{Area, Problem, ProblemCode};
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
        me: SignedIn<Staff>,
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

fn name_of(text: &str) -> Result<SignInName, Problem> {
    SignInName::parse(text).map_err(|error| {
        Problem::of_field(ProblemCode::ValueInvalid, "/card_number", error.to_string())
    })
}
