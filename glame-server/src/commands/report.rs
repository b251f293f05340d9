use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use glame_core::analytics::{AsOf, CustomerMetrics, Figures};
use glame_core::users::User;
use glame_core::values::UserId;

use super::CommandError;
use crate::output::{print, print_json};
use crate::reports::{self, CustomerView, RfmReport};
use crate::settings::Settings;
use crate::wiring;

/// Reports.
#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// How customers are spread over scores and segments
    Rfm(Options),
    /// The customers who have spent most
    Top(Options),
}

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The day that the report speaks of [default: the day of the stored figures]
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// The most rows [default: 20 for top, all for rfm]
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
        }
    }
}

async fn rfm(settings: &Settings, options: &Options) -> Result<ExitCode, CommandError> {
    let zone = settings.analytics.metrics.zone;
    let analytics = wiring::analytics(settings, wiring::storage(settings).await?);
    let limit = options.limit.unwrap_or(usize::MAX);
    let wants_rows = options.json || options.csv;
    let mut rows: Vec<CustomerMetrics> = Vec::new();
    let analysis = analytics
        .get_rfm_analysis(options.figures(), |row| {
            if wants_rows && rows.len() < limit {
                rows.push(row.clone());
            }
        })
        .await?;
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
