//! The demonstration shows how to sign in, and one can.

use std::process::Stdio;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::api::client::{Saying, client};

/// Signs in and gives the session.
async fn sign_in(client: &Client, url: &str, body: &Value) -> Value {
    let answer = client.post(url).said(body).send().await.unwrap();
    let text = answer.text().await.unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_tells_how_to_sign_in_in_each_role() {
    let directory = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_glame"))
        .args(["demo", "--listen", "127.0.0.1:0", "--data", "shown"])
        .env_clear()
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let (mut address, mut ways) = (String::new(), Vec::new());
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, rest)) = line.split_once("documented at  http://") {
            address = rest.trim_end_matches("/docs").to_owned();
        }
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [role, email, "password", password] => {
                let body = json!({ "email": email, "password": password });
                ways.push((role.to_owned(), "login", body));
            }
            [role, "card", card, "code", code] => {
                let body = json!({ "card_number": card, "code": code });
                ways.push((role.to_owned(), "login-by-card", body));
            }
            ["Press", ..] => break,
            _ => {}
        }
    }
    let client = client();
    let mut roles = Vec::new();
    for (role, how, body) in ways {
        let url = format!("http://{address}/api/auth/{how}");
        let session = sign_in(&client, &url, &body).await;
        assert_eq!(session["role"], role, "{session}");
        assert_eq!(session["must_change_password"], false);
        roles.push(role);
    }
    assert_eq!(
        roles,
        ["admin", "ai_marketer", "content_manager", "customer"]
    );
}
