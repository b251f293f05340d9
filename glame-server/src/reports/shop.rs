use chrono_tz::Tz;
use glame_core::analytics::ShopAnalysis;
use glame_core::analytics::buying::{CohortTable, FittedParameter, Language};

use crate::output::{grouped, table};

/// How many months of a cohort's life a table shows.
const MONTHS: usize = 13;

/// Lays cohorts out as a table: the share that bought in each month of its life.
#[must_use]
pub fn cohorts_table(cohorts: &CohortTable) -> String {
    let ages: Vec<String> = (0..MONTHS).map(|age| age.to_string()).collect();
    let mut header = vec!["began in", "customers"];
    header.extend(ages.iter().map(String::as_str));
    let rows: Vec<Vec<String>> = cohorts
        .cohorts
        .iter()
        .map(|cohort| {
            let shares = (0..MONTHS).map(|age| {
                let month = cohort.months.get(age);
                let share = month.and_then(|month| percent(month.buyers, cohort.customers));
                share.map(|share| format!("{share} %")).unwrap_or_default()
            });
            let began = cohort.month.format("%Y-%m").to_string();
            let customers = grouped(&cohort.customers.to_string());
            [began, customers].into_iter().chain(shares).collect()
        })
        .collect();
    format!(
        "Of customers who began in a month, who bought in each month since; as of {}\n\n{}",
        cohorts.as_of,
        table(&header, &rows)
    )
}

/// Tells what the models are worth, how forecasts have held and what a person should look at.
#[must_use]
pub fn forecasting_text(analysis: &ShopAnalysis, zone: Tz) -> String {
    let (counts, spend) = (&analysis.models.counts, &analysis.models.spend);
    let mut lines = vec![
        format!(
            "Models as of {}, for {} weeks ahead",
            analysis.as_of.date(zone),
            analysis.models.policy.horizon_weeks
        ),
        String::new(),
        format!(
            "{}: {} of {} customers, {} of whom came back; {}",
            counts.kind.as_str(),
            counts.verdict,
            grouped(&counts.customers.to_string()),
            grouped(&counts.repeat_buyers.to_string()),
            parameters(&counts.parameters)
        ),
        format!(
            "gamma-gamma: {} of {} customers; {}",
            spend.verdict,
            grouped(&spend.customers.to_string()),
            parameters(&spend.parameters)
        ),
        String::new(),
    ];
    if !counts.tells_who_has_left() {
        let rules = "Nobody can be seen dropping out for certain: risks rest on plain rules.";
        lines.push(rules.to_owned());
    }
    match &analysis.calibration {
        None => lines.push("The shop is too young to tell how forecasts hold.".to_owned()),
        Some(report) => lines.push(format!(
            "Of {} customers {:.0} purchases were expected in the {} weeks after an earlier fit, and \
             {:.0} came; Brier score {:.3}, and {:.3} by the share of all",
            grouped(&report.customers.to_string()),
            report.purchases.expected,
            report.weeks,
            report.purchases.actual,
            report.buyers.brier,
            report.buyers_by_share.brier
        )),
    }
    let findings = analysis.findings.iter();
    lines.extend(findings.map(|finding| finding.text(Language::English)));
    lines.join("\n")
}

/// Gives a part of a whole in percent, half of one rounded up; none of nothing.
fn percent(part: u32, whole: u32) -> Option<u64> {
    let (part, whole) = (u64::from(part), u64::from(whole));
    (200 * part + whole).checked_div(2 * whole)
}

fn parameters(parameters: &[FittedParameter]) -> String {
    let told = parameters.iter().map(|parameter| {
        let error = parameter
            .standard_error
            .map(|error| format!(" ± {error:.4}"));
        let error = error.unwrap_or_default();
        format!("{} {:.4}{error}", parameter.name, parameter.value)
    });
    told.collect::<Vec<_>>().join(", ")
}
