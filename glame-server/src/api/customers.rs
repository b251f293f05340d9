//! Customers, as administrators see and change them.

use std::sync::Arc;

use chrono::NaiveDate;
use glame_core::access::{AuditAction, AuditDetails, AuditNote};
use glame_core::analytics::{Figures, RfmSegment};
use glame_core::customers::{
    ConsentSource, CustomerCursor, CustomerFilter, CustomerQuery, CustomerSelection, CustomerSort,
    CustomerSortKey, ProfileVersion, RemovedCustomers, RfmFilter, SearchText, SortDirection,
    ValueRange,
};
use glame_core::loyalty::{
    Authority, Command, CustomerFacts, IdempotencyKey, LoyaltyTransaction, Posted, Posting,
    Request as PointsRequest, Source,
};
use glame_core::purchases::Packaging;
use glame_core::values::{DocumentRef, Money, Points, TransactionId, UserId};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{Any, Example};
use poem_openapi::{Enum, Object, OpenApi};
use serde_json::Value;
use uuid::Uuid;

use super::answer::{Answer, CarriedOut, Done, Told, Versioned};
use super::customer::{
    ConsentList, ConsentsGiven, Loyalty, ProfileUpdate, Purchases, PurchasesAsked, Receipts,
    SavedLooks, default_limit, plain,
};
use super::dates::days;
use super::etag::IfMatch;
use super::paging::Page;
use super::problem::statuses;
use super::signed_in::{Admins, Marketers, SignedIn};
use super::views::{
    CustomerView, GenderName, ProfileView, SaveTypeName, StatusName, TransactionView,
};
use super::{Area, Named, Problem, ProblemCode, Text, etag};
use crate::app::App;

statuses! {
    /// What reads customers.
    Reading = [400, 401, 403, 404, 413, 422, 429, 500, 503];
    /// What reads figures of all customers.
    Counting = [400, 401, 403, 409, 413, 429, 500, 503];
    /// What changes a customer.
    Changing = [400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503];
}

/// Customers, as administrators see and change them.
#[derive(Debug, Clone, Copy)]
pub struct CustomersApi;

/// In which order customers are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum SortName {
    /// By what they have spent.
    #[default]
    TotalSpent,
    /// By how many purchases they have made.
    TotalPurchases,
    /// By the day of the last purchase.
    LastPurchase,
    /// By name.
    Name,
    /// By when they became known.
    Created,
}

/// Upwards or downwards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum OrderName {
    /// The smallest first.
    Asc,
    /// The largest first.
    #[default]
    Desc,
}

/// Whether the total is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum CountName {
    /// It is not counted, which is fastest.
    #[default]
    None,
    /// It is counted.
    Exact,
}

/// A page of customers.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct CustomerList {
    /// The customers.
    pub customers: Vec<CustomerView>,
    /// How many there are in all, if that was asked for.
    pub total: Option<u64>,
    /// Where the list goes on.
    pub page: Page,
}

/// A correction of points by hand.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct PointsAdjustment {
    /// What is given, or taken (negative); not zero.
    #[oai(validator(minimum(value = "-1000000000"), maximum(value = "1000000000")))]
    pub points: i64,
    /// Why, in words that the customer may read.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub reason: Text,
    /// What colleagues should know of it.
    #[oai(validator(min_length = 1, max_length = 1000))]
    pub description: Text,
}

impl Example for PointsAdjustment {
    fn example() -> Self {
        Self {
            points: 500,
            reason: "Извинение за задержку".into(),
            description: "Заказ пришёл на неделю позже".into(),
        }
    }
}

/// Points that pay.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct PointsSpend {
    /// How many; each is a rouble of discount.
    #[oai(validator(minimum(value = "1"), maximum(value = "1000000000")))]
    pub points: i64,
    /// The receipt that they pay, by its document in the shop's base.
    pub document_id_1c: Option<Uuid>,
    /// What that receipt comes to before the points, in roubles.
    #[oai(validator(max_length = 20, pattern = r"^\d{1,15}(\.\d{1,2})?$"))]
    pub receipt_total: Option<Text>,
    /// Why, in words that the customer may read.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub reason: Text,
}

impl Example for PointsSpend {
    fn example() -> Self {
        Self {
            points: 100,
            document_id_1c: None,
            receipt_total: None,
            reason: "Оплата баллами".into(),
        }
    }
}

/// Points that are given without a receipt.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct PointsBonus {
    /// How many.
    #[oai(validator(minimum(value = "1"), maximum(value = "1000000000")))]
    pub points: i64,
    /// The rule or the campaign that gives them.
    #[oai(validator(min_length = 1, max_length = 100))]
    pub rule: Text,
    /// What they are given for; once for each occasion of a rule.
    #[oai(validator(min_length = 1, max_length = 100))]
    pub occasion: Text,
    /// When they expire; absent if never.
    pub expires_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Why, in words that the customer may read.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub reason: Text,
}

impl Example for PointsBonus {
    fn example() -> Self {
        Self {
            points: 300,
            rule: "spring".into(),
            occasion: "2026".into(),
            expires_at: None,
            reason: "Весенний подарок".into(),
        }
    }
}

/// An operation that is taken back in whole.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields, example)]
pub struct PointsReversal {
    /// The operation.
    pub transaction_id: Uuid,
    /// Why, in words that the customer may read.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub reason: Text,
}

impl Example for PointsReversal {
    fn example() -> Self {
        Self {
            transaction_id: uuid::uuid!("5b0c9e6a-6f0e-5a57-9f6e-0b1d5c1f0a03"),
            reason: "Начислено по ошибке".into(),
        }
    }
}

/// What was written into the ledger, or would be.
#[derive(Debug, Object)]
pub struct PointsMoved {
    /// Always true.
    pub success: bool,
    /// Whether it was only tried and nothing is stored.
    pub dry_run: bool,
    /// The operations; none where there was nothing to do.
    pub transactions: Vec<TransactionView>,
}

/// How customers are spread and what they have brought.
#[derive(Debug, Object)]
pub struct Overview {
    /// Customers that are not removed.
    pub total_customers: u64,
    /// Customers who have bought.
    pub buyers: u64,
    /// What all customers have spent, net of returns.
    pub total_revenue: super::roubles::Roubles,
    /// The day that the figures speak of.
    pub as_of: NaiveDate,
    /// How scores are spread.
    pub rfm_analysis: RfmDistribution,
    /// How customers are spread over the guide's words.
    pub segments_stats: Vec<GroupView>,
}

/// How scores are spread.
#[derive(Debug, Object)]
pub struct RfmDistribution {
    /// Customers who are scored.
    pub total_customers: u64,
    /// Customers of each cell that is not empty, by cell.
    pub cells: Vec<GroupView>,
    /// Customers of each segment of the named map, empty ones included.
    pub segments: Vec<GroupView>,
}

/// So many customers, who have spent so much.
#[derive(Debug, Object)]
pub struct GroupView {
    /// The cell, the segment or the word.
    pub name: String,
    /// How many.
    pub customers: u64,
    /// What they have spent together.
    pub total_spent: super::roubles::Roubles,
}

#[OpenApi(prefix_path = "/api/admin/customers", tag = "Area::Customers")]
impl CustomersApi {
    /// List customers.
    ///
    /// `search` looks for parts of names, telephone and card numbers, e-mail addresses and cities, in
    /// any case and with ё for е; several words must all be found.
    #[oai(path = "/", method = "get", operation_id = "listCustomers")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query"
    )]
    async fn list(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// What to look for.
        #[oai(validator(max_length = 200))]
        search: Query<Option<String>>,
        /// Only customers with this word of the guide.
        segment: Query<Option<StatusName>>,
        /// Only customers of this segment of the named map, such as `champions`.
        rfm_segment: Query<Option<Named<RfmSegment>>>,
        /// Only customers of this city.
        #[oai(validator(max_length = 100))]
        city: Query<Option<String>>,
        /// Only customers of this gender.
        gender: Query<Option<GenderName>>,
        /// Who has spent at least so many roubles.
        #[oai(validator(max_length = 20, pattern = r"^\d{1,15}(\.\d{1,2})?$"))]
        min_spent: Query<Option<String>>,
        /// Who has spent at most so many roubles.
        #[oai(validator(max_length = 20, pattern = r"^\d{1,15}(\.\d{1,2})?$"))]
        max_spent: Query<Option<String>>,
        /// Who has made at least so many purchases.
        min_purchases: Query<Option<u32>>,
        /// Who has made at most so many purchases.
        max_purchases: Query<Option<u32>>,
        /// Whose last purchase was on this day or later.
        last_purchase_from: Query<Option<NaiveDate>>,
        /// Whose last purchase was on this day or earlier.
        last_purchase_to: Query<Option<NaiveDate>>,
        /// Who has a telephone number, or has none.
        has_phone: Query<Option<bool>>,
        /// Show those, too, whom the shop's base has marked for deletion.
        #[oai(default)]
        removed: Query<bool>,
        /// By what the list is ordered.
        #[oai(default)]
        sort: Query<SortName>,
        /// Upwards or downwards.
        #[oai(default)]
        order: Query<OrderName>,
        /// Whether the total is counted.
        #[oai(default)]
        count: Query<CountName>,
        /// Where to go on.
        #[oai(validator(max_length = 1024))]
        cursor: Query<Option<String>>,
        /// How many customers.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "200"))
        )]
        limit: Query<u32>,
    ) -> Answer<Told<CustomerList>, Reading> {
        let wrong = |name: &str, detail: String| {
            Problem::of_field(ProblemCode::ParameterInvalid, name, detail)
        };
        let text = search
            .0
            .filter(|text| !text.trim().is_empty())
            .map(|text| {
                let code = ProblemCode::ValueInvalid;
                SearchText::parse(&text)
                    .map_err(|error| Problem::of_field(code, "search", error.to_string()))
            })
            .transpose()?;
        let roubles = |name: &'static str, text: Option<String>| {
            text.map(|text| {
                Money::parse_roubles(&text).map_err(|error| wrong(name, error.to_string()))
            })
            .transpose()
        };
        let filter = CustomerFilter {
            statuses: segment.0.map(Into::into).into_iter().collect(),
            city: city.0.map(|city| plain(&city, "city")).transpose()?,
            gender: gender.0.map(Into::into),
            rfm: RfmFilter {
                segments: rfm_segment.0.map(|named| named.0).into_iter().collect(),
                ..RfmFilter::default()
            },
            spent: ValueRange {
                min: roubles("min_spent", min_spent.0)?,
                max: roubles("max_spent", max_spent.0)?,
            },
            purchases: ValueRange {
                min: min_purchases.0,
                max: max_purchases.0,
            },
            last_purchase: days(last_purchase_from.0, last_purchase_to.0, app.zone)?,
            has_phone: has_phone.0,
            removed: if removed.0 {
                RemovedCustomers::Among
            } else {
                RemovedCustomers::LeftOut
            },
        };
        let selection = CustomerSelection { text, filter };
        let sort = sort_of(sort.0, order.0);
        let counted = count.0 == CountName::Exact;
        let found = app
            .page_of_customers(selection, sort, cursor.0.as_deref(), limit.0, counted)
            .await?;
        let note = AuditNote::new(AuditAction::CustomersListed, None);
        let entry = app.access.audit_entry(&me.caller(), note);
        app.reads.note(entry).await?;
        Ok(Told::new(found))
    }

    /// Tell how customers are spread and what they have brought.
    #[oai(
        path = "/analytics/overview",
        method = "get",
        operation_id = "getOverview"
    )]
    async fn overview(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<Overview>, Counting> {
        Ok(Told::new(app.overview().await?))
    }

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
        let profile = app.reads.profile(user).await?;
        app.note(&me, AuditAction::CustomerRead, user).await?;
        Ok(app.shown(profile).await?)
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
        Ok(app.shown(profile).await?)
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
        #[oai(validator(max_length = 1024))]
        cursor: Query<Option<String>>,
        /// How many lines.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "200"))
        )]
        limit: Query<u32>,
    ) -> Answer<Told<Purchases>, Reading> {
        let user = app.known_customer(id.0).await?;
        let asked = PurchasesAsked {
            from: from_date.0,
            to: to_date.0,
            cursor: cursor.0,
            limit: limit.0,
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
        #[oai(validator(max_length = 1024))]
        cursor: Query<Option<String>>,
        /// How many receipts.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "200"))
        )]
        limit: Query<u32>,
    ) -> Answer<Told<Receipts>, Reading> {
        let user = app.known_customer(id.0).await?;
        let asked = PurchasesAsked {
            from: from_date.0,
            to: to_date.0,
            cursor: cursor.0,
            limit: limit.0,
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
        #[oai(validator(max_length = 1024))]
        cursor: Query<Option<String>>,
        /// How many operations.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "200"))
        )]
        limit: Query<u32>,
    ) -> Answer<Told<Loyalty>, Reading> {
        let user = app.known_customer(id.0).await?;
        let show = TransactionView::for_staff;
        let loyalty = app
            .loyalty_of(user, cursor.0.as_deref(), limit.0, show)
            .await?;
        app.note(&me, AuditAction::CustomerRead, user).await?;
        Ok(Told::new(loyalty))
    }

    /// Correct the points of a customer by hand.
    #[oai(
        path = "/:id/loyalty/adjust",
        method = "post",
        operation_id = "adjustPoints"
    )]
    async fn adjust(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
        /// A key of your own; the same key does it once and answers the same again.
        #[oai(
            name = "Idempotency-Key",
            validator(min_length = 1, max_length = 128, pattern = "^[!-~]+$")
        )]
        idempotency_key: Header<String>,
        /// Only tell what would be done.
        #[oai(default)]
        dry_run: Query<bool>,
        body: Json<PointsAdjustment>,
    ) -> Answer<Told<PointsMoved, CarriedOut>, Changing> {
        let command = Command::Adjust {
            points: body.points,
            note: plain(&body.description, "/description")?,
        };
        let key = idempotency_key.0;
        Ok(app
            .move_points(
                &me,
                id.0,
                command,
                &body.reason,
                Source::Manual,
                &key,
                dry_run.0,
            )
            .await?)
    }

    /// Spend points of a customer, as a till does.
    #[oai(
        path = "/:id/loyalty/spend",
        method = "post",
        operation_id = "spendPoints"
    )]
    async fn spend(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
        /// A key of your own; the same key does it once and answers the same again.
        #[oai(
            name = "Idempotency-Key",
            validator(min_length = 1, max_length = 128, pattern = "^[!-~]+$")
        )]
        idempotency_key: Header<String>,
        /// Only tell what would be done.
        #[oai(default)]
        dry_run: Query<bool>,
        body: Json<PointsSpend>,
    ) -> Answer<Told<PointsMoved, CarriedOut>, Changing> {
        let total = body.receipt_total.as_deref();
        let command = Command::Spend {
            points: points_of(body.points)?,
            receipt: body.document_id_1c.map(DocumentRef::from_uuid),
            receipt_total: total
                .map(|text| money_of(text, "/receipt_total"))
                .transpose()?,
        };
        let key = idempotency_key.0;
        Ok(app
            .move_points(
                &me,
                id.0,
                command,
                &body.reason,
                Source::Platform,
                &key,
                dry_run.0,
            )
            .await?)
    }

    /// Give points without a receipt, once for an occasion.
    #[oai(
        path = "/:id/loyalty/bonus",
        method = "post",
        operation_id = "giveBonus"
    )]
    async fn bonus(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
        /// A key of your own; the same key does it once and answers the same again.
        #[oai(
            name = "Idempotency-Key",
            validator(min_length = 1, max_length = 128, pattern = "^[!-~]+$")
        )]
        idempotency_key: Header<String>,
        /// Only tell what would be done.
        #[oai(default)]
        dry_run: Query<bool>,
        body: Json<PointsBonus>,
    ) -> Answer<Told<PointsMoved, CarriedOut>, Changing> {
        let command = Command::Bonus {
            rule: body.rule.0.clone(),
            occasion: body.occasion.0.clone(),
            points: points_of(body.points)?,
            available_from: None,
            expires_at: body.expires_at,
        };
        let key = idempotency_key.0;
        Ok(app
            .move_points(
                &me,
                id.0,
                command,
                &body.reason,
                Source::Campaign,
                &key,
                dry_run.0,
            )
            .await?)
    }

    /// Take an operation with points back in whole.
    #[oai(
        path = "/:id/loyalty/reverse",
        method = "post",
        operation_id = "reversePoints"
    )]
    async fn reverse(
        &self,
        me: SignedIn<Admins>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
        /// A key of your own; the same key does it once and answers the same again.
        #[oai(
            name = "Idempotency-Key",
            validator(min_length = 1, max_length = 128, pattern = "^[!-~]+$")
        )]
        idempotency_key: Header<String>,
        /// Only tell what would be done.
        #[oai(default)]
        dry_run: Query<bool>,
        body: Json<PointsReversal>,
    ) -> Answer<Told<PointsMoved, CarriedOut>, Changing> {
        let command = Command::Reverse {
            transaction: TransactionId::from_uuid(body.transaction_id),
        };
        let key = idempotency_key.0;
        Ok(app
            .move_points(
                &me,
                id.0,
                command,
                &body.reason,
                Source::Manual,
                &key,
                dry_run.0,
            )
            .await?)
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
        #[oai(validator(max_length = 1024))]
        cursor: Query<Option<String>>,
        /// How many looks.
        #[oai(
            default = "default_limit",
            validator(minimum(value = "1"), maximum(value = "200"))
        )]
        limit: Query<u32>,
    ) -> Answer<Told<SavedLooks>, Reading> {
        let user = app.known_customer(id.0).await?;
        let (cursor, limit) = (cursor.0.as_deref(), limit.0);
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

const fn sort_of(key: SortName, order: OrderName) -> CustomerSort {
    CustomerSort {
        key: match key {
            SortName::TotalSpent => CustomerSortKey::TotalSpent,
            SortName::TotalPurchases => CustomerSortKey::TotalPurchases,
            SortName::LastPurchase => CustomerSortKey::LastPurchase,
            SortName::Name => CustomerSortKey::Name,
            SortName::Created => CustomerSortKey::Created,
        },
        direction: match order {
            OrderName::Asc => SortDirection::Ascending,
            OrderName::Desc => SortDirection::Descending,
        },
    }
}

fn points_of(points: i64) -> Result<Points, Problem> {
    Points::try_new(points)
        .map_err(|error| Problem::of_field(ProblemCode::ValueInvalid, "/points", error.to_string()))
}

fn money_of(text: &str, pointer: &str) -> Result<Money, Problem> {
    Money::parse_roubles(text)
        .map_err(|error| Problem::of_field(ProblemCode::ValueInvalid, pointer, error.to_string()))
}

impl App {
    /// Writes down who has looked at a customer, or changed one.
    async fn note<A>(
        &self,
        me: &SignedIn<A>,
        action: AuditAction,
        user: UserId,
    ) -> Result<(), Problem> {
        let note = AuditNote::new(action, Some(user));
        let entry = self.access.audit_entry(&me.caller(), note);
        self.reads.note(entry).await
    }

    async fn known_customer(&self, id: Uuid) -> Result<UserId, Problem> {
        let user = UserId::from_uuid(id);
        self.reads.profile(user).await?;
        Ok(user)
    }

    async fn page_of_customers(
        &self,
        selection: CustomerSelection,
        sort: CustomerSort,
        cursor: Option<&str>,
        limit: u32,
        counted: bool,
    ) -> Result<CustomerList, Problem> {
        let list = format!("customers {selection:?} {sort:?}");
        let total = if counted {
            Some(self.directory.total(&selection).await?)
        } else {
            None
        };
        let query = CustomerQuery {
            selection,
            sort,
            after: self.cursors.place::<CustomerCursor>(&list, cursor)?,
            limit,
        };
        let found = self.directory.page(&query).await?;
        let users: Vec<UserId> = found.rows.iter().map(|row| row.user.id).collect();
        let points = self.loyalty.available_points(&users).await?;
        let views = found.rows.iter().zip(points);
        Ok(CustomerList {
            customers: views
                .map(|(row, points)| CustomerView::new(row, points.get()))
                .collect(),
            total,
            page: self.cursors.page(&list, found.next.as_ref()),
        })
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one request")]
    async fn move_points(
        &self,
        me: &SignedIn<Admins>,
        id: Uuid,
        command: Command,
        reason: &str,
        source: Source,
        key: &str,
        dry_run: bool,
    ) -> Result<Told<PointsMoved, CarriedOut>, Problem> {
        let user = UserId::from_uuid(id);
        let key = IdempotencyKey::parse(key).map_err(|error| {
            Problem::of_field(
                ProblemCode::ParameterInvalid,
                "Idempotency-Key",
                error.to_string(),
            )
        })?;
        let posting = Posting {
            user,
            key: Some(key),
            request: PointsRequest {
                command,
                authority: Authority {
                    reason: plain(reason, "/reason")?,
                    source,
                    actor: Some(me.actor()),
                },
            },
            customer: CustomerFacts::default(),
        };
        let posted = if dry_run {
            self.loyalty.preview(posting).await?
        } else {
            let posted = self.loyalty.post(posting).await?;
            if !posted.replayed {
                self.note_points(me, user, &posted.transactions).await?;
            }
            posted
        };
        let Posted {
            transactions,
            replayed,
        } = posted;
        let body = PointsMoved {
            success: true,
            dry_run,
            transactions: transactions
                .iter()
                .map(TransactionView::for_staff)
                .collect(),
        };
        Ok(Told::carried_out(body, replayed))
    }

    async fn note_points(
        &self,
        me: &SignedIn<Admins>,
        user: UserId,
        transactions: &[LoyaltyTransaction],
    ) -> Result<(), Problem> {
        let points: i64 = transactions.iter().map(|one| one.points).sum();
        let note = AuditNote::new(AuditAction::PointsMoved, Some(user))
            .with(AuditDetails::new().number("points", points));
        Ok(self.access.record(&me.caller(), note).await?)
    }

    async fn overview(&self) -> Result<Overview, Problem> {
        let total_customers = self.storage.customer_count().await?;
        let mut revenue = 0_i64;
        let mut buyers = 0_u64;
        let analysis = self
            .analytics
            .get_rfm_analysis(Figures::Stored, |metrics| {
                revenue = revenue.saturating_add(metrics.figures.total_spent.kopecks());
                buyers += u64::from(metrics.figures.total_purchases > 0);
            })
            .await?;
        let group = |name: String, group: glame_core::analytics::Group| GroupView {
            name,
            customers: group.customers,
            total_spent: group.total_spent.into(),
        };
        Ok(Overview {
            total_customers,
            buyers,
            total_revenue: Money::from_kopecks(revenue).into(),
            as_of: analysis.as_of.date(self.zone),
            rfm_analysis: RfmDistribution {
                total_customers: analysis.customers,
                cells: analysis
                    .cells
                    .iter()
                    .map(|(cell, of)| group(cell.to_string(), *of))
                    .collect(),
                segments: analysis
                    .segments
                    .iter()
                    .map(|(segment, of)| group(segment.as_str().to_owned(), *of))
                    .collect(),
            },
            segments_stats: analysis
                .statuses
                .iter()
                .map(|(status, of)| group(status.as_str().to_owned(), *of))
                .collect(),
        })
    }
}
