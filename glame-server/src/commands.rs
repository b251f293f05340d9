//! The commands of `glame`.
//!
//! Exit codes: 0 done, 1 refused or failed, 2 wrong usage. Results go to standard output, logs and
//! progress to standard error.

mod demo;
mod doctor;
mod loyalty;
mod metrics;
mod migrate;
mod openapi;
mod report;
mod segments;
mod serve;
mod sync;
mod user;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::describe;
use crate::settings::{Environment, Settings};
use crate::telemetry;

/// Customers and loyalty for shops that run on 1C.
#[derive(Debug, Parser)]
#[command(name = "glame", version, about)]
pub struct CommandLine {
    /// The settings file [default: glame.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show everything at work: a simulated 1C base, its first sync, the scores, the server
    Demo(demo::Demo),
    /// Serve the API and run the jobs
    Serve,
    /// Create or upgrade the schema of the database
    Migrate,
    /// Bring customers and purchases over from 1C
    #[command(subcommand)]
    Sync(sync::Sync),
    /// Check a 1C base before the first run
    Doctor(doctor::Doctor),
    /// Make the figures of all customers
    #[command(subcommand)]
    Metrics(metrics::Metrics),
    /// Show and move points
    #[command(subcommand)]
    Loyalty(loyalty::Loyalty),
    /// Print reports
    #[command(subcommand)]
    Report(report::Report),
    /// List, try and fill segments
    #[command(subcommand)]
    Segments(segments::Segments),
    /// Make and list members of staff
    #[command(subcommand)]
    User(user::User),
    /// Print the OpenAPI document
    Openapi,
}

/// Why a command failed, for the person who called it.
pub(crate) type CommandError = Box<dyn Error + Send + Sync>;

/// Runs a command to its exit code.
#[must_use]
pub fn run(line: CommandLine) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match runtime.block_on(run_command(line)) {
        Ok(code) => code,
        Err(error) => failed(error.as_ref()),
    }
}

async fn run_command(line: CommandLine) -> Result<ExitCode, CommandError> {
    let environment = Environment::of_process();
    let settings = Settings::load(line.config.as_deref(), &environment)?;
    telemetry::start(&settings.log)?;
    match line.command {
        Command::Demo(demo) => Box::pin(demo.run(settings)).await,
        Command::Serve => Box::pin(serve::run(&settings)).await,
        Command::Migrate => migrate::run(&settings).await,
        Command::Sync(sync) => sync.run(&settings).await,
        Command::Doctor(doctor) => doctor.run(&settings).await,
        Command::Metrics(metrics) => metrics.run(&settings).await,
        Command::Loyalty(loyalty) => loyalty.run(&settings).await,
        Command::Report(report) => report.run(&settings).await,
        Command::Segments(segments) => segments.run(&settings).await,
        Command::User(user) => user.run(&settings).await,
        Command::Openapi => openapi::run(),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the last word of a command goes to the person who called it"
)]
fn failed(error: &(dyn Error + 'static)) -> ExitCode {
    eprintln!("glame: {}", describe(error));
    ExitCode::FAILURE
}
