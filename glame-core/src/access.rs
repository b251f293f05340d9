//! Sign-in and access: who somebody is, what they may do, how often they may try, what is written down.
//!
//! Customers sign in with a card number or a phone and a [`OneTimeCode`]; members of staff with an
//! e-mail address and a [`Password`]. Both get a [`Session`], whose token only its owner knows.
//! [`AccessService`] carries it all out; every rule is a pure function beside its type:
//! [`StoredCode::check`], [`Session::state`], [`RateLimit::decide`], [`decide_role`].
//!
//! Nothing that a stolen database holds lets anybody in: tokens are kept as SHA-256 of 256 random
//! bits, passwords as argon2id, and codes, which are too short for a plain hash, as an HMAC under
//! the [`ServerSecret`], which is not in the database.

mod audit;
mod code;
mod credentials;
mod limits;
mod origin;
mod password;
mod roles;
mod secret;
mod service;
mod session;
mod settings;
mod subject;

pub use audit::{
    AuditAction, AuditActor, AuditDetails, AuditEntry, AuditFilter, AuditNote, AuditPosition,
    ParseDetailsError,
};
pub use code::{CODE_LIFETIME, CODE_TRIES, CodeCheck, OneTimeCode, RESEND_AFTER, StoredCode};
pub use credentials::{PasswordHash, StaffMember};
pub use limits::{Attempt, CountedWindow, LimitDecision, RateLimit};
pub use origin::{Caller, RequestOrigin, cut_user_agent};
pub use password::{Password, WeakPassword};
pub use roles::{RoleRefusal, StaffChange, decide_role};
pub use secret::{
    AddressHash, BucketKey, CodeHash, CursorKey, ServerSecret, ShortSecret, SubjectKey, TokenHash,
};
pub use service::{
    AccessError, AccessOutside, AccessService, CodeRequested, FirstPassword, NewStaffMember,
    SignedIn, StaffCreated,
};
pub use session::{
    CsrfToken, Principal, Session, SessionKind, SessionLifetime, SessionScope, SessionState,
    SessionToken, StoredSession,
};
pub use settings::{
    AccessLimits, AccessSettings, CodeText, CodeTextError, CustomerCode, SessionLifetimes,
};
pub use subject::{ParseSignInNameError, SignInCandidate, SignInName, choose_candidate};
