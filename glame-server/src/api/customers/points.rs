//! What administrators and tills do with the points of a customer.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use glame_core::access::{AuditAction, AuditDetails, AuditNote};
use glame_core::loyalty::{
    Authority, Command, CustomerFacts, Posted, Posting, Request as PointsRequest, Source,
};
use glame_core::values::{DocumentRef, Money, Points, TransactionId, UserId};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use uuid::{Uuid, uuid};

use super::super::answer::{Answer, CarriedOut, Told};
use super::super::parameters::OperationKey;
use super::super::signed_in::{Admins, SignedIn};
use super::super::text::plain;
use super::super::views::TransactionView;
use super::super::{Area, Problem, ProblemCode, Text};
use super::Changing;
use crate::app::App;

/// The points of a customer, as they are moved by hand and by tills.
#[derive(Debug, Clone, Copy)]
pub struct PointsApi;

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
    pub expires_at: Option<DateTime<Utc>>,
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
            transaction_id: uuid!("5b0c9e6a-6f0e-5a57-9f6e-0b1d5c1f0a03"),
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

#[OpenApi(prefix_path = "/api/admin/customers", tag = "Area::Customers")]
impl PointsApi {
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
        #[oai(name = "Idempotency-Key")]
        key: Header<OperationKey>,
        /// Only tell what would be done.
        #[oai(default)]
        dry_run: Query<bool>,
        body: Json<PointsAdjustment>,
    ) -> Answer<Told<PointsMoved, CarriedOut>, Changing> {
        let command = Command::Adjust {
            points: body.points,
            note: plain(&body.description, "/description")?,
        };
        let authority = authority(&me, &body.reason, Source::Manual)?;
        let request = PointsRequest { command, authority };
        Ok(app
            .move_points(&me, id.0, request, key.0, dry_run.0)
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
        #[oai(name = "Idempotency-Key")]
        key: Header<OperationKey>,
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
        let authority = authority(&me, &body.reason, Source::Platform)?;
        let request = PointsRequest { command, authority };
        Ok(app
            .move_points(&me, id.0, request, key.0, dry_run.0)
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
        #[oai(name = "Idempotency-Key")]
        key: Header<OperationKey>,
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
        let authority = authority(&me, &body.reason, Source::Campaign)?;
        let request = PointsRequest { command, authority };
        Ok(app
            .move_points(&me, id.0, request, key.0, dry_run.0)
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
        #[oai(name = "Idempotency-Key")]
        key: Header<OperationKey>,
        /// Only tell what would be done.
        #[oai(default)]
        dry_run: Query<bool>,
        body: Json<PointsReversal>,
    ) -> Answer<Told<PointsMoved, CarriedOut>, Changing> {
        let command = Command::Reverse {
            transaction: TransactionId::from_uuid(body.transaction_id),
        };
        let authority = authority(&me, &body.reason, Source::Manual)?;
        let request = PointsRequest { command, authority };
        Ok(app
            .move_points(&me, id.0, request, key.0, dry_run.0)
            .await?)
    }
}

/// Tells why points move, and on whose word.
fn authority(me: &SignedIn<Admins>, reason: &str, source: Source) -> Result<Authority, Problem> {
    Ok(Authority {
        reason: plain(reason, "/reason")?,
        source,
        actor: Some(me.actor()),
    })
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
    async fn move_points(
        &self,
        me: &SignedIn<Admins>,
        id: Uuid,
        request: PointsRequest,
        OperationKey(key): OperationKey,
        dry_run: bool,
    ) -> Result<Told<PointsMoved, CarriedOut>, Problem> {
        let user = UserId::from_uuid(id);
        let posting = Posting {
            user,
            key: Some(key),
            request,
            customer: CustomerFacts::default(),
        };
        let posted = if dry_run {
            self.loyalty.preview(posting).await?
        } else {
            let posted = self.loyalty.post(posting).await?;
            // A replay, too: what was posted first may have been cut off before it was noted.
            self.note_points(me, user, &posted).await?;
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
        posted: &Posted,
    ) -> Result<(), Problem> {
        let points: i64 = posted.transactions.iter().map(|one| one.points).sum();
        let details = AuditDetails::new()
            .number("points", points)
            .flag("replayed", posted.replayed);
        let note = AuditNote::new(AuditAction::PointsMoved, Some(user)).with(details);
        Ok(self.access.record(&me.caller(), note).await?)
    }
}
