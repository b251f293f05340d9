#![doc = include_str!("../README.md")]

mod answer;
mod atom;
mod base;
mod base64;
mod body;
mod dice;
mod document;
mod document_object;
mod errors;
mod faults;
mod filter;
mod handler;
mod json;
mod metadata;
mod moment;
mod object;
mod options;
mod oracle;
mod presentation;
mod read;
mod request;
mod row;
mod scenario;
mod schema;
mod server;
mod settings;
mod simulator;
mod value;
mod world;

pub use faults::{Fault, FaultPlan, FaultRule, ParseFaultError, Rate};
pub use oracle::{Oracle, RegisterLine, RegisterTotals, SalesRegister, Totals};
pub use scenario::{
    Applied, Closing, Good, Pick, Scenario, ScenarioError, ScenarioStep, Share, TimedStep, When,
    random_scenario,
};
pub use server::ForeignRequest;
pub use settings::{BaseSettings, InlineCount, Published, Quirks, SimulatorSettings};
pub use simulator::{Credentials, Simulator, StartError};
