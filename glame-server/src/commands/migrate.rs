use std::process::ExitCode;

use super::CommandError;
use crate::output::print;
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings) -> Result<ExitCode, CommandError> {
    let report = glame_storage::migrate(settings.database_url()?).await?;
    for migration in &report.applied {
        print(&format!("applied {migration}"))?;
    }
    print(&format!("the schema has version {}", report.version))?;
    Ok(ExitCode::SUCCESS)
}
