use std::path::PathBuf;

use clap::{Args, ValueEnum};
use glame_core::segments::{CSV_HEADER, Decision, Imported, MemberFile, SegmentService};
use glame_core::values::SegmentId;
use serde::Serialize;
use uuid::Uuid;

use super::super::sync::Format;
use super::bytes_of;
use crate::commands::CommandError;
use crate::output::{grouped, print, print_json, print_part, table};

/// The largest file of customers.
const LARGEST_LIST: u64 = 64 << 20;

#[derive(Debug, Args)]
pub(in crate::commands) struct Import {
    /// The segment
    #[arg(value_name = "SEGMENT")]
    segment: Uuid,
    #[arg(
        value_name = "FILE",
        help = "A CSV file with a column user_id, discount_card_number or phone; - for standard input"
    )]
    file: PathBuf,
    /// What is decided about these customers
    #[arg(long, value_enum, default_value_t = Decided::Include)]
    decision: Decided,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Decided {
    /// They are members, whatever the rule says
    Include,
    /// They are none, whatever the rule says
    Exclude,
    /// The rule decides again
    ByRule,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct Export {
    /// The segment
    #[arg(value_name = "SEGMENT")]
    segment: Uuid,
    /// Write the hashed contacts of those who agree, as Yandex Audience takes them
    #[arg(long)]
    yandex_audience: bool,
}

#[derive(Debug, Serialize)]
struct ImportedView {
    lines: u64,
    customers: u64,
    refused: u64,
    refused_lines: Vec<RefusedView>,
}

#[derive(Debug, Serialize)]
struct RefusedView {
    line: u64,
    reason: String,
}

impl From<Decided> for Option<Decision> {
    fn from(decided: Decided) -> Self {
        match decided {
            Decided::Include => Some(Decision::Include),
            Decided::Exclude => Some(Decision::Exclude),
            Decided::ByRule => None,
        }
    }
}

impl From<Imported> for ImportedView {
    fn from(imported: Imported) -> Self {
        let refused = imported.refused_lines.into_iter();
        Self {
            lines: imported.lines,
            customers: imported.customers,
            refused: imported.refused,
            refused_lines: refused
                .map(|refused| RefusedView {
                    line: refused.line,
                    reason: refused.reason.to_string(),
                })
                .collect(),
        }
    }
}

impl Import {
    pub(super) async fn run(self, service: &SegmentService) -> Result<(), CommandError> {
        let csv = bytes_of(&self.file, LARGEST_LIST)?;
        let lines = MemberFile::open(&csv).map_err(|error| error.to_string())?;
        let segment = SegmentId::from_uuid(self.segment);
        let imported = if self.dry_run {
            service.preview_import(segment, lines).await?
        } else {
            service.import(segment, lines, self.decision.into()).await?
        };
        let view = ImportedView::from(imported);
        if self.format.json {
            return Ok(print_json(&view)?);
        }
        print(&format!(
            "{} lines name {} customers; {} name nobody",
            grouped(&view.lines.to_string()),
            grouped(&view.customers.to_string()),
            grouped(&view.refused.to_string()),
        ))?;
        let rows: Vec<Vec<String>> = view
            .refused_lines
            .into_iter()
            .map(|refused| vec![refused.line.to_string(), refused.reason])
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        Ok(print(&table(&["line", "because"], &rows))?)
    }
}

impl Export {
    pub(super) async fn run(self, service: &SegmentService) -> Result<(), CommandError> {
        let segment = SegmentId::from_uuid(self.segment);
        service.segment(segment).await?;
        if self.yandex_audience {
            for line in service.export_yandex_audience(segment).await? {
                print_part(&line)?;
            }
            return Ok(());
        }
        print_part(CSV_HEADER)?;
        let mut after = None;
        while let Some((last, rows)) = service.export_csv(segment, after).await? {
            print_part(&rows)?;
            after = Some(last);
        }
        Ok(())
    }
}
