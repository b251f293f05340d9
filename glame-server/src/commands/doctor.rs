use std::process::ExitCode;

use clap::Args;
use glame_onec::{Finding, FindingStatus};

use super::CommandError;
use crate::output::{print, print_json};
use crate::settings::Settings;
use crate::wiring;

/// Checks a 1C base.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        let source = wiring::source(settings)?;
        let diagnosis = source.diagnose().await;
        if self.json {
            print_json(&diagnosis)?;
        } else {
            for finding in &diagnosis.findings {
                print(&line(finding))?;
            }
        }
        Ok(match diagnosis.status() {
            FindingStatus::Ok | FindingStatus::Warning => ExitCode::SUCCESS,
            FindingStatus::Failed => ExitCode::FAILURE,
        })
    }
}

/// Tells a finding in one line, and what to do in the next.
fn line(finding: &Finding) -> String {
    let status = match finding.status {
        FindingStatus::Ok => "ok     ",
        FindingStatus::Warning => "warning",
        FindingStatus::Failed => "FAILED ",
    };
    let set = finding
        .set
        .as_deref()
        .map(|set| format!("{set}: "))
        .unwrap_or_default();
    let advice = finding
        .advice
        .as_deref()
        .map(|advice| format!("\n         → {advice}"))
        .unwrap_or_default();
    format!("{status}  {set}{}{advice}", finding.message)
}
