//! The cabinet of a customer: what is the customer's own, and nothing else.

pub mod consents;
pub mod profile;
pub mod shown;

use std::sync::Arc;

use chrono::NaiveDate;
use glame_core::access::AuditAction;
use glame_core::customers::{ConsentSource, ProfileVersion};
use glame_core::purchases::Packaging;
use glame_core::values::{LookId, SavedLookId};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{Any, Example};
use poem_openapi::{Object, OpenApi};
use serde_json::Value;
use uuid::{Uuid, uuid};

use self::consents::{ConsentList, ConsentsGiven};
use self::profile::ProfileUpdate;
use self::shown::{Loyalty, Purchases, PurchasesAsked, Receipts, SavedLooks, shown};
use super::answer::{Answer, Done, Made, Told, Versioned};
use super::etag::{self, IfMatch};
use super::parameters::{CursorText, PageLength};
use super::problem::statuses;
use super::signed_in::{Customers, SignedIn};
use super::text::plain;
use super::views::{ProfileView, SaveTypeName, StatsView, TransactionView};
use super::{Area, Problem, Text};
use crate::app::App;

statuses! {
    /// What reads one's own.
    Reading = [400, 401, 403, 404, 413, 429, 500, 503];
    /// What changes one's own.
    Changing = [400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503];
}

/// The cabinet of a customer.
#[derive(Debug, Clone, Copy)]
pub struct CustomerApi;

/// A look that is to be saved.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct LookToSave {
    /// The look.
    pub look_id: Uuid,
    /// From the catalogue, or made for the customer.
    pub save_type: SaveTypeName,
    /// What the customer notes.
    #[oai(validator(max_length = 1000))]
    pub notes: Option<Text>,
}

impl Example for LookToSave {
    fn example() -> Self {
        Self {
            look_id: uuid!("01900000-0000-7000-8000-000000000010"),
            save_type: SaveTypeName::Favorite,
            notes: Some("На день рождения".into()),
        }
    }
}

/// A look was saved.
#[derive(Debug, Object)]
pub struct LookSaved {
    /// Always true.
    pub success: bool,
    /// The saved look.
    pub id: Uuid,
}

#[OpenApi(prefix_path = "/api/customer", tag = "Area::Cabinet")]
impl CustomerApi {
    /// Show one's own profile.
    #[oai(path = "/profile", method = "get", operation_id = "getProfile")]
    async fn profile(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<ProfileView, Versioned>, Reading> {
        let page = app.reads.profile(me.user()).await?;
        Ok(shown(&page))
    }

    /// Change one's own profile.
    #[oai(path = "/profile", method = "put", operation_id = "updateProfile")]
    async fn update_profile(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
        /// The version that is changed, from `ETag`; absent to change whatever is there.
        #[oai(name = "If-Match")]
        if_match: Header<Option<IfMatch>>,
        body: Json<ProfileUpdate>,
    ) -> Answer<Told<ProfileView, Versioned>, Changing> {
        let version = etag::version(if_match.0);
        let change = body.0.into_change()?;
        let profile = app
            .profiles
            .edit(
                me.user(),
                version.map(ProfileVersion::new),
                &change,
                &me.actor(),
            )
            .await
            .map_err(Problem::from)?;
        app.note(&me, AuditAction::CustomerChanged, me.user())
            .await?;
        Ok(app.edited(profile).await?)
    }

    /// List one's own purchases, line by line, newest first.
    #[oai(
        path = "/purchase-history",
        method = "get",
        operation_id = "listPurchases"
    )]
    async fn purchases(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
        /// The first day, in the zone of the shop.
        from_date: Query<Option<NaiveDate>>,
        /// The last day, itself included.
        to_date: Query<Option<NaiveDate>>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many lines.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<Purchases>, Reading> {
        let asked = PurchasesAsked {
            from: from_date.0,
            to: to_date.0,
            cursor: cursor.0,
            limit: limit.get(),
            packaging: Packaging::LeftOut,
        };
        Ok(Told::new(app.purchases_of(me.user(), &asked).await?))
    }

    /// List one's own receipts, newest first.
    #[oai(path = "/receipts", method = "get", operation_id = "listReceipts")]
    async fn receipts(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
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
        let asked = PurchasesAsked {
            from: from_date.0,
            to: to_date.0,
            cursor: cursor.0,
            limit: limit.get(),
            packaging: Packaging::Shown,
        };
        Ok(Told::new(app.receipts_of(me.user(), &asked).await?))
    }

    /// Tell what one's own purchases come to.
    #[oai(
        path = "/purchase-stats",
        method = "get",
        operation_id = "getPurchaseStats"
    )]
    async fn stats(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<StatsView>, Reading> {
        let stats = app
            .purchases
            .stats(me.user())
            .await
            .map_err(Problem::from)?;
        Ok(Told::new(StatsView::from(stats.as_ref())))
    }

    /// Show one's own points, the programme and the operations, newest first.
    #[oai(path = "/loyalty", method = "get", operation_id = "getLoyalty")]
    async fn loyalty(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many operations.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<Loyalty>, Reading> {
        let show = TransactionView::for_customers;
        let cursor = cursor.0.as_deref();
        let loyalty = app.loyalty_of(me.user(), cursor, limit.get(), show).await?;
        Ok(Told::new(loyalty))
    }

    /// List one's own saved looks, newest first.
    #[oai(path = "/saved-looks", method = "get", operation_id = "listSavedLooks")]
    async fn saved_looks(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
        /// Only those that came among the saved ones this way.
        save_type: Query<Option<SaveTypeName>>,
        /// Where to go on.
        cursor: Query<Option<CursorText>>,
        /// How many looks.
        #[oai(default)]
        limit: Query<PageLength>,
    ) -> Answer<Told<SavedLooks>, Reading> {
        let (cursor, limit) = (cursor.0.as_deref(), limit.get());
        let looks = app.saved_looks_of(me.user(), save_type.0, cursor, limit);
        Ok(Told::new(looks.await?))
    }

    /// Save a look.
    #[oai(path = "/saved-looks", method = "post", operation_id = "saveLook")]
    async fn save_look(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
        body: Json<LookToSave>,
    ) -> Answer<Told<LookSaved, Made>, Changing> {
        let notes = body.notes.as_deref();
        let notes = notes.map(|text| plain(text, "/notes")).transpose()?;
        let look = LookId::from_uuid(body.look_id);
        let saved = app
            .looks
            .save(me.user(), look, body.save_type.into(), notes)
            .await
            .map_err(Problem::from)?;
        let id = *saved.id.as_uuid();
        let location = format!("/api/customer/saved-looks/{id}");
        Ok(Told::made(LookSaved { success: true, id }, &location))
    }

    /// Remove a saved look.
    #[oai(
        path = "/saved-looks/:id",
        method = "delete",
        operation_id = "removeSavedLook"
    )]
    async fn remove_saved_look(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
        /// The saved look.
        id: Path<Uuid>,
    ) -> Answer<Done, Changing> {
        app.looks
            .remove_saved(me.user(), SavedLookId::from_uuid(id.0))
            .await
            .map_err(Problem::from)?;
        Ok(Done)
    }

    /// Note that a saved look was bought.
    #[oai(
        path = "/saved-looks/:id/purchased",
        method = "post",
        operation_id = "markLookPurchased"
    )]
    async fn mark_purchased(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
        /// The saved look.
        id: Path<Uuid>,
    ) -> Answer<Done, Changing> {
        app.looks
            .mark_purchased(me.user(), SavedLookId::from_uuid(id.0))
            .await
            .map_err(Problem::from)?;
        Ok(Done)
    }

    /// Tell what one has agreed to.
    #[oai(path = "/consents", method = "get", operation_id = "getConsents")]
    async fn consents(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<ConsentList>, Reading> {
        let consents = app.consents.consents(me.user());
        let consents = consents.await.map_err(Problem::from)?;
        Ok(Told::new(ConsentList::from(&consents)))
    }

    /// Agree to something, or withdraw.
    #[oai(path = "/consents", method = "put", operation_id = "giveConsents")]
    async fn give_consents(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
        body: Json<ConsentsGiven>,
    ) -> Answer<Told<ConsentList>, Changing> {
        let decisions = body.read()?;
        let consents = app
            .consents
            .record(me.user(), &decisions, ConsentSource::Cabinet, &me.actor())
            .await
            .map_err(Problem::from)?;
        Ok(Told::new(ConsentList::from(&consents)))
    }

    /// Take home everything that is known of oneself.
    #[oai(path = "/export", method = "get", operation_id = "exportMyData")]
    async fn export(
        &self,
        me: SignedIn<Customers>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<Any<Value>>, Reading> {
        let export = app.export_of(me.user()).await?;
        app.note(&me, AuditAction::CustomerExported, me.user())
            .await?;
        Ok(Told::new(export))
    }
}
