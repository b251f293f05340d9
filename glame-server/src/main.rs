//! The command line `glame`.

use std::process::ExitCode;

use clap::Parser;
use glame_server::commands::CommandLine;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    glame_server::commands::run(CommandLine::parse())
}
