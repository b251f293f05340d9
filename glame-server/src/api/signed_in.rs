//! Who asks: the session of a request, and the role that an operation wants.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use glame_core::access::{Caller, Principal, RequestOrigin, SessionToken};
use glame_core::loyalty::Actor;
use glame_core::users::Role;
use glame_core::values::UserId;
use poem::http::Method;
use poem::http::header::{AUTHORIZATION, COOKIE};
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::{Problem, ProblemCode};
use crate::app::App;
use crate::http::origin_of;

/// The cookie that pages hold their session in.
pub const SESSION_COOKIE: &str = "__Host-glame";

/// The header that pages send beside the cookie.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The paths that are open while the password must be changed: who one is, its change, the way out.
const OPEN_TO_TEMPORARY_PASSWORDS: [&str; 3] = [
    "/api/auth/change-password",
    "/api/auth/me",
    "/api/auth/logout",
];

/// Whom an operation is for.
pub trait Audience: Send + Sync + 'static {
    /// The roles that it is for.
    const ROLES: &'static [Role];
}

macro_rules! audiences {
    ($($(#[$doc:meta])* $name:ident = [$($role:ident),*];)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        impl Audience for $name {
            const ROLES: &'static [Role] = &[$(Role::$role),*];
        }
    )* };
}

audiences! {
    /// Whoever is signed in.
    Anybody = [Customer, Admin, AiMarketer, ContentManager];
    /// Customers, for what is their own.
    Customers = [Customer];
    /// Administrators.
    Admins = [Admin];
    /// Marketers, and administrators.
    Marketers = [AiMarketer, Admin];
    /// Who makes looks, and administrators.
    ContentMakers = [ContentManager, Admin];
    /// Every member of staff.
    Staff = [Admin, AiMarketer, ContentManager];
}

/// Somebody who is signed in and has a role of the audience.
#[derive(Debug, Clone)]
pub struct SignedIn<A> {
    principal: Principal,
    origin: RequestOrigin,
    audience: PhantomData<fn() -> A>,
}

impl<A> Deref for SignedIn<A> {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl<A> SignedIn<A> {
    /// Gives who asks and from where, as the audit log has it.
    #[must_use]
    pub fn caller(&self) -> Caller {
        self.principal.caller(&self.origin)
    }

    /// Gives the role in which somebody asks.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.principal.role
    }

    /// Gives where the request comes from.
    #[must_use]
    pub const fn origin(&self) -> &RequestOrigin {
        &self.origin
    }

    /// Gives who answers for what is written.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        Actor::User(self.principal.user)
    }

    /// Gives whose cabinet it is.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.principal.user
    }
}

impl<'a, A: Audience> ApiExtractor<'a> for SignedIn<A> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = |ty, description| MetaSecurityScheme {
            ty,
            description: Some(description),
            name: None,
            key_in: None,
            scheme: None,
            bearer_format: None,
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme(
            "bearer",
            MetaSecurityScheme {
                scheme: Some("bearer"),
                ..scheme("http", "The `access_token` of a sign-in, for programs.")
            },
        );
        registry.create_security_scheme(
            "cookie",
            MetaSecurityScheme {
                name: Some(SESSION_COOKIE),
                key_in: Some("cookie"),
                ..scheme(
                    "apiKey",
                    "The cookie of a sign-in, for pages; what changes something also needs the \
                     header `X-CSRF-Token`.",
                )
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["bearer", "cookie"]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let app = app_of(request)?;
        let principal = authenticated(app, request).await?;
        let is_open = OPEN_TO_TEMPORARY_PASSWORDS.contains(&request.uri().path());
        if principal.must_change_password && !is_open {
            return Err(Problem::new(
                ProblemCode::PasswordChangeNeeded,
                "your password was set by somebody else; POST /api/auth/change-password",
            )
            .into());
        }
        if !A::ROLES.contains(&principal.role) {
            let roles: Vec<&str> = A::ROLES.iter().map(|role| role.as_str()).collect();
            return Err(Problem::new(
                ProblemCode::Forbidden,
                format!("the operation is for: {}", roles.join(", ")),
            )
            .into());
        }
        Ok(Self {
            principal,
            origin: origin_of(request, app.trusted_proxies),
            audience: PhantomData,
        })
    }
}

/// Where a request comes from, whoever makes it.
#[derive(Debug, Clone)]
pub struct Origin(pub RequestOrigin);

impl<'a> FromRequest<'a> for Origin {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let app = app_of(request)?;
        Ok(Self(origin_of(request, app.trusted_proxies)))
    }
}

fn app_of(request: &Request) -> poem::Result<&Arc<App>> {
    request.data::<Arc<App>>().ok_or_else(|| {
        Problem::new(
            ProblemCode::Internal,
            "the routes were put together wrongly",
        )
        .into()
    })
}

/// Finds who shows a token: in the header as programs do, or in the cookie as pages do.
async fn authenticated(app: &App, request: &Request) -> Result<Principal, Problem> {
    let nobody = || {
        Problem::new(
            ProblemCode::SignInNeeded,
            "send `Authorization: Bearer …` with the access_token of a sign-in",
        )
    };
    if let Some(header) = request.headers().get(AUTHORIZATION) {
        let token = header
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        return app.sessions.authenticate(token.ok_or_else(nobody)?).await;
    }
    let token = session_cookie(request).ok_or_else(nobody)?;
    let principal = app.sessions.authenticate(token).await?;
    let changes = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if changes && !has_csrf(request, token) {
        return Err(Problem::new(
            ProblemCode::CsrfMissing,
            "send the csrf_token of the sign-in as X-CSRF-Token",
        ));
    }
    Ok(principal)
}

/// Gives the token in the cookie of a request.
pub fn session_cookie(request: &Request) -> Option<&str> {
    let cookies = request.headers().get_all(COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == SESSION_COOKIE).then_some(value))
}

fn has_csrf(request: &Request, token: &str) -> bool {
    let header = request.headers().get(CSRF_HEADER);
    let sent = header.and_then(|value| value.to_str().ok());
    let token = SessionToken::parse(token);
    sent.zip(token)
        .is_some_and(|(sent, token)| token.has_csrf(sent))
}
