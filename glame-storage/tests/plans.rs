//! No query reads a large table from end to end: every prepared query is asked for its plan.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::fs;
use std::path::Path;

use glame_core::customers::{
    CustomerQuery, CustomerRow, CustomerSelection, CustomerSort, CustomerSortKey, ListedFigures,
    SearchText, SortDirection,
};
use glame_core::testkit::fixtures::{customer, metrics, text};
use glame_core::users::User;
use glame_core::values::Money;
use glame_storage::testing::{ListOf, PostgresCluster, customer_list_statements};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

const LARGE_TABLES: &[&str] = &[
    "attempt_windows",
    "audit_log",
    "consents",
    "customer_metrics",
    "customer_profiles",
    "customer_search",
    "discount_cards",
    "loyalty_accounts",
    "loyalty_draws",
    "loyalty_lots",
    "loyalty_requests",
    "loyalty_settlements",
    "loyalty_transactions",
    "one_time_codes",
    "product_search",
    "products",
    "purchase_history",
    "receipts",
    "saved_looks",
    "sessions",
    "segment_overrides",
    "segment_transitions",
    "user_segments",
    "users",
    "webhook_deliveries",
    "webhook_events",
];

/// What queries call large tables; SQLite's plans tell these names instead of the tables'.
const ALIASES: [&str; 7] = [
    "account", "card", "draw", "found", "reversal", "saved", "stored",
];

/// Indexes that hold nothing but what is asked for: what waits, and who is no customer.
const SHORT: [&str; 2] = [
    "USING INDEX webhook_events_new",
    "USING INDEX users_non_customers",
];

/// Gives the prepared queries of one driver: their text and how many parameters they take.
fn prepared_queries(driver: &str) -> Vec<(String, usize)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let queries: Vec<(String, usize)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .map(|text| serde_json::from_str::<Value>(&text).unwrap())
        .filter(|query| query["db_name"] == driver)
        .map(|query| {
            let parameters = &query["describe"]["parameters"];
            // PostgreSQL tells the types of the parameters, SQLite their number.
            let count = parameters["Left"].as_array().map_or_else(
                || usize::try_from(parameters["Right"].as_u64().unwrap()).unwrap(),
                Vec::len,
            );
            (query["query"].as_str().unwrap().to_owned(), count)
        })
        .collect();
    assert!(queries.len() > 30, "{} queries of {driver}", queries.len());
    queries
}

/// Tells whether a query is one of the few that count everything or add it up.
fn counts_everything(query: &str) -> bool {
    query.contains("COUNT(*)") || query.contains("SUM(")
}

#[tokio::test]
async fn sqlite_finds_everything_by_index() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("glame.db").display());
    glame_storage::migrate(&url).await.unwrap();
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    for (query, _) in prepared_queries("SQLite") {
        let explain = format!("EXPLAIN QUERY PLAN {query}");
        let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(AssertSqlSafe(explain))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let scans = steps.iter().any(|(_, _, _, step)| {
            let mut names = LARGE_TABLES.iter().chain(&ALIASES);
            names.any(|name| step.starts_with(&format!("SCAN {name}")))
                && !SHORT.iter().any(|index| step.ends_with(index))
        });
        assert!(!scans || counts_everything(&query), "{query}\n{steps:#?}");
    }
}

#[tokio::test]
async fn postgres_finds_everything_by_index() {
    let url = PostgresCluster::start().fresh_database().await;
    glame_storage::migrate(&url).await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    // A table without rows is always scanned, unless scanning is the last resort. A generic plan
    // must do for all parameters, as the plan of a long-lived server does.
    sqlx::raw_sql("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        .execute(&mut connection)
        .await
        .unwrap();
    for (query, parameters) in prepared_queries("PostgreSQL") {
        let values = vec!["NULL"; parameters].join(", ");
        let arguments = if parameters == 0 {
            String::new()
        } else {
            format!("({values})")
        };
        sqlx::raw_sql(AssertSqlSafe(format!("PREPARE asked AS {query}")))
            .execute(&mut connection)
            .await
            .unwrap();
        let steps: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN EXECUTE asked{arguments}")))
                .persistent(false)
                .fetch_all(&mut connection)
                .await
                .unwrap();
        sqlx::raw_sql("DEALLOCATE asked")
            .execute(&mut connection)
            .await
            .unwrap();
        let scans = steps.iter().any(|step| {
            LARGE_TABLES
                .iter()
                .any(|table| step.contains(&format!("Seq Scan on {table}")))
        });
        assert!(!scans || counts_everything(&query), "{query}\n{steps:#?}");
    }
}

/// Every page of the list of customers, without a filter and with each that has an index.
fn list_queries() -> Vec<(CustomerQuery, bool)> {
    let mut queries = Vec::new();
    for key in CustomerSortKey::ALL {
        for direction in [SortDirection::Ascending, SortDirection::Descending] {
            let sort = CustomerSort { key, direction };
            let row = CustomerRow {
                figures: Some(ListedFigures::from(&metrics(customer(1).id))),
                user: customer(1),
                erased_at: None,
            };
            for after in [None, Some(sort.cursor(&row))] {
                let query = CustomerQuery {
                    selection: CustomerSelection::default(),
                    sort,
                    after,
                    limit: 50,
                };
                let mut searched = query.clone();
                searched.selection.text = Some(SearchText::parse("алена 17").unwrap());
                let mut in_city = query.clone();
                in_city.selection.filter.city = Some(text("Керчь"));
                queries.extend([(query, false), (searched, true), (in_city, true)]);
            }
        }
    }
    queries
}

/// Stores as many customers as make an index worth its while.
async fn store_customers(url: &str) {
    glame_storage::migrate(url).await.unwrap();
    let storage = glame_storage::open(url).await.unwrap();
    let mut users: Vec<User> = (0..2_000).map(customer).collect();
    users[7].city = Some(text("Керчь"));
    let figures = (1..).zip(&users).map(|(spent, user)| {
        let mut row = metrics(user.id);
        row.figures.total_spent = Money::from_kopecks(spent);
        row
    });
    let figures: Vec<_> = figures.collect();
    let mut work = storage.begin().await.unwrap();
    work.put_users(&users).await.unwrap();
    work.put_metrics(&figures).await.unwrap();
    work.commit().await.unwrap();
}

#[tokio::test]
async fn sqlite_lists_customers_by_index() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("glame.db").display());
    store_customers(&url).await;
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    for (query, is_selective) in list_queries() {
        for statement in customer_list_statements(&query, ListOf::Sqlite) {
            let explain = format!("EXPLAIN QUERY PLAN {statement}");
            let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(AssertSqlSafe(explain))
                .fetch_all(&mut connection)
                .await
                .unwrap();
            let steps: Vec<String> = steps.into_iter().map(|step| step.3).collect();
            let finds_few = steps.iter().any(|step| step.starts_with("SEARCH s USING"));
            let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
            let holds = if is_selective { finds_few } else { !sorts };
            assert!(holds, "{statement}\n{steps:#?}");
        }
    }
}

#[tokio::test]
async fn postgres_lists_customers_by_index() {
    let url = PostgresCluster::start().fresh_database().await;
    store_customers(&url).await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("ANALYZE; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        .execute(&mut connection)
        .await
        .unwrap();
    for (query, _) in list_queries() {
        for statement in customer_list_statements(&query, ListOf::Postgres) {
            let prepare = format!("PREPARE asked AS {statement}");
            sqlx::raw_sql(AssertSqlSafe(prepare))
                .execute(&mut connection)
                .await
                .unwrap();
            let count = statement.matches('$').count();
            let explain = match count {
                0 => "EXPLAIN EXECUTE asked".to_owned(),
                count => format!("EXPLAIN EXECUTE asked({})", vec!["NULL"; count].join(", ")),
            };
            let steps: Vec<String> = sqlx::query_scalar(AssertSqlSafe(explain))
                .persistent(false)
                .fetch_all(&mut connection)
                .await
                .unwrap();
            sqlx::raw_sql("DEALLOCATE asked")
                .execute(&mut connection)
                .await
                .unwrap();
            let uses = |name: &str| steps.iter().any(|step| step.contains(name));
            let sorts = steps
                .iter()
                .any(|step| step.trim_start_matches([' ', '-', '>']).starts_with("Sort"));
            let holds = if query.selection.text.is_some() {
                // Nearly everybody has a name, so that those without are few.
                uses("customer_search_by_trigram") || uses("customer_search_without_name")
            } else {
                // A city may be that of most customers, and of those without a figure there may be
                // none or all: the planner knows.
                !sorts || uses("customer_search_by_city") || statement.contains("NOT EXISTS")
            };
            assert!(holds, "{statement}\n{steps:#?}");
        }
    }
}
