use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use glame_core::loyalty::{
    Authority, Command, CustomerFacts, Finding, IdempotencyKey, PointsLedger, Posting,
    Reconciliation, Request, Source, Swept,
};
use glame_core::ports::Clock;
use glame_core::sync::{PurchaseScope, SyncTarget, SyncTask, SyncTrigger};
use glame_core::values::UserId;
use serde::Serialize;

use super::desk::{Desk, parse_user, refused};
use super::moving::words;
use crate::clock::SystemClock;
use crate::commands::CommandError;
use crate::commands::sync::{Shown, settled_line};
use crate::jobs::{SyncJob, SyncWorker};
use crate::output::{grouped, print, print_json};
use crate::progress::ConsoleProgress;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::wiring;

/// How many customers a rehearsal of the write-off looks up at once.
const USERS: u32 = 500;

#[derive(Debug, Args)]
pub(in crate::commands) struct Expire {
    /// The id of one customer [default: all of them]
    #[arg(value_parser = parse_user)]
    user: Option<UserId>,
    /// A key for a client that repeats; a lot is written off once without it too
    #[arg(long, value_name = "KEY", requires = "user", value_parser = IdempotencyKey::parse)]
    idempotency_key: Option<IdempotencyKey>,
    /// Store nothing; show what would be written off
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Settle {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Reconcile {
    /// Store nothing; only compare
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Verify {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct SweptView {
    #[serde(flatten)]
    swept: Swept,
    dry_run: bool,
}

impl Expire {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let shown = Shown::from_flag(self.json);
        if let Some(user) = self.user {
            let posting = write_off(user, self.idempotency_key);
            let (posted, balance) = desk
                .post(posting, self.dry_run)
                .await
                .map_err(|error| refused(error, shown))?;
            desk.show(&posted, balance, self.dry_run, shown)?;
            return Ok(ExitCode::SUCCESS);
        }
        let swept = if self.dry_run {
            rehearse(desk).await?
        } else {
            desk.service.expire_old_points().await?
        };
        match shown {
            Shown::Json => print_json(&SweptView {
                swept,
                dry_run: self.dry_run,
            })?,
            Shown::Text => print(&format!(
                "{} points in {} lots of {} customers {} written off",
                grouped(&swept.points.to_string()),
                grouped(&swept.lots.to_string()),
                grouped(&swept.accounts.to_string()),
                if self.dry_run { "would be" } else { "were" }
            ))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn write_off(user: UserId, key: Option<IdempotencyKey>) -> Posting {
    Posting {
        user,
        key,
        request: Request {
            command: Command::Expire,
            authority: Authority {
                reason: words("Срок действия баллов истёк"),
                source: Source::Platform,
                actor: None,
            },
        },
        customer: CustomerFacts::default(),
    }
}

/// Counts what a write-off of everything would do.
async fn rehearse(desk: &Desk) -> Result<Swept, CommandError> {
    let now = SystemClock.now();
    let mut swept = Swept::default();
    let mut after = None;
    loop {
        let users = desk
            .storage
            .users_with_expired_points(now, after, USERS)
            .await?;
        let Some(last) = users.last() else {
            return Ok(swept);
        };
        after = Some(*last);
        for user in users {
            let posted = desk.service.preview(write_off(user, None)).await?;
            swept.accounts += u64::from(!posted.transactions.is_empty());
            for transaction in posted.transactions {
                swept.lots += 1;
                swept.points += transaction.points.unsigned_abs();
            }
        }
    }
}

impl Settle {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let settled = desk.service.settle_purchases().await?;
        match Shown::from_flag(self.json) {
            Shown::Json => print_json(&settled)?,
            Shown::Text => print(&settled_line(&settled))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Reconcile {
    pub(super) async fn run(
        self,
        desk: &Desk,
        settings: &Settings,
    ) -> Result<ExitCode, CommandError> {
        let corrects = settings.loyalty.ledger == PointsLedger::Onec && !self.dry_run;
        let outcome = if self.dry_run {
            let source = wiring::source(settings)?;
            desk.service.compare_with_source(&source).await?
        } else {
            let target = if corrects {
                SyncTarget::Points
            } else {
                SyncTarget::Comparison
            };
            kept_by_a_job(desk, settings, target).await?
        };
        if self.json {
            print_json(&outcome)?;
            return Ok(ExitCode::SUCCESS);
        }
        for one in &outcome.differences {
            print(&format!(
                "customer {}: {} points in the base, {} here",
                one.user,
                grouped(&one.source_points.to_string()),
                grouped(&one.ledger_points.to_string())
            ))?;
        }
        print(&format!(
            "{} of {} customers {}; {} points in the base, {} here; {} cards are not known here, \
             {} could not be understood",
            grouped(&outcome.different.to_string()),
            grouped(&outcome.customers.to_string()),
            if corrects {
                "differed and were corrected"
            } else {
                "differ"
            },
            grouped(&outcome.source_points.to_string()),
            grouped(&outcome.ledger_points.to_string()),
            grouped(&outcome.unknown_cards.to_string()),
            grouped(&outcome.rejected.to_string())
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Compares as a job, under the lease that every other job takes, and gives what it has kept.
async fn kept_by_a_job(
    desk: &Desk,
    settings: &Settings,
    target: SyncTarget,
) -> Result<Reconciliation, CommandError> {
    // Without a base there is nothing to compare with.
    wiring::source(settings)?;
    let job = SyncJob {
        with: &wiring::sync_parts(settings, &desk.storage, desk.service.clone())?,
        task: SyncTask {
            target,
            scope: PurchaseScope::Automatic,
            trigger: SyncTrigger::Manual,
        },
        as_of: wiring::as_of(settings),
        worker: SyncWorker::Command,
    };
    let progress = ConsoleProgress::new(Stop::on_signals());
    let lease_time = Duration::from_secs(u64::from(settings.sync.lease_seconds));
    let outcome = job.run(&progress, lease_time).await;
    progress.finish();
    if let Some(error) = outcome.error {
        return Err(error.into());
    }
    let kept = desk.service.last_reconciliation().await?;
    kept.ok_or_else(|| "another process has removed what was compared".into())
}

impl Verify {
    pub(super) async fn run(self, desk: &Desk) -> Result<ExitCode, CommandError> {
        let observe = |accounts| tracing::info!(accounts, "ledgers are being replayed");
        let verification = desk.service.verify(&observe).await?;
        if self.json {
            print_json(&verification)?;
        } else {
            for finding in &verification.findings {
                print(&line(finding))?;
            }
            print(&format!(
                "{} ledgers with {} transactions were replayed, {} differences",
                grouped(&verification.accounts.to_string()),
                grouped(&verification.transactions.to_string()),
                grouped(&verification.differences.to_string())
            ))?;
        }
        Ok(if verification.differences == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Tells a finding in one line.
fn line(finding: &Finding) -> String {
    let which = match (finding.sequence, finding.transaction) {
        (Some(sequence), Some(id)) => format!(", transaction {sequence} ({id})"),
        _ => String::new(),
    };
    format!("customer {}{which}: {}", finding.user, finding.problem)
}
