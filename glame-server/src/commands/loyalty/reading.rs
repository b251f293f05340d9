use std::process::ExitCode;

use clap::Args;
use glame_core::loyalty::{BalanceAt, Level, LoyaltyError};
use glame_core::values::{Money, PeriodRange, UserId};
use serde::Serialize;

use super::desk::{Desk, parse_user, refused};
use super::moment::Moment;
use crate::commands::CommandError;
use crate::commands::sync::Shown;
use crate::output::{grouped, print, print_json};
use crate::reports::{
    BalanceView, StatementView, TransactionView, liability_csv, liability_table, transactions_table,
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Balance {
    /// The id of the customer
    #[arg(value_parser = parse_user)]
    user: UserId,
    /// The instant, or the day at its end [default: now]
    #[arg(long, value_name = "TIME")]
    as_of: Option<Moment>,
    /// Count what had taken effect by then, whenever it was written down
    #[arg(long, requires = "as_of")]
    effective: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct History {
    /// The id of the customer
    #[arg(value_parser = parse_user)]
    user: UserId,
    /// The most transactions
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Statement {
    /// The id of the customer
    #[arg(value_parser = parse_user)]
    user: UserId,
    /// The first instant or day [default: the first transaction]
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// The instant or day before which it ends [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Levels {
    /// The id of the customer
    #[arg(value_parser = parse_user)]
    user: UserId,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Report {
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Args)]
struct Format {
    /// Print one JSON document
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV
    #[arg(long)]
    csv: bool,
}

#[derive(Debug, Serialize)]
struct HistoryView<'a> {
    user_id: UserId,
    transactions: Vec<TransactionView<'a>>,
}

#[derive(Debug, Serialize)]
struct StandingView {
    user_id: UserId,
    total_purchases: u32,
    total_spent: Money,
    level: Option<Level>,
    next: Option<Level>,
    missing_purchases: u32,
    missing_spent: Money,
}

impl Balance {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let shown = Shown::from_flag(self.json);
        let at = self.as_of.map(|moment| moment.end(desk.zone));
        let balance = match at {
            None => desk.service.get_loyalty_balance(self.user).await,
            Some(at) if self.effective => {
                let at = BalanceAt::Effective(at);
                desk.service.balance_as_of(self.user, at).await
            }
            Some(at) => {
                let at = BalanceAt::Recorded(at);
                desk.service.balance_as_of(self.user, at).await
            }
        };
        let balance = BalanceView::from(balance.map_err(|error| refused(error, shown))?);
        match shown {
            Shown::Json => print_json(&balance)?,
            Shown::Text => print(&balance.to_text(desk.zone))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl History {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let shown = Shown::from_flag(self.json);
        let history = desk.service.history(self.user).await;
        let history = history.map_err(|error| refused(error, shown))?;
        let newest = history.iter().rev().take(self.limit);
        let transactions: Vec<TransactionView<'_>> = newest.map(TransactionView::from).collect();
        match shown {
            Shown::Json => print_json(&HistoryView {
                user_id: self.user,
                transactions,
            })?,
            Shown::Text => print(&transactions_table(&transactions, desk.zone))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Statement {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let shown = Shown::from_flag(self.format.json);
        let begin = |moment: Moment| moment.begin(desk.zone);
        let range = PeriodRange::try_new(self.from.map(begin), self.to.map(begin))?;
        let statement = desk.service.statement(self.user, range).await;
        let statement = statement.map_err(|error| refused(error, shown))?;
        let view = StatementView::new(&statement);
        if self.format.json {
            print_json(&view)?;
        } else if self.format.csv {
            print(&view.to_csv())?;
        } else {
            print(&view.to_table(desk.zone))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Levels {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let shown = Shown::from_flag(self.json);
        if desk.storage.users(&[self.user]).await?.is_empty() {
            return Err(refused(LoyaltyError::UnknownUser(self.user), shown));
        }
        let metrics = desk.storage.metrics(&[self.user]).await?;
        let (purchases, spent) = metrics.first().map_or((0, Money::ZERO), |row| {
            (row.figures.total_purchases, row.figures.total_spent)
        });
        let standing = desk.service.programme().standing(purchases, spent);
        let view = StandingView {
            user_id: self.user,
            total_purchases: purchases,
            total_spent: spent,
            level: standing.level,
            next: standing.next,
            missing_purchases: standing.missing_receipts,
            missing_spent: standing.missing_spent,
        };
        match shown {
            Shown::Json => print_json(&view)?,
            Shown::Text => print(&view.to_text())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl StandingView {
    fn to_text(&self) -> String {
        let name = |level: &Option<Level>| level.as_ref().map(|level| level.name.clone());
        let level = name(&self.level).unwrap_or_else(|| "none".to_owned());
        let spent = grouped(&self.total_spent.to_string());
        let now = format!(
            "level: {level} ({} purchases, {spent} ₽)",
            self.total_purchases
        );
        match name(&self.next) {
            None => now,
            Some(next) => format!(
                "{now}\nto {next}: {} purchases and {} ₽ are missing",
                self.missing_purchases,
                grouped(&self.missing_spent.to_string())
            ),
        }
    }
}

impl Report {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let report = desk.service.liability().await?;
        if self.format.json {
            print_json(&report)?;
        } else if self.format.csv {
            print(&liability_csv(&report))?;
        } else {
            print(&liability_table(&report))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
