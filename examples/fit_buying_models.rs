//! Fits a buying model to customers in a CSV file and prints the fit, or predictions, to standard output.
//!
//! `fit_buying_models FILE.csv --model mbg-nbd|bg-nbd|pareto-nbd|gamma-gamma [--predict WEEKS]`
//!
//! The file has a header and the columns `id,x,t_x,T,m`: repeat purchase days, weeks from the first
//! purchase to the last, weeks from the first purchase to the end of the period, and the mean worth
//! of a repeat day in any currency. Without `--predict` one JSON object is printed; with it, a CSV
//! row for each customer.
#![expect(
    clippy::print_stderr,
    reason = "the program says on standard error what is wrong"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use glame_core::analytics::buying::{
    BuyingFit, CollapsedSpend, CollapsedSummaries, FittedParameter, ModelKind, PurchaseSummary,
    SpendFit, SummaryError, Verdict,
};
use serde::Serialize;

const USAGE: &str = "usage: fit_buying_models FILE.csv \
    --model mbg-nbd|bg-nbd|pareto-nbd|gamma-gamma [--predict WEEKS]";

fn main() -> ExitCode {
    let printed = Command::from_arguments(std::env::args().skip(1)).and_then(|command| {
        let csv = std::fs::read_to_string(&command.file)
            .map_err(|error| format!("{}: {error}", command.file))?;
        let customers =
            read_customers(&csv).map_err(|error| format!("{}: {error}", command.file))?;
        command.run(&customers)
    });
    match printed {
        // Who reads only the beginning, as `head` does, has closed the pipe behind it.
        Ok(text) => match std::io::stdout().write_all(text.as_bytes()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                eprintln!("error: standard output: {error}");
                ExitCode::FAILURE
            }
            _ => ExitCode::SUCCESS,
        },
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What was asked for.
struct Command {
    file: String,
    model: Model,
    /// Print predictions for so many weeks instead of the fit.
    predict: Option<f64>,
}

#[derive(Clone, Copy)]
enum Model {
    Counts(ModelKind),
    Spend,
}

/// Everybody in the file.
#[derive(Default)]
struct Customers<'a> {
    ids: Vec<&'a str>,
    summaries: Vec<PurchaseSummary>,
}

#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    n: usize,
    parameters: BTreeMap<&'a str, f64>,
    log_likelihood: Option<f64>,
    verdict: Verdict,
    seconds: f64,
}

impl Command {
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut file, mut model, mut predict) = (None, None, None);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(USAGE);
            match argument.as_str() {
                "--model" => {
                    let name = value()?;
                    model = Some(match name.as_str() {
                        "gamma-gamma" => Model::Spend,
                        _ => Model::Counts(
                            name.parse()
                                .map_err(|_| format!("there is no model {name}\n{USAGE}"))?,
                        ),
                    });
                }
                "--predict" => {
                    let weeks = value()?;
                    predict = Some(
                        weeks
                            .parse()
                            .ok()
                            .filter(|weeks: &f64| weeks.is_finite() && *weeks > 0.0)
                            .ok_or_else(|| format!("{weeks} is not a number of weeks"))?,
                    );
                }
                _ if file.is_none() && !argument.starts_with("--") => file = Some(argument),
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(Self {
            file: file.ok_or(USAGE)?,
            model: model.ok_or(USAGE)?,
            predict,
        })
    }

    fn run(&self, customers: &Customers<'_>) -> Result<String, String> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let summaries = &customers.summaries;
        let start = Instant::now();
        match self.model {
            Model::Counts(kind) => {
                let data = CollapsedSummaries::of(summaries, threads);
                let fit = BuyingFit::of(kind, &data, threads);
                let took = start.elapsed();
                match self.predict {
                    Some(weeks) => Ok(print_counts(customers, &fit, weeks, threads)),
                    None => print_fit(
                        kind.as_str(),
                        (fit.customers, fit.verdict, fit.log_likelihood),
                        &fit.parameters,
                        took,
                    ),
                }
            }
            Model::Spend => {
                let fit = SpendFit::of(&CollapsedSpend::of(summaries, threads), threads);
                let took = start.elapsed();
                match self.predict {
                    Some(_) => Ok(print_spend(customers, &fit)),
                    None => print_fit(
                        "gamma-gamma",
                        (fit.customers, fit.verdict, fit.log_likelihood),
                        &fit.parameters,
                        took,
                    ),
                }
            }
        }
    }
}

fn print_fit(
    model: &str,
    (n, verdict, log_likelihood): (usize, Verdict, Option<f64>),
    parameters: &[FittedParameter],
    took: Duration,
) -> Result<String, String> {
    let report = Report {
        model,
        n,
        parameters: parameters
            .iter()
            .map(|parameter| (parameter.name.as_str(), parameter.value))
            .collect(),
        log_likelihood,
        verdict,
        seconds: took.as_secs_f64(),
    };
    let json = serde_json::to_string(&report).map_err(|error| error.to_string())?;
    Ok(json + "\n")
}

/// Gives a row per customer; its cells are empty if there is no model.
fn print_counts(customers: &Customers<'_>, fit: &BuyingFit, weeks: f64, threads: usize) -> String {
    let mut csv = String::from(
        "id,p_alive,expected_purchases,p_purchase,next_q25_weeks,next_median_weeks,next_q75_weeks\n",
    );
    let Some(model) = fit.model else {
        return without_model(csv, customers, fit.verdict);
    };
    let predictions = model.predict_all(&customers.summaries, weeks, threads);
    let rows = customers.ids.iter().zip(&customers.summaries);
    for ((id, summary), predicted) in rows.zip(predictions) {
        let band = model.next_purchase(summary).weeks;
        let cell = |weeks: Option<f64>| weeks.map(|weeks| weeks.to_string()).unwrap_or_default();
        let _ = writeln!(
            csv,
            "{id},{},{},{},{},{},{}",
            predicted.p_alive,
            predicted.expected_purchases,
            predicted.p_purchase,
            cell(band.map(|band| band.early)),
            cell(band.map(|band| band.median)),
            cell(band.and_then(|band| band.late)),
        );
    }
    csv
}

fn print_spend(customers: &Customers<'_>, fit: &SpendFit) -> String {
    let mut csv = String::from("id,expected_spend\n");
    let Some(model) = fit.model else {
        return without_model(csv, customers, fit.verdict);
    };
    for (id, summary) in customers.ids.iter().zip(&customers.summaries) {
        let _ = writeln!(csv, "{id},{}", model.expected_spend(summary).kopecks());
    }
    csv
}

fn without_model(mut csv: String, customers: &Customers<'_>, verdict: Verdict) -> String {
    eprintln!("there is no model: {verdict}");
    let cells = csv.matches(',').count();
    for id in &customers.ids {
        let _ = writeln!(csv, "{id}{}", ",".repeat(cells));
    }
    csv
}

/// Reads the customers; an error says where it is.
fn read_customers(csv: &str) -> Result<Customers<'_>, String> {
    let csv = csv.trim_start_matches('\u{feff}');
    let mut lines = (1_usize..).zip(csv.lines());
    let (_, header) = lines
        .next()
        .ok_or("line 1: the header id,x,t_x,T,m is missing")?;
    let names: Vec<&str> = cells(header).collect();
    let place = |name: &str| {
        names
            .iter()
            .position(|cell| *cell == name)
            .ok_or_else(|| format!("line 1: the column {name} is missing"))
    };
    let places = [place("x")?, place("t_x")?, place("T")?, place("m")?];
    let id_place = place("id")?;
    let mut customers = Customers::default();
    for (line, row) in lines.filter(|(_, row)| !row.trim().is_empty()) {
        let row: Vec<&str> = cells(row).collect();
        if row.len() != names.len() {
            let (found, expected) = (row.len(), names.len());
            return Err(format!(
                "line {line}: {found} cells where the header has {expected}"
            ));
        }
        let at = |place: usize| format!("line {line}, column {} ({})", place + 1, names[place]);
        let number = |place: usize| -> Result<f64, String> {
            let cell = row[place];
            cell.parse()
                .map_err(|_| format!("{}: \"{cell}\" is not a number", at(place)))
        };
        let [x, last, age, mean] = places;
        let repeats =
            whole(row[x]).ok_or_else(|| format!("{}: \"{}\" is not a count", at(x), row[x]))?;
        let summary = PurchaseSummary::try_new(repeats, number(last)?, number(age)?, number(mean)?)
            .map_err(|error| {
                let place = if error == (SummaryError::NotANumber { field: "T" }) {
                    age
                } else if error == (SummaryError::NotANumber { field: "m" }) {
                    mean
                } else {
                    last
                };
                format!("{}: {error}", at(place))
            })?;
        customers.ids.push(row[id_place]);
        customers.summaries.push(summary);
    }
    Ok(customers)
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|cell| cell.trim().trim_matches('"'))
}

/// Reads a count, which some programs write as `2.0`.
fn whole(cell: &str) -> Option<u32> {
    let whole = match cell.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return None,
        None => cell,
    };
    whole.parse().ok()
}
