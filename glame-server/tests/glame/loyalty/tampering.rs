use std::process::Command;

use serde_json::Value;

use super::{shop_of, user};
use crate::shop::{Database, Shop};

/// What somebody does who has the database.
struct Attack {
    /// The statement, but for whose rows it is about.
    statement: &'static str,
    /// What verification must say.
    problem: &'static str,
    /// The transaction that it must name, by its number.
    sequence: u64,
}

const TRIGGERS: [&str; 4] = [
    "loyalty_transactions_unchanged",
    "loyalty_transactions_stay",
    "loyalty_draws_unchanged",
    "loyalty_draws_stay",
];

const ATTACKS: [Attack; 5] = [
    Attack {
        statement: "UPDATE loyalty_transactions SET points = 900 WHERE sequence = 1",
        problem: "altered",
        sequence: 1,
    },
    Attack {
        statement: "UPDATE loyalty_transactions SET reason = 'x' WHERE sequence = 2",
        problem: "altered",
        sequence: 2,
    },
    Attack {
        statement: "UPDATE loyalty_lots SET remaining = 450 WHERE lot = 1",
        problem: "lot 1 is stored with",
        sequence: 1,
    },
    Attack {
        statement: "DELETE FROM loyalty_transactions WHERE sequence = 3",
        problem: "the account says 3 transactions, 2 are stored",
        sequence: 2,
    },
    Attack {
        statement: "DELETE FROM loyalty_transactions WHERE sequence = 2",
        problem: "not the one after transaction 1",
        sequence: 3,
    },
];

/// Runs a statement on the rows of a user, past the triggers.
fn attack(shop: &Shop, database: Database, statement: &str, user: &str) {
    let url = &shop.environment["DATABASE_URL"];
    let output = match database {
        Database::Postgres => {
            let statement = format!(
                "SET session_replication_role = replica; {statement} AND user_id = '{user}'"
            );
            Command::new("psql")
                .args([url, "-v", "ON_ERROR_STOP=1", "-c", &statement])
                .output()
        }
        Database::Sqlite => {
            let drops = TRIGGERS
                .map(|name| format!("DROP TRIGGER {name}; "))
                .concat();
            let user = user.replace('-', "");
            let statement = format!("{drops}{statement} AND user_id = x'{user}'");
            let file = url.strip_prefix("sqlite:").unwrap();
            Command::new("sqlite3").args([file, &statement]).output()
        }
    };
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
}

async fn verification_names_what_was_altered_by_hand(database: Database) {
    for case in &ATTACKS {
        let shop = shop_of(2, database).await;
        let (anna, boris) = (user(1), user(2));
        for who in [&anna, &boris] {
            shop.give(who, 500).await;
        }
        for key in ["k2", "k3"] {
            shop.loyalty(&["spend", &anna, "--points", "100", "--idempotency-key", key])
                .await;
        }
        shop.verified().await;
        attack(&shop, database, case.statement, &anna);
        let outcome = shop.call(&["loyalty", "verify", "--json"]).await;
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        let verification: Value = serde_json::from_str(&outcome.stdout).unwrap();
        // A transaction that is gone is also missed by the lots that it drew on.
        let findings = verification["findings"].as_array().unwrap();
        assert_eq!(
            verification["differences"],
            findings.len(),
            "{verification}"
        );
        assert!(
            findings.iter().all(|one| one["user"] == anna.as_str()),
            "{verification}"
        );
        let finding = &findings[0];
        assert_eq!(finding["sequence"], case.sequence, "{finding}");
        assert!(finding["transaction"].is_string(), "{finding}");
        let problem = finding["problem"].as_str().unwrap();
        assert!(problem.contains(case.problem), "{finding}");
        let told = shop.call(&["loyalty", "verify"]).await;
        assert!(
            told.stdout.contains(problem) && told.stdout.contains(&anna),
            "{told:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_verification_names_what_was_altered_by_hand() {
    verification_names_what_was_altered_by_hand(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_verification_names_what_was_altered_by_hand() {
    verification_names_what_was_altered_by_hand(Database::Postgres).await;
}
