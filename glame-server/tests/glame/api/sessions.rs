//! Sessions as pages and programs hold them, and what every answer tells.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, PASSWORD, Saying, Served, email_of};
use crate::http::serve;
use crate::shop::{Database, Shop, small_shop};

/// A page that is signed in: its cookie, and what it proves changes with.
struct PageSession {
    cookie: String,
    csrf: String,
}

impl PageSession {
    async fn open(served: &Served, role: &str) -> Self {
        let body = json!({ "email": email_of(role), "password": PASSWORD, "keep": "cookie" });
        let answer = served.say("/api/auth/login", &body).await;
        let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
        let (token, attributes) = cookie.split_once("; ").unwrap();
        assert!(token.starts_with("__Host-glame="), "{cookie}");
        for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
            assert!(
                attributes.split("; ").any(|one| one == attribute),
                "{cookie}"
            );
        }
        let opened = answer.expect(200);
        assert_eq!(opened["token_type"], "cookie");
        assert_eq!(opened["access_token"], Value::Null);
        Self {
            cookie: token.to_owned(),
            csrf: opened["csrf_token"].as_str().unwrap().to_owned(),
        }
    }

    async fn call(
        &self,
        served: &Served,
        method: Method,
        path: &str,
        csrf: Option<&str>,
    ) -> Answer {
        let mut request = served.request(method, path).header("Cookie", &self.cookie);
        if let Some(csrf) = csrf {
            request = request.header("X-CSRF-Token", csrf);
        }
        served
            .send(request.said(&json!({ "name": "Постоянные" })))
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_holds_its_session_in_a_cookie_and_proves_each_change() {
    let served = Served::open(Database::Sqlite).await;
    let page = PageSession::open(&served, "ai_marketer").await;
    let other = PageSession::open(&served, "ai_marketer").await;
    let me = page.call(&served, Method::GET, "/api/auth/me", None).await;
    assert_eq!(me.expect(200)["role"], "ai_marketer");

    let make = async |csrf| {
        page.call(&served, Method::POST, "/api/admin/segments", csrf)
            .await
    };
    for csrf in [None, Some(""), Some("made-up"), Some(other.csrf.as_str())] {
        let refused = make(csrf).await.expect(403);
        assert_eq!(refused["code"], "AUTH_CSRF_MISSING", "{csrf:?}");
    }
    make(Some(&page.csrf)).await.expect(201);

    let logout = "/api/auth/logout";
    page.call(&served, Method::POST, logout, None)
        .await
        .expect(403);
    let left = page
        .call(&served, Method::POST, logout, Some(&page.csrf))
        .await;
    let cookie = left.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-glame=; ") && cookie.contains("Max-Age=0"));
    left.expect(204);
    // Who has kept the cookie has nothing, and the other page still has its session.
    page.call(&served, Method::GET, "/api/auth/me", None)
        .await
        .expect(401);
    other
        .call(&served, Method::GET, "/api/auth/me", None)
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_has_ended_lets_nobody_in() {
    let served = Served::open(Database::Sqlite).await;
    let admin = served.staff("admin").await;
    let (here, there) = (
        served.staff("content_manager").await,
        served.staff("content_manager").await,
    );
    let end = async |token: &str, session: &str| {
        let path = format!("/api/auth/sessions/{session}");
        let request = served.request(Method::DELETE, &path).bearer_auth(token);
        served.send(request).await
    };
    let sessions = served.get(&here, "/api/auth/sessions").await.expect(200);
    let listed = sessions["sessions"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    let other = listed.iter().find(|one| one["current"] == false).unwrap();
    let other = other["id"].as_str().unwrap();
    // One of somebody else is not there for the administrator either.
    end(&admin, other).await.expect(404);
    served.get(&there, "/api/auth/me").await.expect(200);
    end(&here, other).await.expect(204);
    served.get(&there, "/api/auth/me").await.expect(401);
    served.get(&here, "/api/auth/me").await.expect(200);

    let staff = served.get(&admin, "/api/admin/staff").await.expect(200);
    let mut staff = staff["staff"].as_array().unwrap().iter();
    let member = staff.find(|one| one["email"] == email_of("content_manager"));
    let path = format!(
        "/api/admin/staff/{}",
        member.unwrap()["id"].as_str().unwrap()
    );
    let disable = served.request(Method::PUT, &path).bearer_auth(&admin);
    let disable = disable.said(&json!({ "disabled": true }));
    served.send(disable).await.expect(200);
    served.get(&here, "/api/auth/me").await.expect(401);
    let body = json!({ "email": email_of("content_manager"), "password": PASSWORD });
    served.say("/api/auth/login", &body).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_password_opens_nothing_but_its_change() {
    let served = Served::open(Database::Sqlite).await;
    let admin = served.staff("admin").await;
    let member = json!({ "email": "new@example.com", "role": "content_manager" });
    let made = served
        .post(&admin, "/api/admin/staff", &member)
        .await
        .expect(201);
    let temporary = made["temporary_password"].as_str().unwrap();
    let body = json!({ "email": "new@example.com", "password": temporary });
    let opened = served.say("/api/auth/login", &body).await.expect(200);
    let token = opened["access_token"].as_str().unwrap();
    let me = served.get(token, "/api/auth/me").await.expect(200);
    assert_eq!(me["must_change_password"], true);
    let refused = served.get(token, "/api/products").await.expect(403);
    assert_eq!(refused["code"], "AUTH_PASSWORD_CHANGE_NEEDED");
    let change = json!({ "current_password": temporary, "new_password": PASSWORD });
    let changed = served
        .post(token, "/api/auth/change-password", &change)
        .await;
    changed.expect(204);
    served.get(token, "/api/products").await.expect(200);
    served
        .post(token, "/api/auth/logout", &json!({}))
        .await
        .expect(204);
    served.get(token, "/api/auth/me").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_tells_what_is_left_and_what_a_browser_must_not_do() {
    let shop = Shop::open(small_shop(1), Database::Sqlite)
        .await
        .with("GLAME_SYNC_SCHEDULE", "off")
        .with("GLAME_REQUESTS_PER_MINUTE", "3")
        .with("GLAME_TRUSTED_PROXIES", "1");
    let (_server, address) = serve(&shop).await;
    let client = super::client::client();
    let get = async |path: &str, forwarded: &str| {
        let request = client.get(format!("http://{address}{path}"));
        let request = request.header("Accept-Language", "en");
        let request = match forwarded {
            "" => request,
            address => request.header("X-Forwarded-For", format!("198.51.100.9, {address}")),
        };
        let response = request.send().await.unwrap();
        let text = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let told = (
            text("ratelimit-policy"),
            text("ratelimit"),
            text("retry-after"),
        );
        assert_eq!(text("x-frame-options").unwrap(), "DENY");
        assert!(
            text("content-security-policy")
                .unwrap()
                .contains("default-src 'self'")
        );
        assert!(
            text("strict-transport-security")
                .unwrap()
                .starts_with("max-age=")
        );
        let status = response.status().as_u16();
        (status, told, response.text().await.unwrap())
    };
    // What comes without a proxy counts for whoever is connected, networks of IPv6 as one.
    for from in ["", "203.0.113.7", "2001:db8::1"] {
        for left in (0..3).rev() {
            let (status, (policy, limit, _), body) = get("/api/auth/me", from).await;
            assert_eq!(status, 401, "{from}");
            assert_eq!(policy.unwrap(), "\"requests\";q=3;w=60");
            let limit = limit.unwrap();
            assert!(
                limit.starts_with(&format!("\"requests\";r={left};t=")),
                "{limit}"
            );
            assert!(body.contains("\"title\":\"Sign in first\""), "{body}");
        }
        let again = from.replace("::1", "::2");
        let (status, (_, limit, wait), body) = get("/api/auth/me", &again).await;
        assert_eq!(status, 429, "{from}");
        assert!(limit.unwrap().starts_with("\"requests\";r=0;t="));
        assert!((1..=60).contains(&wait.unwrap().parse::<u64>().unwrap()));
        assert!(body.contains("RATE_LIMITED"), "{body}");
        // Whether the server lives is told nevertheless.
        assert_eq!(get("/healthz", &again).await.0, 200);
    }
}
