//! What all customers come to, as marketers see it: value, risk, cohorts, how well forecasts hold.

pub mod views;

use std::sync::Arc;

use futures_util::future::try_join;
use glame_core::access::AuditAction;
use glame_core::analytics::CustomerAnalyticsService;
use glame_core::values::UserId;
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use uuid::Uuid;

use self::views::{
    Churn, Cohorts, Dashboard, Forecasting, Languages, LifetimeValues, OutlookView, Overview,
    RankedBy, RfmMatrix, SegmentStatsList, TopCustomers,
};
use super::answer::{Answer, Told};
use super::problem::statuses;
use super::signed_in::{Marketers, SignedIn};
use super::{Area, Problem};
use crate::app::App;

statuses! {
    /// What reads what all customers come to.
    Counting = [400, 401, 403, 409, 413, 422, 429, 500, 503];
    /// What reads what is to be expected of one.
    Reading = [400, 401, 403, 404, 409, 413, 422, 429, 500, 503];
}

/// What all customers come to.
#[derive(Debug, Clone, Copy)]
pub struct AnalyticsApi;

#[OpenApi(prefix_path = "/api", tag = "Area::Analytics")]
impl AnalyticsApi {
    /// Tell how customers are spread and what they have brought.
    #[oai(
        path = "/admin/customers/analytics/overview",
        method = "get",
        operation_id = "getOverview"
    )]
    async fn overview(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<Overview>, Counting> {
        let (customers, analysis) = try_join(
            async { Ok(app.storage.customer_count().await?) },
            app.shop_analysis(),
        )
        .await?;
        Ok(Told::new(Overview::of(customers, &analysis, app.zone)))
    }

    /// Show the heat map of RFM: customers and money of each cell.
    #[oai(
        path = "/admin/analytics/rfm",
        method = "get",
        operation_id = "getRfmMatrix"
    )]
    async fn rfm(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<RfmMatrix>, Counting> {
        let analysis = app.shop_analysis().await?;
        Ok(Told::new(RfmMatrix::of(&analysis, app.zone)))
    }

    /// Show what customers have been worth and may be worth yet.
    #[oai(
        path = "/admin/analytics/ltv",
        method = "get",
        operation_id = "getLifetimeValues"
    )]
    async fn ltv(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// In which language reasons are told.
        #[oai(default)]
        language: Query<Languages>,
    ) -> Answer<Told<LifetimeValues>, Counting> {
        let analysis = app.shop_analysis().await?;
        let view = LifetimeValues::of(&analysis, app.zone, language.0.into());
        Ok(Told::new(view))
    }

    /// Show how many customers have probably left, and which of them have spent most.
    #[oai(
        path = "/admin/analytics/churn",
        method = "get",
        operation_id = "getChurnRisks"
    )]
    async fn churn(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// In which language reasons are told.
        #[oai(default)]
        language: Query<Languages>,
    ) -> Answer<Told<Churn>, Counting> {
        let analysis = app.shop_analysis().await?;
        Ok(Told::new(Churn::of(&analysis, app.zone, language.0.into())))
    }

    /// Show the cohorts: customers by the month of their first purchase, followed month by month.
    #[oai(
        path = "/admin/analytics/cohorts",
        method = "get",
        operation_id = "getCohorts"
    )]
    async fn cohorts(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<Cohorts>, Counting> {
        let analysis = app.shop_analysis().await?;
        Ok(Told::new(Cohorts::of(&analysis, app.zone)))
    }

    /// List the hundred most valuable customers.
    #[oai(
        path = "/admin/analytics/top",
        method = "get",
        operation_id = "getTopCustomers"
    )]
    async fn top(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// By what: what they have spent, what they are worth with what is to come, or what those
        /// have spent who have probably left.
        #[oai(default)]
        by: Query<RankedBy>,
        /// In which language reasons are told.
        #[oai(default)]
        language: Query<Languages>,
    ) -> Answer<Told<TopCustomers>, Counting> {
        let analysis = app.shop_analysis().await?;
        let view = TopCustomers::of(&analysis, by.0, app.zone, language.0.into());
        Ok(Told::new(view))
    }

    /// Show the models, how well their forecasts have held, and what a person should look at.
    #[oai(
        path = "/admin/analytics/forecasting",
        method = "get",
        operation_id = "getForecasting"
    )]
    async fn forecasting(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// In which language findings are told.
        #[oai(default)]
        language: Query<Languages>,
    ) -> Answer<Told<Forecasting>, Counting> {
        let analysis = app.shop_analysis().await?;
        let view = Forecasting::of(&analysis, app.zone, language.0.into());
        Ok(Told::new(view))
    }

    /// Show what a customer has been worth and what is to be expected: value, risk, next purchase.
    #[oai(
        path = "/admin/customers/:id/outlook",
        method = "get",
        operation_id = "getCustomerOutlook"
    )]
    async fn outlook(
        &self,
        me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// The customer.
        id: Path<Uuid>,
        /// In which language reasons are told.
        #[oai(default)]
        language: Query<Languages>,
    ) -> Answer<Told<OutlookView>, Reading> {
        let user = UserId::from_uuid(id.0);
        app.profiles.profile(user).await.map_err(Problem::from)?;
        let outlook = app.analytics.outlook(user, app.segments.as_of()).await;
        let outlook = outlook.map_err(Problem::from)?;
        app.note(&me, AuditAction::CustomerRead, user).await?;
        Ok(Told::new(OutlookView::of(&outlook, language.0.into())))
    }

    /// List the segments with what their members come to.
    #[oai(
        path = "/admin/customers/segments/list",
        method = "get",
        operation_id = "listSegmentStats"
    )]
    async fn segments(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
    ) -> Answer<Told<SegmentStatsList>, Counting> {
        Ok(Told::new(app.segment_stats().await?))
    }

    /// Show the first page of a marketer: segments, risks, the most valuable customers.
    #[oai(
        path = "/ai-marketer/dashboard",
        method = "get",
        operation_id = "getDashboard"
    )]
    async fn dashboard(
        &self,
        _me: SignedIn<Marketers>,
        app: Data<&Arc<App>>,
        /// In which language reasons and findings are told.
        #[oai(default)]
        language: Query<Languages>,
    ) -> Answer<Told<Dashboard>, Counting> {
        let analysis = app.shop_analysis().await?;
        let segments = app.segment_stats().await?;
        let view = Dashboard::of(&analysis, segments, app.zone, language.0.into());
        Ok(Told::new(view))
    }
}

impl App {
    async fn shop_analysis(&self) -> Result<glame_core::analytics::ShopAnalysis, Problem> {
        Ok(self.analytics.shop_analysis().await?)
    }

    async fn segment_stats(&self) -> Result<SegmentStatsList, Problem> {
        let population = self.segments.population().await?;
        let stats = CustomerAnalyticsService::get_customer_segments_stats(&population);
        Ok(SegmentStatsList::of(&stats, population.day()))
    }
}
