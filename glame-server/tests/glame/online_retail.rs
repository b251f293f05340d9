//! The Online Retail shop, against figures that were taken from its CSV by another program.

use std::collections::BTreeMap;

use glame_onec_simulator::{BaseSettings, SalesRegister};

use crate::shop::{Database, Shop, kopecks};

/// Customer, lines, invoices, cancellations, kopecks: made from the published CSV by a script that
/// sums `Quantity × UnitPrice × 100` per `CustomerID` exactly.
const CUSTOMERS: &str = include_str!("online_retail_customers.csv");

async fn every_customer_has_the_lines_and_the_sum_of_the_csv(database: Database) {
    let shop = Shop::open(BaseSettings::OnlineRetail, database).await;
    let runs = shop.sync_all(&[]).await;
    let count = |kind: &str, name: &str| runs[kind][name].as_u64().unwrap();
    assert_eq!(count("customers", "created"), 4_372);
    assert_eq!(count("purchases", "read"), 541_909);
    assert_eq!(count("purchases", "created"), 541_909 - 135_080);
    assert_eq!(count("purchases", "anonymous"), 135_080);
    assert_eq!(count("purchases", "rejected"), 0);
    // 541 909 lines at 20 000 a call, headers of returns and opening balances beside them.
    assert!(
        count("purchases", "requests") < 150,
        "{}",
        count("purchases", "requests")
    );

    let report = shop
        .json(&[
            "report",
            "top",
            "--json",
            "--limit",
            "10000",
            "--as-of",
            "2011-12-10",
        ])
        .await;
    let rows = report["rows"].as_array().unwrap();
    let mut found: Vec<(i64, u64)> = rows
        .iter()
        .map(|row| (kopecks(&row["total_spent"]), row["lines"].as_u64().unwrap()))
        .collect();
    let mut expected: Vec<(i64, u64)> = CUSTOMERS
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<i64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
            (cells[4], u64::try_from(cells[1]).unwrap())
        })
        .collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);

    // Customer by customer, the sums are those of the base.
    let by_reference: BTreeMap<String, i64> = rows
        .iter()
        .map(|row| {
            (
                row["customer_id_1c"].as_str().unwrap().to_owned(),
                kopecks(&row["total_spent"]),
            )
        })
        .collect();
    let oracle = shop.simulator.oracle().totals(SalesRegister::Sales);
    let of_the_base: BTreeMap<String, i64> = oracle
        .holders
        .iter()
        .map(|(holder, totals)| (holder.to_string(), totals.kopecks))
        .collect();
    assert_eq!(by_reference, of_the_base);

    let again = shop.sync_all(&["--full"]).await;
    for (kind, run) in again {
        for change in ["created", "updated", "removed"] {
            assert_eq!(run[change].as_u64(), Some(0), "{kind}: {change}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_every_customer_has_the_lines_and_the_sum_of_the_csv() {
    every_customer_has_the_lines_and_the_sum_of_the_csv(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_every_customer_has_the_lines_and_the_sum_of_the_csv() {
    every_customer_has_the_lines_and_the_sum_of_the_csv(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_the_invoices_that_sold_something() {
    let shop = Shop::open(BaseSettings::OnlineRetail, Database::Sqlite).await;
    shop.sync_all(&[]).await;
    let report = shop
        .json(&["report", "rfm", "--json", "--as-of", "2011-12-10"])
        .await;
    let rows = report["rows"].as_array().unwrap();
    let sum = |name: &str| {
        rows.iter()
            .map(|row| row[name].as_u64().unwrap())
            .sum::<u64>()
    };
    let of_csv = |column: usize| -> u64 {
        let cells = CUSTOMERS
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(column).unwrap());
        cells.map(|cell| cell.parse::<u64>().unwrap()).sum()
    };
    // Invoices of nothing but free gifts and things below 5 ₽ are no receipts: four of them, and
    // one such cancellation.
    assert_eq!(sum("receipts"), of_csv(2) - 4);
    assert_eq!(sum("returns"), of_csv(3) - 1);
    let scored = rows
        .iter()
        .filter(|row| !row["rfm_score"].is_null())
        .count();
    assert_eq!(
        report["customers"].as_u64(),
        Some(u64::try_from(scored).unwrap())
    );
    let in_segments: u64 = report["segments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|segment| segment["customers"].as_u64().unwrap())
        .sum();
    assert_eq!(in_segments, u64::try_from(scored).unwrap());
}
