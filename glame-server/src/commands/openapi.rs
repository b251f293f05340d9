use std::process::ExitCode;

use super::CommandError;
use crate::api;
use crate::output::print;

pub(super) fn run() -> Result<ExitCode, CommandError> {
    print(&api::service().spec())?;
    Ok(ExitCode::SUCCESS)
}
