use std::process::ExitCode;

use super::CommandError;
use crate::api;
use crate::output::print_json;

pub(super) fn run() -> Result<ExitCode, CommandError> {
    print_json(&api::document())?;
    Ok(ExitCode::SUCCESS)
}
