use serde_json::{Value, json};

use super::{document, shop_of, spend_line, user};
use crate::shop::{Database, Shop};

/// Calls a command dry, then in earnest, then again: nothing, the deed, the same bytes.
async fn once(shop: &Shop, arguments: &[&str], key: &str) -> Value {
    let before = shop.verified().await;
    let keyed = [arguments, &["--idempotency-key", key]].concat();
    let dry = shop.loyalty(&[&keyed[..], &["--dry-run"]].concat()).await;
    assert_eq!(shop.verified().await, before, "{arguments:?} --dry-run");
    let done = shop.loyalty(&keyed).await;
    let again = shop.loyalty(&keyed).await;
    assert_eq!(
        (&dry["dry_run"], &done["dry_run"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        (&done["replayed"], &again["replayed"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(
        serde_json::to_string(&done["transactions"]).unwrap(),
        serde_json::to_string(&again["transactions"]).unwrap()
    );
    for figure in ["available", "pending", "debt"] {
        assert_eq!(
            dry["balance"][figure], done["balance"][figure],
            "{arguments:?}"
        );
    }
    let points = |outcome: &Value| {
        let transactions = outcome["transactions"].as_array().unwrap().iter();
        transactions
            .map(|one| (one["type"].clone(), one["points"].as_i64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(points(&dry), points(&done));
    assert!(shop.verified().await > before, "{arguments:?} writes");
    done
}

async fn every_command_is_previewed_done_once_and_told_again(database: Database) {
    let shop = shop_of(2, database).await;
    let (anna, boris) = (user(1), user(2));
    let (receipt, back) = (document(1), document(2));
    let bonus = [
        "bonus",
        &anna,
        "--rule",
        "welcome",
        "--occasion",
        "first",
        "--points",
        "500",
    ];
    let given = once(&shop, &bonus, "k-bonus").await;
    assert_eq!(given["balance"]["available"], 500);

    let earn = ["earn", &anna, "--receipt", &receipt, "--amount", "20000"];
    let earned = once(&shop, &earn, "k-earn").await;
    assert_eq!(earned["transactions"][0]["points"], 200);
    assert_eq!(earned["transactions"][0]["user_id"], anna.as_str());

    let taken = [
        "return",
        &anna,
        "--receipt",
        &receipt,
        "--document",
        &back,
        "--amount",
        "5000",
    ];
    let taken = once(&shop, &taken, "k-return").await;
    assert_eq!(taken["balance"]["available"], 650);

    let spent = once(&shop, &["spend", &anna, "--points", "150"], "k-spend").await;
    assert_eq!(spent["balance"]["available"], 500);

    let transaction = spent["transactions"][0]["id"].as_str().unwrap();
    let reversed = once(
        &shop,
        &["reverse", &anna, "--transaction", transaction],
        "k-reverse",
    )
    .await;
    assert_eq!(reversed["balance"]["available"], 650);

    let adjust = [
        "adjust",
        &anna,
        "--points",
        "-50",
        "--note",
        "ошибка кассы",
        "--actor",
        "Кассир 3",
    ];
    let adjusted = once(&shop, &adjust, "k-adjust").await;
    assert_eq!(adjusted["transactions"][0]["actor"], "Кассир 3");

    let dry = shop.loyalty(&["merge", &anna, &boris, "--dry-run"]).await;
    let before = shop.verified().await;
    assert_eq!(dry["balance"]["available"], 600);
    assert_eq!(
        (shop.available(&anna).await, shop.available(&boris).await),
        (600, 0)
    );
    let merged = shop.loyalty(&["merge", &anna, &boris]).await;
    assert_eq!(merged["balance"]["available"], 600);
    assert_eq!(
        (shop.available(&anna).await, shop.available(&boris).await),
        (0, 600)
    );
    assert!(shop.verified().await > before);
    assert_eq!(
        shop.loyalty(&["merge", &anna, &boris]).await["transactions"],
        json!([])
    );

    let report = shop.loyalty(&["report"]).await;
    assert_eq!(
        (&report["outstanding"], &report["accounts"]),
        (&json!(600), &json!(2))
    );
    let levels = shop.loyalty(&["levels", &anna]).await;
    assert_eq!(
        (&levels["level"]["id"], &levels["missing_purchases"]),
        (&json!("new"), &json!(5))
    );
    let history = shop.loyalty(&["history", &anna, "--limit", "2"]).await;
    assert_eq!(history["transactions"].as_array().unwrap().len(), 2);
    assert_eq!(shop.loyalty(&["settle"]).await["customers"], 0);
    assert_eq!(shop.loyalty(&["expire"]).await["points"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_every_command_is_previewed_done_once_and_told_again() {
    every_command_is_previewed_done_once_and_told_again(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_every_command_is_previewed_done_once_and_told_again() {
    every_command_is_previewed_done_once_and_told_again(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_tells_its_code_and_the_figures_and_changes_nothing() {
    let shop = shop_of(1, Database::Sqlite).await;
    let anna = user(1);
    shop.give(&anna, 250).await;
    let written = shop.verified().await;
    let too_much = ["spend", &anna, "--points", "251", "--idempotency-key", "k1"];
    let refused = shop.refusal(&too_much).await;
    assert_eq!(refused["code"], "not_enough");
    assert_eq!(
        refused["figures"],
        json!({"asked": 251, "available": 250, "pending": 0, "debt": 0})
    );
    assert_eq!(shop.refusal(&too_much).await["repeated"], true);
    let too_few = ["spend", &anna, "--points", "99", "--idempotency-key", "k2"];
    assert_eq!(
        shop.refusal(&too_few).await["figures"],
        json!({"asked": 99, "minimum": 100})
    );
    let other = [
        "spend",
        &anna,
        "--points",
        "100",
        "--idempotency-key",
        "give-250",
    ];
    let refused = shop.refusal(&other).await;
    assert_eq!(refused["code"], "key_reused");
    let fields: Vec<&str> = refused["fields"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        fields.contains(&"command") && fields.contains(&"points"),
        "{fields:?}"
    );
    let nobody = user(77);
    let refused = shop.refusal(&["balance", &nobody]).await;
    assert_eq!(refused["code"], "unknown_user");
    assert!(refused["message"].as_str().unwrap().contains(&nobody));
    let anonymous = [
        "adjust",
        &anna,
        "--points",
        "5",
        "--note",
        "n",
        "--idempotency-key",
        "k3",
    ];
    assert_eq!(shop.refusal(&anonymous).await["code"], "actor_missing");
    let own = [&anonymous[..], &["--actor", &anna]].concat();
    assert_eq!(shop.refusal(&own).await["code"], "self_adjustment");
    assert_eq!(
        (shop.verified().await, shop.available(&anna).await),
        (written, 250)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_of_points_ends_with_2() {
    let shop = shop_of(1, Database::Sqlite).await;
    let anna = user(1);
    let receipt = document(1);
    let cases: &[&[&str]] = &[
        &["spend", &anna, "--points", "100"],
        &["spend", &anna, "--points", "-100", "--idempotency-key", "k"],
        &["spend", &anna, "--points", "1.5", "--idempotency-key", "k"],
        &[
            "spend",
            &anna,
            "--points",
            "100",
            "--idempotency-key",
            "два слова",
        ],
        &[
            "spend",
            "29000000001",
            "--points",
            "100",
            "--idempotency-key",
            "k",
        ],
        &[
            "earn",
            &anna,
            "--receipt",
            &receipt,
            "--amount",
            "1.005",
            "--idempotency-key",
            "k",
        ],
        &[
            "earn",
            &anna,
            "--receipt",
            "17",
            "--amount",
            "1",
            "--idempotency-key",
            "k",
        ],
        &["balance", &anna, "--as-of", "yesterday"],
        &["balance", &anna, "--effective"],
        &["statement", &anna, "--csv", "--json"],
        &["post", "--batch", "0"],
    ];
    for arguments in cases {
        let arguments = [&["loyalty"], *arguments].concat();
        assert_eq!(shop.call(&arguments).await.code, Some(2), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programme_that_does_not_hold_is_told_by_its_key() {
    let shop = shop_of(1, Database::Sqlite)
        .await
        .with("GLAME_LOYALTY_PROFILE", "gold");
    let outcome = shop.call(&["loyalty", "verify"]).await;
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome
            .message()
            .contains("loyalty.profile: expected guide or ladder"),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_the_same_in_json_and_csv_and_runs_no_formula() {
    let shop = shop_of(1, Database::Sqlite).await;
    let anna = user(1);
    shop.give(&anna, 1_000).await;
    for (key, reason) in [("=k1", "=1+1"), ("k2", "обмен, \"срочно\"")] {
        let spend = ["spend", &anna, "--points", "100", "--idempotency-key", key];
        shop.loyalty(&[&spend[..], &["--reason", reason]].concat())
            .await;
    }
    let json = shop.loyalty(&["statement", &anna]).await;
    let csv = shop.done(&["loyalty", "statement", &anna, "--csv"]).await;
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    let lines = json["lines"].as_array().unwrap();
    assert_eq!(rows.len(), lines.len() + 2);
    let mut sum = json["opening"].as_i64().unwrap();
    for (row, line) in rows[1..].iter().zip(lines) {
        let cells: Vec<&str> = row.split(',').collect();
        assert_eq!(cells[2], line["id"].as_str().unwrap());
        assert_eq!(cells[5], line["points"].to_string());
        assert_eq!(cells[6], line["balance_after"].to_string());
        sum += line["points"].as_i64().unwrap();
    }
    assert_eq!(json!(sum), json["closing"]);
    assert!(rows.last().unwrap().starts_with("closing,"), "{csv}");
    assert!(csv.contains(",'=1+1,") && csv.contains(",'=k1"), "{csv}");
    assert!(csv.contains("\"обмен, \"\"срочно\"\"\""), "{csv}");
    let early = shop
        .loyalty(&["statement", &anna, "--to", "2020-01-01"])
        .await;
    assert_eq!(
        (&early["lines"], &early["closing"]),
        (&json!([]), &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_answered_in_their_order_and_a_bad_one_does_nothing() {
    for options in [&[][..], &["--batch", "10"], &["--concurrency", "4"]] {
        let shop = shop_of(1, Database::Sqlite).await;
        let anna = user(1);
        shop.give(&anna, 300).await;
        let lines = [
            spend_line(&anna, "k1", 100),
            json!({"user": anna, "command": "spend", "points": 100}),
            spend_line(&user(77), "k2", 100),
            spend_line(&anna, "k1", 100),
            spend_line(&anna, "k3", 1_000),
        ];
        let outcome = shop.post(&lines, options).await;
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        let answers = outcome.lines();
        let told: Vec<(u64, &str)> = answers
            .iter()
            .map(|answer| {
                (
                    answer["line"].as_u64().unwrap(),
                    answer["status"].as_str().unwrap(),
                )
            })
            .collect();
        let expected = [
            (1, "posted"),
            (2, "invalid"),
            (3, "refused"),
            (4, "posted"),
            (5, "refused"),
        ];
        assert_eq!(told, expected, "{options:?}");
        assert_eq!(answers[2]["error"]["code"], "unknown_user");
        assert_eq!(answers[4]["error"]["code"], "not_enough");
        assert_eq!(answers[0]["transactions"], answers[3]["transactions"]);
        let replays = [&answers[0], &answers[3]].map(|answer| answer["replayed"] == true);
        assert!(replays[0] != replays[1], "one of two is the replay");
        assert_eq!(shop.available(&anna).await, 200);
        shop.verified().await;
    }
}
