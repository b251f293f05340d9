mod members;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use glame_core::segments::{SegmentRule, SegmentService};
use glame_core::sync::{PurchaseScope, SyncTarget, SyncTask, SyncTrigger};
use serde::Serialize;

use super::CommandError;
use super::sync::{Format, Shown, carry_out};
use crate::jobs::{SyncJob, SyncWorker};
use crate::output::{grouped, print, print_json, table};
use crate::settings::Settings;
use crate::stop::Stop;
use crate::wiring;

/// Segments and their members.
#[derive(Debug, Subcommand)]
pub(super) enum Segments {
    /// List the segments
    List(Format),
    /// Tell how many customers a rule would hold; nothing is stored
    Preview(Preview),
    /// Fill all segments with the customers of this moment
    Refresh(Format),
    /// Include or exclude the customers of a CSV file by hand
    Import(members::Import),
    /// Write the members of a segment as CSV, or for Yandex Audience
    Export(members::Export),
}

#[derive(Debug, Args)]
pub(super) struct Preview {
    /// A file with the rule as JSON; - for standard input
    #[arg(value_name = "FILE")]
    rule: PathBuf,
    /// How many members to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    sample: usize,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct PreviewView {
    as_of: chrono::NaiveDate,
    customer_count: usize,
    unknown: usize,
    total_customers: usize,
    sample: Vec<String>,
}

/// The largest file that can be a rule.
const LARGEST_RULE: u64 = 1 << 20;

impl Segments {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        let service = wiring::segments(settings, wiring::storage(settings).await?)?;
        match self {
            Self::List(format) => list(&service, &format).await?,
            Self::Preview(preview) => preview.run(settings, &service).await?,
            Self::Refresh(format) => refresh(settings, &service, &format).await?,
            Self::Import(import) => import.run(&service).await?,
            Self::Export(export) => export.run(&service).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(service: &SegmentService, format: &Format) -> Result<(), CommandError> {
    let stored = service.all().await?;
    if format.json {
        return Ok(print_json(&stored)?);
    }
    let rows: Vec<Vec<String>> = stored
        .iter()
        .map(|stored| {
            let refreshed = stored.refresh.map(|refresh| refresh.refreshed_at);
            vec![
                stored.segment.name.to_string(),
                stored.segment.state.as_str().to_owned(),
                grouped(&stored.customer_count.to_string()),
                refreshed.map_or_else(|| "—".to_owned(), |at| at.to_rfc3339()),
                stored.segment.id.to_string(),
            ]
        })
        .collect();
    let header = ["segment", "state", "customers", "refreshed", "id"];
    Ok(print(&table(&header, &rows))?)
}

impl Preview {
    async fn run(self, settings: &Settings, service: &SegmentService) -> Result<(), CommandError> {
        let rule = String::from_utf8(bytes_of(&self.rule, LARGEST_RULE)?)
            .map_err(|_| format!("{} is not in UTF-8", self.rule.display()))?;
        let rule = SegmentRule::parse(&rule)
            .map_err(|errors| format!("the rule does not hold: {errors}"))?;
        let population = service.load(wiring::as_of(settings)).await?;
        let preview = population.preview(&rule, None, self.sample)?;
        let view = PreviewView {
            as_of: population.day(),
            customer_count: preview.customer_count,
            unknown: preview.unknown,
            total_customers: population.snapshot().users().len(),
            sample: preview.sample.iter().map(ToString::to_string).collect(),
        };
        if self.format.json {
            return Ok(print_json(&view)?);
        }
        let unknown = match view.unknown {
            0 => String::new(),
            some => format!("; of {} too little is known", grouped(&some.to_string())),
        };
        print(&format!(
            "{} of {} customers as of {}{unknown}",
            grouped(&view.customer_count.to_string()),
            grouped(&view.total_customers.to_string()),
            view.as_of,
        ))?;
        for user in &view.sample {
            print(user)?;
        }
        Ok(())
    }
}

/// Reads a file, or standard input for -, and no more than so many bytes.
fn bytes_of(file: &Path, most: u64) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().take(most + 1).read_to_end(&mut bytes)
    } else {
        let opened = std::fs::File::open(file);
        opened.and_then(|opened| opened.take(most + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > most) {
        return Err(format!("{} is larger than {most} bytes", file.display()).into());
    }
    Ok(bytes)
}

/// Fills the segments as one job; what other shops begin with is made where it is missing.
async fn refresh(
    settings: &Settings,
    service: &SegmentService,
    format: &Format,
) -> Result<(), CommandError> {
    service.install_defaults().await?;
    let storage = wiring::storage(settings).await?;
    let loyalty = wiring::loyalty(settings, Arc::clone(&storage))?;
    let job = SyncJob {
        with: &wiring::parts_without_base(settings, &storage, loyalty)?,
        task: SyncTask {
            target: SyncTarget::Segments,
            scope: PurchaseScope::Automatic,
            trigger: SyncTrigger::Manual,
        },
        as_of: wiring::as_of(settings),
        worker: SyncWorker::Command,
    };
    let shown = Shown::from_flag(format.json);
    carry_out(settings, job, shown, &Stop::on_signals()).await?;
    match shown {
        Shown::Json => Ok(()),
        Shown::Text => list(service, format).await,
    }
}
