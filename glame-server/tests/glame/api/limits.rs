//! What is counted is counted once for all replicas: tries of a code, attempts to sign in.

use serde_json::{Value, json};

use super::client::{CardHolder, Served};
use super::sms::Provider;
use crate::shop::{Database, Shop, small_shop};

/// Two servers on one PostgreSQL, and who delivers their codes.
struct TwoReplicas {
    provider: Provider,
    replicas: [Served; 2],
    holders: Vec<CardHolder>,
}

impl TwoReplicas {
    async fn open() -> Self {
        let provider = Provider::open().await;
        let shop = Shop::open(small_shop(1), Database::Postgres).await;
        let one = Served::of(provider.of(shop)).await;
        let holders = one.holders().await;
        let other = one.replica().await;
        Self {
            provider,
            replicas: [one, other],
            holders,
        }
    }

    /// Gives the replica whose turn it is.
    fn turn(&self, n: usize) -> &Served {
        &self.replicas[n % 2]
    }

    /// Asks for a code and reads it in the message.
    async fn code_of(&self, holder: &CardHolder) -> String {
        let body = json!({ "card_number": holder.card });
        let asked = self.turn(0).say("/api/auth/request-code", &body).await;
        asked.expect(200);
        self.provider.code_for(&holder.phone).await
    }

    async fn sign_in(&self, n: usize, holder: &CardHolder, code: &str) -> (u16, Value) {
        let body = json!({ "card_number": holder.card, "code": code });
        let answer = self.turn(n).say("/api/auth/login-by-card", &body).await;
        (answer.status.as_u16(), answer.json())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_codes_lock_the_code_whichever_replica_hears_them() {
    let shop = TwoReplicas::open().await;
    let [anna, boris] = [&shop.holders[0], &shop.holders[1]];

    let code = shop.code_of(anna).await;
    for n in 0..4 {
        assert_eq!(shop.sign_in(n, anna, "0000").await.0, 401);
    }
    let (status, session) = shop.sign_in(4, anna, &code).await;
    assert_eq!((status, &session["user_id"]), (200, &json!(anna.id)));
    // A code is good for one sign-in.
    assert_eq!(shop.sign_in(5, anna, &code).await.0, 401);

    let code = shop.code_of(boris).await;
    for n in 0..5 {
        assert_eq!(shop.sign_in(n, boris, "0000").await.0, 401);
    }
    for n in 5..7 {
        let (status, problem) = shop.sign_in(n, boris, &code).await;
        assert_eq!(status, 401, "{problem}");
        assert_eq!(problem["code"], "AUTH_SIGN_IN_REFUSED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_at_both_replicas_count_together() {
    let shop = TwoReplicas::open().await;
    let (card, other) = (&shop.holders[0].card, &shop.holders[1].card);
    let cards = |card: &str| json!({ "card_number": card });
    let letters = |email: &str| json!({ "email": email, "password": "not-the-password" });
    let cases = [
        ("/api/auth/verify-card", cards(card), cards(other), 10, 200),
        (
            "/api/auth/login",
            letters("anna@example.com"),
            letters("boris@example.com"),
            10,
            401,
        ),
    ];
    for (path, body, of_another, attempts, status) in cases {
        for n in 0..attempts {
            shop.turn(n).say(path, &body).await.expect(status);
        }
        for n in 0..2 {
            let refused = shop.turn(n).say(path, &body).await;
            let wait = refused.headers["retry-after"].to_str().unwrap();
            let wait: u64 = wait.parse().unwrap();
            assert!((1..=15 * 60).contains(&wait), "{wait}");
            let policy = refused.headers["ratelimit-policy"].to_str().unwrap();
            assert_eq!(policy, format!("\"attempts\";q={attempts};w=900"));
            assert_eq!(refused.expect(429)["code"], "RATE_LIMITED");
            // What one has used up is not taken from another.
            shop.turn(n).say(path, &of_another).await.expect(status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_one_replica_has_made_is_not_made_again_by_the_other() {
    let shop = TwoReplicas::open().await;
    let body = json!({ "card_number": shop.holders[0].card });
    shop.turn(0)
        .say("/api/auth/request-code", &body)
        .await
        .expect(200);
    for n in 0..2 {
        let refused = shop.turn(n).say("/api/auth/request-code", &body).await;
        assert!(refused.headers.contains_key("retry-after"));
        refused.expect(429);
    }
}
