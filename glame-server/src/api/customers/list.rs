//! The list of customers, with all that it can be asked for.

use std::sync::Arc;

use chrono::NaiveDate;
use glame_core::access::{AuditAction, AuditNote};
use glame_core::analytics::RfmSegment;
use glame_core::customers::{
    CustomerCursor, CustomerFilter, CustomerQuery, CustomerSelection, CustomerSort,
    CustomerSortKey, RemovedCustomers, RfmFilter, SearchText, SortDirection, ValueRange,
};
use glame_core::values::{Money, UserId};
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::{Enum, Object, OpenApi};

use super::super::answer::{Answer, Told};
use super::super::dates::days;
use super::super::paging::Page;
use super::super::parameters::{CursorText, PageLength};
use super::super::signed_in::{Marketers, SignedIn};
use super::super::text::plain;
use super::super::views::{CustomerView, GenderName, StatusName};
use super::super::{Area, Named, Problem, ProblemCode};
use super::Reading;
use crate::app::App;

/// The list of customers.
#[derive(Debug, Clone, Copy)]
pub struct CustomerListApi;

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

#[OpenApi(prefix_path = "/api/admin/customers", tag = "Area::Customers")]
impl CustomerListApi {
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
        cursor: Query<Option<CursorText>>,
        /// How many customers.
        #[oai(default)]
        limit: Query<PageLength>,
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
            .page_of_customers(selection, sort, cursor.0.as_deref(), limit.get(), counted)
            .await?;
        let note = AuditNote::new(AuditAction::CustomersListed, None);
        let entry = app.access.audit_entry(&me.caller(), note);
        app.reads.note(entry).await?;
        Ok(Told::new(found))
    }
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

impl App {
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
}
