//! What the cabinet and the administrators show alike of a customer.

use chrono::NaiveDate;
use glame_core::access::{AuditAction, AuditNote};
use glame_core::customers::Profile;
use glame_core::loyalty::{LoyaltyTransaction, Sequence};
use glame_core::ports::TransactionQuery;
use glame_core::purchases::{
    Packaging, PurchaseCursor, PurchaseQuery, ReceiptCursor, ReceiptQuery,
};
use glame_core::values::UserId;
use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;

use super::super::answer::{Told, Versioned};
use super::super::dates::days;
use super::super::paging::{self, Page};
use super::super::parameters::CursorText;
use super::super::signed_in::SignedIn;
use super::super::views::{
    BalanceView, ProfileView, ProgrammeView, PurchaseView, ReceiptView, SaveTypeName,
    SavedLookView, TransactionView,
};
use super::super::{Problem, ProblemCode};
use crate::app::{App, LoyaltyPage, ProfilePage};

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

/// Which purchases are asked for.
#[derive(Debug)]
pub struct PurchasesAsked {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day, itself included.
    pub to: Option<NaiveDate>,
    /// Where to go on.
    pub cursor: Option<CursorText>,
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

/// Shows a profile with figures and points.
#[must_use]
pub fn shown(page: &ProfilePage) -> Told<ProfileView, Versioned> {
    let view = ProfileView::new(&page.profile, page.metrics.as_ref(), page.points.get());
    Told::in_version(view, page.profile.version.get())
}

/// What the cabinet and the administrators show alike.
impl App {
    /// Shows a profile as it was after an edit.
    pub async fn edited(&self, profile: Profile) -> Result<Told<ProfileView, Versioned>, Problem> {
        let page = self.reads.profile(profile.user.id).await?;
        Ok(shown(&ProfilePage { profile, ..page }))
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
        show: fn(&LoyaltyTransaction) -> TransactionView,
    ) -> Result<Loyalty, Problem> {
        let list = format!("transactions {user}");
        let query = TransactionQuery {
            user,
            before: self.cursors.place::<Sequence>(&list, cursor)?,
            limit: limit + 1,
        };
        let LoyaltyPage {
            balance,
            metrics,
            transactions: found,
        } = self.reads.loyalty(query).await?;
        let figures = metrics.as_ref().map(|metrics| &metrics.figures);
        let standing = self.loyalty.programme().standing(
            figures.map_or(0, |figures| figures.total_purchases),
            figures
                .map(|figures| figures.total_spent)
                .unwrap_or_default(),
        );
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

    /// Writes down who has looked at a customer, or changed one.
    pub async fn note<A>(
        &self,
        me: &SignedIn<A>,
        action: AuditAction,
        user: UserId,
    ) -> Result<(), Problem> {
        let note = AuditNote::new(action, Some(user));
        let entry = self.access.audit_entry(&me.caller(), note);
        self.reads.note(entry).await
    }
}
