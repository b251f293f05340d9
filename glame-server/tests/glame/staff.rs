//! The first administrator is made by the command line.

use std::io::Write;
use std::process::Stdio;

use glame_core::access::{AuditAction, AuditActor, AuditFilter};

use crate::shop::{Database, Outcome, Shop, small_shop};

const PASSWORD: &str = "гуси летят на юг";

impl Shop {
    /// Calls the binary with lines to read from.
    async fn told(&self, arguments: &[&str], lines: &str) -> Outcome {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(lines.as_bytes()).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        let mut call = self.glame(arguments);
        let output = call.stdin(Stdio::from(file)).output().await.unwrap();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    async fn create_staff(&self, email: &str, role: &str, password: &str) -> Outcome {
        let arguments = ["user", "create-staff", "--email", email, "--role", role];
        self.told(&arguments, &format!("{password}\n")).await
    }

    async fn actions(&self) -> Vec<AuditAction> {
        let storage = self.storage().await;
        let filter = AuditFilter::default();
        let entries = storage.audit_entries(&filter, None, 100).await.unwrap();
        for entry in &entries {
            assert_eq!(entry.actor, AuditActor::System);
        }
        entries.iter().rev().map(|entry| entry.action).collect()
    }
}

async fn staff_is_made_listed_and_reset(database: Database) {
    let shop = Shop::open(small_shop(1), database)
        .await
        .with("GLAME_AUTH_SECRET", "0f8c8dff23c0a7d47c4e37dc69c9ad25");
    let created = shop
        .create_staff("Anna@Example.ru", "admin", PASSWORD)
        .await;
    assert_eq!(created.code, Some(0), "{created:?}");
    assert!(!format!("{created:?}").contains(PASSWORD));
    let created = shop
        .create_staff("boris@example.ru", "ai_marketer", PASSWORD)
        .await;
    assert_eq!(created.code, Some(0), "{created:?}");

    let list = shop.json(&["user", "list-staff", "--json"]).await;
    let staff = list["staff"].as_array().unwrap();
    assert_eq!(staff.len(), 2, "{list}");
    assert_eq!(staff[0]["email"], "anna@example.ru");
    assert_eq!(staff[0]["role"], "admin");
    assert_eq!(staff[1]["must_change_password"], false);
    assert!(!list.to_string().contains("argon2"), "{list}");

    let reset = ["user", "reset-password", "--email", "BORIS@example.ru"];
    let temporary = shop.done(&reset).await;
    assert_eq!(temporary.trim().len(), 23, "{temporary}");
    let list = shop.done(&["user", "list-staff"]).await;
    assert!(list.contains("temporary password"), "{list}");

    let expected = [
        AuditAction::StaffCreated,
        AuditAction::StaffCreated,
        AuditAction::PasswordReset,
    ];
    assert_eq!(shop.actions().await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_is_made_listed_and_reset_on_sqlite() {
    staff_is_made_listed_and_reset(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_is_made_listed_and_reset_on_postgres() {
    staff_is_made_listed_and_reset(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_with_its_reason() {
    let shop = Shop::open(small_shop(1), Database::Sqlite).await;
    let created = shop
        .create_staff("anna@example.ru", "admin", PASSWORD)
        .await;
    assert_eq!(created.code, Some(0), "{created:?}");
    let cases = [
        ("ANNA@example.ru", PASSWORD, "another member of staff"),
        ("boris@example.ru", "short", "at least 12 characters"),
        ("boris@example.ru", "password1234", "tried first"),
        ("boris@example.ru", "", "at least 12 characters"),
    ];
    for (email, password, reason) in cases {
        let refused = shop.create_staff(email, "admin", password).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.message().contains(reason), "{refused:?}");
    }
    for (email, role) in [("anna", "admin"), ("vera@example.ru", "customer")] {
        let wrong = shop.create_staff(email, role, PASSWORD).await;
        assert_eq!(wrong.code, Some(2), "{wrong:?}");
    }
    let unknown = ["user", "reset-password", "--email", "vera@example.ru"];
    let unknown = shop.call(&unknown).await;
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(unknown.message().contains("no member of staff"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_kept_beside_sqlite_and_asked_for_on_postgres() {
    let shop = Shop::open(small_shop(1), Database::Sqlite).await;
    shop.done(&["user", "list-staff"]).await;
    let path = shop.directory.path().join("glame.db.secret");
    let secret = std::fs::read_to_string(&path).unwrap();
    shop.done(&["user", "list-staff"]).await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), secret);

    let shop = Shop::open(small_shop(1), Database::Postgres).await;
    let refused = shop.call(&["user", "list-staff"]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.message().contains("GLAME_AUTH_SECRET"),
        "{refused:?}"
    );
    let shop = shop.with("GLAME_AUTH_SECRET", "too short");
    let refused = shop.call(&["user", "list-staff"]).await;
    assert!(
        refused.message().contains("at least 32 characters"),
        "{refused:?}"
    );
    assert!(!format!("{refused:?}").contains("too short"), "{refused:?}");
}
