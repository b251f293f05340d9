//! The simulator as a program.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use glame_onec_simulator::{
    BaseSettings, Fault, FaultPlan, FaultRule, Scenario, Simulator, SimulatorSettings,
};

/// Serves a local 1C base over OData, for tests and demonstrations.
#[derive(Debug, Parser)]
#[command(name = "glame-onec-simulator", version, after_help = fault_names())]
struct Arguments {
    /// Where to listen; port 0 takes any free port.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A ready-made shop instead of an invented one.
    #[arg(long, value_enum, conflicts_with_all = ["customers", "lines", "seed"])]
    shop: Option<Shop>,
    /// How many customers the invented shop has.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    customers: usize,
    /// How many lines of sales the invented shop has.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    lines: usize,
    /// Which of the endless invented shops.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What happens to the base: a JSON file, described in the README.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// What goes wrong, and for which share of the requests (all, if not said).
    #[arg(long = "fault", value_name = "NAME[=RATE]")]
    faults: Vec<FaultRule>,
    /// The login that is let in.
    #[arg(long, value_name = "U", default_value = "odata")]
    user: String,
    /// Its password.
    #[arg(long, value_name = "P", default_value = "odata")]
    password: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shop {
    /// The Online Retail data set (UCI) as a Russian shop.
    OnlineRetail,
}

fn fault_names() -> String {
    let names: Vec<&str> = Fault::ALL.into_iter().map(Fault::name).collect();
    format!("Faults: {}", names.join(", "))
}

impl Arguments {
    fn settings(self) -> SimulatorSettings {
        let base = match self.shop {
            Some(Shop::OnlineRetail) => BaseSettings::OnlineRetail,
            None => BaseSettings::Generated {
                customers: self.customers,
                lines: self.lines,
                seed: self.seed,
            },
        };
        SimulatorSettings {
            listen: self.listen,
            base,
            user: self.user,
            password: self.password,
            faults: FaultPlan::of(self.faults),
            ..SimulatorSettings::default()
        }
    }
}

/// The scenario file is not there or not ours to read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the scenario {path:?}")]
struct UnreadableFile {
    path: PathBuf,
    source: std::io::Error,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            let _nobody_listens = writeln!(std::io::stderr(), "glame-onec-simulator: {text}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let scenario = match &arguments.scenario {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|source| UnreadableFile {
                    path: path.clone(),
                    source,
                })?;
                Scenario::from_json(&text)?
            }
            None => Scenario::default(),
        };
        let simulator = Simulator::start(arguments.settings()).await?;
        simulator.run(&scenario)?;
        let credentials = simulator.credentials();
        let mut out = std::io::stdout().lock();
        writeln!(out, "url:      {}", simulator.base_url())?;
        writeln!(out, "user:     {}", credentials.user)?;
        writeln!(out, "password: {}", credentials.password)?;
        out.flush()?;
        tokio::signal::ctrl_c().await?;
        Ok(())
    })
}
