mod desk;
mod keeping;
mod moment;
mod moving;
mod posting;
mod reading;

use std::process::ExitCode;

use clap::Subcommand;

use super::CommandError;
use crate::settings::Settings;
use desk::Desk;

/// Points: what customers have, and everything that moves it.
#[derive(Debug, Subcommand)]
pub(super) enum Loyalty {
    /// Print what a customer has, now or at an instant of the past
    Balance(reading::Balance),
    /// Print the newest transactions of a customer
    History(reading::History),
    /// Print the transactions of a stretch of time, with the balance before and after
    Statement(reading::Statement),
    /// Print the level of a customer, and what is missing to the next one
    Levels(reading::Levels),
    /// Print what the shop owes its customers in points
    Report(reading::Report),
    /// Credit a receipt, once whatever the keys; with another sum, correct it
    Earn(moving::Earn),
    /// Take back what a returned part of a receipt has earned
    Return(moving::Return),
    /// Spend points
    Spend(moving::Spend),
    /// Give points without a receipt, once for an occasion
    Bonus(moving::Bonus),
    /// Correct the points of a customer by hand
    Adjust(moving::Adjust),
    /// Take a spend or a bonus back in whole
    Reverse(moving::Reverse),
    /// Move the points of one card to another card of the same person
    Merge(moving::Merge),
    /// Carry out postings that come as lines of JSON
    Post(posting::Post),
    /// Write off points whose time is over; balances do not change by it
    Expire(keeping::Expire),
    /// Bring points in line with the purchases that have changed
    Settle(keeping::Settle),
    /// Compare points with the shop's base; where it keeps them, take its balances over
    Reconcile(keeping::Reconcile),
    /// Replay every ledger and compare; exit code 1 on any difference
    Verify(keeping::Verify),
}

impl Loyalty {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        let desk = Desk::open(settings).await?;
        match self {
            Self::Balance(balance) => balance.run(&desk).await,
            Self::History(history) => history.run(&desk).await,
            Self::Statement(statement) => statement.run(&desk).await,
            Self::Levels(levels) => levels.run(&desk).await,
            Self::Report(report) => report.run(&desk).await,
            Self::Earn(earn) => earn.run(&desk).await,
            Self::Return(taken_back) => taken_back.run(&desk).await,
            Self::Spend(spend) => spend.run(&desk).await,
            Self::Bonus(bonus) => bonus.run(&desk).await,
            Self::Adjust(adjust) => adjust.run(&desk).await,
            Self::Reverse(reverse) => reverse.run(&desk).await,
            Self::Merge(merge) => merge.run(&desk).await,
            Self::Post(post) => post.run(&desk).await,
            Self::Expire(expire) => expire.run(&desk).await,
            Self::Settle(settle) => settle.run(&desk).await,
            Self::Reconcile(reconcile) => reconcile.run(&desk, settings).await,
            Self::Verify(verify) => verify.run(&desk).await,
        }
    }
}
