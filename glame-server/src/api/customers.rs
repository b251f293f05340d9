//! Customers, as administrators see and change them.

pub mod list;
pub mod points;

use std::sync::Arc;

use chrono::NaiveDate;
use glame_core::access::AuditAction;
use glame_core::customers::{ConsentSource, ProfileVersion};
use glame_core::purchases::Packaging;
use glame_core::values::UserId;
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use serde_json::Value;
use uuid::Uuid;

use super::answer::{Answer, Done, Told, Versioned};
use super::customer::consents::{ConsentList, ConsentsGiven};
use super::customer::profile::ProfileUpdate;
use super::customer::shown::{Loyalty, Purchases, PurchasesAsked, Receipts, SavedLooks, shown};
use super::etag::{self, IfMatch};
use super::parameters::{CursorText, PageLength};
use super::problem::statuses;
use super::signed_in::{Admins, Marketers, SignedIn};
use super::views::{ProfileView, SaveTypeName, TransactionView};
use super::{Area, Problem};
use crate::app::App;

statuses! {
    /// What reads customers.
    Reading = [400, 401, 403, 404, 413, 422, 429, 500, 503];
    /// What changes a customer.
    Changing = [400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503];
}

/// Customers, as administrators see and change them.
#[derive(Debug, Clone, Copy)]
pub struct CustomersApi;

#[OpenApi(prefix_path = "/api/admin/customers", tag = "Area::Customers")]
impl CustomersApi {
    /// Show a customer.
    #[oai(path = "/:id", method = "get", operation_id = "getCustomer")]
    async fn get(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
    ) -> Answer<Told<ProfileView, Versioned>, Reading> {
        let user = UserId::from_uuid(id.0);
        let page = app.reads.profile(user).await?;
        app.note(&me, AuditAction::CustomerRead, user).await?;
        Ok(shown(&page))
    }

    /// Change a customer; what is changed here outlasts the synchronisation.
    #[oai(path = "/:id", method = "put", operation_id = "updateCustomer")]
    async fn update(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
        /// The version that is changed, from `ETag`; absent to change whatever is there.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Json<ProfileUpdate>,
    ) -> Answer<Told<ProfileView, Versioned>, Changing> {
        let user = UserId::from_uuid(id.0);
        let version = etag::version(if_match.0);
        let change = body.0.into_change()?;
        let profile = app
            .profiles
            .edit(user, version.map(ProfileVersion::new), &change, &me.actor())
            .await
            .map_err(Problem::from)?;
        app.note(&me, AuditAction::CustomerChanged, user).await?;
        Ok(app.edited(profile).await?)
    }

    /// List the purchases of a customer, line by line, newest first.
    #[oai(
        path = "/:id/purchases",
        method = "get",
        operation_id = "listCustomerPurchases"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query"
    )]
    async fn purchases(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
        /// The first day, in the zone of the shop.
        from_date: Query<Option<NaiveDate>>,
        /// The last day, itself included.
        to_date: Query<Option<NaiveDate>>,
        /// Leave bags, boxes and lines of no money out.
        #[oai(default = "leave_out")]
        exclude_packaging: Query<bool>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many lines.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<Purchases>, Reading> {
        let user = app.known_customer(id.0).await?;
        let asked = PurchasesAsked {
            from: from_date.0,
            to: to_date.0,
            cursor: cursor.0,
            limit: limit.get(),
            packaging: if exclude_packaging.0 {
                Packaging::LeftOut
            } else {
                Packaging::Shown
            },
        };
        let found = app.purchases_of(user, &asked).await?;
        app.note(&me, AuditAction::CustomerRead, user).await?;
        Ok(Told::new(found))
    }

    /// List the receipts of a customer, newest first.
    #[oai(
        path = "/:id/receipts",
        method = "get",
        operation_id = "listCustomerReceipts"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query"
    )]
    async fn receipts(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
        /// The first day, in the zone of the shop.
        from_date: Query<Option<NaiveDate>>,
        /// The last day, itself included.
        to_date: Query<Option<NaiveDate>>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many receipts.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<Receipts>, Reading> {
        let user = app.known_customer(id.0).await?;
        let asked = PurchasesAsked {
            from: from_date.0,
            to: to_date.0,
            cursor: cursor.0,
            limit: limit.get(),
            packaging: Packaging::Shown,
        };
        let found = app.receipts_of(user, &asked).await?;
        app.note(&me, AuditAction::CustomerRead, user).await?;
        Ok(Told::new(found))
    }

    /// Show the points of a customer, with the explanation of each operation.
    #[oai(
        path = "/:id/loyalty",
        method = "get",
        operation_id = "getCustomerLoyalty"
    )]
    async fn loyalty(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many operations.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<Loyalty>, Reading> {
        let user = app.known_customer(id.0).await?;
        let show = TransactionView::for_staff;
        let loyalty = app
            .loyalty_of(user, cursor.0.as_deref(), limit.get(), show)
            .await?;
        app.note(&me, AuditAction::CustomerRead, user).await?;
        Ok(Told::new(loyalty))
    }

    /// List the saved looks of a customer, newest first.
    #[oai(
        path = "/:id/saved-looks",
        method = "get",
        operation_id = "listCustomerSavedLooks"
    )]
    async fn saved_looks(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
        /// Only those that came among the saved ones this way.
        save_type: Query<Option<SaveTypeName>>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many looks.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<SavedLooks>, Reading> {
        let user = app.known_customer(id.0).await?;
        let (cursor, limit) = (cursor.0.as_deref(), limit.get());
        let looks = app.saved_looks_of(user, save_type.0, cursor, limit).await?;
        app.note(&me, AuditAction::CustomerRead, user).await?;
        Ok(Told::new(looks))
    }

    /// Tell what a customer has agreed to.
    #[oai(
        path = "/:id/consents",
        method = "get",
        operation_id = "getCustomerConsents"
    )]
    async fn consents(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
    ) -> Answer<Told<ConsentList>, Reading> {
        let user = app.known_customer(id.0).await?;
        let consents = app.consents.consents(user).await.map_err(Problem::from)?;
        app.note(&me, AuditAction::CustomerRead, user).await?;
        Ok(Told::new(ConsentList::from(&consents)))
    }

    /// Write down what a customer has agreed to, on paper or by word.
    #[oai(
        path = "/:id/consents",
        method = "put",
        operation_id = "recordCustomerConsents"
    )]
    async fn record_consents(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
        body: Json<ConsentsGiven>,
    ) -> Answer<Told<ConsentList>, Changing> {
        let user = UserId::from_uuid(id.0);
        let decisions = body.read()?;
        let consents = app
            .consents
            .record(user, &decisions, ConsentSource::Staff, &me.actor())
            .await
            .map_err(Problem::from)?;
        app.note(&me, AuditAction::ConsentChanged, user).await?;
        Ok(Told::new(ConsentList::from(&consents)))
    }

    /// Give everything that is known of a customer.
    #[oai(path = "/:id/export", method = "get", operation_id = "exportCustomer")]
    async fn export(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
    ) -> Answer<Told<Any<Value>>, Reading> {
        let user = UserId::from_uuid(id.0);
        let export = app.export_of(user).await?;
        app.note(&me, AuditAction::CustomerExported, user).await?;
        Ok(Told::new(export))
    }

    /// Forget the person behind a customer.
    ///
    /// Name, telephone, e-mail, date of birth, city, card numbers and notes go for good; the sums of
    /// the ledger stay under an id that names nobody. Synchronisations bring nothing of it back.
    #[oai(path = "/:id", method = "delete", operation_id = "eraseCustomer")]
    async fn erase(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
    ) -> Answer<Done, Changing> {
        let user = UserId::from_uuid(id.0);
        app.erasure
            .erase(user, &me.actor())
            .await
            .map_err(Problem::from)?;
        app.sessions.forget(user);
        app.note(&me, AuditAction::CustomerErased, user).await?;
        Ok(Done)
    }
}

const fn leave_out() -> bool {
    true
}

impl App {
    async fn known_customer(&self, id: Uuid) -> Result<UserId, Problem> {
        let user = UserId::from_uuid(id);
        self.profiles.profile(user).await?;
        Ok(user)
    }
}
