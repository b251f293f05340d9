//! Members of staff, and the audit log.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use glame_core::access::{
    AccessError, AuditAction, AuditEntry, AuditFilter, AuditNote, AuditPosition, FirstPassword,
    NewStaffMember, StaffMember,
};
use glame_core::values::{EmailAddress, UserId};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{Any, Example};
use poem_openapi::{Object, OpenApi};
use serde_json::Value;
use uuid::Uuid;

use super::answer::{Answer, Made, Told};
use super::auth::views::RoleName;
use super::dates::days;
use super::paging::Page;
use super::parameters::{CursorText, PageLength};
use super::problem::statuses;
use super::signed_in::{Admins, SignedIn};
use super::text::plain;
use super::{Area, Named, Problem, ProblemCode, Text, paging};
use crate::app::App;

statuses! {
    /// What reads staff and the log.
    Reading = [400, 401, 403, 413, 429, 500, 503];
    /// What changes staff.
    Changing = [400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503];
}

/// Members of staff, and the audit log.
#[derive(Debug, Clone, Copy)]
pub struct StaffApi;

/// A member of staff.
#[derive(Debug, Object)]
#[oai(rename = "StaffMember", skip_serializing_if_is_none)]
pub struct StaffView {
    /// The user.
    pub id: Uuid,
    /// The address to sign in with.
    pub email: String,
    /// What the member may do.
    pub role: RoleName,
    /// The name.
    pub full_name: Option<String>,
    /// Whether the member cannot sign in.
    pub disabled: bool,
    /// Whether the password must be changed at the next sign-in.
    pub must_change_password: bool,
}

impl From<&StaffMember> for StaffView {
    fn from(member: &StaffMember) -> Self {
        Self {
            id: *member.user.as_uuid(),
            email: member.email.as_str().to_owned(),
            role: member.role.into(),
            full_name: super::views::text_of(member.full_name.as_ref()),
            disabled: member.disabled,
            must_change_password: member.must_change_password,
        }
    }
}

/// Members of staff, by id.
#[derive(Debug, Object)]
pub struct StaffList {
    /// The members, disabled ones among them.
    pub staff: Vec<StaffView>,
    /// Where the list goes on.
    pub page: Page,
}

/// Who is to be made a member of staff.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct NewStaff {
    /// The address to sign in with.
    #[oai(validator(min_length = 3, max_length = 254))]
    pub email: Text,
    /// What the member may do; not `customer`.
    pub role: RoleName,
    /// The name.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub full_name: Option<Text>,
}

impl Example for NewStaff {
    fn example() -> Self {
        Self {
            email: "marketer@example.com".into(),
            role: RoleName::AiMarketer,
            full_name: Some("Мария Примерова".into()),
        }
    }
}

/// A member of staff with a password that is told once.
#[derive(Object)]
pub struct StaffWithPassword {
    /// The member.
    pub member: StaffView,
    /// The password for the first sign-in, at which it must be changed. It is shown now and never again.
    pub temporary_password: String,
}

/// What is changed of a member of staff.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct StaffUpdate {
    /// Another role, which ends the member's sessions.
    pub role: Option<RoleName>,
    /// Whether the member may sign in no more.
    pub disabled: Option<bool>,
}

impl Example for StaffUpdate {
    fn example() -> Self {
        Self {
            role: Some(RoleName::ContentManager),
            disabled: Some(false),
        }
    }
}

/// An entry of the audit log.
#[derive(Debug, Object)]
#[oai(rename = "AuditEntry", skip_serializing_if_is_none)]
pub struct AuditView {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// What was done.
    pub action: String,
    /// Who did it; absent where the system or somebody unknown did.
    pub actor_id: Option<Uuid>,
    /// In which role: a role, `system` or `anonymous`.
    pub actor_role: String,
    /// Whom it concerns.
    pub subject_id: Option<Uuid>,
    /// What else there is to know; nothing personal.
    pub details: Any<Value>,
    /// The request, as in the logs of the server.
    pub request_id: Option<String>,
}

impl From<&AuditEntry> for AuditView {
    fn from(entry: &AuditEntry) -> Self {
        Self {
            id: *entry.id.as_uuid(),
            at: entry.at,
            action: entry.action.as_str().to_owned(),
            actor_id: entry.actor.user().map(|user| *user.as_uuid()),
            actor_role: entry.actor.role_name().to_owned(),
            subject_id: entry.subject.map(|user| *user.as_uuid()),
            details: Any(Value::Object(entry.details.as_json().clone())),
            request_id: super::views::text_of(entry.request_id.as_ref()),
        }
    }
}

/// Entries of the audit log, newest first.
#[derive(Debug, Object)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditView>,
    /// Where the list goes on.
    pub page: Page,
}

#[OpenApi(prefix_path = "/api/admin", tag = "Area::Staff")]
impl StaffApi {
    /// List members of staff.
    #[oai(path = "/staff", method = "get", operation_id = "listStaff")]
    async fn list(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many members.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<StaffList>, Reading> {
        let after: Option<UserId> = app.cursors.place("staff", cursor.0.as_deref())?;
        let found = app.access.list_staff(after, limit.get() + 1);
        let found = found.await.map_err(Problem::from)?;
        let (found, next) = paging::cut(found, limit.get(), |member| member.user);
        let note = AuditNote::new(AuditAction::StaffListed, None);
        app.access
            .record(&me.caller(), note)
            .await
            .map_err(Problem::from)?;
        Ok(Told::new(StaffList {
            staff: found.iter().map(StaffView::from).collect(),
            page: app.cursors.page("staff", next.as_ref()),
        }))
    }

    /// Make a member of staff, with a password that is told once.
    #[oai(path = "/staff", method = "post", operation_id = "createStaff")]
    async fn create(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        body: Json<NewStaff>,
    ) -> Answer<Told<StaffWithPassword, Made>, Changing> {
        let email = EmailAddress::parse(&body.email).map_err(|error| {
            Problem::of_field(ProblemCode::ValueInvalid, "/email", error.to_string())
        })?;
        let name = body.full_name.as_deref();
        let new = NewStaffMember {
            email,
            role: body.role.into(),
            full_name: name.map(|name| plain(name, "/full_name")).transpose()?,
            password: FirstPassword::Temporary,
        };
        let made = app
            .access
            .create_staff(&me.caller(), new)
            .await
            .map_err(Problem::from)?;
        let location = format!("/api/admin/staff/{}", made.member.user);
        let body = StaffWithPassword {
            member: StaffView::from(&made.member),
            temporary_password: made
                .temporary_password
                .map(|password| password.as_str().to_owned())
                .unwrap_or_default(),
        };
        Ok(Told::made(body, &location))
    }

    /// Change what a member of staff may do.
    #[oai(path = "/staff/:id", method = "put", operation_id = "updateStaff")]
    async fn update(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The member.
        id: Path<Uuid>,
        body: Json<StaffUpdate>,
    ) -> Answer<Told<StaffView>, Changing> {
        let user = UserId::from_uuid(id.0);
        let member = app
            .change_staff(&me, user, &body)
            .await
            .map_err(Problem::from)?;
        app.sessions.forget(user);
        let Some(member) = member else {
            let nothing = "name a role, or whether the member is disabled";
            return Err(Problem::new(ProblemCode::ValueInvalid, nothing).into());
        };
        Ok(Told::new(StaffView::from(&member)))
    }

    /// Give a member of staff another password, which is told once.
    #[oai(
        path = "/staff/:id/reset-password",
        method = "post",
        operation_id = "resetStaffPassword"
    )]
    async fn reset_password(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The member.
        id: Path<Uuid>,
    ) -> Answer<Told<TemporaryPassword>, Changing> {
        let user = UserId::from_uuid(id.0);
        let password = app
            .access
            .reset_password(&me.caller(), user)
            .await
            .map_err(Problem::from)?;
        app.sessions.forget(user);
        Ok(Told::new(TemporaryPassword {
            temporary_password: password.as_str().to_owned(),
        }))
    }

    /// Read the audit log, newest first.
    #[oai(path = "/audit", method = "get", operation_id = "listAudit")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query"
    )]
    async fn audit(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// Only what this user did.
        actor_id: Query<Option<Uuid>>,
        /// Only what concerns this user.
        subject_id: Query<Option<Uuid>>,
        /// Only this action, such as `customer_read`.
        action: Query<Option<Named<AuditAction>>>,
        /// The first day, in the zone of the shop.
        from_date: Query<Option<NaiveDate>>,
        /// The last day, itself included.
        to_date: Query<Option<NaiveDate>>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many entries.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<AuditPage>, Reading> {
        let filter = AuditFilter {
            actor: actor_id.0.map(UserId::from_uuid),
            subject: subject_id.0.map(UserId::from_uuid),
            action: action.0.map(|named| named.0),
            range: days(from_date.0, to_date.0, app.zone)?,
        };
        let list = format!("audit {filter:?}");
        let after: Option<AuditPosition> = app.cursors.place(&list, cursor.0.as_deref())?;
        let found = app.access.audit_entries(&filter, after, limit.get() + 1);
        let found = found.await.map_err(Problem::from)?;
        let (found, next) = paging::cut(found, limit.get(), |entry| (entry.at, entry.id));
        let note = AuditNote::new(AuditAction::AuditRead, filter.subject);
        app.access
            .record(&me.caller(), note)
            .await
            .map_err(Problem::from)?;
        Ok(Told::new(AuditPage {
            entries: found.iter().map(AuditView::from).collect(),
            page: app.cursors.page(&list, next.as_ref()),
        }))
    }
}

/// A password that is told once.
#[derive(Object)]
pub struct TemporaryPassword {
    /// The password for the next sign-in, at which it must be changed.
    pub temporary_password: String,
}

super::secret!(StaffWithPassword, TemporaryPassword);

impl App {
    async fn change_staff(
        &self,
        me: &SignedIn<Admins>,
        user: UserId,
        update: &StaffUpdate,
    ) -> Result<Option<StaffMember>, AccessError> {
        let caller = me.caller();
        let mut changed = None;
        if let Some(role) = update.role {
            changed = Some(self.access.set_role(&caller, user, role.into()).await?);
        }
        match update.disabled {
            Some(true) => changed = Some(self.access.disable(&caller, user).await?),
            Some(false) => changed = Some(self.access.enable(&caller, user).await?),
            None => {}
        }
        Ok(changed)
    }
}
