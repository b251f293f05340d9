//! Scores customers from `customer,day,amount` lines on standard input, or from a small sample.
#![expect(clippy::print_stdout, reason = "the program prints its result")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{IsTerminal, Read};

use chrono::NaiveDate;
use glame_core::analytics::{PurchaseColumns, RfmColumns, RfmPolicy};
use glame_core::values::Money;

const SAMPLE: &str = "customer,day,amount
anna,2025-06-01,12490.50
anna,2025-05-20,8090
boris,2024-02-03,1500
vera,2025-06-10,450.00
";

fn main() -> Result<(), Box<dyn Error>> {
    let mut csv = String::new();
    if !std::io::stdin().is_terminal() {
        std::io::stdin().read_to_string(&mut csv)?;
    }
    let csv = if csv.is_empty() { SAMPLE } else { &csv };

    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let (mut customers, mut days, mut kopecks) = (Vec::new(), Vec::new(), Vec::new());
    for line in csv.lines().skip(1) {
        let [name, day, amount] = line
            .split(',')
            .collect::<Vec<_>>()
            .try_into()
            .map_err(|_| "three cells a line")?;
        let next = u32::try_from(numbers.len())?;
        customers.push(*numbers.entry(name).or_insert(next));
        let since_1970 = day.parse::<NaiveDate>()?.to_epoch_days();
        days.push(u32::try_from(since_1970)?);
        kopecks.push(Money::parse_roubles(amount)?.kopecks());
    }

    let count = u32::try_from(numbers.len())?;
    let purchases = PurchaseColumns::try_new(count, &customers, &days, &kopecks)?;
    let columns = RfmColumns::aggregate(purchases, 1);
    let today = days.iter().max().copied().unwrap_or_default();
    let cuts = RfmPolicy::default().cuts(&columns.population(today))?;
    let scores = columns.score(&cuts, today);
    for (name, number) in numbers {
        if let Some(score) = scores[usize::try_from(number)?] {
            println!(
                "{name}: {score}, {} of 15, {}",
                score.total(),
                score.segment().as_str()
            );
        }
    }
    Ok(())
}
