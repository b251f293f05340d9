//! Whoever has stolen the database, and nothing else, signs in as nobody.

use std::process::Stdio;

use serde_json::json;

use super::client::{Served, email_of};
use super::sms::Provider;
use crate::shop::{Database, Shop, small_shop};

/// Gives the only value that a query finds, as a thief reads it in the database.
async fn stolen(shop: &Shop, query: &str) -> String {
    let mut psql = tokio::process::Command::new("psql");
    psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "-c", query])
        .arg(&shop.environment["DATABASE_URL"])
        .stderr(Stdio::inherit());
    let output = psql.output().await.unwrap();
    assert!(output.status.success());
    let found = String::from_utf8(output.stdout).unwrap();
    assert_eq!(found.lines().count(), 1, "{query}: {found}");
    found.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn stolen_rows_let_nobody_in() {
    let provider = Provider::open().await;
    let shop = Shop::open(small_shop(1), Database::Postgres).await;
    let served = Served::of(provider.of(shop)).await;
    let holder = served.holders().await.swap_remove(0);
    let admin = served.staff("admin").await;
    let me = served.get(&admin, "/api/auth/me").await.expect(200);

    // A session: the row has the hash of what its owner shows.
    let query = format!(
        "SELECT replace(user_id::text, '-', '') || encode(token_hash, 'hex') FROM sessions
         WHERE user_id = '{}' ORDER BY created_at DESC LIMIT 1",
        me["id"].as_str().unwrap()
    );
    let forged = format!("glame_{}", stolen(&served.shop, &query).await);
    assert_eq!(forged.len(), admin.len());
    assert_eq!(forged[..38], admin[..38], "the row is that of another user");
    served.get(&forged, "/api/auth/me").await.expect(401);
    let cookie = served
        .request(reqwest::Method::GET, "/api/auth/me")
        .header("cookie", format!("__Host-glame={forged}"));
    served.send(cookie).await.expect(401);

    // A password: its hash is none.
    let query = format!(
        "SELECT password_hash FROM staff_members WHERE email = '{}'",
        email_of("admin")
    );
    let hash = stolen(&served.shop, &query).await;
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    let body = json!({ "email": email_of("admin"), "password": hash });
    served.say("/api/auth/login", &body).await.expect(401);

    // A code: a thief who has it as well needs the server's secret, which is not in the database.
    let asked = json!({ "card_number": holder.card });
    served
        .say("/api/auth/request-code", &asked)
        .await
        .expect(200);
    let code = provider.code_for(&holder.phone).await;
    let hash = stolen(
        &served.shop,
        "SELECT encode(code_hash, 'hex') FROM one_time_codes",
    )
    .await;
    assert_eq!(hash.len(), 64);
    let body = json!({ "card_number": holder.card, "code": code });
    let thief = served.of_a_thief().await;
    thief
        .say("/api/auth/login-by-card", &body)
        .await
        .expect(401);
    served
        .say("/api/auth/login-by-card", &body)
        .await
        .expect(200);
}
