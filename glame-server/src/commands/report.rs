use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use glame_core::analytics::buying::{Language, ValueMeasure};
use glame_core::analytics::{
    AsOf, CustomerAnalyticsService, CustomerMetrics, CustomerOutlook, CustomerStatus, Figures,
    Ranking, ShopAnalysis,
};
use glame_core::ports::Clock;
use glame_core::users::User;
use glame_core::values::UserId;
use poem_openapi::types::ToJSON;

use super::CommandError;
use crate::api::analytics::views::{Cohorts, Forecasting};
use crate::clock::SystemClock;
use crate::output::{print, print_json};
use crate::reports::{self, CustomerView, OutlookRow, RfmReport, SegmentRow};
use crate::settings::Settings;
use crate::wiring;

/// Reports.
#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// How customers are spread over scores and segments
    Rfm(Options),
    /// The customers who have spent most
    Top(Options),
    /// What customers have been worth and may be worth yet, the most valuable first
    Ltv(Options),
    /// Who has probably left, the surest and largest first
    Churn(Options),
    /// What the members of each segment come to
    Segments(Options),
    /// Customers by the month of their first purchase, and how many of them came back
    Cohorts(ShopOptions),
    /// The models, how well their forecasts have held, and what a person should look at
    Forecasting(ShopOptions),
}

#[derive(Debug, Args)]
pub(super) struct ShopOptions {
    /// The day that the report speaks of [default: that of the last analysis]
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// Print one JSON document, as the API has it
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The day that the report speaks of [default: that of the stored figures for rfm and top, else
    /// today]
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// The most rows [default: 20, in JSON and CSV of rfm, ltv and churn 100000]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print one JSON document
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV, one row a customer
    #[arg(long)]
    csv: bool,
}

impl Options {
    fn as_of(&self, settings: &Settings) -> AsOf {
        self.as_of
            .map_or_else(|| wiring::as_of(settings), AsOf::EndOf)
    }

    /// How many rows are shown.
    fn rows(&self) -> usize {
        let for_programs = self.json || self.csv;
        self.limit
            .unwrap_or(if for_programs { 100_000 } else { 20 })
    }

    fn figures(&self) -> Figures {
        self.as_of
            .map_or(Figures::Stored, |date| Figures::AsOf(AsOf::EndOf(date)))
    }
}

impl Report {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        match self {
            Self::Rfm(options) => rfm(settings, &options).await,
            Self::Top(options) => top(settings, &options).await,
            Self::Ltv(options) => ltv(settings, &options).await,
            Self::Churn(options) => churn(settings, &options).await,
            Self::Segments(options) => segments(settings, &options).await,
            Self::Cohorts(options) => cohorts(settings, &options).await,
            Self::Forecasting(options) => forecasting(settings, &options).await,
        }
    }
}

async fn rfm(settings: &Settings, options: &Options) -> Result<ExitCode, CommandError> {
    let zone = settings.analytics.metrics.zone;
    let storage = wiring::storage(settings).await?;
    let customers = storage.customer_count().await?;
    let analytics = wiring::analytics(settings, storage);
    let limit = options.rows();
    let wants_rows = options.json || options.csv;
    let mut rows: Vec<CustomerMetrics> = Vec::new();
    let mut analysis = analytics
        .get_rfm_analysis(options.figures(), |row| {
            if wants_rows && rows.len() < limit {
                rows.push(row.clone());
            }
        })
        .await?;
    analysis.statuses = CustomerStatus::spread(&analysis.statuses, customers);
    let rows = rows
        .iter()
        .map(|row| CustomerView::new(row, None, analysis.as_of, zone))
        .collect();
    let report = RfmReport::new(&analysis, zone, rows);
    if options.json {
        print_json(&report)?;
    } else if options.csv {
        print(&reports::customers_csv(&report.rows))?;
    } else {
        print(&report.to_table())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn top(settings: &Settings, options: &Options) -> Result<ExitCode, CommandError> {
    let zone = settings.analytics.metrics.zone;
    let storage = wiring::storage(settings).await?;
    let analytics = wiring::analytics(settings, Arc::clone(&storage));
    let limit = options.limit.unwrap_or(20);
    let (as_of, rows) = analytics
        .get_top_customers(options.figures(), limit)
        .await?;
    let mut users: HashMap<UserId, User> = HashMap::new();
    for page in rows.chunks(1_000) {
        let ids: Vec<UserId> = page.iter().map(|row| row.figures.user).collect();
        users.extend(
            storage
                .users(&ids)
                .await?
                .into_iter()
                .map(|user| (user.id, user)),
        );
    }
    let rows = rows
        .iter()
        .map(|row| CustomerView::new(row, users.get(&row.figures.user), as_of, zone))
        .collect();
    let report = reports::Report {
        as_of: as_of.date(zone),
        rows,
    };
    if options.json {
        print_json(&report)?;
    } else if options.csv {
        print(&reports::customers_csv(&report.rows))?;
    } else {
        print(&reports::customers_table(&report))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks ahead for everybody and gives the outlooks in an order, the largest first.
async fn outlooks<K: Ord + Send>(
    settings: &Settings,
    options: &Options,
    key: fn(&CustomerOutlook) -> K,
) -> Result<(ShopAnalysis, Vec<CustomerOutlook>), CommandError> {
    let analytics = wiring::analytics(settings, wiring::storage(settings).await?);
    let mut ranking = Ranking::of(options.rows());
    let analysis = analytics
        .analyse_shop(options.as_of(settings), SystemClock.now(), |_, outlooks| {
            for outlook in outlooks {
                ranking.add(key(outlook), outlook.user, || outlook.clone());
            }
        })
        .await?;
    Ok((analysis, ranking.into_values().collect()))
}

async fn ltv(settings: &Settings, options: &Options) -> Result<ExitCode, CommandError> {
    let by = |outlook: &CustomerOutlook| outlook.value.by(ValueMeasure::Total);
    let (analysis, outlooks) = outlooks(settings, options, by).await?;
    show_outlooks(
        settings,
        options,
        &analysis,
        &outlooks,
        reports::values_table,
    )
}

async fn churn(settings: &Settings, options: &Options) -> Result<ExitCode, CommandError> {
    let by = |outlook: &CustomerOutlook| (outlook.churn.level, outlook.value.historic);
    let (analysis, outlooks) = outlooks(settings, options, by).await?;
    show_outlooks(
        settings,
        options,
        &analysis,
        &outlooks,
        reports::risks_table,
    )
}

fn show_outlooks(
    settings: &Settings,
    options: &Options,
    analysis: &ShopAnalysis,
    outlooks: &[CustomerOutlook],
    to_table: fn(&ShopAnalysis, &reports::Report<OutlookRow>) -> String,
) -> Result<ExitCode, CommandError> {
    let rows = outlooks.iter().map(OutlookRow::from).collect();
    let report = reports::outlook_report(analysis, settings.analytics.metrics.zone, rows);
    if options.json {
        print_json(&report)?;
    } else if options.csv {
        print(&reports::outlooks_csv(&report.rows))?;
    } else {
        print(&to_table(analysis, &report))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn segments(settings: &Settings, options: &Options) -> Result<ExitCode, CommandError> {
    let storage = wiring::storage(settings).await?;
    let service = wiring::segments(settings, Arc::clone(&storage))?;
    let zone = settings.analytics.metrics.zone;
    let today = AsOf::Now(SystemClock.now()).date(zone);
    let population = match options.as_of {
        Some(date) if date < today => {
            let analytics = wiring::analytics(settings, storage);
            let analysis = analytics
                .analyse_shop(AsOf::EndOf(date), SystemClock.now(), |_, _| {})
                .await?;
            service.load_past(&analysis).await?
        }
        _ => service.load(options.as_of(settings)).await?,
    };
    let stats = CustomerAnalyticsService::get_customer_segments_stats(&population);
    let limit = options.limit.unwrap_or(usize::MAX);
    let report = reports::Report {
        as_of: population.day(),
        rows: stats.iter().take(limit).map(SegmentRow::from).collect(),
    };
    if options.json {
        print_json(&report)?;
    } else if options.csv {
        print(&reports::segments_csv(&report.rows))?;
    } else {
        print(&reports::segments_table(&report))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives the stored analysis, or makes the one of another day.
async fn analysis_of(
    settings: &Settings,
    options: &ShopOptions,
) -> Result<ShopAnalysis, CommandError> {
    let analytics = wiring::analytics(settings, wiring::storage(settings).await?);
    Ok(match options.as_of {
        None => analytics.shop_analysis().await?,
        Some(date) => {
            let (as_of, now) = (AsOf::EndOf(date), SystemClock.now());
            analytics.analyse_shop(as_of, now, |_, _| {}).await?
        }
    })
}

async fn cohorts(settings: &Settings, options: &ShopOptions) -> Result<ExitCode, CommandError> {
    let zone = settings.analytics.metrics.zone;
    let analysis = analysis_of(settings, options).await?;
    if options.json {
        print_json(&Cohorts::of(&analysis, zone).to_json())?;
    } else {
        print(&reports::cohorts_table(&analysis.cohorts))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn forecasting(settings: &Settings, options: &ShopOptions) -> Result<ExitCode, CommandError> {
    let zone = settings.analytics.metrics.zone;
    let analysis = analysis_of(settings, options).await?;
    if options.json {
        let view = Forecasting::of(&analysis, zone, Language::English);
        print_json(&view.to_json())?;
    } else {
        print(&reports::forecasting_text(&analysis, zone))?;
    }
    Ok(ExitCode::SUCCESS)
}
