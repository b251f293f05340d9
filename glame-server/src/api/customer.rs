//! The cabinet of a customer: what is the customer's own, and nothing else.

use std::sync::Arc;

use chrono::NaiveDate;
use futures_util::future::{try_join, try_join3};
use glame_core::customers::{
    ConsentDecision, ConsentSource, ConsentTopic, FieldChange, NewConsent, Profile, ProfileChange,
};
use glame_core::loyalty::Sequence;
use glame_core::ports::TransactionQuery;
use glame_core::purchases::{
    Packaging, PurchaseCursor, PurchaseQuery, ReceiptCursor, ReceiptQuery,
};
use glame_core::values::{EmailAddress, LookId, PlainText, SavedLookId, UserId};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{Any, Example, MaybeUndefined};
use poem_openapi::{Enum, Object, OpenApi};
use serde_json::Value;
use uuid::Uuid;

use super::answer::{Answer, Done, Made, Told, Versioned};
use super::dates::days;
use super::etag::IfMatch;
use super::paging::{DEFAULT_LIMIT, Page};
use super::problem::statuses;
use super::signed_in::{Customers, SignedIn};
use super::views::{
    BalanceView, GenderName, ProfileView, ProgrammeView, PurchaseView, ReceiptView, SaveTypeName,
    SavedLookView, StatsView, TransactionView,
};
use super::{Area, Problem, ProblemCode, Text, etag, paging};
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

/// What a customer changes of the profile; what is absent stays, `null` empties.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct ProfileUpdate {
    /// The name.
    #[oai(validator(max_length = 200))]
    pub full_name: MaybeUndefined<Text>,
    /// The e-mail address.
    #[oai(validator(max_length = 254))]
    pub email: MaybeUndefined<Text>,
    /// The gender.
    pub gender: MaybeUndefined<GenderName>,
    /// The date of birth.
    pub birth_date: MaybeUndefined<NaiveDate>,
    /// The city.
    #[oai(validator(max_length = 100))]
    pub city: MaybeUndefined<Text>,
    /// Fields that show again what the shop's base has.
    #[oai(default, validator(max_items = 5))]
    pub take_back: Vec<ProfileFieldName>,
}

/// A field of the profile that can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum ProfileFieldName {
    /// The name.
    FullName,
    /// The e-mail address.
    Email,
    /// The gender.
    Gender,
    /// The date of birth.
    BirthDate,
    /// The city.
    City,
}

impl Example for ProfileUpdate {
    fn example() -> Self {
        Self {
            full_name: MaybeUndefined::Value("Анна Примерова".into()),
            email: MaybeUndefined::Value("anna@example.com".into()),
            gender: MaybeUndefined::Undefined,
            birth_date: MaybeUndefined::Undefined,
            city: MaybeUndefined::Undefined,
            take_back: Vec::new(),
        }
    }
}

impl ProfileUpdate {
    /// Reads what is to be changed.
    pub fn into_change(self) -> Result<ProfileChange, Problem> {
        let taken_back = |field| self.take_back.contains(&field);
        Ok(ProfileChange {
            full_name: change(
                taken_back(ProfileFieldName::FullName),
                self.full_name,
                |text| plain(&text, "/full_name"),
            )?,
            email: change(taken_back(ProfileFieldName::Email), self.email, |text| {
                EmailAddress::parse(&text).map_err(|error| {
                    Problem::of_field(ProblemCode::ValueInvalid, "/email", error.to_string())
                })
            })?,
            gender: change(
                taken_back(ProfileFieldName::Gender),
                self.gender,
                |gender| Ok(gender.into()),
            )?,
            birth_date: change(taken_back(ProfileFieldName::BirthDate), self.birth_date, Ok)?,
            city: change(taken_back(ProfileFieldName::City), self.city, |text| {
                plain(&text, "/city")
            })?,
        })
    }
}

fn change<T, U>(
    taken_back: bool,
    given: MaybeUndefined<T>,
    read: impl FnOnce(T) -> Result<U, Problem>,
) -> Result<FieldChange<U>, Problem> {
    if taken_back {
        return Ok(FieldChange::TakeBack);
    }
    Ok(match given {
        MaybeUndefined::Undefined => FieldChange::Keep,
        MaybeUndefined::Null => FieldChange::Set(None),
        MaybeUndefined::Value(value) => FieldChange::Set(Some(read(value)?)),
    })
}

/// Reads a text of people; one without a visible character is refused.
pub fn plain(text: &str, pointer: &str) -> Result<PlainText, Problem> {
    PlainText::clean(text)
        .ok_or_else(|| Problem::of_field(ProblemCode::ValueInvalid, pointer, "the text is empty"))
}

/// Lines of receipts, newest first.
#[derive(Debug, Object)]
pub struct Purchases {
    /// The lines.
    pub items: Vec<PurchaseView>,
    /// Where the list goes on.
    pub page: Page,
}

/// Receipts, newest first.
#[derive(Debug, Object)]
pub struct Receipts {
    /// The receipts.
    pub receipts: Vec<ReceiptView>,
    /// Where the list goes on.
    pub page: Page,
}

/// The points of a customer.
#[derive(Debug, Object)]
pub struct Loyalty {
    /// The points that can be spent now; the same as `points.available`.
    pub balance: i64,
    /// The points, all kinds of them.
    pub points: BalanceView,
    /// The programme and the levels.
    pub program_info: ProgrammeView,
    /// Operations, newest first.
    pub transactions: Vec<TransactionView>,
    /// Where the operations go on.
    pub page: Page,
}

/// Saved looks, newest first.
#[derive(Debug, Object)]
pub struct SavedLooks {
    /// The looks.
    pub items: Vec<SavedLookView>,
    /// Where the list goes on.
    pub page: Page,
}

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
            look_id: uuid::uuid!("01900000-0000-7000-8000-000000000010"),
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

/// What a customer may agree to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum TopicName {
    /// Messages about offers by SMS.
    #[oai(rename = "marketing.sms")]
    MarketingSms,
    /// Messages about offers by e-mail.
    #[oai(rename = "marketing.email")]
    MarketingEmail,
    /// Messages about offers on the telephone screen.
    #[oai(rename = "marketing.push")]
    MarketingPush,
    /// Calls about offers.
    #[oai(rename = "marketing.phone")]
    MarketingPhone,
    /// That figures, without the name, are looked at by a language model.
    #[oai(rename = "analytics_ai")]
    AnalyticsAi,
}

/// A decision of a customer.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct ConsentGiven {
    /// What it is about.
    pub topic: TopicName,
    /// Whether the customer agrees.
    pub granted: bool,
    /// Which text the customer has read.
    #[oai(validator(min_length = 1, max_length = 100))]
    pub text_version: Text,
}

/// Decisions of a customer.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct ConsentsGiven {
    /// The decisions.
    #[oai(validator(min_items = 1, max_items = 5))]
    pub consents: Vec<ConsentGiven>,
}

impl Example for ConsentsGiven {
    fn example() -> Self {
        let sms = ConsentGiven {
            topic: TopicName::MarketingSms,
            granted: true,
            text_version: "2026-01".into(),
        };
        Self {
            consents: vec![sms],
        }
    }
}

/// What a customer has agreed to.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct ConsentView {
    /// What it is about.
    pub topic: String,
    /// Whether the customer agrees; who was never asked does not.
    pub granted: bool,
    /// Which text the customer has read.
    pub text_version: Option<String>,
    /// When the decision was made.
    pub at: Option<chrono::DateTime<chrono::Utc>>,
}

/// What a customer has agreed to, topic by topic.
#[derive(Debug, Object)]
pub struct ConsentList {
    /// All topics.
    pub consents: Vec<ConsentView>,
}

impl From<&glame_core::customers::Consents> for ConsentList {
    fn from(consents: &glame_core::customers::Consents) -> Self {
        let view =
            |(topic, state): (ConsentTopic, Option<&glame_core::customers::ConsentState>)| {
                ConsentView {
                    topic: topic.as_str().to_owned(),
                    granted: consents.granted(topic),
                    text_version: state.map(|state| state.text_version.as_str().to_owned()),
                    at: state.map(|state| state.at),
                }
            };
        Self {
            consents: consents.states().map(view).collect(),
        }
    }
}

impl ConsentsGiven {
    /// Reads the decisions.
    pub fn read(&self) -> Result<Vec<NewConsent>, Problem> {
        let read = |given: &ConsentGiven| {
            Ok(NewConsent {
                topic: match given.topic {
                    TopicName::MarketingSms => marketing(glame_core::customers::Channel::Sms),
                    TopicName::MarketingEmail => marketing(glame_core::customers::Channel::Email),
                    TopicName::MarketingPush => marketing(glame_core::customers::Channel::Push),
                    TopicName::MarketingPhone => marketing(glame_core::customers::Channel::Phone),
                    TopicName::AnalyticsAi => ConsentTopic::AnalyticsAi,
                },
                decision: if given.granted {
                    ConsentDecision::Granted
                } else {
                    ConsentDecision::Withdrawn
                },
                text_version: plain(&given.text_version, "/consents/text_version")?,
            })
        };
        self.consents.iter().map(read).collect()
    }
}

const fn marketing(channel: glame_core::customers::Channel) -> ConsentTopic {
    ConsentTopic::Marketing(channel)
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
        let profile = app.reads.profile(me.user()).await?;
        Ok(app.shown(profile).await?)
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
                version.map(glame_core::customers::ProfileVersion::new),
                &change,
                &me.actor(),
            )
            .await
            .map_err(Problem::from)?;
        Ok(app.shown(profile).await?)
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
        #[oai(validator(max_length = 1024))]
        cursor: Query<Option<String>>,
        /// How many lines.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "200"))
        )]
        limit: Query<u32>,
    ) -> Answer<Told<Purchases>, Reading> {
        let asked = PurchasesAsked {
            from: from_date.0,
            to: to_date.0,
            cursor: cursor.0,
            limit: limit.0,
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
        #[oai(validator(max_length = 1024))]
        cursor: Query<Option<String>>,
        /// How many receipts.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "200"))
        )]
        limit: Query<u32>,
    ) -> Answer<Told<Receipts>, Reading> {
        let asked = PurchasesAsked {
            from: from_date.0,
            to: to_date.0,
            cursor: cursor.0,
            limit: limit.0,
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
        #[oai(validator(max_length = 1024))]
        cursor: Query<Option<String>>,
        /// How many operations.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "200"))
        )]
        limit: Query<u32>,
    ) -> Answer<Told<Loyalty>, Reading> {
        let show = TransactionView::for_customers;
        let cursor = cursor.0.as_deref();
        let loyalty = app.loyalty_of(me.user(), cursor, limit.0, show).await?;
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
        #[oai(validator(max_length = 1024))]
        cursor: Query<Option<String>>,
        /// How many looks.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "200"))
        )]
        limit: Query<u32>,
    ) -> Answer<Told<SavedLooks>, Reading> {
        let (cursor, limit) = (cursor.0.as_deref(), limit.0);
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
        Ok(Told::new(app.export_of(me.user()).await?))
    }
}

/// Gives how many rows a page has unless asked otherwise.
#[must_use]
pub const fn default_limit() -> u32 {
    DEFAULT_LIMIT
}

/// Which purchases are asked for.
#[derive(Debug)]
pub struct PurchasesAsked {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day, itself included.
    pub to: Option<NaiveDate>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// How many rows.
    pub limit: u32,
    /// Whether packaging is among them.
    pub packaging: Packaging,
}

impl PurchasesAsked {
    /// Names the list, so that its cursors lead nowhere else.
    fn list(&self, what: &str, user: UserId) -> String {
        let Self {
            from,
            to,
            packaging,
            ..
        } = self;
        format!("{what} {user} {from:?} {to:?} {packaging:?}")
    }
}

/// What the cabinet and the administrators show alike.
impl App {
    /// Shows a profile with figures and points.
    pub async fn shown(&self, profile: Profile) -> Result<Told<ProfileView, Versioned>, Problem> {
        let user = profile.user.id;
        let (metrics, balance) =
            try_join(self.reads.figures(user), self.reads.balance(user)).await?;
        let version = profile.version.get();
        let view = ProfileView::new(&profile, metrics.as_ref(), balance.available.get());
        Ok(Told::in_version(view, version))
    }

    /// Gives a page of lines.
    pub async fn purchases_of(
        &self,
        user: UserId,
        asked: &PurchasesAsked,
    ) -> Result<Purchases, Problem> {
        let list = asked.list("purchases", user);
        let query = PurchaseQuery {
            user,
            range: days(asked.from, asked.to, self.zone)?,
            after: self
                .cursors
                .place::<PurchaseCursor>(&list, asked.cursor.as_deref())?,
            limit: asked.limit,
        };
        let found = self.purchases.purchases(query, asked.packaging).await?;
        Ok(Purchases {
            items: found.lines.iter().map(PurchaseView::from).collect(),
            page: self.cursors.page(&list, found.next.as_ref()),
        })
    }

    /// Gives a page of receipts.
    pub async fn receipts_of(
        &self,
        user: UserId,
        asked: &PurchasesAsked,
    ) -> Result<Receipts, Problem> {
        let list = asked.list("receipts", user);
        let query = ReceiptQuery {
            user,
            range: days(asked.from, asked.to, self.zone)?,
            after: self
                .cursors
                .place::<ReceiptCursor>(&list, asked.cursor.as_deref())?,
            limit: asked.limit,
        };
        let found = self.purchases.receipts(query).await?;
        Ok(Receipts {
            receipts: found.receipts.iter().map(ReceiptView::from).collect(),
            page: self.cursors.page(&list, found.next.as_ref()),
        })
    }

    /// Gives points, programme and a page of operations.
    pub async fn loyalty_of(
        &self,
        user: UserId,
        cursor: Option<&str>,
        limit: u32,
        show: fn(&glame_core::loyalty::LoyaltyTransaction) -> TransactionView,
    ) -> Result<Loyalty, Problem> {
        let list = format!("transactions {user}");
        let query = TransactionQuery {
            user,
            before: self.cursors.place::<Sequence>(&list, cursor)?,
            limit: limit + 1,
        };
        let (balance, metrics, found) = try_join3(
            self.reads.balance(user),
            self.reads.figures(user),
            self.reads.transactions(query),
        )
        .await?;
        let figures = metrics.as_ref().map(|metrics| &metrics.figures);
        let standing = self.loyalty.programme().standing(
            figures.map_or(0, |figures| figures.total_purchases),
            figures
                .map(|figures| figures.total_spent)
                .unwrap_or_default(),
        );
        if found.is_empty() {
            // Whoever has no operations may be nobody.
            self.loyalty.get_loyalty_balance(user).await?;
        }
        let (found, next) = paging::cut(found, limit, |last| last.sequence);
        Ok(Loyalty {
            balance: balance.available.get(),
            points: BalanceView::from(&balance),
            program_info: ProgrammeView::new(self.loyalty.programme(), &standing),
            transactions: found.iter().map(show).collect(),
            page: self.cursors.page(&list, next.as_ref()),
        })
    }

    /// Gives a page of saved looks.
    pub async fn saved_looks_of(
        &self,
        user: UserId,
        save_type: Option<SaveTypeName>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<SavedLooks, Problem> {
        let list = format!("saved looks {user} {save_type:?}");
        let after = self.cursors.place(&list, cursor)?;
        let found = self
            .looks
            .saved_looks(user, save_type.map(Into::into), after, limit)
            .await?;
        Ok(SavedLooks {
            items: found.looks.iter().map(SavedLookView::from).collect(),
            page: self.cursors.page(&list, found.next.as_ref()),
        })
    }

    /// Gives everything that is known of a customer.
    pub async fn export_of(&self, user: UserId) -> Result<Any<Value>, Problem> {
        let export = self.exporter.export(user).await?;
        serde_json::to_value(&export).map(Any).map_err(|error| {
            tracing::error!(%error, "an export could not be written");
            Problem::new(ProblemCode::Internal, "the export could not be written")
        })
    }
}
