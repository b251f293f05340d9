//! The command line `glame`.

use std::process::ExitCode;

use clap::Parser;
use glame_server::commands::CommandLine;

fn main() -> ExitCode {
    glame_server::commands::run(CommandLine::parse())
}
