//! Segments and analytics over the API: what a preview counts are the members.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Saying, Served};
use crate::shop::Database;

fn rule(condition: &Value) -> Value {
    json!({ "version": 1, "rule": condition })
}

fn has_bought() -> Value {
    json!({ "field": "total_purchases", "op": "gte", "value": 1 })
}

impl Served {
    async fn put(&self, token: &str, path: &str, etag: &str, body: &Value) -> Answer {
        let request = self
            .request(Method::PUT, path)
            .bearer_auth(token)
            .header("If-Match", etag)
            .said(body);
        self.send(request).await
    }

    async fn members(&self, token: &str, segment: &str) -> Vec<String> {
        let mut members = Vec::new();
        let mut path = format!("/api/admin/segments/{segment}/members?limit=7");
        loop {
            let page = self.get(token, &path).await.expect(200);
            let rows = page["members"].as_array().unwrap().iter();
            members.extend(rows.map(|row| row["user_id"].as_str().unwrap().to_owned()));
            let Some(next) = page["page"]["next"].as_str() else {
                return members;
            };
            path = format!("/api/admin/segments/{segment}/members?limit=7&cursor={next}");
        }
    }
}

/// An export is imported into a list, with a line that names nobody; a phone takes its holders out.
async fn an_export_can_be_imported(
    served: &Served,
    marketer: &str,
    exported: &str,
    members: &[String],
) {
    let list = json!({ "name": "Список" });
    let list = served.post(marketer, "/api/admin/segments", &list).await;
    let list = list.expect(201)["id"].as_str().unwrap().to_owned();
    let table = format!("{exported}nobody,,,,,,,,,,\r\n");
    let import = async |path: &str, table: &str| {
        let request = served
            .request(Method::POST, path)
            .bearer_auth(marketer)
            .header("Content-Type", "text/csv; charset=utf-8")
            .body(table.to_owned());
        served.send(request).await
    };
    let path = format!("/api/admin/segments/{list}/import");
    let line = members.len() + 2;
    let outcome = |dry_run: bool| {
        json!({
            "dry_run": dry_run,
            "lines": members.len() + 1, "customers": members.len(), "refused": 1,
            "refused_lines": [{ "line": line, "reason": "user_id is not an id" }],
        })
    };
    let told = import(&format!("{path}?dry_run=true"), &table).await;
    assert_eq!(told.expect(200), outcome(true));
    let none: [String; 0] = [];
    assert_eq!(served.members(marketer, &list).await, none);
    let imported = import(&path, &table).await.expect(200);
    assert_eq!(imported, outcome(false));
    assert_eq!(served.members(marketer, &list).await, members);
    let mut phones = exported
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').nth(2));
    let phone = phones.find(|phone| !phone.is_empty()).unwrap();
    let table = format!("Телефон;PHONE\n;+{phone}\n");
    let excluded = import(&format!("{path}?decision=exclude"), &table).await;
    assert!(excluded.expect(200)["customers"].as_u64().unwrap() > 0);
    assert!(served.members(marketer, &list).await.len() < members.len());
    let refused = import(&path, "Телефон\n1\n").await.expect(422);
    assert_eq!(refused["code"], "REQUEST_VALUE_INVALID");
    import(&path, &"9".repeat((1 << 20) + 1)).await.expect(413);

    // Nobody has agreed to be reached.
    let path = format!("/api/admin/segments/{list}/export/yandex-audience");
    let few = served.get(marketer, &path).await.expect(409);
    assert!(
        few["detail"].as_str().unwrap().contains("there are 0"),
        "{few}"
    );
}

async fn what_is_previewed_is_what_is_stored(database: Database) {
    let served = Served::open(database).await;
    let marketer = served.staff("ai_marketer").await;

    // The synchronisation has filled the default segments.
    let segments = served.get(&marketer, "/api/admin/segments").await;
    let segments = segments.expect(200);
    assert_eq!(segments["total"], 16);
    let filled = segments["segments"].as_array().unwrap().iter();
    let filled: u64 = filled
        .map(|one| one["customer_count"].as_u64().unwrap())
        .sum();
    assert!(filled > 0, "{segments}");

    let new = json!({ "name": "Покупали", "color": "#00AA00", "rule": rule(&has_bought()) });
    let made = served.post(&marketer, "/api/admin/segments", &new).await;
    let location = made.headers["location"].to_str().unwrap().to_owned();
    let made = made.expect(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(location, format!("/api/admin/segments/{id}"));
    assert_eq!(made["rule"], rule(&has_bought()));
    let again = served.post(&marketer, "/api/admin/segments", &new).await;
    assert_eq!(again.expect(409)["errors"][0]["pointer"], "/name");

    let asked = json!({ "rule": rule(&has_bought()), "sample": 3 });
    let preview = served
        .post(&marketer, "/api/admin/segments/preview", &asked)
        .await
        .expect(200);
    let counted = preview["customer_count"].as_u64().unwrap();
    assert!(counted > 10, "{preview}");
    let job = served.job(&marketer, "/api/admin/segments/refresh").await;
    assert_eq!(job["status"], "succeeded", "{job}");
    let run = &job["runs"][0];
    assert_eq!(run["kind"], "segments", "{job}");
    assert_eq!(
        (&run["created"], &run["removed"]),
        (&json!(counted), &json!(0))
    );
    let path = format!("/api/admin/segments/{id}");
    let filled = served.get(&marketer, &path).await.expect(200);
    assert_eq!(filled["customer_count"], counted);
    let members = served.members(&marketer, id).await;
    assert_eq!(u64::try_from(members.len()).unwrap(), counted);
    for shown in preview["sample"].as_array().unwrap() {
        assert!(members.iter().any(|member| shown == member));
    }

    // One is excluded by hand, at once, and the next refresh knows.
    let decided = json!({ "user_ids": [members[0]], "decision": "exclude" });
    let path = format!("/api/admin/segments/{id}/members");
    let trial = format!("{path}?dry_run=true");
    let told = served.post(&marketer, &trial, &decided).await.expect(200);
    assert_eq!(
        (&told["dry_run"], &told["stored"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(served.members(&marketer, id).await, members);
    let decided = served.post(&marketer, &path, &decided).await.expect(200);
    assert_eq!(decided["stored"], 1);
    assert_eq!(served.members(&marketer, id).await, members[1..]);
    let path = format!(
        "/api/admin/segments/{id}/members/{}/explanation",
        members[0]
    );
    let explained = served.get(&marketer, &path).await.expect(200);
    assert_eq!(explained["is_member"], false);
    assert_eq!(explained["decided_by_hand"], "exclude");
    assert_eq!(explained["explanation"]["verdict"], "true");
    let path = format!("/api/admin/segments/{id}/transitions?limit=200");
    let moves = served.get(&marketer, &path).await.expect(200);
    let rows = moves["transitions"].as_array().unwrap().iter();
    let mine = rows.filter(|row| row["user_id"] == members[0].as_str());
    let moves: Vec<&str> = mine
        .map(|row| row["transition"].as_str().unwrap())
        .collect();
    assert_eq!(moves, ["entered", "left"]);

    let file = served
        .get(&marketer, &format!("/api/admin/segments/{id}/export"))
        .await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let exported: BTreeSet<&str> = file.text.lines().skip(1).map(|line| &line[..36]).collect();
    let expected: BTreeSet<&str> = members[1..].iter().map(String::as_str).collect();
    assert_eq!(exported, expected);

    an_export_can_be_imported(&served, &marketer, &file.text, &members[1..]).await;

    // A change needs the version that was seen.
    let path = format!("/api/admin/segments/{id}");
    let seen = served.get(&marketer, &path).await;
    let etag = seen.headers["etag"].to_str().unwrap().to_owned();
    let rename = json!({ "name": "Уже покупали" });
    let blind = served
        .request(Method::PUT, &path)
        .bearer_auth(&marketer)
        .said(&rename);
    served.send(blind).await.expect(428);
    let renamed = served
        .put(&marketer, &path, &etag, &rename)
        .await
        .expect(200);
    assert_eq!(renamed["name"], "Уже покупали");
    served
        .put(&marketer, &path, &etag, &rename)
        .await
        .expect(412);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_previewed_is_what_is_stored_on_sqlite() {
    what_is_previewed_is_what_is_stored(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_previewed_is_what_is_stored_on_postgres() {
    what_is_previewed_is_what_is_stored(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_rule_is_told_with_the_place_of_each_error() {
    let served = Served::open(Database::Sqlite).await;
    let marketer = served.staff("ai_marketer").await;
    let wrong = json!({ "all": [
        { "field": "total_purchases", "op": "gte", "value": "many" },
        { "field": "shoe_size", "op": "eq", "value": 41 },
    ] });
    let asked = json!({ "rule": rule(&wrong) });
    let refused = served
        .post(&marketer, "/api/admin/segments/preview", &asked)
        .await
        .expect(422);
    let pointers: Vec<&str> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        pointers,
        ["/rule/rule/all/0/value", "/rule/rule/all/1/field"]
    );
    let unknown = json!({ "field": "segments", "op": "has_any",
        "value": ["0190c0de-0000-7000-8000-000000000000"] });
    let asked = json!({ "rule": rule(&unknown) });
    served
        .post(&marketer, "/api/admin/segments/preview", &asked)
        .await
        .expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_customers_come_to_agrees_on_every_page() {
    let served = Served::open(Database::Sqlite).await;
    let marketer = served.staff("ai_marketer").await;
    let get = async |path: &str| served.get(&marketer, path).await.expect(200);

    let overview = get("/api/admin/customers/analytics/overview").await;
    let values = get("/api/admin/analytics/ltv").await;
    assert_eq!(values["total_ltv"], overview["total_revenue"]);
    let churn = get("/api/admin/analytics/churn?language=english").await;
    let sum = ["high_risk", "medium_risk", "low_risk"].map(|risk| churn[risk].as_u64().unwrap());
    assert_eq!(churn["total_customers"], sum.iter().sum::<u64>());
    assert_eq!(churn["total_customers"], values["total_customers"]);
    let matrix = get("/api/admin/analytics/rfm").await;
    let cells = matrix["cells"].as_array().unwrap().iter();
    let scored: u64 = cells.map(|cell| cell["customers"].as_u64().unwrap()).sum();
    assert_eq!(overview["rfm_analysis"]["total_customers"], scored);
    assert_eq!(overview["rfm_analysis"]["segments"], matrix["segments"]);
    let cohorts = get("/api/admin/analytics/cohorts").await;
    let cohorts = cohorts["cohorts"].as_array().unwrap();
    let began: u64 = cohorts
        .iter()
        .map(|one| one["customers"].as_u64().unwrap())
        .sum();
    assert_eq!(began, scored, "whoever has bought began once");
    for cohort in cohorts {
        assert_eq!(cohort["months"][0]["retention"], 1.0);
    }
    let forecasting = get("/api/admin/analytics/forecasting").await;
    assert!(forecasting["counts"]["verdict"].is_string());

    let dashboard = get("/api/ai-marketer/dashboard").await;
    assert_eq!(dashboard["churn_risk"]["high_risk"], churn["high_risk"]);
    assert_eq!(dashboard["segments_overview"]["total_segments"], 16);
    let listed = get("/api/admin/customers/segments/list").await;
    assert_eq!(dashboard["segments_overview"], listed);
    let top = get("/api/admin/analytics/top").await;
    let best = &top["customers"][0];
    assert_eq!(dashboard["top_customers"][0], *best);
    let english = get("/api/admin/analytics/top?by=spent&language=english").await;
    let english = english["customers"].as_array().unwrap();
    let spent: Vec<f64> = english
        .iter()
        .map(|one| one["ltv"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(spent.is_sorted_by(|one, next| one >= next), "{spent:?}");
    let reason = english[0]["churn_risk"]["risk_factors"][0]
        .as_str()
        .unwrap();
    assert!(reason.is_ascii(), "{reason}");
    let statuses = overview["segments_stats"].as_array().unwrap().iter();
    let placed: u64 = statuses.map(|one| one["customers"].as_u64().unwrap()).sum();
    assert_eq!(
        overview["total_customers"], placed,
        "everybody has one status"
    );

    let path = format!(
        "/api/admin/customers/{}/outlook",
        best["user_id"].as_str().unwrap()
    );
    let outlook = get(&path).await;
    assert_eq!(outlook["ltv"], best["ltv"]);
    assert_eq!(
        outlook["churn_risk"]["risk_level"],
        best["churn_risk"]["risk_level"]
    );
    assert!(outlook["next_purchase"]["basis"].is_string());
    assert_eq!(outlook["next_purchase"]["horizon_weeks"], 13.0);
    assert!(outlook["next_purchase"]["fitted_on"].is_string());
    let nobody = "/api/admin/customers/0190c0de-0000-7000-8000-000000000000/outlook";
    served.get(&marketer, nobody).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_speak_of_the_stored_day_or_of_one_of_the_past() {
    let served = Served::open(Database::Sqlite).await;
    let marketer = served.staff("ai_marketer").await;
    let shop = &served.shop;
    for (report, path) in [
        ("cohorts", "/api/admin/analytics/cohorts"),
        (
            "forecasting",
            "/api/admin/analytics/forecasting?language=english",
        ),
    ] {
        let told = shop.json(&["report", report, "--json"]).await;
        assert_eq!(told, served.get(&marketer, path).await.expect(200));
        let day = told["made"]["as_of"].as_str().unwrap();
        let text = shop.done(&["report", report, "--as-of", day]).await;
        assert!(text.contains(day), "{text}");
    }
    // Before the shop opened everybody was new.
    let past = ["report", "segments", "--as-of", "2001-01-01", "--json"];
    let past = shop.json(&past).await;
    assert_eq!(past["as_of"], "2001-01-01");
    let new = past["rows"].as_array().unwrap().iter();
    let new = new.filter(|row| row["customer_count"] != 0);
    let named: Vec<&str> = new.map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(named, ["Новые"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_tells_the_same() {
    let served = Served::open(Database::Sqlite).await;
    let marketer = served.staff("ai_marketer").await;
    let shop = &served.shop;
    let values = served
        .get(&marketer, "/api/admin/analytics/ltv")
        .await
        .expect(200);
    let report = shop.json(&["report", "ltv", "--json"]).await;
    assert_eq!(
        report["rows"].as_array().unwrap().len(),
        usize::try_from(values["total_customers"].as_u64().unwrap()).unwrap()
    );
    assert_eq!(report["rows"][0]["user_id"], values["top"][0]["user_id"]);
    assert_eq!(report["rows"][0]["ltv"], values["top"][0]["ltv"]);
    let risks = shop.done(&["report", "churn", "--limit", "3"]).await;
    assert!(risks.starts_with("Risk of leaving as of "), "{risks}");
    let csv = shop.done(&["report", "churn", "--csv"]).await;
    assert_eq!(
        csv.lines().count() - 1,
        report["rows"].as_array().unwrap().len()
    );

    let listed = shop.json(&["segments", "list", "--json"]).await;
    assert_eq!(listed.as_array().unwrap().len(), 16);
    let again = shop.json(&["segments", "refresh", "--json"]).await;
    let run = &again["runs"][0];
    assert_eq!((&run["created"], &run["removed"]), (&json!(0), &json!(0)));
    let file = shop.directory.path().join("rule.json");
    std::fs::write(&file, rule(&has_bought()).to_string()).unwrap();
    let preview = shop
        .json(&["segments", "preview", file.to_str().unwrap(), "--json"])
        .await;
    let asked = json!({ "rule": rule(&has_bought()) });
    let same = served
        .post(&marketer, "/api/admin/segments/preview", &asked)
        .await
        .expect(200);
    assert_eq!(preview["customer_count"], same["customer_count"]);
    let stats = shop.json(&["report", "segments", "--json"]).await;
    let api = served
        .get(&marketer, "/api/admin/customers/segments/list")
        .await
        .expect(200);
    let counts = |rows: &Value| -> Vec<u64> {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["customer_count"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(counts(&stats["rows"]), counts(&api["segments"]));

    // What is exported can be imported elsewhere.
    let of = |name: &str| {
        let mut segments = listed.as_array().unwrap().iter();
        let found = segments.find(|one| one["name"] == name);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (regular, sleeping) = (of("Регулярные"), of("Спящие"));
    let exported = shop.done(&["segments", "export", &sleeping]).await;
    let rows = exported.lines().count() - 1;
    let file = shop.directory.path().join("members.csv");
    std::fs::write(&file, &exported).unwrap();
    let arguments = [
        "segments",
        "import",
        &regular,
        file.to_str().unwrap(),
        "--json",
    ];
    let imported = shop.json(&arguments).await;
    assert_eq!(
        imported,
        json!({ "lines": rows, "customers": rows, "refused": 0, "refused_lines": [] })
    );
    let whole = shop.done(&["segments", "export", &regular]).await;
    assert!(
        exported
            .lines()
            .skip(1)
            .all(|line| { whole.lines().any(|known| known[..36] == line[..36]) })
    );
    let few = shop
        .call(&["segments", "export", &regular, "--yandex-audience"])
        .await;
    assert_eq!(few.code, Some(1));
    assert!(few.stderr.contains("at least 100 customers"));
}
